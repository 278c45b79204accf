//! Session tokens: obtained with the key, kept, renewed once, and nothing else done with the key.

use std::time::Duration;

use actionbox_examples::REFOLD;
use actionbox_host::{CredentialError, Error, Sent};
use actionbox_sandbox::{Fault, RecordedRequest, StatusCode};
use actionbox_tests::{canary, listener::Listener, world::World};
use serde_json::json;

const TOKENS: &str = "/api/v2/public/session-token";

async fn world() -> World {
    World::builder().plugin(REFOLD).session_tokens().start().await
}

fn split(world: &World) -> (Vec<RecordedRequest>, Vec<RecordedRequest>) {
    world.sandbox.requests().into_iter().partition(|request| request.target.starts_with(TOKENS))
}

async fn get(world: &World) -> Result<(), Error> {
    world.execute("get_contact", json!({})).await.map(drop)
}

async fn create(world: &World) -> Result<(), Error> {
    world.execute("create_contact", json!({ "email": "a@b.example" })).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_obtain_one_token() {
    let world = world().await;
    let calls = (0..20).map(|_| {
        let (plugin, grant) = (world.plugin.clone(), world.grant.clone());
        tokio::spawn(async move { plugin.execute_action(&grant, "hubspot", "get_contact", &json!({})).await })
    });
    for call in calls.collect::<Vec<_>>() {
        drop(call.await.expect("no panic").expect("an outcome"));
    }
    let (tokens, actions) = split(&world);
    assert_eq!((tokens.len(), actions.len()), (1, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_renewed_once_and_the_write_runs_once() {
    let world = world().await;
    get(&world).await.expect("an outcome");
    let before = world.secrets();
    world.sandbox.revoke_session_tokens();
    create(&world).await.expect("an outcome");
    let (tokens, actions) = split(&world);
    assert_eq!(tokens.len(), 2);
    assert!(tokens[1].target.ends_with("?force_refresh=true"), "{}", tokens[1].target);
    let answers: Vec<_> = actions.iter().filter_map(|request| request.answered).collect();
    assert_eq!(answers, [200, 401, 200]);
    assert_eq!(world.sandbox.executions().len(), 2);
    assert_eq!(world.secrets().len(), before.len() + 1, "a new token is used");
    create(&world).await.expect("the new token is kept");
    assert_eq!(split(&world).0.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expired_at_the_upstream_is_renewed() {
    let world = world().await;
    get(&world).await.expect("an outcome");
    world.sandbox.advance_clock(Duration::from_secs(8 * 24 * 3600));
    create(&world).await.expect("an outcome");
    assert_eq!(split(&world).0.len(), 2);
    assert_eq!(world.sandbox.executions().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_it_expires() {
    let world = World::builder().plugin(REFOLD).session_tokens();
    let world = world.sandbox(|s| s.token_lifetime(Duration::from_secs(2))).start().await;
    // As long as it takes for the token to grow old.
    while split(&world).0.len() < 2 {
        get(&world).await.expect("an outcome");
    }
    let refused = split(&world).1.iter().filter(|request| request.answered == Some(401)).count();
    assert_eq!(refused, 0, "no call was made with an expired token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_refuses_every_token_is_asked_twice() {
    for expected in ["get", "create"] {
        let world = world().await;
        world.sandbox.inject(Fault::status(StatusCode::UNAUTHORIZED).on_path("/execute").always());
        let error = if expected == "get" { get(&world).await } else { create(&world).await };
        let error = error.expect_err("refused");
        assert!(matches!(error, Error::ReauthorizationRequired { sent: Sent::No, .. }), "{error:?}");
        let (tokens, actions) = split(&world);
        assert_eq!((tokens.len(), actions.len()), (2, 2), "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_makes_no_action_call() {
    let world = World::builder().plugin(REFOLD).session_tokens().sandbox(|s| s.api_key(canary::secret()));
    let world = world.start().await;
    let error = get(&world).await.expect_err("a wrong key");
    let Error::Credential { error, sent: Sent::No } = &error else { panic!("{error:?}") };
    assert!(matches!(error, CredentialError::Refused { status: 401 }), "{error:?}");
    assert!(split(&world).1.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_makes_no_action_call() {
    let world = world().await;
    let grant = world.grant("nobody@example.com").allow_reads("hubspot").build().expect("a grant");
    let error = world.plugin.list_actions(&grant, "hubspot").await.expect_err("no such account");
    let Error::Credential { error, sent: Sent::No } = &error else { panic!("{error:?}") };
    assert!(matches!(error, CredentialError::UnknownAccount { status: 400 }), "{error:?}");
    assert!(split(&world).1.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_fails_makes_no_action_call() {
    let elsewhere = Listener::silent().await;
    for (why, fault) in [
        ("5xx", Fault::status(StatusCode::BAD_GATEWAY)),
        ("HTML", Fault::html_error(StatusCode::OK)),
        ("nothing", Fault::empty_body(StatusCode::OK)),
        ("no token", Fault::json_body(StatusCode::OK, r#"{"expires_in":1}"#)),
        ("a short token", Fault::json_body(StatusCode::OK, r#"{"token":"x","expires_in":1}"#)),
        (
            "a forged token",
            Fault::json_body(StatusCode::OK, r#"{"token":"0123456789abcdef\r\nx: y","expires_in":1}"#),
        ),
        (
            "a negative life",
            Fault::json_body(StatusCode::OK, r#"{"token":"0123456789abcdef","expires_in":-1}"#),
        ),
        ("a redirect", Fault::redirect(&elsewhere.base_url())),
        ("a reset", Fault::reset()),
        ("throttled", Fault::throttled("3600")),
        ("an endless answer", Fault::endless_body()),
    ] {
        let world = world().await;
        world.sandbox.inject(fault.on_path(TOKENS));
        let error = create(&world).await.expect_err("no token");
        assert!(matches!(error, Error::Credential { sent: Sent::No, .. }), "{why}: {error:?}");
        assert!(split(&world).1.is_empty(), "{why}");
        get(&world).await.expect("the failure is not kept");
    }
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_hangs_ends_with_the_wall_time() {
    let world =
        World::builder().plugin(REFOLD).session_tokens().limits(|l| l.wall_time = Duration::from_millis(500));
    let world = world.start().await;
    world.sandbox.inject(Fault::hang().on_path(TOKENS));
    let error = create(&world).await.expect_err("no token in time");
    assert!(matches!(error, Error::Credential { sent: Sent::No, .. }), "{error:?}");
    assert!(split(&world).1.is_empty());
}
