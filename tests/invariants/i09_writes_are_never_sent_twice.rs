//! Invariant 9: a write that may have run is never sent twice, and errors say truly whether it was sent,
//! whatever the guest does or says.

use std::time::Duration;

use actionbox_examples::REFOLD;
use actionbox_host::{ApiKey, Effect, Grant, Sent, Upstream};
use actionbox_sandbox::{Fault, Sandbox, StatusCode};
use actionbox_tests::{
    listener::closed_port,
    tricks::{self, SEND},
    world::{ACCOUNT, World},
};
use serde_json::json;

/// What can become of a request: its name, how it comes about, what is then known of the request, and
/// whether a read is sent again.
type Ending = (&'static str, fn() -> Fault, Sent, bool);

fn endings() -> Vec<Ending> {
    fn status(status: u16) -> Fault {
        Fault::status(StatusCode::from_u16(status).expect("a status"))
    }
    vec![
        ("reset", Fault::reset, Sent::Unknown, true),
        ("reset after it ran", || Fault::reset().after_execute(), Sent::Unknown, true),
        ("closed", Fault::close, Sent::Unknown, true),
        ("closed after it ran", || Fault::close().after_execute(), Sent::Unknown, true),
        ("cut short", Fault::truncated_body, Sent::Unknown, true),
        ("no HTTP", || Fault::wire("SSH-2.0-x\r\n"), Sent::Unknown, true),
        ("half a head", || Fault::wire("HTTP/1.1 200 OK\r\ncontent-le"), Sent::Unknown, true),
        ("500", || status(500), Sent::Yes, true),
        ("500 after it ran", || status(500).after_execute(), Sent::Yes, true),
        ("502", || status(502), Sent::Yes, true),
        ("503 with a wait", || status(503).with_header("retry-after", "0"), Sent::Yes, true),
        ("504 after it ran", || status(504).after_execute(), Sent::Yes, true),
        ("429", || Fault::throttled("0"), Sent::No, true),
        ("401", || status(401), Sent::No, false),
        ("400", || status(400), Sent::Yes, false),
        ("403", || status(403), Sent::Yes, false),
        ("404", || status(404), Sent::Yes, false),
        ("408", || status(408), Sent::Yes, false),
        ("409", || status(409), Sent::Yes, false),
        ("425", || status(425), Sent::Yes, false),
        ("a redirect after it ran", || Fault::redirect("/").after_execute(), Sent::Yes, false),
        ("an echo after it ran", || Fault::echo_headers().after_execute(), Sent::Yes, false),
        (
            "no JSON after it ran",
            || Fault::json_body(StatusCode::OK, "<html>").after_execute(),
            Sent::Yes,
            false,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_it_a_write_is_sent_once() {
    let world = World::start().await;
    let grant = world
        .grant(ACCOUNT)
        .allow_reads("hubspot")
        .allow_writes("hubspot")
        .allow_action("hubspot", "delete_contact");
    let grant = grant
        .allow_action("hubspot", "httprequest")
        .own_action("hubspot", SEND, Effect::Raw)
        .build()
        .expect("a grant");
    let parameters = json!({ "email": "a@b.example", "contact_id": "1", "method": "GET", "url": "/x" });
    for (what, fault, sent, repeated) in endings() {
        for (action, is_read) in [
            ("create_contact", false),
            ("delete_contact", false),
            ("httprequest", false),
            ("get_contact", true),
        ] {
            world.sandbox.clear_requests();
            world.sandbox.clear_faults();
            world.sandbox.inject(fault().always());
            let before = (world.audit.requests().len(), world.sandbox.executions().len());
            let request = tricks::execute(action, parameters.clone());
            drop(world.play_under(&grant, SEND, request).await.expect("a report"));

            let arrived = world.sandbox.requests().len();
            let event = world.audit.requests().into_iter().nth(before.0).expect("an event");
            assert_eq!(event.sent, sent, "{action}, {what}");
            assert_eq!(event.attempts as usize, arrived, "{action}, {what}");
            let ran = world.sandbox.executions().len() - before.1;
            if is_read {
                assert_eq!(arrived, if repeated { 3 } else { 1 }, "{action}, {what}");
            } else {
                assert_eq!(arrived, 1, "{action}, {what}");
                assert!(ran <= 1, "{action}, {what}");
            }
            assert!(ran == 0 || sent != Sent::No, "{action}, {what}: it ran");
            assert_eq!(world.audit.calls().last().expect("a call").sent, sent, "{action}, {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedders_error_says_whether_it_was_sent() {
    let world = World::builder().plugin(REFOLD).start().await;
    for (what, fault, sent, _) in endings() {
        world.sandbox.clear_faults();
        world.sandbox.inject(fault().always());
        let error = world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect_err(what);
        assert_eq!(error.sent(), sent, "{what}: {error:?}");
        assert!(!error.is_retryable() || sent == Sent::No, "{what}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_hangs_is_unknown() {
    let world =
        World::builder().plugin(REFOLD).limits(|l| l.wall_time = Duration::from_millis(400)).start().await;
    for (what, fault) in [
        ("no answer", Fault::hang()),
        ("none after it ran", Fault::hang().after_execute()),
        ("half an answer", Fault::stalled_body()),
    ] {
        world.sandbox.clear_requests();
        world.sandbox.inject(fault);
        let error = world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect_err(what);
        assert_ne!(error.sent(), Sent::No, "{what}: {error:?}");
        assert!(!error.is_retryable(), "{what}");
        assert_eq!(world.sandbox.requests().len(), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_left_was_not_sent_and_may_be_tried_again() {
    let world = World::builder().plugin(REFOLD).start().await;
    let upstream = Upstream::refold().at(&format!("http://{}", closed_port().await)).expect("a base URL");
    let key = ApiKey::new(world.key.as_str(), ACCOUNT).expect("valid");
    let grant =
        Grant::builder(ACCOUNT).upstream(upstream, key).allow_writes("hubspot").build().expect("a grant");
    let error = world
        .plugin
        .execute_action(&grant, "hubspot", "create_contact", &json!({ "email": "a@b.example" }))
        .await;
    let error = error.expect_err("nobody listens");
    assert_eq!((error.sent(), error.is_retryable()), (Sent::No, true), "{error:?}");
    assert_eq!(
        world.audit.request().attempts,
        3,
        "a connection that never was is tried again, for a write too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_upstream_closed_meanwhile_sends_no_write_twice() {
    let world = World::start().await;
    for round in 0..50 {
        // An answer that promises to keep the connection, which is then closed.
        world
            .sandbox
            .inject(Fault::wire("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").on_path("get_contact"));
        world.play(SEND, tricks::read()).await.expect("a report");
        world.sandbox.clear_requests();
        let before = world.sandbox.executions().len();
        let report = world.play(SEND, tricks::write()).await.expect("a report");
        let ran = world.sandbox.executions().len() - before;
        let event = world.audit.requests().pop().expect("an event");
        assert!(ran <= 1 && world.sandbox.requests().len() <= 1, "round {round}");
        match event.sent {
            Sent::Yes => assert_eq!((ran, &report["status"]), (1, &json!(200)), "round {round}"),
            Sent::No => assert_eq!(ran, 0, "round {round}"),
            Sent::Unknown => assert!(report["error"].is_string(), "round {round}: {report}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_renewed_for_ever_sends_a_write_twice_at_most() {
    let world = World::builder().plugin(REFOLD).session_tokens().start().await;
    world.sandbox.inject(Fault::status(StatusCode::UNAUTHORIZED).on_path("/integration-schema/").always());
    let error =
        world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect_err("refused");
    assert_eq!(error.sent(), Sent::No, "a 401 proves that it did not run: {error:?}");
    let actions =
        world.sandbox.requests().into_iter().filter(|request| request.target.ends_with("/execute")).count();
    assert_eq!(actions, 2);
    assert!(world.sandbox.executions().is_empty());
    assert!(world.sandbox.records(ACCOUNT, "hubspot", "contacts").iter().all(|contact| {
        contact["properties"]["email"]
            .as_str()
            .is_some_and(|email| email.ends_with(&Sandbox::seeded_domain(ACCOUNT)))
    }));
}
