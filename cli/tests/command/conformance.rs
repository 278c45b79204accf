//! `test`: the conformance kit for people and for programs.

use crate::harness::{actionbox, file};

#[tokio::test]
async fn every_case_is_shown_and_counted() {
    let plugin = file("held.wasm", actionbox_examples::UPSERT_CONTACT);
    let done = actionbox("test").arg(&plugin).done().await.exits(0);
    let lines =
        |mark: &str| done.stdout.lines().filter(|line| line.starts_with(&format!("  {mark}  "))).count();
    assert!(lines("ok") >= 70 && lines("no") == 0 && lines("--") == 0, "{}", done.stdout);
    let summary = format!("{} held, 0 broken, 0 skipped with the actions of hubspot", lines("ok"));
    assert!(done.stdout.contains(&summary), "{}", done.stdout);
    assert!(done.stdout.contains("a call that makes no request: "), "{}", done.stdout);
}

#[tokio::test]
async fn programs_get_one_document_and_an_exit_code() {
    let plugin = file("skipped.wasm", actionbox_examples::REFOLD);
    let report = actionbox("test --json --app salesforce").arg(&plugin).done().await.exits(0).json();
    assert_eq!(report["app"], "salesforce");
    let cases = report["cases"].as_array().expect("a list");
    let skipped = cases.iter().filter(|case| case["verdict"] == "skipped").count();
    let held = cases.iter().filter(|case| case["verdict"] == "held").count();
    assert_eq!((held + skipped, skipped > 0), (cases.len(), true), "{report:#}");
    assert!(cases.iter().all(|case| case["ms"].is_number() && case["claim"].is_string()), "{report:#}");
    assert!(report["measures"]["small"]["memory_bytes"].is_u64(), "{report:#}");
}

#[tokio::test]
async fn what_cannot_be_judged_is_said() {
    let plugin = file("unjudged.wasm", actionbox_examples::SYNC_CONTACTS);
    actionbox("test --app slack").arg(&plugin).done().await.exits(6).says("lists no action of slack");
    actionbox("test no-such-file.wasm").done().await.exits(6).says("no-such-file.wasm");
    let text = file("text.wasm", "text");
    actionbox("test").arg(&text).done().await.exits(6).says("this is not WebAssembly");
}
