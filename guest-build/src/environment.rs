//! What a nested cargo may know of the outer one.

use std::{env, process::Command};

/// What cargo, clippy and coverage tools set for their own builds, and no other build should see.
const REMOVED: [&str; 12] = [
    "CARGO",
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "CLIPPY",
    "LLVM_PROFILE",
    "MAKEFLAGS",
    "MFLAGS",
    "OUT_DIR",
    "TARGET",
    "__CARGO",
];

/// What is the user's own and not of one build: where crates come from, and how cargo reaches them.
const KEPT: [&str; 8] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "RUSTC_BOOTSTRAP",
];

/// Removes from a command's environment what belongs to the build that is going on.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_removed) {
            command.env_remove(&name);
        }
    }
}

fn is_removed(name: &str) -> bool {
    let begins_with_one_of = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    begins_with_one_of(&REMOVED) && !begins_with_one_of(&KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_build_leaves_no_trace() {
        for name in [
            "CARGO",
            "CARGO_BUILD_TARGET",
            "CARGO_CFG_UNIX",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_INCREMENTAL",
            "CARGO_MAKEFLAGS",
            "CARGO_MANIFEST_DIR",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS",
            "CLIPPY_ARGS",
            "LLVM_PROFILE_FILE",
            "RUSTC",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "__CARGO_DEFAULT_LIB_METADATA",
        ] {
            assert!(is_removed(name), "{name}");
        }
    }

    #[test]
    fn the_user_keeps_what_is_theirs() {
        for name in [
            "CARGO_HOME",
            "CARGO_HTTP_CAINFO",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_MY_INDEX",
            "CARGO_TERM_COLOR",
            "HOME",
            "HTTPS_PROXY",
            "PATH",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "RUST_BACKTRACE",
        ] {
            assert!(!is_removed(name), "{name}");
        }
    }
}
