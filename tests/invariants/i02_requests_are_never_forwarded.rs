//! Invariant 2: a guest's request is never forwarded: what is not a route is refused before any credential
//! is touched and any connection is opened, and what is one is built anew.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use actionbox_host::{
    BadBody, BoxFuture, Credential, CredentialError, CredentialProvider, Effect, Grant, Limits, NotARoute,
    Refusal, Sent, TokenExchange,
};
use actionbox_sandbox::BodyState;
use actionbox_tests::{
    listener::Listener,
    played_by,
    tricks::{self, SEND},
    world::{ACCOUNT, NEIGHBOUR, World},
};
use serde_json::{Value, json};

played_by!(
    connect_a_socket => sockets_and_names_are_no_way_out,
    send => a_route_is_built_anew_and_nothing_of_the_guest_is_kept,
    send_in_turn => what_is_not_a_route_is_refused_before_anything_is_touched,
);

const LIST: &str = "/api/v2/integration-schema/hubspot/actions";
const DESCRIBE: &str = "/api/v2/integration-schema/hubspot/actions/get_contact";
const EXECUTE: &str = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";

/// Counts how often it is asked.
struct Counted(Credential, AtomicUsize);

impl CredentialProvider for Counted {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        self.1.fetch_add(1, SeqCst);
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// A world, a grant for as many requests as a table has, and the count of uses of its credential.
async fn world() -> (World, Grant, Arc<Counted>) {
    let world = World::start().await;
    let credential = Credential::api_key(&world.key.clone().into(), ACCOUNT).expect("valid");
    let counted = Arc::new(Counted(credential, AtomicUsize::new(0)));
    let grant = Grant::builder(ACCOUNT)
        .upstream_shared(world.upstream(), counted.clone())
        .allow_reads("hubspot")
        .allow_writes("hubspot")
        .own_action("hubspot", "send_in_turn", Effect::Write)
        .own_action("hubspot", SEND, Effect::Write)
        .limits(Limits { requests: 1000, ..Limits::default() })
        .build()
        .expect("a grant");
    (world, grant, counted)
}

fn destinations(world: &World) -> Vec<(String, Value)> {
    let real = world.sandbox.addr().to_string();
    let hosts = [
        "evil.example",
        "evil.example:443",
        "app.refold.ai.evil.example",
        "evil.example.app.refold.ai",
        "xapp.refold.ai",
        "app.refold.aix",
        "app.refold.ai.",
        "refold.ai",
        "APP.REFOLD.AI",
        "App.refold.ai",
        "app.refold.ai:443",
        "app.refold.ai:80",
        "app.refold.ai:8443",
        "app.refold.ai:",
        "app.gocobalt.io",
        "user@app.refold.ai",
        "user:pass@app.refold.ai",
        "@app.refold.ai",
        "app.refold.ai@evil.example",
        "app.refold.ai:443@evil.example",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
        "metadata.google.internal",
    ];
    let hosts = hosts.map(str::to_owned).into_iter().chain([real]);
    hosts.map(|host| (format!("authority {host}"), json!({ "authority": host }))).collect()
}

fn schemes() -> Vec<(String, Value)> {
    vec![("scheme http".to_owned(), json!({ "scheme": "http" }))]
}

fn methods() -> Vec<(String, Value)> {
    let mut table = Vec::new();
    let mut row = |method: &str, path: &str, body: Option<&str>| {
        let mut request = json!({ "method": method, "path": path });
        if let Some(body) = body {
            request["body"] = body.into();
        }
        table.push((format!("{method} {path}"), request));
    };
    for method in [
        "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "PROPFIND",
        "GETT",
    ] {
        row(method, LIST, None);
        row(method, DESCRIBE, None);
    }
    row("POST", LIST, Some("{}"));
    row("POST", DESCRIBE, Some("{}"));
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post", "Post", "QUERY"] {
        row(method, EXECUTE, Some("{}"));
    }
    table
}

fn queries() -> Vec<(String, Value)> {
    let queries = [
        "?",
        "?x",
        "?x=1",
        "??",
        "?linked_account_id=globex@example.com",
        "?x-api-key=1",
        "?/../../public",
        "?%23",
        "?a#b",
    ];
    let mut table = Vec::new();
    for query in queries {
        for (method, path) in [("GET", LIST), ("GET", DESCRIBE), ("POST", EXECUTE)] {
            let target = format!("{path}{query}");
            let mut request = json!({ "method": method, "path": target });
            if method == "POST" {
                request["body"] = "{}".into();
            }
            table.push((format!("{method} {target}"), request));
        }
    }
    table
}

