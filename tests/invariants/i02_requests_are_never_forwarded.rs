//! Invariant 2: a guest's request is never forwarded: what is a route is built anew. What is none is refused:
//! see the classes of the scoreboard.

use actionbox_sandbox::BodyState;
use actionbox_tests::{
    tricks::SEND,
    world::{ACCOUNT, NEIGHBOUR, World},
};
use serde_json::json;

const LIST: &str = "/api/v2/integration-schema/hubspot/actions";
const DESCRIBE: &str = "/api/v2/integration-schema/hubspot/actions/get_contact";
const EXECUTE: &str = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_built_anew_and_nothing_of_the_guest_is_kept() {
    let world = World::start().await;
    let forged = json!([
        ["content-type", "text/plain"],
        ["accept", "text/html"],
        ["accept-encoding", "gzip, br"],
        ["user-agent", "evil"],
        ["x-evil", "1"],
        ["x-forwarded-host", "evil.example"],
        ["x-original-url", "/api/v2/public/linked-account"],
        ["x-rewrite-url", "/api/v2/public/linked-account"],
        ["x-http-method-override", "DELETE"],
        ["x-tenant", NEIGHBOUR],
        ["forwarded", "host=evil.example"],
        ["expect", "100-continue"],
        ["range", "bytes=0-0"],
        ["if-none-match", "*"],
        ["te", "trailers"],
        ["trailer", "x-api-key"],
        ["origin", "https://evil.example"],
    ]);
    let body = r#" { "email" : "evil@example.com" } "#;
    for (request, line, length) in [
        (json!({ "path": LIST }), format!("GET {LIST} HTTP/1.1"), None),
        (json!({ "path": DESCRIBE }), format!("GET {DESCRIBE} HTTP/1.1"), None),
        (
            json!({ "method": "POST", "path": EXECUTE, "body": body, "trailers": [["x-late", "evil"]] }),
            format!("POST {EXECUTE} HTTP/1.1"),
            Some(body.len()),
        ),
    ] {
        world.sandbox.clear_requests();
        let mut request = request;
        request["headers"] = forged.clone();
        let report = world.play(SEND, request).await.expect("a report");
        assert_eq!((&report["status"], &report["unset"]), (&json!(200), &json!([])), "{report}");

        let received = world.received();
        let host = world.sandbox.addr().to_string();
        let mut expected = vec![
            ("accept", "application/json".to_owned()),
            ("accept-encoding", "identity".to_owned()),
            ("host", host),
            ("linked_account_id", ACCOUNT.to_owned()),
            ("user-agent", concat!("actionbox/", env!("CARGO_PKG_VERSION")).to_owned()),
            ("x-api-key", world.key.clone()),
        ];
        if let Some(length) = length {
            expected.push(("content-length", length.to_string()));
            expected.push(("content-type", "application/json".to_owned()));
        }
        expected.sort();
        let mut got: Vec<_> = received
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value).into_owned()))
            .collect();
        got.sort();
        assert_eq!(got, expected, "{line}");
        let raw = String::from_utf8(received.raw.to_vec()).expect("text");
        assert_eq!(raw.lines().next(), Some(line.as_str()));
        assert_eq!(received.body_state, BodyState::Whole);
        assert_eq!(received.body.len(), length.unwrap_or(0));
        assert!(raw.ends_with(&format!("\r\n\r\n{}", if length.is_some() { body } else { "" })), "{raw}");
    }
    let all: Vec<u8> = world.sandbox.raw_connections().concat();
    let all = String::from_utf8_lossy(&all);
    for word in ["x-evil", "x-late", "evil.example", NEIGHBOUR, "DELETE", "text/plain"] {
        assert!(!all.contains(word), "{word} reached the upstream");
    }
}
