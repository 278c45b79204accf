//! The plugin tries to act for another tenant, or to get at what another tenant's call left.

use std::time::Duration;

use actionbox_host::{BadBody, Error, Limits, NotARoute, Sent};
use actionbox_sandbox::Sandbox;
use actionbox_tests::{
    attacks, canary, expected, played_by,
    scoreboard::{BUSY, Case, Hole},
    tricks::{self, SEND},
    world::{ACCOUNT, NEIGHBOUR},
};
use serde_json::{Value, json};

use crate::{
    attempt::{EXECUTE, Fate, attempt_in},
    cell::Cell,
};

attacks! {
    "Another tenant":
        "The plugin names another account in headers, path, query and body, uses handles of another call, and looks in \
         its memory, and on the upstream's connections, for what the call before it left. Each tenant gets its own \
         data, and nothing else.",
    cases,
    play,
    no_tenant_gets_at_another on BUSY,
}

played_by!(
    count => no_tenant_gets_at_another,
    guess_a_handle => no_tenant_gets_at_another,
    search => no_tenant_gets_at_another,
);

const LEFT_OVER: [Hole; 1] = [Hole {
    what: "Graph Node before 2019: what one event's run left in memory is seen by the next",
    url: "https://github.com/graphprotocol/graph-node/issues/438",
}];

