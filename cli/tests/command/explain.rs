//! What is explained is what happens.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{ACCOUNT, Folder, actionbox, sandbox};

const LIST: &str = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions";

#[tokio::test]
async fn an_allowed_request_is_told_with_its_rule_and_what_is_added() {
    let get = format!("explain POST {LIST}/get_contact/execute");
    let done = actionbox(&get).done().await.exits(0);
    for told in
        ["execute hubspot/get_contact", "allowed: reads are granted", "x-api-key: the API key", "read"]
    {
        assert!(done.stdout.contains(told), "{told}: {}", done.stdout);
    }
    for (options, rule) in [
        ("--allow-write", "writes are granted"),
        ("--allow hubspot/create_contact", "the action is granted by name"),
        ("--own hubspot/upsert=write --during hubspot/upsert --allow-write", "writes are granted"),
    ] {
        let run = actionbox(&format!("explain POST {LIST}/create_contact/execute --json {options}"));
        let explained = run.done().await.exits(0).json();
        assert_eq!((&explained["rule"], &explained["refusal"]), (&json!(rule), &json!(null)), "{options}");
    }
}

#[tokio::test]
async fn a_refused_request_is_told_with_the_reason_and_what_to_do() {
    let table = [
        (
            "GET",
            "https://api.hubapi.com/crm/v3/objects".to_owned(),
            "",
            6,
            "the authority is not",
            "APP/actions[/ACTION[/execute]]",
        ),
        ("GET", LIST.replace("https", "http"), "", 6, "the scheme is not https", LIST),
        ("GET", format!("{LIST}?account=other"), "", 6, "take no query", LIST),
        ("POST", LIST.to_owned(), "", 6, "the method is not the endpoint's", "GET https://"),
        ("POST", format!("{LIST}/create_contact/execute"), "", 4, "does not allow", "--allow-write"),
        (
            "POST",
            format!("{LIST}/httprequest/execute"),
            "--allow-write",
            4,
            "raw",
            "the whole connected account",
        ),
        (
            "POST",
            format!("{LIST}/create_contact/execute"),
            "--allow-write --during hubspot/get_contact",
            4,
            "above what this call may do (read)",
            "--own",
        ),
        ("GET", LIST.to_owned(), "--during slack", 4, "does not reach the app hubspot", "--allow hubspot/"),
        ("G:T", LIST.to_owned(), "", 2, "is no method", ""),
        ("GET", "https://[".to_owned(), "", 2, "is no URL", ""),
    ];
    for (method, url, options, code, reason, hint) in table {
        let done = actionbox(&format!("explain {method} {url} {options}")).done().await.exits(code);
        assert!(
            done.stdout.contains(reason) && done.stdout.contains(hint),
            "{method} {url}: {}",
            done.stdout
        );
        assert!(
            !done.stdout.contains("x-api-key"),
            "nothing is added to what does not leave: {}",
            done.stdout
        );
    }
}

/// The headers that are neither of the connection nor constants of the host.
const PLAIN: [&str; 7] =
    ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "connection"];

#[tokio::test]
async fn what_is_said_to_be_added_is_what_the_server_receives() {
    for auth in ["api-key", "session-token"] {
        let sandbox = sandbox().start().await.expect("a server");
        let options = format!("--auth {auth}");
        let run = actionbox(&format!("execute hubspot get_contact {options}")).on(&sandbox);
        run.done().await.exits(0);
        let requests = sandbox.requests();
        let received =
            requests.iter().find(|request| request.target.ends_with("/execute")).expect("a request");
        let names = received.headers.iter().map(|(name, _)| name.as_str());
        let added: BTreeSet<_> = names.filter(|name| !PLAIN.contains(name)).collect();

        let explain = format!("explain POST {LIST}/get_contact/execute --json --account {ACCOUNT} {options}");
        let run = actionbox(&explain).arg("--base-url").arg(sandbox.base_url());
        let explained = run.done().await.exits(0).json();
        let leaves = &explained["leaves"];
        let told = leaves["credential"].as_array().expect("a list");
        let told: BTreeSet<_> = told.iter().filter_map(|header| header[0].as_str()).collect();
        assert_eq!(told, added, "{auth}");
        assert_eq!(leaves["url"], format!("{}{}", sandbox.base_url(), received.target));
    }
}

#[tokio::test]
async fn every_request_of_a_recording_is_explained() {
    let folder = Folder::new();
    let (plugin, cassette) =
        (folder.write("upsert.wasm", actionbox_examples::UPSERT_CONTACT), folder.path().join("c.json"));
    let own =
        "execute hubspot upsert_contact email=ada@example.com --own hubspot/upsert_contact=write --sandbox";
    let run = actionbox(own).arg("--plugin").arg(&plugin).arg("--record").arg(&cassette);
    run.done().await.exits(4).says("request 2, execute hubspot/create_contact: refused");

    let explain = |options: &str| actionbox(&format!("explain {options} --recorded")).arg(&cassette);
    let done = explain("").done().await.exits(4);
    for told in [
        "answered with status 200",
        "refused: the grant does not allow hubspot/create_contact",
        "--allow-write",
    ] {
        assert!(done.stdout.contains(told), "{told}: {}", done.stdout);
    }
    let explained = explain("--allow-write --json").done().await.exits(0).json();
    assert_eq!(explained.as_array().map(Vec::len), Some(2), "{explained}");
}
