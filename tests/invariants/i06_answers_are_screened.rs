//! Invariant 6: answers are screened whole before the guest sees even their status: one that holds a
//! secret, in any common encoding, is withheld and never masked, and the embedder still learns that it was
//! sent.

use std::sync::Arc;

use actionbox_examples::REFOLD;
use actionbox_host::{Actor, Error, Sent, Withheld};
use actionbox_sandbox::{Fault, Response, StatusCode};
use actionbox_tests::{
    canary::{self, encodings},
    tricks::{self, SEND},
    world::{ACCOUNT, Builder, World},
};
use bytes::Bytes;
use serde_json::{Value, json};

/// Asserts that the guest was shown nothing of the latest answer, and that the audit tells why.
async fn assert_withheld(world: &World, what: &str, fault: Fault, why: &Withheld) {
    let fault = fault.on_path("/integration-schema/");
    let mut attempts = 0..3;
    let (report, event) = loop {
        let before = world.audit.requests().len();
        world.sandbox.inject(fault.clone());
        // A write: it is never repeated, so that one fault is one request.
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        let event = world.audit.requests().into_iter().nth(before).expect("an event");
        // A connection that was kept may end just as the write goes out on it. Then there was no answer to withhold, and
        // the write is not sent again by itself.
        let is_lost = event.status.is_none() && report["error"] == "ErrorCode::HttpResponseIncomplete";
        if !is_lost || attempts.next().is_none() {
            break (report, event);
        }
        world.sandbox.clear_faults();
    };
    assert_eq!(report, json!({ "error": "ErrorCode::HttpProtocolError", "unset": [] }), "{what}");
    assert_eq!(event.result, format!("answer withheld: {why}"), "{what}");
    // These two prove that it did not run.
    let sent = if matches!(event.status, Some(401 | 429)) { Sent::No } else { Sent::Yes };
    assert_eq!((event.sent, event.attempts), (sent, 1), "{what}");
}

/// Every common encoding of a secret, in text.
fn echoes(secret: &str) -> Vec<(String, Vec<u8>)> {
    let each = |f: &dyn Fn(u8) -> String| secret.bytes().map(f).collect::<String>().into_bytes();
    let mut all: Vec<(String, Vec<u8>)> = encodings(secret.as_bytes())
        .into_iter()
        .filter(|(name, _)| *name != "backwards")
        .map(|(name, echo)| (name.to_owned(), echo))
        .collect();
    all.extend([
        ("in capitals".to_owned(), secret.to_ascii_uppercase().into()),
        ("in hex capitals".to_owned(), each(&|b| format!("{b:02X}"))),
        ("in percent escapes twice".to_owned(), each(&|b| format!("%25{b:02x}"))),
        ("in JSON in JSON".to_owned(), each(&|b| format!("\\\\u{b:04x}"))),
        ("in percent in JSON".to_owned(), each(&|b| format!("\\u0025{b:02x}"))),
        ("in decimal entities".to_owned(), each(&|b| format!("&#{b};"))),
        ("in hex entities".to_owned(), each(&|b| format!("&#x{b:x};"))),
        ("in entities with zeros".to_owned(), each(&|b| format!("&#0000{b};"))),
        ("in \\x escapes".to_owned(), each(&|b| format!("\\x{b:02x}"))),
        (
            "half escaped".to_owned(),
            each(&|b| if b % 2 == 0 { format!("\\u{b:04x}") } else { char::from(b).to_string() }),
        ),
        ("in UTF-16, big-endian".to_owned(), secret.bytes().flat_map(|b| [0, b]).collect()),
        ("folded".to_owned(), secret.as_bytes().chunks(7).collect::<Vec<_>>().join(b"\r\n\t".as_slice())),
        ("as a bearer".to_owned(), format!("Bearer {secret}").into()),
        ("in a URL".to_owned(), format!("https://x.example/?k={secret}&l=1").into()),
    ]);
    all
}

