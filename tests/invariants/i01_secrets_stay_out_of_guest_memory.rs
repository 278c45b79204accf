//! Invariant 1: no byte of a secret ever enters guest memory.
//!
//! The whole memory is searched, in both ways: from outside, in the core dump of a guest that trapped, and
//! from inside, by a guest that searches itself.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actionbox_host::{Error, Grant, Limits};
use actionbox_sandbox::{Fault, Sandbox, StatusCode};
use actionbox_tests::{
    canary::{self, encodings},
    dump,
    tricks::{self, SEND},
    world::{ACCOUNT, Builder, World},
};
use serde_json::{Value, json};

/// The ways in which a secret could come back, each by the app that is asked for it.
fn faults(secret: &str) -> Vec<(&'static str, Fault)> {
    let error =
        |echo: &str| Fault::json_body(StatusCode::BAD_REQUEST, json!({ "message": echo }).to_string());
    let encoded = |wanted: &str| {
        let mut all = encodings(secret.as_bytes()).into_iter();
        let (_, echo) = all.find(|(name, _)| *name == wanted).expect("a known encoding");
        error(&String::from_utf8(echo).expect("text"))
    };
    vec![
        ("refused", Fault::status(StatusCode::UNAUTHORIZED)),
        ("failing", Fault::status(StatusCode::BAD_REQUEST)),
        ("reset", Fault::reset()),
        ("echo", Fault::echo_headers()),
        ("echo_in_headers", Fault::echo_headers_in_headers()),
        ("echo_in_an_error", error(&format!("no such key: {secret}"))),
        ("echo_in_base64", encoded("in base64")),
        ("echo_in_percent", encoded("in percent escapes")),
        ("echo_in_json", encoded("in JSON escapes")),
        ("echo_in_half", Fault::echo_headers().with_header("content-length", "100000")),
        ("redirect", Fault::redirect(&format!("https://evil.example/?{secret}"))),
        (
            "reason",
            Fault::wire(format!("HTTP/1.1 200 {secret}\r\nx: {secret}\r\ncontent-length: 2\r\n\r\n{{}}")),
        ),
        ("no_http", Fault::wire(format!("{secret} {secret}\r\n\r\n"))),
    ]
}

/// Sets up all faults, and returns the grant and the requests that run into them, honest ones around.
fn provoke(world: &World) -> (Grant, Vec<Value>) {
    let secret = world.secret();
    let mut grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
    let mut requests = vec![tricks::list("hubspot"), tricks::read(), tricks::write()];
    for (app, fault) in faults(&secret) {
        world.sandbox.inject(fault.on_path(&format!("/integration-schema/{app}/")));
        grant = grant.allow_reads(app);
        requests.push(tricks::list(app));
    }
    requests.push(tricks::read());
    for trick in ["search", "search_and_trap"] {
        grant = grant.own_action("hubspot", trick, actionbox_host::Effect::Write);
    }
    // A search of every byte for every needle takes its time.
    let limits =
        Limits { cpu_time: Duration::from_secs(30), wall_time: Duration::from_secs(60), ..Limits::default() };
    (grant.limits(limits).build().expect("a grant"), requests)
}

