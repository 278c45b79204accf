//! Recordings of upstream traffic: what is in them, and that they are played alike every time.

use std::time::Duration;

use actionbox_examples::{REFOLD, UPSERT_CONTACT};
use actionbox_host::{
    ActionHost, BoxFuture, Cassette, Credential, CredentialError, CredentialProvider, Effect, Error,
    ExchangeOutcome, Grant, GrantBuilder, Limits, Plugin, Refusal, Sent, TokenExchange, Upstream,
};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::world::{ACCOUNT, World};
use serde_json::json;

/// There is no key where a recording is played, and nobody may ask for it.
struct NobodyAsks;

impl CredentialProvider for NobodyAsks {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        panic!("a credential was asked for")
    }
}

fn grant() -> GrantBuilder {
    Grant::builder("nobody").upstream(Upstream::refold(), NobodyAsks).allow_reads("hubspot")
}

async fn plugin(component: &[u8], cassette: &Cassette) -> Plugin {
    let host = ActionHost::builder().replay(cassette.clone()).build().expect("a host");
    host.load(component).await.expect("a plugin")
}

/// Starts a world that records.
async fn recording(component: &'static [u8]) -> (World, Cassette) {
    let cassette = Cassette::new();
    let recorder = cassette.clone();
    let world = World::builder().plugin(component).host(|host| host.record(recorder)).start().await;
    (world, cassette)
}