fn worlds() -> Vec<(&'static str, Builder)> {
    vec![("the key", World::builder()), ("session tokens", World::builder().session_tokens())]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_in_any_common_encoding_is_withheld() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        // With tokens, the key does not ride on the call, and still must not come back.
        let mut secrets = vec![("the secret", world.secret())];
        if world.secret() != world.key {
            secrets.push(("the key", world.key.clone()));
        }
        for (which, secret) in secrets {
            for (encoding, echo) in echoes(&secret) {
                let body =
                    [b"{\"node_status\":\"Success\",\"data\":\"x ".as_slice(), &echo, b" y\"}"].concat();
                let what = format!("{how}: {which} {encoding}");
                assert_withheld(&world, &what, Fault::json_body(StatusCode::OK, body), &Withheld::Secret)
                    .await;
            }
        }
        world.neighbour_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_anywhere_in_the_answer_is_withheld() {
    let world = World::start().await;
    let key = world.key.clone();
    for status in [200, 201, 400, 401, 404, 418, 429, 500, 503, 599] {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = json!({ "message": format!("bad key {key}") }).to_string();
        assert_withheld(
            &world,
            &format!("status {status}"),
            Fault::json_body(status, body),
            &Withheld::Secret,
        )
        .await;
    }
    let filler = "x".repeat(300_000);
    for (what, body) in [
        ("alone", key.clone()),
        ("first", format!("{key} {filler}")),
        ("last", format!("{filler} {key}")),
        ("in a name", json!({ &key: 1 }).to_string()),
        ("in HTML", format!("<html><!-- {key} --></html>")),
        ("beside what is no text", format!("{key}\u{fffd}")),
    ] {
        assert_withheld(&world, what, Fault::json_body(StatusCode::OK, body), &Withheld::Secret).await;
    }
    let binary = [b"\xff\xfe\x00".as_slice(), key.as_bytes()].concat();
    assert_withheld(&world, "in binary", Fault::json_body(StatusCode::OK, binary), &Withheld::Secret).await;
    for (name, value) in [("content-type", format!("text/plain; x={key}")), ("retry-after", key.clone())] {
        let fault = Fault::empty_body(StatusCode::OK).with_header(name, &value);
        assert_withheld(&world, name, fault, &Withheld::Secret).await;
    }
    let (left, right) = key.split_at(20);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n",
        left.len(),
        right.len()
    );
    assert_withheld(&world, "across two chunks", Fault::wire(chunked), &Withheld::Secret).await;
    assert_withheld(&world, "an echo of all headers", Fault::echo_headers(), &Withheld::Secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_no_secret_is_shown_as_it_is() {
    let world = World::start().await;
    let other = canary::secret();
    for (encoding, echo) in echoes(&other) {
        let body = [b"{\"data\":\"x ".as_slice(), &echo, b" y\"}"].concat();
        world.sandbox.inject(Fault::json_body(StatusCode::OK, body.clone()));
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        assert_eq!(report["status"], 200, "{encoding}: {report}");
        assert_eq!(report["body"].as_str().map(str::as_bytes), Some(body.as_slice()), "{encoding}");
    }
    for text in
        ["", "{}", "100 % \\ & &#; \\u12 %zz", "\u{1f600}", "null", "<html>", &"\\u0041".repeat(10_000)]
    {
        world.sandbox.inject(Fault::json_body(StatusCode::OK, text.to_owned()));
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        assert_eq!(report["body"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_as_text_is_withheld() {
    let world = World::start().await;
    let encoded =
        |name: &'static str, value: &str| Fault::json_body(StatusCode::OK, "{}").with_header(name, value);
    for coding in ["gzip", "br", "deflate", "zstd", "x-gzip", "identity, gzip", "GZIP", "unknown", ""] {
        let fault = encoded("content-encoding", coding);
        assert_withheld(&world, &format!("content-encoding {coding:?}"), fault, &Withheld::ContentEncoding)
            .await;
    }
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0C\xbf\xa6\xa3\x02\0\0\0".as_slice();
    for (what, body) in [
        ("gzip in disguise", gzip),
        ("Latin-1", b"caf\xe9"),
        ("UTF-16", b"\xff\xfe{\0}\0"),
        ("a surrogate", b"\xed\xa0\x80"),
    ] {
        assert_withheld(&world, what, Fault::json_body(StatusCode::OK, body), &Withheld::NotText).await;
    }
    // A coding that changes nothing is read.
    for coding in ["identity", "Identity"] {
        world.sandbox.inject(encoded("content-encoding", coding));
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        assert_eq!(report["status"], 200, "{coding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_useful_headers_are_shown() {
    let world = World::start().await;
    let key = world.key.clone();
    let mut fault = Fault::json_body(StatusCode::OK, "{}").with_header("retry-after", "7");
    let hidden = [
        "set-cookie",
        "location",
        "www-authenticate",
        "authorization",
        "x-api-key",
        "linked_account_id",
        "server",
        "via",
        "x-request-id",
        "link",
        "etag",
        "x-powered-by",
        "access-control-allow-origin",
        "x-echo",
        "proxy-authenticate",
    ];
    for name in hidden {
        fault = fault.with_header(name, &key);
    }
    world.sandbox.inject(fault);
    let report = world.play(SEND, tricks::write()).await.expect("a report");
    assert_eq!(report["headers"], json!([["content-type", "application/json"], ["retry-after", "7"]]));

    let names = |headers: &Value| -> Vec<Value> {
        headers.as_array().expect("headers").iter().map(|header| header[0].clone()).collect()
    };
    world.sandbox.inject(Fault::echo_headers_in_headers());
    let report = world.play(SEND, tricks::write()).await.expect("a report");
    assert_eq!(names(&report["headers"]), ["content-type"]);
    let report = world.play("read_back", json!({})).await.expect("a report");
    assert_eq!(names(&report["answer"]), ["content-type"], "of an honest answer too");
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_early_answers_and_reason_phrases_are_not_shown() {
    let world = World::start().await;
    let key = world.key.clone();
    for (what, wire) in [
        (
            "trailers",
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-late\r\n\r\n2\r\n{{}}\r\n0\r\nx-late: {key}\r\nretry-after: {key}\r\n\r\n"
            ),
        ),
        ("a reason phrase", format!("HTTP/1.1 200 {key}\r\ncontent-length: 2\r\n\r\n{{}}")),
        (
            "an early hint",
            format!(
                "HTTP/1.1 103 Early Hints\r\nlink: <{key}>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
        ),
        (
            "a chunk's extension",
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x={key}\r\n{{}}\r\n0\r\n\r\n"),
        ),
        ("what follows the answer", format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}{key}")),
    ] {
        world.sandbox.inject(Fault::wire(wire));
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        assert_eq!((&report["status"], &report["body"]), (&json!(200), &json!("{}")), "{what}: {report}");
        assert_eq!((&report["headers"], &report["trailers"]), (&json!([]), &Value::Null), "{what}");
        world.finder().assert_absent(what, report.to_string());
    }
    // What a connection still holds is not the answer to the next request.
    let report = world.play(SEND, tricks::read()).await.expect("a report");
    assert_eq!(report["status"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_is_no_final_answer_is_withheld() {
    let world = World::start().await;
    for status in [600, 700, 999] {
        let wire = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}");
        assert_withheld(&world, &status.to_string(), Fault::wire(wire), &Withheld::Status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedder_learns_why_and_that_it_was_sent() {
    let world = World::builder().plugin(REFOLD).start().await;
    for (action, parameters) in
        [("get_contact", json!({})), ("create_contact", json!({ "email": "a@b.example" }))]
    {
        world.sandbox.inject(Fault::echo_headers().after_execute());
        let error = world.execute(action, parameters).await.expect_err("withheld");
        assert!(matches!(&error, Error::Withheld { reason: Withheld::Secret, sent: Sent::Yes }), "{error:?}");
        assert_eq!((error.actor(), error.is_retryable()), (Actor::Upstream, false));
    }
    assert_eq!(world.sandbox.executions().len(), 2, "both ran, once");
    let results: Vec<_> = world.audit.calls().into_iter().map(|call| (call.sent, call.result)).collect();
    assert!(
        results.iter().all(|(sent, result)| *sent == Sent::Yes && result.contains("withheld")),
        "{results:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_large_answer_is_withheld_too() {
    let world = World::start().await;
    let key = Arc::new(world.key.clone());
    for size in [255 << 10, 257 << 10, 2 << 20] {
        let key = key.clone();
        let large = Fault::respond_with(move |_| {
            Response::new(Bytes::from(format!("{}{key}", "\\u0041".repeat(size / 6))))
        });
        assert_withheld(&world, &format!("{size} bytes"), large, &Withheld::Secret).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_message_does_not_tell_the_account() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        for (what, body) in [
            (
                "in the message",
                json!({ "status_code": 404, "message": format!("none for {ACCOUNT}"), "request_id": "r1" })
                    .to_string(),
            ),
            ("in capitals", json!({ "message": ACCOUNT.to_uppercase() }).to_string()),
            ("escaped", r#"{"message":"none for acme\u0040example.com"}"#.to_owned()),
            ("deeper", json!({ "message": "m", "errors": [{ "account": ACCOUNT }] }).to_string()),
            ("in HTML", format!("<p>{ACCOUNT}</p>")),
        ] {
            world
                .sandbox
                .inject(Fault::json_body(StatusCode::NOT_FOUND, body).on_path("/integration-schema/"));
            let report = world.play(SEND, tricks::write()).await.expect("a report");
            let shown = report["body"].as_str().expect("a body").to_lowercase();
            assert_eq!(report["status"], 404, "{how}, {what}");
            assert!(!shown.contains("acme") && shown.contains("withheld"), "{how}, {what}: {shown}");
        }
        // In data it may rightly appear.
        let body = json!({ "node_status": "Success", "data": { "email": ACCOUNT } }).to_string();
        world.sandbox.inject(Fault::json_body(StatusCode::OK, body.clone()).on_path("/integration-schema/"));
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        assert_eq!(report["body"], body.as_str(), "{how}");
    }
}
