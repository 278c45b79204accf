//! The example plugins as components, for whatever wants to run one: tests, benchmarks, quick starts.

#![deny(missing_docs)]

/// The reference plugin, from `examples/refold`: passes on all of Refold's actions.
pub const REFOLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/refold.wasm"));

/// The composite plugin, from `examples/upsert-contact`: `upsert_contact` for `hubspot`, made of several
/// upstream calls, beside all of Refold's actions.
pub const UPSERT_CONTACT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/upsert_contact.wasm"));

#[cfg(test)]
mod tests {
    #[test]
    fn the_plugins_are_components() {
        // The magic number, then version 13 and layer 1, which tells a component from a core module.
        let preamble = b"\0asm\x0d\0\x01\0";
        assert!(super::REFOLD.starts_with(preamble) && super::UPSERT_CONTACT.starts_with(preamble));
    }
}
