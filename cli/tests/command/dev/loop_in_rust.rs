//! The whole loop of an author in Rust, far from the repository.

use std::fs;

use super::driver::Dev;
use crate::harness::{Folder, actionbox, sandbox};

/// The crates are those that the examples were built with, as in the tests of `build`.
#[tokio::test]
async fn a_change_is_built_loaded_and_called_and_a_broken_one_is_not() {
    let folder = Folder::new();
    actionbox("new watched --lang rust --dir").arg(folder.path()).done().await.exits(0);
    let project = folder.path().join("watched");
    let source = project.join("src/lib.rs");
    let code = fs::read_to_string(&source).expect("a project");
    let save = |code: &str| fs::write(&source, code).expect("writable");

    let sandbox = sandbox().start().await.expect("a server");
    let run = actionbox("dev").arg(&project).on(&sandbox).env("CARGO_NET_OFFLINE", "true");
    let guests = concat!(env!("CARGO_TARGET_TMPDIR"), "/../guests");
    let mut dev = Dev::start(run.env("CARGO_TARGET_DIR", guests));
    assert!(dev.says("acts on http://127.0.0.1:").await.contains("watched: "));
    dev.types("list hubspot\n").await;
    dev.says("Updates the contact").await;

    save(&code.replace("Updates the contact", "Freshens the contact"));
    let took = dev.says_line("reloaded: ").await;
    assert!(took.contains("built in ") && took.contains("loaded in "), "{took}");
    dev.types("again\n").await;
    dev.says("Freshens the contact").await;

    save(&code.replace("struct UpsertContact;", "struct UpsertContact"));
    dev.says("error: expected").await;
    dev.says("src/lib.rs:").await;
    dev.says("error: cargo failed").await;
    dev.says("the plugin before this change still answers").await;
    dev.types("list hubspot\n").await;
    dev.says("Freshens the contact").await;

    let loud = r#"eprintln!("asked for {app}"); let mut actions = "#;
    save(&code.replace("let mut actions = ", loud).replace("Updates the contact", "Mends the contact"));
    dev.says("reloaded: ").await;
    dev.types("list hubspot\n").await;
    dev.says("Mends the contact").await;
    let below = dev.says("printed asked for hubspot").await;
    for part in ["request 1 list hubspot: status 200, 1 try", "the app is granted", " guest + ", "; memory "]
    {
        assert!(below.contains(part), "{part:?} is missing in: {below}");
    }
    dev.types("describe hubspot nothing\n").await;
    dev.says("next: see its actions: list hubspot\n").await;
    assert_eq!(dev.ends().await.0, 3, "the code of the last line");
}
