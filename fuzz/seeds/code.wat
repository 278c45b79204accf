;; A core module with something in every section.
(component
  (core module $m
    (type $binary (func (param i32 i64) (result i64)))
    (import "host" "log" (func $log (param i32)))
    (table 2 4 funcref)
    (memory 1 2)
    (global $g (mut i32) (i32.const 7))
    (export "add" (func $add))
    (start $start)
    (elem (i32.const 0) func $add $start)
    (data (i32.const 8) "\00\01\02")
    (func $add (type $binary)
      (local $i i32)
      (block $out (result i64)
        (loop $again
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $i) (local.get 0))))
        (i64.add (local.get 1) (i64.extend_i32_u (i32.load offset=4 (local.get $i)))))
    )
    (func $start
      (call $log (global.get $g))
      (drop (call_indirect (type $binary) (i32.const 1) (i64.const 2) (i32.const 0))))
  )
  (core module $host (func (export "log") (param i32)))
  (core instance $h (instantiate $host))
  (core instance (instantiate $m (with "host" (instance $h))))
)
