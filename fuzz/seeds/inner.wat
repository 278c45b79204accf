;; Components that call each other: the compiler writes adapters between them.
(component
  (type $pair (tuple string (list u64) (option f32)))
  (component $callee
    (core module $m
      (memory (export "memory") 1)
      (func (export "call") (param i32 i32 i32 i32 i32 f32))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
    (core instance $i (instantiate $m))
    (type $handle (resource (rep i32)))
    (func (export "f") (param "x" $pair)
      (canon lift (core func $i "call") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  )
  (component $caller
    (import "f" (func $f (param "x" $pair)))
    (core module $lib
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $lib (instantiate $lib))
    (core func $low (canon lower (func $f)
      (memory (core memory $lib "memory")) (realloc (core func $lib "realloc")) string-encoding=utf16))
    (core module $user (import "callee" "f" (func (param i32 i32 i32 i32 i32 f32))))
    (core instance (instantiate $user (with "callee" (instance (export "f" (func $low))))))
  )
  (instance $a (instantiate $callee))
  (instance (instantiate $caller (with "f" (func $a "f"))))
)
