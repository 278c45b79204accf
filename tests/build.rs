//! Builds the guest programs as components.

fn main() {
    actionbox_guest_build::build("guests");
    // A test asks cargo what the build for this target is made of.
    println!("cargo::rustc-env=TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
