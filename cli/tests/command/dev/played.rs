//! The loop with a build tool that is played by a script, so that a test decides when a build ends.

use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use serde_json::Value;

use super::driver::Dev;
use crate::harness::{Folder, KEY, Run, actionbox, sandbox};

/// What the plugin of a project is made of: the script copies it.
const SOURCE: &str = "project/plugin.source";

/// A project, and a `make` that runs a script.
fn project(script: &str) -> Folder {
    let folder = Folder::new();
    folder.write("project/Makefile", "");
    folder.write(SOURCE, actionbox_examples::REFOLD);
    let make = folder.write("tools/make", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(make, fs::Permissions::from_mode(0o755)).expect("it is ours");
    folder
}

const COPY: &str = "mkdir -p build && cp plugin.source build/plugin.wasm";

fn dev(folder: &Folder, options: &str) -> Run {
    let path = std::env::var("PATH").expect("a path");
    let run = actionbox(&format!("dev {options}")).arg(folder.path().join("project"));
    run.env("PATH", &format!("{}:{path}", folder.path().join("tools").display()))
}

/// A build waits until the test opens the gate; the gate opens only while a build waits.
async fn open(gate: PathBuf) {
    tokio::task::spawn_blocking(|| fs::write(gate, "go")).await.expect("no panic").expect("a build waits");
}

#[tokio::test]
async fn what_changes_during_a_build_is_built_after_it() {
    let folder = project(&format!("{COPY} && cat ../gate > ../opened"));
    let gate = folder.path().join("gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status();
    assert!(made.expect("mkfifo is missing: apt-get install coreutils").success());

    let mut dev = Dev::start(dev(&folder, ""));
    open(gate.clone()).await;
    dev.says("acts on a sandbox server as demo-user-1").await;

    folder.write("project/README.md", "one change");
    // A build that waits has copied the plugin already.
    let opened = tokio::task::spawn_blocking({
        let gate = gate.clone();
        move || fs::OpenOptions::new().write(true).open(gate)
    });
    let opened = opened.await.expect("no panic").expect("a build waits");
    folder.write(SOURCE, actionbox_examples::UPSERT_CONTACT);
    dev.types("execute hubspot get_contact limit=1\n").await;
    dev.says("reads are granted").await;
    drop(opened);
    let first = dev.says_line("reloaded: ").await;
    assert!(first.contains("the same as before"), "{first}");

    open(gate).await;
    dev.says("reloaded: ").await;
    dev.types("list hubspot\n").await;
    dev.says("upsert_contact").await;
    assert_eq!(dev.ends().await.0, 0);
}

#[tokio::test]
async fn the_data_outlast_a_reload_and_the_grant_is_widened_at_the_prompt() {
    let folder = project(COPY);
    let mut dev = Dev::start(dev(&folder, ""));
    dev.says("acts on").await;
    dev.types("execute hubspot create_contact email=ada@example.com\n").await;
    dev.says("next: --allow-write allows the writes of hubspot").await;
    dev.types("--allow-write\n").await;
    dev.says("allowed from now on: --allow-write").await;
    dev.types("again\n").await;
    dev.says("writes are granted").await;

    folder.write(SOURCE, actionbox_examples::UPSERT_CONTACT);
    dev.says("reloaded: ").await;
    dev.types("execute hubspot create_contact email=ada@example.com\n").await;
    dev.says("CONFLICT").await;
    dev.types("execute hubspot delete_contact contact_id=51\n").await;
    dev.says("destructive and needs a grant by name").await;
    dev.types("execute hubspot delete_contact contact_id=51 --allow hubspot/delete_contact\n").await;
    dev.says("the action is granted by name").await;
    dev.types("again\nexecute hubspot delete_contact contact_id=52\n").await;
    dev.says("destructive and needs a grant by name").await;
    assert_eq!(dev.ends().await.0, 4);
}

#[tokio::test]
async fn a_request_that_is_stopped_is_shown_with_the_option_that_would_allow_it() {
    let folder = project(COPY);
    folder.write(SOURCE, actionbox_examples::UPSERT_CONTACT);
    let mut dev = Dev::start(dev(&folder, "--own hubspot/upsert_contact=write"));
    dev.says("acts on").await;
    dev.types("execute hubspot upsert_contact email=ada@example.com\n").await;
    dev.says("request 1 execute hubspot/search_contacts: status 200").await;
    dev.says("request 2 execute hubspot/create_contact: refused").await;
    dev.says("next: --allow-write allows the writes of hubspot, --allow hubspot/create_contact").await;
    assert_eq!(dev.ends().await.0, 4);
}

#[tokio::test]
async fn nothing_of_a_build_outlives_the_loop() {
    // What the tool starts holds a pipe open as long as it lives.
    let folder = project(&format!("{COPY} && test ! -e ../again || sh -c 'exec 9> ../alive && sleep 1000'"));
    let alive = folder.path().join("alive");
    let made = std::process::Command::new("mkfifo").arg(&alive).status();
    assert!(made.expect("mkfifo is missing: apt-get install coreutils").success());
    let mut dev = Dev::start(dev(&folder, ""));
    dev.says("acts on").await;

    folder.write("again", "");
    folder.write("project/README.md", "a change");
    let opened = tokio::task::spawn_blocking(|| fs::File::open(alive));
    let mut opened = opened.await.expect("no panic").expect("the build runs");
    assert_eq!(dev.ends().await.0, 0);
    let ended = tokio::task::spawn_blocking(move || opened.read(&mut [0]));
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await.expect("it lives on");
    assert_eq!(ended.expect("no panic").expect("readable"), 0);
}

#[tokio::test]
async fn a_first_build_that_fails_is_mended_like_any_other() {
    let folder = project(
        "test ! -e broken || { printf '\\033[2Jtools are\\342\\200\\256 missing'; exit 2; }; cp x y 2>&1",
    );
    let broken = folder.write("project/broken", "");
    let mut dev = Dev::start(dev(&folder, ""));
    dev.says("make failed").await;
    dev.types("list hubspot\n").await;
    dev.says("there is no plugin to call").await;
    dev.types("reload\n").await;
    // What is kept of a tool's words is harmless to a terminal.
    dev.says("tools are\\u{202e} missing").await;
    dev.says("there is no plugin yet").await;
    folder.write("tools/make", format!("#!/bin/sh\n{COPY}\n"));
    fs::remove_file(broken).expect("there");
    dev.says("reloaded: ").await;
    dev.types("list hubspot\n").await;
    dev.says("get_contact").await;
    assert_eq!(dev.ends().await.0, 0);
}

#[tokio::test]
async fn programs_get_one_document_for_each_line_and_the_build_no_key() {
    let sandbox = sandbox().start().await.expect("a server");
    let folder = project(&format!("env > ../seen; {COPY}"));
    let run = dev(&folder, "--json").on(&sandbox);
    let lines = "list hubspot\n# a comment\n\ndescribe hubspot get_contact\nexecute hubspot get_contact limit=1\n\
                 execute hubspot 'get contact'\nnonsense\nexecute hubspot get_contact -\nquit\nlist slack\n";
    let done = run.stdin(lines).done().await.exits(2);
    let documents = serde_json::Deserializer::from_str(&done.stdout).into_iter::<Value>();
    let documents: Vec<_> = documents.collect::<Result<_, _>>().expect("JSON");
    let [list, describe, execute, invalid, nonsense, stdin] = documents.as_slice() else {
        panic!("{documents:#?}");
    };
    assert!(list.is_array() && describe.is_array());
    assert_eq!(execute["outcome"], "succeeded");
    let kinds = [invalid, nonsense, stdin].map(|failure| failure["kind"].as_str());
    assert_eq!(kinds, [Some("invalid-name"), Some("usage"), Some("parameters")]);

    let seen = fs::read_to_string(folder.path().join("seen")).expect("the build ran");
    assert!(seen.contains("PATH=") && !seen.contains(KEY), "{seen}");
}
