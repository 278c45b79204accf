//! `test`: the conformance kit for people and for programs.

use std::fs;

use quick_junit::TestCaseStatus;

use crate::harness::{Folder, actionbox, file};

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
async fn programs_get_one_document_and_an_exit_code_and_ci_a_file_beside() {
    let plugin = file("skipped.wasm", actionbox_examples::REFOLD);
    let folder = Folder::new();
    let junit = folder.write("junit.xml", "of an earlier run");
    let run = actionbox("test --json --app salesforce --junit").arg(&junit).arg(&plugin);
    let report = run.done().await.exits(0).json();
    assert_eq!(report["app"], "salesforce");
    let cases = report["cases"].as_array().expect("a list");
    let skipped = cases.iter().filter(|case| case["verdict"] == "skipped").count();
    let held = cases.iter().filter(|case| case["verdict"] == "held").count();
    assert_eq!((held + skipped, skipped > 0), (cases.len(), true), "{report:#}");
    assert!(cases.iter().all(|case| case["ms"].is_number() && case["claim"].is_string()), "{report:#}");
    assert!(report["measures"]["small"]["memory_bytes"].is_u64(), "{report:#}");

    let text = fs::read_to_string(&junit).expect("it is written");
    let suites = quick_junit::Report::deserialize_from_str(&text).expect("JUnit XML");
    assert_eq!((suites.tests, suites.skipped, suites.failures), (cases.len(), skipped, 0));
    let written = suites.test_suites.iter().flat_map(|suite| {
        suite.test_cases.iter().map(|case| (suite.name.as_str(), case.name.as_str(), case))
    });
    for ((group, claim, written), case) in written.zip(cases) {
        assert_eq!((group, claim), (case["group"].as_str().unwrap(), case["claim"].as_str().unwrap()));
        let skipped = matches!(written.status, TestCaseStatus::Skipped { .. });
        assert_eq!(skipped, case["verdict"] == "skipped", "{claim}");
        let seconds = written.time.expect("a time").as_secs_f64();
        assert!((seconds - case["ms"].as_f64().unwrap() / 1e3).abs() < 0.01, "{claim}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
}

#[tokio::test]
async fn a_junit_file_is_written_whole_or_not_at_all() {
    let plugin = file("unwritten.wasm", actionbox_examples::SYNC_CONTACTS);
    let folder = Folder::new();
    let junit = folder.write("junit.xml", "of an earlier run");
    let run = actionbox("test --app slack --junit").arg(&junit).arg(&plugin);
    run.done().await.exits(6).says("lists no action of slack");
    assert_eq!(fs::read_to_string(&junit).expect("still there"), "of an earlier run");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");

    // Told before any case is played.
    let places = [folder.path().join("nowhere/junit.xml"), folder.path().to_owned(), "/dev/null".into()];
    for place in places {
        let done = actionbox("test --junit").arg(&place).arg(&plugin).done().await.exits(7);
        assert_eq!(done.stdout, "");
        done.says(&format!("the JUnit file {} cannot be written", place.display()))
            .says("check that its folder");
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_said() {
    let plugin = file("unjudged.wasm", actionbox_examples::SYNC_CONTACTS);
    actionbox("test --app slack").arg(&plugin).done().await.exits(6).says("lists no action of slack");
    actionbox("test no-such-file.wasm").done().await.exits(2).says("no-such-file.wasm");
    let text = file("text.wasm", "text");
    actionbox("test").arg(&text).done().await.exits(6).says("this is not WebAssembly");
}
