//! Builds the hostile plugin as a component.

fn main() {
    actionbox_guest_build::build("../tests/guests");
}