fn paths() -> Vec<(String, Value)> {
    let long_app = format!("/api/v2/integration-schema/{}/actions", "a".repeat(65));
    let long_action = format!("{LIST}/{}", "a".repeat(129));
    let mut paths: Vec<String> = [
        // What the key opens beside the three endpoints.
        "/api/v2/public/linked-account",
        "/api/v2/public/linked-account/integration/save-key-credentials/hubspot",
        "/api/v2/public/session-token",
        "/api/v2/public/migrate-token",
        "/api/v2/public/webhook",
        "/api/v2/public/env/values",
        "/api/v2/public/workflow",
        "/api/v2/public/tables",
        "/api/v2/public/mcp-servers",
        "/api/v1/workflow/public/scheduled",
        "/",
        "/api",
        "/api/v2/integration-schema",
        "/api/v2/integration-schema/hubspot",
        // The endpoints, spelled in another way.
        "/api/v2/integration-schema/hubspot/actions/",
        "//api/v2/integration-schema/hubspot/actions",
        "/api//v2/integration-schema/hubspot/actions",
        "/./api/v2/integration-schema/hubspot/actions",
        "/api/v2/../v2/integration-schema/hubspot/actions",
        "/api/v2/%2e%2e/v2/integration-schema/hubspot/actions",
        "/api/v2/integration-schema/hubspot;x=1/actions",
        "/api/v2/integration-schema/hubspot/actions;x=1",
        "/api/v2/integration-schema/hubspot/actions%00",
        "/api/v2/integration-schema/hubspot/actions%20",
        "/api/v2/integration-schema/hubspot/actions.json",
        "/api/v2/integration-schema/hubspot%2Factions",
        "/api%2fv2%2fintegration-schema%2fhubspot%2factions",
        "/%61pi/v2/integration-schema/hubspot/actions",
        "/api/v2/integration-schema/%68ubspot/actions",
        "/api/v2/integration-schema/hubspot/%61ctions",
        "/API/v2/integration-schema/hubspot/actions",
        "/api/V2/integration-schema/hubspot/actions",
        "/api/v2/integration-schema/HUBSPOT/actions",
        "/api/v2/integration-schema/hubspot/Actions",
        "/api/v1/integration-schema/hubspot/actions",
        "/api/v2/integration-schema//actions",
        "/api/v2/integration-schema/./actions",
        "/api/v2/integration-schema/../actions",
        "/api/v2/integration-schema/-hubspot/actions",
        "/api/v2/integration-schema/hub.spot/actions",
        "/api/v2/integration-schema/hub:spot/actions",
        "/api/v2/integration-schema/hub@spot/actions",
        // A way out of a segment.
        "/api/v2/integration-schema/..%2f..%2fpublic%2fsession-token%23/actions",
        "/api/v2/integration-schema/../public/session-token",
        "/api/v2/integration-schema/hubspot/../../public/linked-account",
        "/api/v2/integration-schema/hubspot/actions/../../../public/linked-account",
        "/api/v2/integration-schema/hubspot/actions/..%2f..%2f..%2fpublic%2flinked-account",
        "/api/v2/integration-schema/hubspot/actions/%2e%2e/%2e%2e/%2e%2e/public/linked-account",
        "/api/v2/integration-schema/hubspot/actions/..;/..;/..;/public/linked-account",
        "/api/v2/integration-schema/hubspot/actions/..",
        "/api/v2/integration-schema/hubspot/actions/.",
        "/api/v2/integration-schema/hubspot/actions/get_contact/",
        "/api/v2/integration-schema/hubspot/actions/get_contact/Execute",
        "/api/v2/integration-schema/hubspot/actions/get_contact/execute/",
        "/api/v2/integration-schema/hubspot/actions/get_contact/execute/execute",
        "/api/v2/integration-schema/hubspot/actions/get_contact%2Fexecute",
        "/api/v2/integration-schema/hubspot/actions/get.contact",
        "/api/v2/integration-schema/hubspot/actions/get%5fcontact",
        "/api/v2/integration-schema/hubspot/actions/get_contact;execute",
        // Another address in the path.
        "//evil.example/api/v2/integration-schema/hubspot/actions",
        "/@evil.example/",
        "/http://evil.example/",
    ]
    .map(str::to_owned)
    .into();
    paths.extend([long_app, long_action]);
    paths.into_iter().map(|path| (path.clone(), json!({ "path": path }))).collect()
}

