//! Files that are plugins, and files that are none.

use crate::harness::{actionbox, file};

/// A core module, as a build for another target leaves one.
const CORE_MODULE: &str = "(module)";
/// A component that wants more than plugins are given.
const FOREIGN: &str = r#"(component (import "evil:host/keys@0.1.0" (instance)))"#;
/// A component that exports nothing.
const EMPTY: &str = "(component)";

fn built(name: &str, wat: &str) -> std::path::PathBuf {
    file(name, wat::parse_str(wat).expect("valid"))
}

#[tokio::test]
async fn what_is_not_loadable_is_refused_with_the_reason_and_the_remedy() {
    let table = [
        (built("core.wasm", CORE_MODULE), "core WebAssembly module", "wasm-tools component new"),
        (file("text.wasm", "hello"), "not WebAssembly", "--target wasm32-wasip2"),
        (file("empty.wasm", ""), "not WebAssembly", "--target wasm32-wasip2"),
        (file("native.wasm", b"\x7fELF\x02\x01"), "native or precompiled code", "give the component"),
        (built("foreign.wasm", FOREIGN), "evil:host/keys@0.1.0", "wasi:http/outgoing-handler"),
        (built("nothing.wasm", EMPTY), "does not export actionbox:plugin/actions", "actionbox:plugin/plugin"),
    ];
    for (path, reason, remedy) in table {
        let run = actionbox("list hubspot --sandbox --plugin").arg(&path);
        run.done().await.exits(6).says(reason).says(remedy);

        let done = actionbox("inspect").arg(&path).done().await.exits(6);
        assert!(done.stdout.contains("would not load it"), "{}", done.stdout);
        assert!(done.stdout.contains(reason) && done.stdout.contains(remedy), "{}", done.stdout);

        let done = actionbox("inspect --json").arg(&path).done().await.exits(6);
        let report = done.json();
        assert_eq!(report["loadable"], false);
        assert!(report["error"]["message"].as_str().is_some_and(|text| text.contains(reason)), "{report}");
    }
}

#[tokio::test]
async fn a_missing_plugin_file_is_named() {
    for arguments in ["list hubspot --sandbox --plugin nowhere.wasm", "inspect nowhere.wasm"] {
        let done = actionbox(arguments).done().await.exits(2);
        done.says("the file nowhere.wasm cannot be read").says("why:").says("check the path");
    }
}

#[tokio::test]
async fn a_foreign_import_is_marked() {
    let path = built("marked.wasm", FOREIGN);
    let done = actionbox("inspect").arg(path).done().await.exits(6);
    assert!(done.stdout.contains("evil:host/keys@0.1.0  (no plugin is given this)"), "{}", done.stdout);
}

#[tokio::test]
async fn a_plugin_is_inspected_and_run_from_a_file() {
    let path = file("upsert.wasm", actionbox_examples::UPSERT_CONTACT);
    let done = actionbox("inspect --json").arg(&path).done().await.exits(0);
    let report = done.json();
    assert_eq!(report["loadable"], true);
    assert_eq!(report["size"], actionbox_examples::UPSERT_CONTACT.len());
    assert_eq!(report["exports"], serde_json::json!(["actionbox:plugin/actions@0.1.0"]));
    let imports = report["imports"].as_array().expect("a list");
    assert!(imports.iter().any(|name| name.as_str().is_some_and(|name| name.starts_with("wasi:http/"))));

    let upsert = "execute hubspot upsert_contact email=ada@example.com --sandbox --plugin";
    let done = actionbox(upsert).arg(&path).done().await.exits(4);
    done.says("the grant does not allow hubspot/upsert_contact");
    let granted = "--own hubspot/upsert_contact=write --allow hubspot/create_contact";
    let run = granted.split(' ').fold(actionbox(upsert).arg(&path), |run, option| run.arg(option));
    let done = run.done().await.exits(0);
    assert_eq!(done.json()["result"], "created");
}
