//! Builds the example plugins as components.

fn main() {
    for plugin in ["../refold", "../rust", "../sync-contacts"] {
        actionbox_guest_build::build(plugin);
    }
    actionbox_guest_build::build_with_feature("../refold", "upstream");
}
