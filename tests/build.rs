//! Builds the guest programs as components.

fn main() {
    actionbox_guest_build::build("guests");
}
