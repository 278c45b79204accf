//! Invariant 8, where the embedder lets instances be kept: one serves the next call of the same plugin under the
//! same grant, and nobody else.

use std::time::Duration;

use actionbox_host::{Effect, Error, Exceeded, Grant, HostLimits, Limits, Plugin, Sent};
use actionbox_sandbox::Fault;
use actionbox_tests::{
    tricks::TRICKS,
    world::{ACCOUNT, Builder, NEIGHBOUR, World},
};
use serde_json::{Value, json};

/// A world whose instances are kept, with as many slots as one call and one kept instance need.
fn keeping(change: impl FnOnce(&mut HostLimits)) -> Builder {
    World::builder().host_limits(|limits| {
        (limits.concurrent_calls, limits.kept_instances) = (1, 1);
        change(limits);
    })
}

/// Returns how many calls the instance has seen that serves this one.
async fn count(world: &World, grant: &Grant) -> Value {
    world.play_under(grant, "count", json!({})).await.expect("a count")
}

async fn count_of(plugin: &Plugin, grant: &Grant) -> Value {
    let outcome = plugin.execute_action(grant, "hubspot", "count", &json!({})).await.expect("an outcome");
    outcome.into_result().expect("a success").data
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_serves_calls_under_its_own_grant_alone() {
    let world = keeping(|limits| limits.kept_instances = 8).start().await;
    let acme = world.play_grant(ACCOUNT, Effect::Write);
    for expected in 1..=5 {
        assert_eq!(count(&world, &acme.clone()).await, expected);
    }
    // The listing too is a call of that grant.
    let listed = world.plugin.list_actions(&acme, "count").await.expect("a listing");
    assert_eq!(listed[0].description, "6");
    // Another tenant, the same tenant once more, and the same account with another plugin of the same bytes.
    for other in [world.play_grant(NEIGHBOUR, Effect::Write), world.play_grant(ACCOUNT, Effect::Write)] {
        assert_eq!(count(&world, &other).await, 1);
    }
    let twin = world.host.load(TRICKS).await.expect("a plugin");
    assert_eq!(count_of(&twin, &acme).await, 1);
    assert_eq!(count(&world, &acme).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_have_an_instance_each() {
    let world = keeping(|limits| (limits.concurrent_calls, limits.kept_instances) = (32, 8)).start().await;
    let acme = world.play_grant(ACCOUNT, Effect::Write);
    let calls = (0..64).map(|_| {
        let (plugin, grant) = (world.plugin.clone(), acme.clone());
        tokio::spawn(async move { count_of(&plugin, &grant).await.as_u64().expect("a number") })
    });
    let mut counts = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        counts.push(call.await.expect("no panic"));
    }
    // Of an instance that counts to n, all numbers up to n were seen.
    counts.sort_unstable();
    let seen = |n: u64| counts.iter().filter(|count| **count == n).count();
    assert!((2..=64).all(|n| seen(n) <= seen(n - 1)), "{counts:?}");
    assert!(seen(1) <= 32, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_whose_call_did_not_end_well_is_not_kept() {
    let world = keeping(|_| {}).limits(|limits| limits.wall_time = Duration::from_secs(2)).start().await;
    let acme = world.play_grant(ACCOUNT, Effect::Write);
    let write = json!({ "method": "POST", "body": r#"{"email":"x@example.com"}"#,
        "path": "/api/v2/integration-schema/hubspot/actions/create_contact/execute" });
    let bad: [(&str, Value); 6] = [
        ("trap_after_sending", json!({ "requests": [write] })),
        ("panic_on_purpose", json!({})),
        ("exit_early", json!({})),
        ("allocate", json!({})),
        ("sleep", json!({})),
        ("drop_after_sending", json!({ "requests": [write] })),
    ];
    for (trick, options) in bad {
        // A request that is dropped before the host has begun it was never sent, and the instance may be kept.
        let mut attempts = 0..100;
        loop {
            attempts.next().expect("one of a hundred requests is sent");
            assert_eq!(count(&world, &acme).await, 1, "before {trick}");
            assert_eq!(count(&world, &acme).await, 2, "before {trick}");
            let before = world.sandbox.requests().len();
            // The answer of the request that it does not wait for comes late.
            world.sandbox.inject(Fault::latency(Duration::from_secs(1)).on_method("POST"));
            let _however_it_ends = world.play_under(&acme, trick, options.clone()).await;
            world.sandbox.clear_faults();
            let sent = world.sandbox.requests().len() > before;
            let count_after = count(&world, &acme).await;
            let _fresh = world.play_under(&acme, "exit_early", json!({})).await;
            if trick == "drop_after_sending" && !sent {
                continue;
            }
            assert_eq!(count_after, 1, "after {trick}");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_instance_has_the_bounds_of_each_call() {
    let limits = Limits { requests: 3, wall_time: Duration::from_secs(20), ..Limits::default() };
    let world = keeping(|_| {}).start().await;
    let tricks = world.grant(ACCOUNT).allow_reads("hubspot");
    let grant = ["count", "request_often", "print"]
        .into_iter()
        .fold(tricks, |grant, trick| grant.own_action("hubspot", trick, Effect::Read))
        .limits(limits)
        .build()
        .expect("a grant");
    let read = json!({ "method": "POST", "body": "{}",
        "path": "/api/v2/integration-schema/hubspot/actions/get_contact/execute" });
    for expected in [1, 2, 3] {
        assert_eq!(count(&world, &grant).await, expected);
        let three = json!({ "request": read, "times": 3 });
        assert!(
            world.play_under(&grant, "request_often", three).await.is_ok(),
            "a new call has a new budget"
        );
    }
    let four = json!({ "request": read, "times": 4 });
    let error = world.play_under(&grant, "request_often", four).await.unwrap_err();
    assert!(matches!(error, Error::Limit { exceeded: Exceeded::Requests(3), .. }), "{error:?}");
    assert_eq!(count(&world, &grant).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_instance_has_the_authority_of_each_call() {
    let world = keeping(|_| {}).start().await;
    let grant = world
        .grant(ACCOUNT)
        .allow_writes("hubspot")
        .own_action("hubspot", "count", Effect::Read)
        .own_action("hubspot", "send", Effect::Read)
        .own_action("hubspot", "say_after_sending", Effect::Write)
        .build()
        .expect("a grant");
    let write = json!({ "method": "POST", "body": r#"{"email":"x@example.com"}"#,
        "path": "/api/v2/integration-schema/hubspot/actions/create_contact/execute" });
    let writing = json!({ "requests": [write], "text": "written" });
    assert_eq!(count(&world, &grant).await, 1);
    let error = world.play_under(&grant, "say_after_sending", writing).await.unwrap_err();
    assert_eq!(error.sent(), Sent::Yes, "{error:?}");
    let before = world.sandbox.requests().len();
    // The same instance, in a call that reads.
    let report = world.play_under(&grant, "send", write).await;
    assert_eq!(world.sandbox.requests().len(), before, "nothing left: {report:?}");
    assert_eq!(count(&world, &grant).await, 2, "it was kept all the while");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_uses_itself_up_gives_way_before_it_fails_a_call() {
    let world = keeping(|_| {}).limits(|limits| limits.memory_bytes = 16 << 20).start().await;
    let acme = world.play_grant(ACCOUNT, Effect::Write);
    let mut counts = Vec::new();
    for _ in 0..12 {
        let count =
            world.play_under(&acme, "count", json!({ "leak": 3 << 20 })).await.expect("room for a call");
        counts.push(count.as_u64().expect("a number"));
    }
    assert_eq!(counts, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_instance_is_told_in_the_audit() {
    let world = keeping(|_| {}).start().await;
    let acme = world.play_grant(ACCOUNT, Effect::Write);
    for expected in 1..=2 {
        assert_eq!(count(&world, &acme).await, expected);
    }
    let calls = world.audit.calls();
    assert!(!calls[0].instantiation.is_zero() && calls[1].instantiation.is_zero(), "{calls:#?}");
    assert!(calls[1].memory_bytes >= calls[0].memory_bytes, "what it has is told: {calls:#?}");
}
