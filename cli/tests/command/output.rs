//! What people read, as snapshots: a change of it is meant, or a mistake.

use crate::harness::{actionbox, sandbox, snapshot};

#[tokio::test]
async fn help_shows_subcommands_examples_and_exit_codes() {
    for (name, arguments) in [("help", "--help"), ("help-execute", "execute --help")] {
        snapshot(name, &actionbox(arguments).done().await.exits(0).stdout);
    }
}

#[tokio::test]
async fn tables_and_data_are_readable() {
    let sandbox = sandbox().start().await.expect("a server");
    for (name, arguments) in [
        ("list", "list hubspot --allow hubspot/delete_contact"),
        ("describe", "describe hubspot create_contact"),
        ("execute", "execute hubspot get_contact limit=1"),
        ("execute-json", "execute hubspot get_contact limit=1 --json"),
    ] {
        let done = actionbox(arguments).on(&sandbox).done().await.exits(0);
        assert_eq!(done.stderr, "");
        snapshot(name, &done.stdout);
    }
}

#[tokio::test]
async fn errors_say_what_why_and_what_next() {
    let sandbox = sandbox().start().await.expect("a server");
    for (name, arguments) in [
        ("error-denied", "execute hubspot create_contact email=ada@example.com"),
        ("error-unknown-app", "list hubspott"),
        ("error-parameters", "execute hubspot create_contact firstname=Ada --allow-write"),
        ("error-failed", "execute hubspot create_contact email=ada --allow-write"),
    ] {
        let done = actionbox(arguments).on(&sandbox).done().await;
        assert_eq!(done.stdout, "");
        snapshot(name, &done.stderr);
    }
    let run = actionbox("execute hubspot create_contact firstname=Ada --allow-write --json").on(&sandbox);
    snapshot("error-json", &run.done().await.exits(3).stdout);
}