fn bodies() -> Vec<(String, Value, BadBody)> {
    let execute = |body: Value| {
        let mut request = json!({ "method": "POST", "path": EXECUTE });
        request["body"] = body;
        request
    };
    let hex = |bytes: &[u8]| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "method": "POST", "path": EXECUTE, "body_hex": hex })
    };
    let mut table = Vec::new();
    for path in [LIST, DESCRIBE] {
        for body in ["{}", " ", "GET /evil HTTP/1.1\r\n\r\n"] {
            let request = json!({ "path": path, "body": body });
            table.push((format!("{path} with {body:?}"), request, BadBody::Unexpected));
        }
    }
    for body in [
        "",
        " ",
        "[]",
        "[{}]",
        "null",
        "true",
        "1",
        "\"{}\"",
        "{",
        "}",
        "{}{}",
        "{},",
        "{} {}",
        "{}x",
        "{'a':1}",
        "{a:1}",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "// x\n{}",
        "{}//",
        "{}\0",
        "\u{feff}{}",
        "email=a%40b.example",
        "<x/>",
        "--x\r\n\r\n{}\r\n--x--",
        "{}\r\nPOST /api/v2/public/linked-account HTTP/1.1\r\nhost: app.refold.ai\r\n\r\n",
    ] {
        table.push((format!("body {body:?}"), execute(body.into()), BadBody::NotAnObject));
    }
    for (name, bytes) in [
        ("a key that is no UTF-8", b"{\"\xff\":1}".as_slice()),
        ("a key in overlong UTF-8", b"{\"\xc0\xaf\":1}"),
        ("UTF-16", b"{\0}\0"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0C\xbf\xa6\xa3\x02\0\0\0"),
    ] {
        table.push((name.to_owned(), hex(bytes), BadBody::NotAnObject));
    }
    let mut without_length = execute("{}".into());
    without_length["length"] = Value::Null;
    table.push(("no declared length".to_owned(), without_length, BadBody::Incomplete));
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_route_is_refused_before_anything_is_touched() {
    let (world, grant, credential) = world().await;
    let table: Vec<(String, Value, NotARoute)> = [
        (destinations(&world), NotARoute::Authority),
        (schemes(), NotARoute::Scheme),
        (queries(), NotARoute::Query),
        (methods(), NotARoute::Method),
        (paths(), NotARoute::Path),
    ]
    .into_iter()
    .flat_map(|(rows, why)| rows.into_iter().map(move |(name, request)| (name, request, why)))
    .collect();
    assert!(table.len() > 150);
    let requests: Vec<_> = table.iter().map(|(_, request, _)| request).collect();
    let reports =
        world.play_under(&grant, "send_in_turn", json!({ "requests": requests })).await.expect("reports");
    let reports = reports.as_array().expect("reports");
    for ((name, _, _), report) in table.iter().zip(reports) {
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{name}: {report}");
    }
    let audited = world.audit.requests();
    assert_eq!((reports.len(), audited.len()), (table.len(), table.len()));
    for (((name, _, why), report), event) in table.iter().zip(reports).zip(audited) {
        assert_eq!(report["unset"], json!([]), "{name}: it could be built");
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{name}");
        assert_eq!(report["status"], Value::Null, "{name}");
        assert_eq!(event.refusal, Some(Refusal::NotARoute(*why)), "{name}");
        assert_eq!((event.sent, event.attempts, event.effect), (Sent::No, 0, None), "{name}");
    }
    assert_eq!(credential.1.load(SeqCst), 0, "no credential is touched");
    world.assert_untouched();
    assert_eq!(world.audit.call().sent, Sent::No);
    world.neighbour_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_parsed_never_leaves() {
    let (world, grant, credential) = world().await;
    let targets = [
        "",
        "*",
        "https://evil.example/",
        "evil.example:443",
        "/ HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        "/api/v2/integration-schema/hubspot/actions \t",
        "/\0",
        "/api\\v2",
        "/\u{7f}",
    ];
    let authorities = [
        "",
        "app.refold.ai/",
        "app.refold.ai/..",
        "app.refold.ai#x",
        "app.refold.ai?x",
        "app.refold.ai\\@evil.example",
        "app.refold.ai\r\nhost: evil.example",
        "evil.example app.refold.ai",
        "[::1",
        "a:b:c",
        "app%2erefold%2eai",
        "app.refold.ai%00.evil.example",
        &"a".repeat(70_000),
    ];
    let mut table: Vec<(String, Value)> = Vec::new();
    table.extend(targets.map(|path| (format!("path {path:?}"), json!({ "path": path }))));
    table.extend(authorities.map(|host| (format!("authority {host:.40?}"), json!({ "authority": host }))));
    table.extend(
        ["ftp", "file", "ws", "javascript", "", "a b"]
            .map(|s| (format!("scheme {s:?}"), json!({ "scheme": s }))),
    );
    table.extend(
        ["", "GET ", "GET / HTTP/1.1\r\n\r\n", "G\u{e9}T"]
            .map(|m| (format!("method {m:?}"), json!({ "method": m }))),
    );
    table.push(("no authority".to_owned(), json!({ "authority": null })));
    let mut left = 0;
    for (name, request) in &table {
        let report = world.play_under(&grant, SEND, request.clone()).await.expect("a report");
        if report["error"] == Value::Null {
            // What could not be set kept its default, which is that of an honest listing: that is what left.
            assert_ne!(report["unset"], json!([]), "{name}: {report}");
            left += 1;
        }
    }
    assert!(left > 0 && left < table.len(), "{left}");
    assert_eq!(credential.1.load(SeqCst), left);
    let received = world.sandbox.requests();
    assert_eq!(received.len(), left);
    for request in received {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", LIST));
        assert!(!String::from_utf8_lossy(&request.raw).contains("evil"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_the_endpoints_is_refused_before_anything_is_touched() {
    let (world, grant, credential) = world().await;
    let table = bodies();
    let requests: Vec<_> = table.iter().map(|(_, request, _)| request).collect();
    let reports =
        world.play_under(&grant, "send_in_turn", json!({ "requests": requests })).await.expect("reports");
    let audited = world.audit.requests();
    assert_eq!(audited.len(), table.len());
    for (((name, _, why), report), event) in
        table.iter().zip(reports.as_array().expect("reports")).zip(audited)
    {
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{name}");
        assert_eq!(event.refusal, Some(Refusal::Body(why.clone())), "{name}");
        assert_eq!((event.sent, event.attempts), (Sent::No, 0), "{name}");
    }
    assert_eq!(credential.1.load(SeqCst), 0, "no credential is touched");
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_length_than_declared_never_leaves() {
    let (world, grant, credential) = world().await;
    for length in [0, 1, 3, 1000] {
        let mut request = tricks::write();
        request["body"] = "{}".into();
        request["length"] = length.into();
        let report = world.play_under(&grant, SEND, request).await.expect("a report");
        assert!(report["error"].is_string(), "{length}: {report}");
    }
    for length in ["2, 2", "+2", "0x2", "2\t", "-1", "99999999999999999999"] {
        let mut request = tricks::write();
        request["body"] = "{}".into();
        request["length"] = Value::Null;
        request["headers"] = json!([["content-length", length]]);
        let report = world.play_under(&grant, SEND, request).await.expect("a report");
        assert!(report["error"].is_string() || !report["upload"].is_null(), "{length}: {report}");
        assert_eq!(report["status"], Value::Null, "{length}: {report}");
    }
    assert_eq!(credential.1.load(SeqCst), 0);
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_built_anew_and_nothing_of_the_guest_is_kept() {
    let (world, grant, _) = world().await;
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
        let report = world.play_under(&grant, SEND, request).await.expect("a report");
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_by_the_parser_leaves_as_the_route_that_remains() {
    let (world, grant, _) = world().await;
    for path in [format!("{LIST}#"), format!("{LIST}#/../../public"), format!("{LIST}#?linked_account_id=x")]
    {
        world.sandbox.clear_requests();
        let report = world.play_under(&grant, SEND, json!({ "path": path })).await.expect("a report");
        if report["status"] == 200 {
            assert_eq!(world.received().target, LIST, "{path}");
        } else {
            assert!(world.sandbox.requests().is_empty(), "{path}: {report}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_and_names_are_no_way_out() {
    let world = World::start().await;
    let listener = Listener::silent().await;
    let options = json!({ "address": listener.addr().to_string() });
    assert_eq!(world.play("connect_a_socket", options).await.expect("a report"), json!([]));
    assert_eq!(listener.connections().await.expect("it listens"), 0);
    world.assert_untouched();
}
