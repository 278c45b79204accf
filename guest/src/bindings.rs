//! The generated bindings of the world `plugin-with-upstream`, and nothing else. A plugin imports of it what it uses.
//!
//! They hold the crate's only unsafe code. The lint against it does not look into another crate's macro.

// On WebAssembly a part of them is visible to the macro `export!`.
#![cfg_attr(target_arch = "wasm32", expect(missing_docs, reason = "the documentation is in the WIT files"))]

wit_bindgen::generate!({
    path: "wit",
    world: "plugin-with-upstream",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_actions",
    default_bindings_module: "actionbox_guest::__private",
});
