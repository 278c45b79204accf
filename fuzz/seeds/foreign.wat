;; Asks for what no plugin is given, and for what every plugin is.
(component
  (import "evil:host/keys@0.1.0" (instance (export "get" (func (result string)))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance))
)
