//! Every row of the upstream's table of errors, through the reference plugin.

use std::time::Duration;

use actionbox_examples::REFOLD;
use actionbox_host::{Actor, Error, Outcome, SendFailure, Sent};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    canary,
    world::{ACCOUNT, World},
};
use serde_json::json;

/// Executes a read, and returns its error.
async fn read(world: &World) -> Error {
    world.execute("get_contact", json!({})).await.expect_err("the upstream refuses")
}

/// Executes a write, and returns its error.
async fn write(world: &World) -> Error {
    world
        .execute("create_contact", json!({ "email": "a@b.example" }))
        .await
        .expect_err("the upstream refuses")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_parameter_is_named() {
    let world = World::refold().await;
    for parameters in [json!({}), json!({ "email": "" }), json!({ "firstname": "x" })] {
        let error = world.execute("create_contact", parameters).await.expect_err("the email is missing");
        let Error::InvalidParameters { problems, .. } = &error else { panic!("{error:?}") };
        assert_eq!(problems[0].parameter.as_deref(), Some("email"));
        assert_eq!(problems[0].message, "Required parameter 'email' is missing");
        assert_eq!((error.actor(), error.is_retryable()), (Actor::Caller, false));
    }
    assert!(world.sandbox.executions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_reported_and_did_not_run() {
    let world = World::builder().plugin(REFOLD).sandbox(|s| s.api_key(canary::secret())).start().await;
    for error in [read(&world).await, write(&world).await] {
        let Error::ReauthorizationRequired { reason, sent: Sent::No } = &error else { panic!("{error:?}") };
        assert_eq!(reason, "Invalid Credentials");
    }
    assert_eq!(world.sandbox.requests().len(), 2, "a 401 with a fixed key is not repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_app_is_told_from_an_unknown_action() {
    let world = World::refold().await;
    let grant =
        world.grant(ACCOUNT).allow_reads("no_such_app").allow_reads("hubspot").build().expect("a grant");
    let plugin = &world.plugin;
    let none = json!({});
    for error in [
        plugin.list_actions(&grant, "no_such_app").await.map(drop).expect_err("no such app"),
        plugin.describe_action(&grant, "no_such_app", "get_x").await.map(drop).expect_err("no such app"),
        plugin
            .execute_action(&grant, "no_such_app", "get_x", &none)
            .await
            .map(drop)
            .expect_err("no such app"),
    ] {
        assert!(matches!(&error, Error::UnknownApp { app, .. } if app == "no_such_app"), "{error:?}");
        assert_eq!((error.actor(), error.is_retryable()), (Actor::Caller, false));
    }
    for error in [
        plugin.describe_action(&grant, "hubspot", "get_x").await.map(drop).expect_err("no such action"),
        plugin.execute_action(&grant, "hubspot", "get_x", &none).await.map(drop).expect_err("no such action"),
    ] {
        let Error::UnknownAction { app, action, .. } = &error else { panic!("{error:?}") };
        assert_eq!((app.as_str(), action.as_str()), ("hubspot", "get_x"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_connected_asks_to_connect_it() {
    let world =
        World::builder().plugin(REFOLD).sandbox(|s| s.account_with_apps(ACCOUNT, &["slack"])).start().await;
    let error = read(&world).await;
    assert!(matches!(error, Error::ReauthorizationRequired { .. }), "{error:?}");
    assert_eq!(error.actor(), Actor::Tenant);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_exist_asks_to_connect_it() {
    let world = World::refold().await;
    let grant = world.grant("nobody@example.com").allow_reads("hubspot").build().expect("a grant");
    for error in [
        world.plugin.list_actions(&grant, "hubspot").await.map(drop),
        world.plugin.describe_action(&grant, "hubspot", "get_contact").await.map(drop),
        world.plugin.execute_action(&grant, "hubspot", "get_contact", &json!({})).await.map(drop),
    ] {
        let error = error.expect_err("there is no such account");
        assert!(matches!(error, Error::ReauthorizationRequired { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_ways_to_ask_for_a_reconnection_are_understood() {
    let world = World::refold().await;
    let envelope = |status: u16, code: &str| {
        json!({ "status_code": status, "error_code": code, "message": "please reconnect" }).to_string()
    };
    for (status, code) in
        [(StatusCode::FORBIDDEN, "SERVER_ERROR"), (StatusCode::BAD_REQUEST, "reauth_required")]
    {
        world.sandbox.inject(Fault::json_body(status, envelope(status.as_u16(), code)));
        let error = read(&world).await;
        let Error::ReauthorizationRequired { reason, .. } = &error else { panic!("{status}: {error:?}") };
        assert_eq!(reason, "please reconnect");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_limit_is_reported_with_its_wait() {
    let world = World::builder().plugin(REFOLD).sandbox(|s| s.rate_limit(1, 1)).limits(|l| l.attempts = 1);
    let world = world.start().await;
    drop(world.execute("get_contact", json!({})).await.expect("the first is served"));
    let error = read(&world).await;
    let Error::Throttled { retry_after: Some(wait), sent: Sent::No } = error else { panic!("{error:?}") };
    assert_eq!(wait, Duration::from_secs(1));
    assert!(error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_read_is_repeated_and_a_throttled_write_is_not() {
    let world = World::refold().await;
    world.sandbox.inject(Fault::throttled("0"));
    drop(world.execute("get_contact", json!({})).await.expect("the second try is served"));
    assert_eq!(world.sandbox.requests().len(), 2);

    world.sandbox.clear_requests();
    world.sandbox.inject(Fault::throttled("7"));
    let error = write(&world).await;
    let Error::Throttled { retry_after, sent: Sent::No } = error else { panic!("{error:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
    assert_eq!(world.sandbox.requests().len(), 1, "no write is repeated after it left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_absurd_ends_the_call_at_once() {
    let world = World::refold().await;
    for (given, told) in [
        ("31536000", Some(Duration::from_secs(31_536_000))),
        ("18446744073709551615", None),
        ("-1", None),
        ("soon", None),
        ("Thu, 01 Jan 2099 00:00:00 GMT", None),
    ] {
        world.sandbox.clear_requests();
        world.sandbox.inject(Fault::throttled(given).times(3));
        let error = read(&world).await;
        let Error::Throttled { retry_after, .. } = &error else { panic!("{given}: {error:?}") };
        if told.is_some() {
            assert_eq!(*retry_after, told, "{given}");
        }
        world.sandbox.clear_faults();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_upstream_is_tried_three_times_for_a_read_and_once_for_a_write() {
    let world = World::refold().await;
    for status in
        [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE]
    {
        world.sandbox.clear_requests();
        world.sandbox.inject(Fault::status(status).always());
        let error = read(&world).await;
        let Error::Upstream { status: Some(told), code, request_id, message, sent: Sent::Yes } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!((*told, code.as_deref()), (status.as_u16(), Some("SERVER_ERROR")));
        assert_eq!(message.as_str(), status.canonical_reason().expect("a reason"));
        assert!(request_id.is_some());
        assert_eq!(world.sandbox.requests().len(), 3);

        world.sandbox.clear_requests();
        let error = write(&world).await;
        assert!(matches!(error, Error::Upstream { sent: Sent::Yes, .. }), "{error:?}");
        assert!(!error.is_retryable(), "it may have run");
        assert_eq!(world.sandbox.requests().len(), 1);
        world.sandbox.clear_faults();
    }
    world.sandbox.inject(Fault::status(StatusCode::SERVICE_UNAVAILABLE).times(2));
    drop(world.execute("get_contact", json!({})).await.expect("the third try is served"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateways_page_and_an_empty_answer_are_reported_with_their_status() {
    let world = World::refold().await;
    for status in [StatusCode::BAD_GATEWAY, StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST] {
        for fault in [Fault::html_error(status), Fault::empty_body(status)] {
            world.sandbox.inject(fault);
            let error = write(&world).await;
            let Error::Upstream { status: Some(told), message, .. } = &error else { panic!("{error:?}") };
            assert_eq!(*told, status.as_u16());
            assert!(message.contains(status.as_str()) && !message.contains('<'), "{message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_that_is_none_is_reported() {
    let world = World::refold().await;
    for body in ["", "<html>", "{}", "[]", "null", r#"{"node_status":"Success","da"#, r#"{"node_status":7}"#]
    {
        world.sandbox.inject(Fault::json_body(StatusCode::OK, body));
        let error = write(&world).await;
        let Error::Upstream { status: Some(200), sent: Sent::Yes, .. } = &error else {
            panic!("{body}: {error:?}")
        };
        assert!(!error.is_retryable());
    }
    world.sandbox.inject(Fault::json_body(StatusCode::OK, "{}"));
    let error = world.plugin.list_actions(&world.grant, "hubspot").await.expect_err("no array");
    assert!(matches!(error, Error::Upstream { status: Some(200), .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_may_be_called_error_and_the_id_may_be_missing() {
    let world = World::refold().await;
    let body = json!({ "status_code": 418, "error": "TEAPOT", "message": "short and stout" }).to_string();
    world.sandbox.inject(Fault::json_body(StatusCode::IM_A_TEAPOT, body));
    let error = write(&world).await;
    let Error::Upstream { status, code, message, request_id, .. } = error else { panic!("{error:?}") };
    assert_eq!((status, code.as_deref()), (Some(418), Some("TEAPOT")));
    assert_eq!((message.as_str(), request_id), ("short and stout", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_told_from_one_that_never_was() {
    for (why, fault) in [
        ("reset", Fault::reset()),
        ("closed", Fault::close()),
        ("no HTTP", Fault::wire("SSH-2.0-x\r\n")),
        ("half a body", Fault::truncated_body()),
    ] {
        let world = World::refold().await;
        world.sandbox.inject(fault);
        let error = write(&world).await;
        let Error::Unreachable { failure: SendFailure::Broken(_), sent: Sent::Unknown | Sent::Yes } = &error
        else {
            panic!("{why}: {error:?}")
        };
        assert!(!error.is_retryable(), "{why}");
        assert_eq!(world.sandbox.requests().len(), 1, "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_hangs_ends_with_the_wall_time() {
    for fault in [Fault::hang(), Fault::stalled_body()] {
        let world = World::builder().plugin(REFOLD).limits(|l| l.wall_time = Duration::from_millis(700));
        let world = world.start().await;
        world.sandbox.inject(fault.always());
        let error = write(&world).await;
        let Error::Unreachable { failure: SendFailure::Timeout { .. }, sent } = &error else {
            panic!("{error:?}")
        };
        assert_ne!(*sent, Sent::No);
        assert!(!error.is_retryable());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_upstream_is_waited_for() {
    let world = World::refold().await;
    world.sandbox.inject(Fault::latency(Duration::from_millis(300)));
    let outcome = world.execute("get_contact", json!({})).await.expect("an outcome");
    assert!(matches!(outcome, Outcome::Succeeded(_)));
}
