//! The example plugins as components, for whatever wants to run one: tests, benchmarks, quick starts.

#![deny(missing_docs)]

/// The reference plugin, from `examples/refold`: passes on all of Refold's actions.
pub const REFOLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/refold.wasm"));

/// The reference plugin built with the feature `upstream`: it reaches the upstream by the host's own functions, and
/// imports no `wasi:http`.
pub const REFOLD_TYPED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/refold_upstream.wasm"));

/// The composite plugin, from `examples/rust`: `upsert_contact` for `hubspot`, made of several
/// upstream calls, beside all of Refold's actions.
pub const UPSERT_CONTACT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/my_plugin.wasm"));

/// The plugin of `examples/sync-contacts`: copies contacts from Salesforce to HubSpot.
pub const SYNC_CONTACTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sync_contacts.wasm"));

#[cfg(test)]
mod tests {
    #[test]
    fn the_plugins_are_components() {
        // The magic number, then version 13 and layer 1, which tells a component from a core module.
        let preamble = b"\0asm\x0d\0\x01\0";
        assert!(super::REFOLD.starts_with(preamble) && super::UPSERT_CONTACT.starts_with(preamble));
    }

    /// What a README shows is a file that is compiled, less its first comment.
    #[test]
    fn the_readmes_show_code_that_compiles() {
        let without_comment = |code: &str| match code.split_once("\n\n") {
            Some((comment, code)) if comment.starts_with("//!") => code.to_owned(),
            _ => code.to_owned(),
        };
        let plugin = without_comment(include_str!("../../refold/src/lib.rs"));
        let embedder = without_comment(include_str!("../../embed/src/first_call.rs"));
        let root = include_str!("../../../README.md");
        let host = include_str!("../../../host/README.md");
        for (readme, code) in [(root, &plugin), (root, &embedder), (host, &embedder)] {
            assert!(readme.contains(code.as_str()), "a README should show exactly:\n{code}");
        }
    }
}