/// Writes a recording and reads it again, as between two runs.
fn kept(cassette: &Cassette) -> Cassette {
    Cassette::parse(&cassette.to_json()).expect("what was written")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_played_without_an_upstream() {
    let (world, cassette) = recording(REFOLD).await;
    let (limit, ada) = (json!({ "limit": "2" }), json!({ "email": "ada@example.com", "limit": 1.50 }));
    let calls = async |plugin: &Plugin, grant: &Grant| {
        let actions = plugin.list_actions(grant, "hubspot").await.expect("a listing");
        let parameters = plugin.describe_action(grant, "hubspot", "get_contact").await.expect("parameters");
        let before = plugin.execute_action(grant, "hubspot", "get_contact", &limit).await.expect("contacts");
        let created = plugin.execute_action(grant, "hubspot", "create_contact", &ada).await.expect("created");
        let after = plugin.execute_action(grant, "hubspot", "get_contact", &limit).await.expect("contacts");
        (actions, parameters, before, created, after)
    };
    let live = calls(&world.plugin, &world.grant).await;
    let received = world.sandbox.requests().len();

    let text = cassette.to_json();
    world.finder().assert_absent("the recording", &text);
    assert!(!text.contains("linked_account_id") && !text.contains("api-key"), "{text}");

    for _ in 0..2 {
        let tape = kept(&cassette);
        assert_eq!(tape.unplayed(), 5);
        let grant = grant().allow_writes("hubspot").build().expect("a grant");
        let played = calls(&plugin(REFOLD, &tape).await, &grant).await;
        assert_eq!(played, live);
        assert_eq!(tape.unplayed(), 0);
    }
    assert_eq!(world.sandbox.requests().len(), received, "nothing is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_recorded_is_told_with_the_nearest() {
    let (world, cassette) = recording(REFOLD).await;
    let execute = async |plugin: &Plugin, grant: &Grant, limit: &str| {
        plugin.execute_action(grant, "hubspot", "get_contact", &json!({ "limit": limit })).await
    };
    assert!(execute(&world.plugin, &world.grant, "1").await.is_ok());

    let (tape, grant) = (kept(&cassette), grant().build().expect("a grant"));
    let plugin = plugin(REFOLD, &tape).await;
    let error = execute(&plugin, &grant, "2").await.expect_err("not recorded");
    assert_eq!(
        error.to_string(),
        "the cassette has no answer for execute hubspot/get_contact: the nearest is number 1, with another \
         body: limit is \"2\", recorded is \"1\""
    );
    assert!(!error.is_retryable());
    assert!(execute(&plugin, &grant, "1").await.is_ok(), "it is still there");
    let error = execute(&plugin, &grant, "1").await.expect_err("played already");
    assert!(error.to_string().contains("recorded 1 times"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_cannot_hide_a_request_that_is_not_recorded() {
    let (world, cassette) = recording(UPSERT_CONTACT).await;
    let ada = json!({ "email": "ada@example.com" });
    let granted = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
    let granted = granted.own_action("hubspot", "upsert_contact", Effect::Write).build().expect("a grant");
    let live = world.plugin.execute_action(&granted, "hubspot", "upsert_contact", &ada).await.expect("done");

    let own = || grant().allow_writes("hubspot").own_action("hubspot", "upsert_contact", Effect::Write);
    let (tape, granted) = (kept(&cassette), own().build().expect("a grant"));
    let played = plugin(UPSERT_CONTACT, &tape).await;
    let outcome = played.execute_action(&granted, "hubspot", "upsert_contact", &ada).await;
    assert_eq!(outcome.expect("done"), live);

    // The search is recorded, what comes of it is not.
    let mut file: serde_json::Value = serde_json::from_str(&cassette.to_json()).expect("JSON");
    file["exchanges"].as_array_mut().expect("a list").truncate(1);
    let tape = Cassette::parse(&file.to_string()).expect("a recording");
    let played = plugin(UPSERT_CONTACT, &tape).await;
    let outcome = played.execute_action(&granted, "hubspot", "upsert_contact", &ada).await;
    assert!(matches!(outcome, Err(Error::NotRecorded(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_played_as_they_were() {
    let (world, cassette) = recording(REFOLD).await;
    let none = json!({});
    let create = async |plugin: &Plugin, grant: &Grant| {
        plugin
            .execute_action(grant, "hubspot", "create_contact", &none)
            .await
            .map_err(|error| error.to_string())
    };
    let grant = grant().allow_writes("hubspot").build().expect("a grant");
    let mut live = Vec::new();
    for fault in [Fault::reset(), Fault::status(StatusCode::SERVICE_UNAVAILABLE), Fault::truncated_body()] {
        world.sandbox.inject(fault);
        live.push(create(&world.plugin, &world.grant).await);
    }
    let tape = kept(&cassette);
    let plugin = plugin(REFOLD, &tape).await;
    for live in live {
        assert!(live.is_err(), "{live:?}");
        assert_eq!(create(&plugin, &grant).await, live);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_the_key_is_not_recorded() {
    let (world, cassette) = recording(REFOLD).await;
    world.sandbox.inject(Fault::echo_headers());
    world.plugin.list_actions(&world.grant, "hubspot").await.expect_err("withheld");
    let exchanges = cassette.exchanges();
    assert!(matches!(&exchanges[0].outcome, ExchangeOutcome::Stopped(why) if why.contains("credential")));
    world.finder().assert_absent("the recording", cassette.to_json());
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_and_limits_hold_for_a_recording_too() {
    let (world, cassette) = recording(REFOLD).await;
    let ada = json!({ "email": "ada@example.com" });
    let create = async |plugin: &Plugin, grant: &Grant| {
        plugin.execute_action(grant, "hubspot", "create_contact", &ada).await
    };
    assert!(create(&world.plugin, &world.grant).await.is_ok());

    let reads = grant().build().expect("a grant");
    let tape = kept(&cassette);
    let refused = create(&plugin(REFOLD, &tape).await, &reads).await.expect_err("refused");
    assert!(matches!(refused, Error::Denied { refusal: Refusal::Action { .. }, .. }), "{refused}");

    let few = Limits { response_bytes: 10, wall_time: Duration::from_secs(20), ..Limits::default() };
    let few = grant().allow_writes("hubspot").limits(few).build().expect("a grant");
    let over = create(&plugin(REFOLD, &tape).await, &few).await.expect_err("too large");
    assert!(matches!(over, Error::Limit { sent: Sent::No, .. }), "{over}");

    // Whoever wrote the recording by hand gets no further than an upstream would.
    for (status, headers, reason) in [
        (302, json!({ "location": "https://example.com/" }), "redirect"),
        (99, json!({}), "status"),
        (200, json!({ "content-encoding": "gzip" }), "encoded"),
    ] {
        let mut file: serde_json::Value = serde_json::from_str(&cassette.to_json()).expect("JSON");
        let answered = &mut file["exchanges"][0]["outcome"]["answered"];
        (answered["status"], answered["headers"]) = (json!(status), headers);
        let tape = Cassette::parse(&file.to_string()).expect("a recording");
        let grant = grant().allow_writes("hubspot").build().expect("a grant");
        let error = create(&plugin(REFOLD, &tape).await, &grant).await.expect_err(reason);
        assert!(error.to_string().contains(reason), "{reason}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_recorded_with_the_reason_and_not_played() {
    let (world, cassette) = recording(UPSERT_CONTACT).await;
    let granted = world.grant(ACCOUNT).allow_reads("hubspot");
    let granted = granted.own_action("hubspot", "upsert_contact", Effect::Write).build().expect("a grant");
    let ada = json!({ "email": "ada@example.com" });
    let refused = world.plugin.execute_action(&granted, "hubspot", "upsert_contact", &ada).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");

    let exchanges = cassette.exchanges();
    let [search, create] = exchanges.as_slice() else { panic!("{exchanges:#?}") };
    assert!(matches!(search.outcome, ExchangeOutcome::Answered { status: 200, .. }), "{search:?}");
    assert!(create.url.ends_with("/create_contact/execute"), "{create:?}");
    assert!(matches!(&create.outcome, ExchangeOutcome::Stopped(why) if why.contains("does not allow")));
    assert_eq!(kept(&cassette).unplayed(), 1);

    let grant = grant().allow_writes("hubspot").own_action("hubspot", "upsert_contact", Effect::Write);
    let grant = grant.build().expect("a grant");
    let played = plugin(UPSERT_CONTACT, &kept(&cassette)).await;
    let error = played.execute_action(&grant, "hubspot", "upsert_contact", &ada).await.expect_err("stopped");
    assert!(error.to_string().contains("when it was recorded, as number 2, it was stopped"), "{error}");
}
