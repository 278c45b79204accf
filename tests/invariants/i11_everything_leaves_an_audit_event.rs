//! Invariant 11: every call and every outgoing request leaves one audit event, also when it traps, times
//! out, or is dropped.

use std::{collections::HashSet, sync::Arc, task::Poll, time::Duration};

use actionbox_examples::{REFOLD, UPSERT_CONTACT};
use actionbox_host::{
    AuditEvent, AuditSink, BeforeSend, BoxFuture, Credential, CredentialError, CredentialProvider, Effect,
    Grant, Limits, Operation, Refusal, Rule, SendIntent, Sent, TokenExchange,
};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    tricks::{self, SEND},
    world::{ACCOUNT, NEIGHBOUR, World},
};
use serde_json::json;
use tokio::sync::Semaphore;

fn grant(world: &World, trick: &str, limits: Limits) -> Grant {
    let grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot").limits(limits);
    grant.own_action("hubspot", trick, Effect::Write).build().expect("a grant")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_never_runs_leaves_an_event() {
    let world = World::refold().await;
    let (plugin, grant, none) = (&world.plugin, &world.grant, json!({}));
    let empty = Grant::default();
    let table = [
        ("a bad name", plugin.list_actions(grant, "Hub\r\nSpot").await.map(drop), "invalid name"),
        ("a bad action", plugin.describe_action(grant, "hubspot", "a/b").await.map(drop), "invalid name"),
        (
            "no object",
            plugin.execute_action(grant, "hubspot", "get_contact", &json!([])).await.map(drop),
            "invalid parameters",
        ),
        (
            "an empty grant",
            plugin.execute_action(&empty, "hubspot", "get_contact", &none).await.map(drop),
            "denied",
        ),
        ("another app", plugin.list_actions(grant, "slack").await.map(drop), "denied"),
        (
            "a raw action",
            plugin.execute_action(grant, "hubspot", "httprequest", &none).await.map(drop),
            "denied",
        ),
    ];
    assert_eq!((world.audit.calls().len(), world.audit.requests().len()), (table.len(), 0));
    for ((what, ended, result), call) in table.into_iter().zip(world.audit.calls()) {
        assert!(ended.is_err(), "{what}");
        assert!(call.result.starts_with(result), "{what}: {}", call.result);
        assert_eq!((call.sent, call.requests, call.effect), (Sent::No, 0, None), "{what}");
        assert!(!call.app.contains(char::is_control), "{what}: {:?}", call.app);
    }
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_and_a_description_leave_events_too() {
    let world = World::refold().await;
    world.plugin.list_actions(&world.grant, "hubspot").await.expect("a listing");
    world.plugin.describe_action(&world.grant, "hubspot", "get_contact").await.expect("a schema");
    let calls: Vec<_> =
        world.audit.calls().into_iter().map(|call| (call.operation, call.action, call.result)).collect();
    assert_eq!(
        calls,
        [
            (Operation::List, None, "ok".to_owned()),
            (Operation::Describe, Some("get_contact".to_owned()), "ok".to_owned())
        ]
    );
    let requests: Vec<_> =
        world.audit.requests().into_iter().map(|request| (request.target, request.status)).collect();
    assert_eq!(
        requests,
        [("list hubspot".to_owned(), Some(200)), ("describe hubspot/get_contact".to_owned(), Some(200))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_leaves_one_event_however_often_it_is_tried() {
    let world = World::refold().await;
    world.sandbox.inject(Fault::status(StatusCode::SERVICE_UNAVAILABLE).times(2));
    drop(world.execute("get_contact", json!({})).await.expect("the third try is served"));
    let event = world.audit.request();
    assert_eq!((event.attempts, event.sent, event.status), (3, Sent::Yes, Some(200)));
    assert_eq!((event.effect, event.result.as_str()), (Some(Effect::Read), "answered"));
    assert_eq!(event.request_bytes, world.sandbox.requests()[0].body.len());
    assert!(event.response_bytes > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_leaves_the_truth_about_its_request() {
    let permits = Arc::new(Semaphore::new(0));
    for (what, fault, wall_time, sent, status) in [
        ("an answer", Fault::hold(permits.clone()), Duration::from_secs(20), Sent::Yes, Some(200)),
        ("no answer ever", Fault::hang(), Duration::from_secs(1), Sent::Unknown, None),
    ] {
        let world = World::builder().limits(|l| l.wall_time = wall_time).start().await;
        world.sandbox.inject(fault);
        let (plugin, grant) = (world.plugin.clone(), world.grant.clone());
        let options = json!({ "requests": [tricks::write()] });
        let call = tokio::spawn(async move {
            plugin.execute_action(&grant, "hubspot", "sleep_after_sending", &options).await
        });
        world.sandbox.request_arrived(1).await;
        call.abort();
        assert!(call.await.is_err_and(|error| error.is_cancelled()), "{what}");
        assert!(world.audit.events().is_empty(), "{what}: the event waits for the truth");
        permits.add_permits(1);
        world.audit.calls_ended(1).await;
        let (call, request) = (world.audit.call(), world.audit.request());
        assert_eq!(call.result, "dropped by the embedder", "{what}");
        assert_eq!((call.sent, request.sent, request.status), (sent, sent, status), "{what}");
        assert_eq!((call.requests, request.call), (1, call.call), "{what}");
    }
}

/// Polls a future that many times at most, and tells whether it came to its end. Whenever it waits, something
/// is done.
async fn polled<F: Future>(future: F, most: usize, waits: impl Fn()) -> bool {
    let mut future = Box::pin(future);
    let mut polls = 0;
    std::future::poll_fn(move |cx| {
        if polls == most {
            return Poll::Ready(false);
        }
        polls += 1;
        let polled = future.as_mut().poll(cx).map(|_| true);
        if polled.is_pending() {
            waits();
        }
        polled
    })
    .await
}

/// A search and a write, dropped once at every point where they can be: the books say what ran.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_at_any_point_leaves_the_truth() {
    const MANY: usize = 200;
    const WRITE: &str = "execute hubspot/create_contact";
    for session_tokens in [false, true] {
        let world = World::builder().plugin(UPSERT_CONTACT);
        let world = if session_tokens { world.session_tokens() } else { world }.start().await;
        let grant = grant(&world, "upsert_contact", Limits::default());
        // The first search is held until the first poll is over: on a busy machine, its answer, and even that
        // of the write, could otherwise be there within it.
        let held = Arc::new(Semaphore::new(0));
        world.sandbox.inject(Fault::hold(held.clone()).on_path("search_contacts"));
        let (mut drops, mut written) = (0, 0);
        loop {
            let email = format!("dropped-after-{drops}-polls@example.com");
            let parameters = json!({ "email": email, "first_name": "Ada" });
            let call = world.plugin.execute_action(&grant, "hubspot", "upsert_contact", &parameters);
            let done = polled(call, drops, || held.close()).await;
            world.audit.calls_ended(drops).await;
            if let Some(call) = world.audit.calls().pop() {
                let requests = world.audit.requests().into_iter().filter(|request| request.call == call.call);
                let requests: Vec<_> = requests.collect();
                assert_eq!(requests.len(), call.requests, "{email}");
                let unknown = requests.iter().any(|request| request.sent == Sent::Unknown);
                assert!(!unknown, "{email}: the upstream answers everything that is sent");
                let told = requests.iter().filter(|r| r.target == WRITE && r.sent == Sent::Yes).count();
                let executions = world.sandbox.executions();
                let ran = executions
                    .iter()
                    .filter(|e| e.action == "create_contact" && e.parameters["email"] == *email);
                assert_eq!(ran.count(), told, "{email}: {requests:#?}");
                written += told;
            }
            if done {
                break;
            }
            drops += 1;
            assert!(drops < MANY, "a call comes to its end");
        }
        assert!(0 < written && written < drops, "dropped before and after the write: {written} of {drops}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_before_it_runs_leaves_an_event() {
    let world = World::builder().host_limits(|l| l.concurrent_calls = 1).start().await;
    let sleeper = {
        let (plugin, grant) = (
            world.plugin.clone(),
            grant(&world, "sleep", Limits { wall_time: Duration::from_millis(500), ..Limits::default() }),
        );
        tokio::spawn(
            async move { plugin.execute_action(&grant, "hubspot", "sleep", &json!({})).await.map(drop) },
        )
    };
    let (plugin, theirs) = (world.plugin.clone(), world.play_grant(NEIGHBOUR, Effect::Read));
    let options = json!({});
    let waiting = plugin.execute_action(&theirs, "hubspot", "succeed", &options);
    // Polled once, and then dropped, whether it waited or not.
    drop(tokio::time::timeout(Duration::ZERO, waiting).await);
    sleeper.await.expect("no panic").expect_err("it sleeps for ever");
    world.audit.calls_ended(2).await;
    let tenants: HashSet<_> = world.audit.calls().into_iter().map(|call| call.tenant).collect();
    assert_eq!(tenants.len(), 2);
    assert_eq!(world.audit.calls().len(), 2);
}

/// A hook, a provider and a sink of an embedder's that panic.
struct Broken;

impl BeforeSend for Broken {
    fn before_send<'a>(&'a self, _: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { panic!("the hook is broken") })
    }
}

impl CredentialProvider for Broken {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async { panic!("the vault is broken") })
    }
}

impl AuditSink for Broken {
    fn record(&self, _: AuditEvent) {
        panic!("the sink is broken")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_in_the_embedders_own_parts_leaves_events() {
    let world = World::builder().plugin(REFOLD).before_send(Arc::new(Broken)).start().await;
    let error = world.execute("get_contact", json!({})).await.expect_err("no hook");
    assert_eq!(
        (error.sent(), world.audit.call().sent, world.audit.request().sent),
        (Sent::No, Sent::No, Sent::No)
    );
    world.assert_untouched();

    let world = World::refold().await;
    let grant = Grant::builder(ACCOUNT)
        .upstream(world.upstream(), Broken)
        .allow_reads("hubspot")
        .build()
        .expect("a grant");
    let error = world.plugin.list_actions(&grant, "hubspot").await.expect_err("no credential");
    assert_eq!(
        (error.sent(), world.audit.call().sent, world.audit.request().sent),
        (Sent::No, Sent::No, Sent::No)
    );
    world.assert_untouched();

    // Without a sink there are no events, but there is an outcome.
    let world = World::builder().plugin(REFOLD).host(|host| host.audit(Arc::new(Broken))).start().await;
    drop(world.execute("get_contact", json!({})).await.expect("a call goes on without its audit"));
    assert_eq!(world.sandbox.executions().len(), 1);
}

/// A provider that is asked and never answers, in one way or the other.
struct Silent(Option<Credential>);

impl CredentialProvider for Silent {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async {
            match &self.0 {
                Some(credential) => Ok(credential.clone()),
                None => std::future::pending().await,
            }
        })
    }

    fn rejected<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, bool> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_ends_with_the_wall_time_and_leaves_events() {
    let world = World::refold().await;
    world.sandbox.inject(Fault::status(StatusCode::UNAUTHORIZED).always());
    let credential = Credential::api_key(&world.key.clone().into(), ACCOUNT).expect("valid");
    for (what, provider, arrived) in
        [("no credential", Silent(None), 0), ("no word on a refused one", Silent(Some(credential)), 1)]
    {
        let before = world.audit.events().len();
        let limits = Limits { wall_time: Duration::from_millis(300), ..Limits::default() };
        let grant = Grant::builder(ACCOUNT)
            .upstream(world.upstream(), provider)
            .allow_reads("hubspot")
            .limits(limits);
        let grant = grant.build().expect("a grant");
        let error = world.plugin.list_actions(&grant, "hubspot").await.expect_err(what);
        assert_eq!(error.sent(), Sent::No, "{what}: {error:?}");
        assert_eq!(world.audit.events().len() - before, 2, "{what}");
        assert_eq!(world.sandbox.requests().len(), arrived, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_chose_is_escaped_and_cut() {
    let world = World::start().await;
    let hostile = format!("x\u{1b}[31m\u{202e}{}", "y".repeat(2_000));
    let mut request = tricks::list("hubspot");
    request["headers"] = json!(
        (0..60)
            .map(|n| json!([format!("x-{n}"), format!("\u{e9}\u{202e}{}", "z".repeat(50))]))
            .collect::<Vec<_>>()
    );
    request["method"] = "QUERY".into();
    request["path"] = format!("/{}", "p".repeat(5_000)).into();
    world.play(SEND, request).await.expect("a report");
    let error =
        world.play("say_after_sending", json!({ "requests": [], "say": "other", "text": hostile })).await;
    assert!(error.is_err());
    let event = world.audit.request();
    assert!(
        event.target.starts_with("QUERY https://app.refold.ai/ppp") && event.target.len() < 1_000,
        "{}",
        event.target
    );
    assert!(
        event.guest_request.contains("x-0: ") && event.guest_request.len() < 20_000,
        "{}",
        event.guest_request.len()
    );
    assert!(matches!(event.refusal, Some(Refusal::NotARoute(_))));
    let shown = format!("{:?}", world.audit.events());
    assert!(!shown.contains("yyyy"), "a plugin's words are not in the audit: {shown}");
    let lines = event.guest_request.lines();
    assert!(
        lines
            .into_iter()
            .all(|line| !line.contains(|c: char| c.is_control() || c == '\u{202e}') && line.len() < 1_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_a_token_leaves_an_event_of_its_own() {
    let world = World::builder().plugin(REFOLD).session_tokens().start().await;
    for _ in 0..2 {
        drop(world.execute("get_contact", json!({})).await.expect("an outcome"));
    }
    let [token] = world.audit.tokens().try_into().expect("one token for two calls");
    assert_eq!((token.tenant.as_str(), token.result.as_str(), token.forced), (ACCOUNT, "ok", false));
    assert_eq!(token.call, world.audit.calls()[0].call);
    world.sandbox.inject(Fault::status(StatusCode::UNAUTHORIZED).on_path("/execute"));
    drop(world.execute("get_contact", json!({})).await.expect("a new token"));
    assert_eq!(world.audit.tokens().len(), 2);
    assert!(world.audit.tokens()[1].forced);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_where_the_time_went_and_which_rule_allowed() {
    const SLOW: Duration = Duration::from_millis(300);
    let world = World::builder()
        .plugin(REFOLD)
        .host_limits(|limits| (limits.concurrent_calls_per_tenant, limits.kept_instances) = (1, 0))
        .start()
        .await;
    world.sandbox.inject(Fault::latency(SLOW).times(2));
    let none = json!({});
    let call = || world.plugin.execute_action(&world.grant, "hubspot", "get_contact", &none);
    let (first, second) = tokio::join!(call(), call());
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");

    for request in world.audit.requests() {
        assert!(request.upstream >= SLOW && request.upstream <= request.duration, "{request:?}");
        assert_eq!(request.rule, Some(Rule::Reads));
    }
    let calls = world.audit.calls();
    for call in &calls {
        assert!(call.instantiation > Duration::ZERO && call.instantiation <= call.cpu_time, "{call:?}");
        assert!(call.queued + SLOW <= call.duration, "{call:?}");
    }
    // Each tenant has one turn: whoever came second waited for the first.
    assert!(calls.iter().any(|call| call.queued >= SLOW), "{calls:?}");
}
