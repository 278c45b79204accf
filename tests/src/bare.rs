//! A plugin in WebAssembly text, whose every function is the caller's: what a compiler would never write.

/// The core functions of a plugin, each the text of a body. The default is an honest plugin that does
/// nothing: an empty listing, no parameters, a success with an empty object.
///
/// `HONEST` in a body is the address of an honest result, `EMPTY` that of an empty list.
#[derive(Debug, Clone, Copy)]
pub struct Bare<'a> {
    /// The limits of the memory, in pages.
    pub memory: &'a str,
    /// Further items of the core module.
    pub items: &'a str,
    /// Runs when it is instantiated.
    pub start: &'a str,
    /// Makes room for what the host hands over: `$size` bytes.
    pub realloc: &'a str,
    /// Lists the actions.
    pub list: &'a str,
    /// Describes an action.
    pub describe: &'a str,
    /// Executes an action.
    pub execute: &'a str,
    /// Cleans up after each of them.
    pub post_return: &'a str,
}

impl Default for Bare<'_> {
    fn default() -> Self {
        Self {
            memory: "1",
            items: "",
            start: "",
            realloc: "
                (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                (global.set $top (i32.add (local.get $at) (local.get $size)))
                (local.get $at)",
            list: "EMPTY",
            describe: "EMPTY",
            execute: "HONEST",
            post_return: "",
        }
    }
}

impl Bare<'_> {
    /// Returns the component.
    ///
    /// # Panics
    ///
    /// Panics when a body is no text of WebAssembly.
    pub fn component(&self) -> Vec<u8> {
        let text = self.text();
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// Returns the component's text.
    pub fn text(&self) -> String {
        format!("(component {TYPES} {} {EXPORTS})", self.module())
    }

    fn module(&self) -> String {
        let Self { memory, items, start, realloc, list, describe, execute, post_return } = self;
        let module = format!(
            r#"(core module $plugin
                (memory (export "memory") {memory})
                (global $top (mut i32) (i32.const 4096))
                ;; A success whose data is two bytes at 64, and an empty list.
                (data (i32.const 32) "\40\00\00\00\02\00\00\00")
                (data (i32.const 64) "{{}}")
                {items}
                (func $start {start})
                (start $start)
                (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32)
                    (param $size i32) (result i32) (local $at i32) {realloc})
                (func (export "list") (param i32 i32) (result i32) (local $at i32) {list})
                (func (export "describe") (param i32 i32 i32 i32) (result i32) (local $at i32) {describe})
                (func (export "execute") (param i32 i32 i32 i32 i32 i32) (result i32) (local $at i32) {execute})
                (func (export "post") (param i32) {post_return}))"#
        );
        module.replace("HONEST", "(i32.const 16)").replace("EMPTY", "(i32.const 128)")
    }
}

/// The types of the contract, exported so that functions may be made of them.
pub const TYPES: &str = r#"
  (type $effect-type (enum "read" "write" "destructive" "raw"))
  (export $effect "effect" (type $effect-type))
  (type $action-type (record (field "id" string) (field "name" string) (field "description" string) (field "tag" (option string)) (field "claimed-effect" (option $effect))))
  (export $action "action" (type $action-type))
  (type $kind-type (variant (case "text") (case "email") (case "number") (case "textarea") (case "url") (case "json") (case "other" string)))
  (export $kind "parameter-kind" (type $kind-type))
  (type $parameter-type (record (field "name" string) (field "label" string) (field "required" bool) (field "kind" $kind)))
  (export $parameter "parameter" (type $parameter-type))
  (type $success-type (record (field "http-status" (option u16)) (field "data" string)))
  (export $success "success" (type $success-type))
  (type $failure-type (record (field "node-status" string) (field "http-status" (option u16)) (field "data" string)))
  (export $failure "failure" (type $failure-type))
  (type $outcome-type (variant (case "succeeded" $success) (case "failed" $failure)))
  (export $outcome "outcome" (type $outcome-type))
  (type $problem-type (record (field "parameter" (option string)) (field "message" string)))
  (export $problem "problem" (type $problem-type))
  (type $missing-type (record (field "app" string) (field "action-id" string)))
  (export $missing "missing-action" (type $missing-type))
  (type $throttle-type (record (field "retry-after-ms" (option u64))))
  (export $throttle "throttle" (type $throttle-type))
  (type $upstream-type (record (field "status" (option u16)) (field "code" (option string)) (field "message" string) (field "request-id" (option string))))
  (export $upstream "upstream-failure" (type $upstream-type))
  (type $error-type (variant (case "unknown-app" string) (case "unknown-action" $missing) (case "invalid-parameters" (list $problem)) (case "reauthorization-required" string) (case "denied" string) (case "throttled" $throttle) (case "upstream" $upstream) (case "other" string)))
  (export $error "error" (type $error-type))
"#;

/// The three functions, lifted and exported.
pub const EXPORTS: &str = r#"
  (core instance $core (instantiate $plugin))
  (alias core export $core "memory" (core memory $memory))
  (alias core export $core "realloc" (core func $realloc))
  (alias core export $core "post" (core func $post))
  (alias core export $core "list" (core func $core-list))
  (alias core export $core "describe" (core func $core-describe))
  (alias core export $core "execute" (core func $core-execute))
  (type $list-type (func (param "app" string) (result (result (list $action) (error $error)))))
  (type $describe-type (func (param "app" string) (param "action-id" string) (result (result (list $parameter) (error $error)))))
  (type $execute-type (func (param "app" string) (param "action-id" string) (param "parameters" string) (result (result $outcome (error $error)))))
  (func $list (type $list-type) (canon lift (core func $core-list) (memory $memory) (realloc $realloc) (post-return $post)))
  (func $describe (type $describe-type) (canon lift (core func $core-describe) (memory $memory) (realloc $realloc) (post-return $post)))
  (func $execute (type $execute-type) (canon lift (core func $core-execute) (memory $memory) (realloc $realloc) (post-return $post)))
  (instance $actions
    (export "list-actions" (func $list))
    (export "describe-action" (func $describe))
    (export "execute-action" (func $execute)))
  (export "actionbox:plugin/actions@0.1.0" (instance $actions))
"#;
