//! Builds the example plugins as components.

fn main() {
    for plugin in ["../refold", "../upsert-contact"] {
        actionbox_guest_build::build(plugin);
    }
}
