//! The prompt in a real terminal: completion, history, and calls that are dropped.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use actionbox_sandbox::Fault;
use tokio::sync::Semaphore;

use super::driver::Dev;
use crate::harness::{Folder, Run, actionbox, sandbox};

const UP: &str = "\x1b[A";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A project whose build copies a plugin, and a run of `dev` in it with a history of its own.
fn project() -> (Folder, Run) {
    let folder = Folder::new();
    folder.write("project/Makefile", "");
    folder.write("project/plugin.source", actionbox_examples::REFOLD);
    let script = "#!/bin/sh\nmkdir -p build && cp plugin.source build/plugin.wasm\n";
    let make = folder.write("tools/make", script);
    fs::set_permissions(make, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = std::env::var("PATH").expect("a path");
    let run = actionbox("dev")
        .arg(folder.path().join("project"))
        .env("PATH", &format!("{}:{path}", folder.path().join("tools").display()))
        .env("XDG_STATE_HOME", folder.path().join("state").to_str().expect("UTF-8"));
    (folder, run)
}

#[tokio::test]
async fn tab_completes_from_the_plugin_and_lines_are_remembered() {
    let (folder, run) = project();
    let mut dev = Dev::start(run.in_terminal());
    dev.says("actionbox> ").await;
    dev.types("ex\thub\tget_contact_b\t").await;
    dev.says("actionbox> execute hubspot get_contact_by_id ").await;
    dev.types("\t").await;
    dev.says("get_contact_by_id contact_id=").await;
    dev.types("51\r").await;
    dev.says("request 1 execute hubspot/get_contact_by_id: status 200").await;
    dev.says("actionbox> ").await;
    dev.types(" list slack\r").await;
    dev.says("request 1 list slack").await;
    dev.says("actionbox> ").await;

    // A message comes between the lines: the one that is typed is drawn again below it.
    dev.types("list sal").await;
    dev.says("actionbox> list sal").await;
    folder.write("project/plugin.source", actionbox_examples::UPSERT_CONTACT);
    dev.says("reloaded:").await;
    dev.says("actionbox> list sal").await;
    dev.types("\t\r").await;
    dev.says("request 1 list salesforce").await;
    dev.says("actionbox> ").await;
    dev.types(&format!("{UP}{UP}")).await;
    dev.says("actionbox> execute hubspot get_contact_by_id contact_id=51").await;
    dev.types(&format!("{CTRL_C}{CTRL_D}")).await;
    assert_eq!(dev.ends().await.0, 0);

    let history = folder.path().join("state/actionbox/dev-history");
    let kept = fs::read_to_string(&history).expect("a history");
    assert_eq!(kept, "execute hubspot get_contact_by_id contact_id=51\nlist salesforce \n");
    assert_eq!(fs::metadata(history).expect("there").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn ctrl_c_drops_a_call_and_not_the_prompt() {
    let sandbox = sandbox().start().await.expect("a server");
    let permits = Arc::new(Semaphore::new(0));
    sandbox.inject(Fault::hold(permits.clone()));
    let (_folder, run) = project();
    let mut dev = Dev::start(run.on(&sandbox).in_terminal());
    dev.says("actionbox> ").await;
    dev.types("execute hubspot get_contact limit=1\r").await;
    dev.says("executing the action").await;
    dev.types(CTRL_C).await;
    dev.says("dropped: what it had sent is not taken back").await;
    dev.says("actionbox> ").await;
    permits.add_permits(1);
    dev.types("list hubspot\r").await;
    dev.says("request 1 list hubspot: status 200").await;
    dev.says("actionbox> ").await;
    dev.types("quit\r").await;
    assert_eq!(dev.ends().await.0, 0);
}

#[tokio::test]
async fn what_is_typed_during_a_build_waits_for_it_and_ctrl_c_drops_that_alone() {
    let (folder, run) = project();
    let mut dev = Dev::start(run.in_terminal());
    dev.says("actionbox> ").await;
    let gate = folder.path().join("gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status();
    assert!(made.expect("mkfifo is missing: apt-get install coreutils").success());
    folder.write(
        "tools/make",
        "#!/bin/sh\nmkdir -p build && cp plugin.source build/plugin.wasm && cat ../gate\n",
    );
    // The gate opens only while a build waits.
    let open = async || {
        let gate = gate.clone();
        let opened = tokio::task::spawn_blocking(move || fs::OpenOptions::new().write(true).open(gate));
        opened.await.expect("no panic").expect("a build waits")
    };

    dev.types("reload\r").await;
    let opened = open().await;
    dev.types("list salesforce\rlist sl").await;
    drop(opened);
    dev.says("reloaded:").await;
    dev.says("request 1 list salesforce").await;
    dev.says("actionbox> list sl").await;
    dev.types(CTRL_C).await;
    dev.says("actionbox> ").await;

    dev.types("reload\r").await;
    let opened = open().await;
    dev.types(&format!("list salesforce\r{CTRL_C}")).await;
    dev.says("no longer waited for").await;
    dev.says("actionbox> ").await;
    drop(opened);
    dev.says("reloaded:").await;
    dev.types("list hubspot\r").await;
    let before = dev.says("request 1 list").await;
    assert!(!before.contains("salesforce"), "{before}");
    dev.says(" hubspot: status 200").await;
    dev.says("actionbox> ").await;
    dev.types(CTRL_D).await;
    assert_eq!(dev.ends().await.0, 0);
}

#[tokio::test]
async fn no_history_is_no_reason_not_to_work() {
    let (folder, run) = project();
    folder.write("state", "a file where the directory belongs");
    let mut dev = Dev::start(run.in_terminal());
    dev.says("no history is kept").await;
    dev.says("actionbox> ").await;
    dev.types(&format!("help\r{CTRL_D}")).await;
    dev.says("Tab completes").await;
    assert_eq!(dev.ends().await.0, 0);
}