/// All ways to reach the upstream that differ in what holds the secret.
fn worlds() -> Vec<(&'static str, Builder)> {
    vec![
        ("the key", World::builder()),
        ("session tokens", World::builder().session_tokens()),
        ("session tokens over HTTP/2", World::builder().session_tokens().http2()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_core_dump_holds_no_secret() {
    for (how, builder) in worlds() {
        let dumps = Arc::new(Mutex::new(Vec::new()));
        let sink = dumps.clone();
        let keep = move |dump| sink.lock().unwrap_or_else(PoisonError::into_inner).push(dump);
        let world = builder.host(move |host| host.core_dumps(keep)).start().await;
        let (grant, requests) = provoke(&world);
        let marker = canary::secret();
        let options = json!({ "requests": requests, "marker": marker });
        let ended = world.play_under(&grant, "search_and_trap", options).await;
        assert!(matches!(ended, Err(Error::Trapped { .. })), "{how}: {ended:?}");
        assert_eq!(world.sandbox.pending_faults(), 0, "{how}: every fault happened");

        let dumps = dumps.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let [dump] = dumps.as_slice() else { panic!("{how}: one dump, not {}", dumps.len()) };
        let memories = dump::memories(dump);
        let holds = |text: &str| memories.iter().any(|memory| contains(memory, text));
        assert!(holds(&marker), "{how}: the memories are those of the guest");
        assert!(holds(&Sandbox::seeded_domain(ACCOUNT)), "{how}: what the guest did get is in them");
        let finder = world.finder();
        for memory in &memories {
            finder.assert_absent(how, memory);
        }
        finder.assert_absent(how, dump);
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_searches_itself_finds_no_secret() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        let (grant, requests) = provoke(&world);
        let marker = canary::secret();
        let mut needles = vec![
            ("the marker", marker.into_bytes()),
            ("what it got", Sandbox::seeded_domain(ACCOUNT).into()),
        ];
        for secret in [&world.key, &world.secret()] {
            let secret = secret.as_bytes();
            // The beginning of all keys, and of all tokens, is no secret.
            for part in [secret, &secret[secret.len() - 24..secret.len() - 12], &secret[secret.len() - 12..]]
            {
                needles.extend(encodings(part));
            }
        }
        // Masked, so that the search itself does not bring them into memory.
        let masked =
            |needle: &[u8]| needle.iter().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect::<String>();
        let hex: Vec<_> = needles.iter().map(|(_, needle)| masked(needle)).collect();
        let options = json!({ "requests": requests, "needles": hex, "planted": 0 });
        let report = world.play_under(&grant, "search", options).await.expect("a report");
        assert_eq!(world.sandbox.pending_faults(), 0, "{how}: every fault happened");

        let found: Vec<_> = report["found"].as_array().expect("counts").iter().map(Value::as_u64).collect();
        assert_eq!(found.len(), needles.len());
        for ((encoding, needle), found) in needles.iter().zip(found) {
            match *encoding {
                "the marker" | "what it got" => {
                    assert_ne!(found, Some(0), "{how}: the search finds {encoding}")
                }
                _ => assert_eq!(found, Some(0), "{how}: {}, {encoding}", needle.escape_ascii()),
            }
        }
        assert!(report["bytes"].as_u64() > Some(1 << 20), "{how}: {report}");
        let statuses = report["statuses"].as_array().expect("statuses");
        assert_eq!(statuses[..3], [200, 200, 200], "{how}");
        assert_eq!(statuses.last(), Some(&json!(200)), "{how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_that_a_guest_keeps_gains_no_header() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        let report = world.play("read_back", json!({})).await.expect("a report");
        assert_eq!(report["status"], 200, "{how}");
        assert_eq!(report["request"], json!([["x-mine", "1"]]), "{how}");
        assert_eq!(report["again"], json!([["x-mine", "1"]]), "{how}");
        assert_eq!(report["hidden"], 0, "{how}");
        assert_eq!(report["late"], false, "{how}: what is sent cannot be changed any more");
        let received = world.sandbox.requests();
        let secret = world.secret();
        let carries = |(_, value): &(String, Vec<u8>)| contains(value, &secret);
        assert!(
            received.iter().any(|request| request.headers.iter().any(carries)),
            "{how}: it did leave with it"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_around_a_guest_holds_a_secret() {
    assert!(std::env::vars().next().is_some(), "there are variables to be seen");
    let world = World::start().await;
    let report = world.play("look_around", json!({})).await.expect("a report");
    let nothing = json!({ "variables": [], "arguments": [], "input": 0, "folder": false, "files": [],
        "written": [] });
    assert_eq!(report, nothing);
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_error_or_value_shows_a_secret() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        let secret = world.secret();
        for (what, fault) in faults(&secret) {
            world.sandbox.inject(fault.on_path("/integration-schema/"));
            let report = world.play(SEND, tricks::write()).await.expect("a report");
            world.finder().assert_absent(&format!("{how}, {what}"), report.to_string());
        }
        // The same through the other two exports, whose tricks play with a write that is refused.
        for report in [
            format!("{:?}", world.plugin.list_actions(&world.grant, "read_back").await),
            format!("{:?}", world.plugin.describe_action(&world.grant, "hubspot", "read_back").await),
        ] {
            assert!(report.contains("x-mine"), "{how}: {report}");
            world.finder().assert_absent(how, report);
        }
    }
}
