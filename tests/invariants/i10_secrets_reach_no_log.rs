//! Invariant 10: secrets never reach logs, spans, audit, `Debug`, panics or error text, of ours or of the
//! libraries we call.
//!
//! Every world of every suite looks for its secrets when it ends; here is what proves that the search finds.

use std::{sync::Arc, time::Duration};

use actionbox_examples::REFOLD;
use actionbox_host::{ActionHost, Credential, Error, Grant, HostLimits, SessionTokens, Upstream};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    canary::{self, Finder, encodings},
    listener::closed_port,
    logs,
    tricks::{self, SEND},
    world::{ACCOUNT, World},
};
use serde_json::{Value, json};

/// The lines that hold a text, among those that may hold a secret.
fn heard(text: &str) -> Vec<String> {
    logs::suspicious().into_iter().filter(|line| line.contains(text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_the_libraries_are_heard() {
    let world = World::builder().http2().session_tokens().start().await;
    world.play(SEND, tricks::read()).await.expect("a report");
    // The HTTP client is hushed by the host; the same library is heard where it serves.
    for library in ["h2", "wasmtime", "actionbox_sandbox"] {
        assert!(logs::lines_from(library) > 0, "nothing is heard of {library}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_secret_is_found_wherever_it_is_said() {
    logs::listen();
    let (in_log, in_event, in_field, in_span, in_panic, in_hex) = (
        canary::secret(),
        canary::secret(),
        canary::secret(),
        canary::secret(),
        canary::secret(),
        canary::secret(),
    );
    log::trace!(target: "some_library", "sending x-api-key: {in_log}");
    tracing::trace!(target: "some_library", "sending {in_event}");
    tracing::trace!(target: "some_library", key = in_field, "sending");
    drop(tracing::trace_span!(target: "some_library", "request", key = %in_span).entered());
    let panic = std::panic::catch_unwind(|| panic!("cannot send {in_panic}"));
    assert!(panic.is_err());
    let hex = encodings(in_hex.as_bytes()).into_iter().find(|(name, _)| *name == "in hex").expect("known").1;
    let hex = String::from_utf8(hex).expect("text");
    log::trace!(target: "some_library", "sending {hex}");
    for (where_it_is, secret) in [
        ("log", &in_log),
        ("event", &in_event),
        ("field", &in_field),
        ("span", &in_span),
        ("panic", &in_panic),
        ("hex", &hex),
    ] {
        assert_eq!(heard(secret).len(), 1, "{where_it_is}");
    }
    let finder = Finder::new([in_log.as_str()]);
    assert!(heard(&in_log).iter().any(|line| finder.find(line).is_some()));
    assert!(logs::lines_from(logs::PANIC) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_prints_is_escaped_and_heard() {
    let world = World::start().await;
    let (printed, said) = (canary::secret(), canary::secret());
    let hostile = "\x1b[31m\u{202e}\r{}";
    world.play("print_lines", json!({ "text": format!("{hostile}{printed}") })).await.expect("a report");
    let lines = heard(&printed);
    assert_eq!(lines.len(), 2, "on stdout and on stderr: {lines:?}");
    let error = world
        .play("panic_on_purpose", json!({ "text": format!("{hostile}{said}") }))
        .await
        .expect_err("a panic");
    let Error::Trapped { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains(&said), "its last words are reported: {reason}");
    for line in heard(&said).iter().chain(&lines).chain([reason, &error.to_string(), &format!("{error:?}")]) {
        assert!(!line.contains(['\x1b', '\u{202e}', '\r', '\n']), "{line:?}");
    }
    assert!(logs::lines_from("actionbox::plugin") > 0);
}

/// Everything that an error shows.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(|error| format!("{error}\n{error:?}\n{error:#?}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_shows_a_secret() {
    for (how, builder) in [
        ("the key", World::builder()),
        ("session tokens over HTTPS", World::builder().session_tokens().tls()),
        ("session tokens over HTTP/2", World::builder().session_tokens().http2()),
    ] {
        let world = builder.plugin(REFOLD).limits(|l| l.wall_time = Duration::from_secs(2)).start().await;
        let secret = world.secret();
        let json = |status: u16, body: Value| {
            Fault::json_body(StatusCode::from_u16(status).expect("a status"), body.to_string())
        };
        let message =
            json!({ "message": format!("bad key {secret}"), "error_code": secret, "request_id": secret });
        let faults = [
            ("an error that quotes it", json(400, message.clone())),
            ("a gateway that quotes it", json(502, message)),
            ("an echo", Fault::echo_headers()),
            ("a redirect", Fault::redirect(&format!("https://evil.example/{secret}"))),
            ("rubbish", Fault::wire(format!("{secret}\r\n\r\n"))),
            ("a bad header", Fault::wire(format!("HTTP/1.1 200 OK\r\n{secret}\r\n\r\n"))),
            ("a bad length", Fault::wire(format!("HTTP/1.1 200 OK\r\ncontent-length: {secret}\r\n\r\n"))),
            (
                "a bad chunk",
                Fault::wire(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{secret}\r\n")),
            ),
            ("a status that is none", Fault::wire(format!("HTTP/1.1 {secret} OK\r\n\r\n"))),
            ("cut short", Fault::truncated_body()),
            ("reset", Fault::reset()),
            ("an answer without end", Fault::endless_body()),
            ("refused", Fault::status(StatusCode::UNAUTHORIZED)),
        ];
        for (what, fault) in faults {
            world.sandbox.clear_faults();
            world.sandbox.inject(fault.always().on_path("/integration-schema/"));
            let error =
                world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect_err(what);
            world.finder().assert_absent(&format!("{how}, {what}"), shown(&error));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_to_obtain_a_token_shows_a_secret() {
    let world = World::builder().plugin(REFOLD).session_tokens().start().await;
    let key = world.key.clone();
    let token = world.secret();
    for (what, body) in [
        ("an error that quotes the key", json!({ "message": format!("bad {key}") }).to_string()),
        ("a token without its life", json!({ "token": token }).to_string()),
        ("a life that is none", json!({ "token": token, "expires_in": token }).to_string()),
        (
            "a token that cannot be sent",
            json!({ "token": format!("{token}\r\n"), "expires_in": 10 }).to_string(),
        ),
        ("a token among text", format!("here: {token}")),
    ] {
        for status in
            [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::BAD_GATEWAY]
        {
            world.sandbox.inject(Fault::json_body(status, body.clone()).on_path("session-token"));
            let error = world.execute("get_contact", json!({})).await.expect_err(what);
            assert!(matches!(error, Error::Credential { .. }), "{what}: {error:?}");
            Finder::new([&key[10..], token.rsplit('.').next().expect("a signature")])
                .assert_absent(what, shown(&error));
        }
    }
    let closed = Upstream::refold().at(&format!("http://{}", closed_port().await)).expect("a base URL");
    let tokens = SessionTokens::new(key.as_str(), ACCOUNT).expect("valid");
    let grant =
        Grant::builder(ACCOUNT).upstream(closed, tokens).allow_reads("hubspot").build().expect("a grant");
    let error = world.plugin.list_actions(&grant, "hubspot").await.expect_err("nobody listens");
    world.finder().assert_absent("no connection", shown(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_shows_no_secret_and_something_else() {
    let world = World::builder().session_tokens().start().await;
    world.play(SEND, tricks::read()).await.expect("a report");
    let key = world.key.clone().into();
    let credentials = [
        Credential::api_key(&key, ACCOUNT).expect("valid"),
        Credential::session_token(&key, ACCOUNT).expect("valid"),
    ];
    for (what, shown, says) in [
        ("the grant", format!("{:#?}", world.grant), "hubspot"),
        ("the host", format!("{:#?}", world.host), "memory_bytes"),
        ("the plugin", format!("{:#?}", world.plugin), "sha256"),
        ("the upstream", format!("{:#?}", world.upstream()), "app.refold.ai"),
        ("a credential", format!("{credentials:#?}"), ACCOUNT),
        ("a secret", format!("{key:#?}"), "REDACTED"),
        ("the audit", format!("{:#?}", world.audit.events()), "get_contact"),
    ] {
        assert!(shown.contains(says), "{what}: {shown}");
        world.finder().assert_absent(what, shown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_of_a_host_that_was_given_none_goes_to_the_log() {
    let world = World::start().await;
    let limits = HostLimits { concurrent_calls: 1, account_rate: None, ..HostLimits::default() };
    let host = ActionHost::builder().host_limits(limits).build().expect("a host");
    let plugin = host.load(actionbox_tests::tricks::TRICKS).await.expect("a plugin");
    // A tenant's name that the log is kept for.
    let name = canary::secret();
    let credentials: Arc<_> = world.credentials(ACCOUNT);
    let grant = Grant::builder(&name).upstream_shared(world.upstream(), credentials).allow_reads("hubspot");
    let grant = grant.own_action("hubspot", SEND, actionbox_host::Effect::Read).build().expect("a grant");
    let options = tricks::read();
    drop(plugin.execute_action(&grant, "hubspot", SEND, &options).await.expect("an outcome"));
    let lines = heard(&name);
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("actionbox::audit")).count(),
        2,
        "a call and a request: {lines:#?}"
    );
    for line in lines {
        world.finder().assert_absent("the log", line);
    }
}
