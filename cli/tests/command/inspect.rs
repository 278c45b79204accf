//! `inspect`: what a component says of itself, and what an upgrade changes.

use actionbox_examples::{REFOLD, UPSERT_CONTACT};
use serde_json::{Value, json};

use crate::harness::{Done, actionbox, file};

/// A plugin that crashes whatever it is asked.
const CRASHES: &str = include_str!("../../../fuzz/seeds/plugin.wat");

async fn diff(new: impl AsRef<std::path::Path>, old: impl AsRef<std::path::Path>, more: &str) -> Done {
    let run = actionbox(&format!("inspect {more}")).arg(new.as_ref()).arg("--diff").arg(old.as_ref());
    run.done().await
}

/// Returns the changes of one list.
fn changes<'a>(report: &'a Value, list: &str) -> &'a [Value] {
    report[list].as_array().unwrap_or_else(|| panic!("{list}: {report:#}"))
}

#[tokio::test]
async fn a_component_says_who_made_it_and_it_is_shown_as_its_own_word() {
    let plugin = file("made.wasm", REFOLD);
    let report = actionbox("inspect --json").arg(&plugin).done().await.exits(0).json();
    let made_by =
        |producer: &Value| producer["name"] == "wit-component" && producer["field"] == "processed-by";
    let producers = report["claimed_producers"].as_array().expect("a list");
    assert!(producers.iter().any(made_by), "{report:#}");
    assert!(report["memory_bytes"].as_u64().is_some_and(|bytes| bytes >= 65_536), "{report:#}");

    let text = actionbox("inspect").arg(&plugin).done().await.exits(0).stdout;
    let row = text.lines().find(|line| line.starts_with("  made by  ")).expect("a row");
    assert!(row.contains("wit-component") && row.ends_with("(says the component)"), "{text}");
    assert!(text.contains(&format!("{} bytes to begin with", report["memory_bytes"])), "{text}");
}

#[tokio::test]
async fn what_a_stranger_says_is_harmless_to_a_terminal() {
    let hostile =
        r#"(component (core module (memory 3) (@producers (language "a\1b[2J\0dRust" "\u{202e}1"))))"#;
    let path = file("says.wasm", wat::parse_str(hostile).expect("valid"));
    let done = actionbox("inspect").arg(&path).done().await.exits(6);
    assert!(
        done.stdout.contains(r"languages a\u{1b}[2J\rRust \u{202e}1  (says the component)"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("memory    196608 bytes"), "{}", done.stdout);
}

#[tokio::test]
async fn an_upgrade_that_wants_more_is_seen_before_it_is_made() {
    let (old, new) = (file("diff-old.wasm", REFOLD), file("diff-new.wasm", UPSERT_CONTACT));
    let report = diff(&new, &old, "--json").await.exits(0).json();
    let added = json!([{
        "change": "action-added", "app": "hubspot", "action": "upsert_contact", "own": true, "effect": "write",
        "claimed_effect": "write", "granted_by": ["own_action", "allow_writes"],
    }]);
    assert_eq!(report["asks_for_more"], added);
    assert_eq!(report["not_compared"], json!([]));
    let sizes = json!({ "change": "size", "old": REFOLD.len(), "new": UPSERT_CONTACT.len() });
    assert!(changes(&report, "also_changed").contains(&sizes), "{report:#}");
    assert_eq!(report["old"]["file"], old.to_string_lossy().as_ref());
    assert!(report["new"]["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));

    let text = diff(&new, &old, "").await.exits(0).stdout;
    let line = "  + action      hubspot/upsert_contact  write, its own, says write";
    let first = format!("\n\n  asks for more\n{line}  granted by own_action or allow_writes\n");
    assert!(text.contains(&first), "{text}");

    let back = diff(&old, &new, "--json").await.exits(0).json();
    assert_eq!(back["asks_for_more"], json!([]));
    let removed = json!({ "change": "action-removed", "app": "hubspot", "action": "upsert_contact" });
    assert!(changes(&back, "also_changed").contains(&removed), "{back:#}");
}

#[tokio::test]
async fn nothing_is_told_of_what_is_the_same() {
    let plugin = file("same.wasm", UPSERT_CONTACT);
    let text = diff(&plugin, &plugin, "").await.exits(0).stdout;
    assert!(text.lines().count() == 4 && text.ends_with("\n  no differences\n"), "{text}");
    let report = diff(&plugin, &plugin, "--json").await.exits(0).json();
    for list in ["asks_for_more", "not_compared", "also_changed"] {
        assert!(changes(&report, list).is_empty(), "{report:#}");
    }
}

#[tokio::test]
async fn a_plugin_that_does_not_list_is_told() {
    let crashes = file("crashes.wasm", wat::parse_str(CRASHES).expect("valid"));
    let plugin = file("lists.wasm", REFOLD);
    let report = diff(&crashes, &plugin, "--json").await.exits(0).json();
    let told = changes(&report, "not_compared");
    let apps: Vec<_> = told.iter().map(|one| (&one["plugin"], &one["app"])).collect();
    let new = Value::from("new");
    assert_eq!(apps, [(&new, &"hubspot".into()), (&new, &"salesforce".into()), (&new, &"slack".into())]);
    for one in told {
        assert!(one["reason"].as_str().is_some_and(|reason| reason.contains("crashed")), "{one}");
    }
    let text = diff(&plugin, &crashes, "").await.exits(0).stdout;
    assert!(text.contains("slack  the old plugin does not list its actions: the plugin crashed"), "{text}");
}

#[tokio::test]
async fn the_one_that_is_not_loadable_is_named() {
    let plugin = file("loadable.wasm", REFOLD);
    let foreign = r#"(component (import "evil:host/keys@0.1.0" (instance)))"#;
    let foreign = file("unloadable.wasm", wat::parse_str(foreign).expect("valid"));
    for (new, old, which) in [(&foreign, &plugin, "new"), (&plugin, &foreign, "old")] {
        let done = diff(new, old, "").await.exits(6).says("evil:host/keys@0.1.0");
        done.says(&format!("this host would not load the {which} plugin, {}", foreign.display()));
        let report = diff(new, old, "--json").await.exits(6).json();
        assert!(report["message"].as_str().is_some_and(|message| message.contains(which)), "{report:#}");
    }
    diff(&plugin, "nowhere.wasm", "").await.exits(2).says("the file nowhere.wasm cannot be read");
}