enum Deed {
    /// A request that names another account, with the key or with a session token.
    Named { request: Value, fate: Fate, session_tokens: bool },
    /// A handle that another call had.
    Handle { kind: &'static str, handle: u32 },
    /// What a call leaves, however it ends, is looked for by the next one in the same place.
    LeftBy(&'static str),
    /// The connection that a call of another tenant used, whatever became of that call.
    Connection { of: &'static str, request: Value, session_tokens: bool },
}

const HEADERS: &[&str] = &[
    "linked_account_id",
    "linked-account-id",
    "LINKED_ACCOUNT_ID",
    "linkedaccountid",
    "linkedAccountId",
    "linked_account",
    "linked-account",
    "x-linked-account-id",
    "x_linked_account_id",
    "x-account",
    "x-account-id",
    "x-tenant",
    "x-user",
    "authorization",
    "x-authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "x-forwarded-user",
    "x-session-token",
    "linked_account_id\u{a0}",
    "linked_account_id:",
    "linked.account.id",
    "linked%5faccount%5fid",
];

const KEYS: &[&str] = &[
    "linked_account_id",
    "linkedAccountId",
    "LinkedAccountID",
    "LINKED_ACCOUNT_ID",
    "linked-account-id",
    "linked.account.id",
    "linked account id",
    " linked_account_id ",
    "linked_account_i\\u0064",
    "\\u006cinked_account_id",
    "linked_account_id\\u0000",
    "\\u200blinked_account_id",
    "linked_account_id[]",
    "linked_account",
    "linkedAccount",
    "linkedaccount",
    "x-api-key",
    "x-api-key ",
    "X_API_KEY",
    "xApiKey",
    "api_key",
    "apiKey",
    "authorization",
    "Authorization",
    "session_token",
    "sessionToken",
    "__proto__",
    "constructor",
];

/// Bodies that hold a key, by how they hold it.
const BODIES: &[(&str, &str)] = &[
    ("alone", r#"{"KEY":"OTHER"}"#),
    ("last", r#"{"limit":"1","KEY":"OTHER"}"#),
    ("twice", r#"{"KEY":"OWN","KEY":"OTHER"}"#),
    ("of an object", r#"{"KEY":{"id":"OTHER"}}"#),
    ("of nothing", r#"{"KEY":null}"#),
];

/// Bodies in which an account is data.
const DATA: &[(&str, &str)] = &[
    ("in an object", r#"{"limit":"1","filter":{"linked_account_id":"OTHER"}}"#),
    ("in a list", r#"{"limit":"1","list":[{"x-api-key":"OTHER"}]}"#),
    ("as a value", r#"{"limit":"1","email":"OTHER"}"#),
    ("as the name of a key", r#"{"limit":"1","OTHER":"linked_account_id"}"#),
];

fn cases() -> Vec<Case<Deed>> {
    let mut all = Vec::new();
    let mut named = |name: String, request: Value, fate: Fate| {
        for (how, session_tokens) in [("the key", false), ("a session token", true)] {
            let deed = Deed::Named { request: request.clone(), fate: fate.clone(), session_tokens };
            all.push(Case::new(format!("{name}, with {how}"), deed));
        }
    };
    for header in HEADERS {
        let body = r#"{"limit":"1"}"#;
        let request = json!({ "method": "POST", "path": EXECUTE, "body": body,
            "headers": [[header, NEIGHBOUR], [header, NEIGHBOUR], ["x-filler", "1"]] });
        named(format!("a header {header:?}"), request, Fate::Posts(EXECUTE, body.to_owned()));
    }
    let base = "/api/v2/integration-schema/hubspot/actions";
    for (target, why) in [
        (format!("{base}?linked_account_id={NEIGHBOUR}"), NotARoute::Query),
        (format!("{base}?linkedAccountId={NEIGHBOUR}"), NotARoute::Query),
        (format!("{base}?x-api-key=1"), NotARoute::Query),
        (format!("{base}/get_contact/execute?linked_account_id={NEIGHBOUR}"), NotARoute::Query),
        (format!("{base}/{NEIGHBOUR}"), NotARoute::Path),
        (format!("/{NEIGHBOUR}{base}"), NotARoute::Path),
        (format!("/api/v2/linked-account/{NEIGHBOUR}/integration-schema/hubspot/actions"), NotARoute::Path),
        (format!("/api/v2/integration-schema/{NEIGHBOUR}/actions"), NotARoute::Path),
        (format!("{base};linked_account_id={NEIGHBOUR}"), NotARoute::Path),
        (format!("/api/v2/public/linked-account/{NEIGHBOUR}"), NotARoute::Path),
    ] {
        named(format!("a path: {target}"), json!({ "path": target }), why.into());
    }
    let body = |text: &str| text.replace("OTHER", NEIGHBOUR).replace("OWN", ACCOUNT);
    for (how, text) in DATA {
        let body = body(text);
        let request = json!({ "method": "POST", "path": EXECUTE, "body": body });
        named(format!("an account that is data, {how}"), request, Fate::Posts(EXECUTE, body));
    }
    for key in KEYS {
        for (how, text) in BODIES {
            let body = body(text).replace("KEY", key);
            let request = json!({ "method": "POST", "path": EXECUTE, "body": body });
            let fate = BadBody::SelectsAccount(selects(key)).into();
            let deed = Deed::Named { request, fate, session_tokens: false };
            all.push(Case::new(format!("a key of the body {key:?}, {how}"), deed));
        }
    }
    for kind in ["fields", "request", "response", "body", "future", "stream", "pollable"] {
        for handle in [0, 1, 2, 7, 1 << 20, u32::MAX] {
            all.push(Case::new(
                format!("a handle of another call: {kind} {handle}"),
                Deed::Handle { kind, handle },
            ));
        }
    }
    for trick in [
        "succeed",
        "search",
        "search_and_trap",
        "spin",
        "sleep",
        "allocate",
        "recurse",
        "panic_on_purpose",
        "exit_early",
        "hoard_handles",
        "print",
        "sleep_after_sending",
        "return_no_json",
        "say_after_sending",
    ] {
        let case = Case::new(format!("what a call left that ended with {trick}"), Deed::LeftBy(trick));
        all.push(case.catches(&LEFT_OVER));
    }
    for (what, of, request) in [
        ("a read", SEND, tricks::read()),
        ("a write", SEND, tricks::write()),
        ("a request that was refused upstream", SEND, json!({ "path": format!("{base}/no_such_action") })),
        ("a request that was dropped", "drop_after_sending", tricks::write()),
        ("a guest that trapped", "trap_after_sending", tricks::write()),
        ("a guest that lost its patience", "lose_patience", tricks::read()),
        ("many requests at once", "request_at_once", tricks::read()),
        ("a body that never ended", "drop_before_the_body_ends", json!({})),
    ] {
        for (how, session_tokens) in [("the key", false), ("a session token", true)] {
            let deed = Deed::Connection { of, request: request.clone(), session_tokens };
            all.push(Case::new(format!("the connection of {what}, with {how}"), deed));
        }
    }
    all
}

/// What a key is taken for.
fn selects(key: &str) -> &'static str {
    let plain =
        key.replace("\\u0064", "d").replace("\\u006c", "l").replace("\\u0000", "").replace("\\u200b", "");
    let plain: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_lowercase().as_str() {
        "linkedaccountid" => "linked_account_id",
        "linkedaccount" => "linked_account",
        "xapikey" => "x-api-key",
        "apikey" => "api_key",
        "authorization" => "authorization",
        "sessiontoken" => "session_token",
        "proto" => "__proto__",
        "constructor" => "constructor",
        other => panic!("{other}"),
    }
}

async fn play(name: String, deed: Deed) {
    match deed {
        Deed::Named { request, fate, session_tokens } => {
            let cell = Cell::builder(&name).await.session_tokens(session_tokens).build().await;
            attempt_in(&cell, request, &fate).await;
        }
        Deed::Handle { kind, handle } => {
            let cell = Cell::new(&name).await;
            let ended = cell.play("guess_a_handle", json!({ "kind": kind, "handle": handle })).await;
            assert!(matches!(ended, Err(Error::Trapped { sent: Sent::No, .. })), "{ended:?}");
            cell.assert_untouched();
        }
        Deed::LeftBy(trick) => left_by(&name, trick).await,
        Deed::Connection { of, request, session_tokens } => {
            let cell = Cell::builder(&name).await.session_tokens(session_tokens).build().await;
            // Reports of its own are the business of other classes.
            drop(cell.play(of, json!({ "requests": [request], "request": request, "times": 4 })).await);
            let theirs = cell.neighbours_grant();
            for _ in 0..2 {
                let world = &cell.prison.world;
                let report = world.play_under(&theirs, SEND, tricks::read()).await.expect("a report");
                let body = report["body"].as_str().unwrap_or_default();
                assert!(body.contains(&Sandbox::seeded_domain(NEIGHBOUR)), "{report}");
                assert!(!body.contains(&Sandbox::seeded_domain(ACCOUNT)), "{report}");
            }
            let received = cell.received();
            let own = cell.with_bearer(NEIGHBOUR, |bearer| {
                expected::post(EXECUTE, cell.sandbox.addr(), bearer, br#"{"limit":"1"}"#)
            });
            let theirs = received.iter().filter(|request| request.raw == own).count();
            assert_eq!(theirs, 2, "both are the neighbour's own: {received:#?}");
            for execution in cell.sandbox.executions().iter().rev().take(2) {
                assert_eq!(execution.account, NEIGHBOUR);
            }
        }
    }
}

/// Plays a trick with a marker in memory, and has the next two calls in the same place look for it.
async fn left_by(name: &str, trick: &str) {
    let limits = Limits {
        wall_time: Duration::from_secs(10),
        // Long enough for a search.
        cpu_time: Duration::from_secs(3),
        memory_bytes: 16 << 20,
        ..Limits::default()
    };
    let mut brief = limits.clone();
    if trick.starts_with("sleep") {
        brief.wall_time = Duration::from_millis(300);
    }
    if trick == "spin" {
        brief.cpu_time = Duration::from_millis(100);
    }
    let cell = Cell::builder(name).await.one_slot().await.limits(brief).build().await;
    let _turn = cell.prison.turn.lock().await;
    let marker = canary::secret();
    let masked: String = marker.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect();
    let leave = json!({ "requests": [tricks::write()], "needles": [masked], "planted": 0, "text": marker });
    drop(cell.play_alone(trick, leave).await);
    let look = json!({ "requests": [tricks::read()], "needles": [masked] });
    let again = Cell::builder(&format!("{name}, again")).await.one_slot().await.limits(limits).build().await;
    let world = &cell.prison.world;
    for grant in [&cell.neighbours_grant(), &again.grant] {
        let report = world.play_under(grant, "search", look.clone()).await.expect("a report");
        assert_eq!(report["found"], json!([0]), "the marker of the call before");
        assert_eq!(world.play_under(grant, "count", json!({})).await.expect("a count"), 1);
    }
    world.neighbour_is_well().await;
}
