//! Invariant 8: one call, one fresh instance: nothing of a call survives it, not even in memory that is
//! used again.

use std::time::Duration;

use actionbox_host::{Effect, Error, Limits};
use actionbox_tests::{
    canary, played_by,
    tricks::{self, TRICKS},
    world::{ACCOUNT, NEIGHBOUR, World},
};
use serde_json::{Value, json};

played_by!(count => a_counter_always_starts_anew);

/// A world with one slot, so that every call gets the memory of the one before.
async fn one_slot() -> World {
    World::builder().host_limits(|l| l.concurrent_calls = 1).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_always_starts_anew() {
    let world = one_slot().await;
    for _ in 0..10 {
        assert_eq!(world.play("count", json!({})).await.expect("a count"), 1);
    }
    let calls = (0..20).map(|_| {
        let (plugin, grant) = (world.plugin.clone(), world.grant.clone());
        tokio::spawn(async move { plugin.execute_action(&grant, "hubspot", "count", &json!({})).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let outcome = call.await.expect("no panic").expect("an outcome");
        assert_eq!(outcome.into_result().expect("a success").data, 1);
    }
    // Each export too.
    for listed in [
        world.plugin.list_actions(&world.grant, "count").await,
        world.plugin.list_actions(&world.grant, "count").await,
    ] {
        assert_eq!(listed.expect("a listing")[0].description, "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_not_handed_on() {
    let world = one_slot().await;
    let marker = canary::secret();
    let masked: String = marker.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect();
    let limits = Limits { cpu_time: Duration::from_secs(20), ..Limits::default() };
    let grant = |account: &str| {
        let grant = world.grant(account).allow_reads("hubspot").limits(limits.clone());
        grant
            .own_action("hubspot", "search", Effect::Read)
            .own_action("hubspot", "search_and_trap", Effect::Read)
            .build()
            .expect("a grant")
    };
    let (ours, theirs) = (grant(ACCOUNT), grant(NEIGHBOUR));
    // The marker stands in the options in clear, and in what is planted.
    let leave = json!({ "requests": [tricks::read()], "needles": [masked], "planted": 0, "marker": marker });
    let look = json!({ "requests": [tricks::read()], "needles": [masked] });
    let found = |report: &Value| report["found"][0].as_u64();
    for end in ["search", "search_and_trap"] {
        match world.play_under(&ours, end, leave.clone()).await {
            Ok(report) => assert!(found(&report) > Some(0), "the marker is in memory: {report}"),
            Err(error) => assert!(matches!(error, Error::Trapped { .. }), "{error:?}"),
        }
        for grant in [&theirs, &ours] {
            let report = world.play_under(grant, "search", look.clone()).await.expect("a report");
            assert_eq!(found(&report), Some(0), "after {end}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_ended_leaves_no_trace() {
    let world = one_slot().await;
    let limits = Limits {
        wall_time: Duration::from_millis(300),
        cpu_time: Duration::from_millis(100),
        ..Limits::default()
    };
    for trick in [
        "spin",
        "sleep",
        "allocate",
        "recurse",
        "panic_on_purpose",
        "exit_early",
        "hoard_handles",
        "print",
        "sleep_after_sending",
    ] {
        let grant = world.grant(ACCOUNT).allow_reads("hubspot").own_action("hubspot", trick, Effect::Read);
        let grant = grant.limits(limits.clone()).build().expect("a grant");
        let ended = world.play_under(&grant, trick, tricks::read()).await;
        assert!(ended.is_err(), "{trick}: {ended:?}");
        assert_eq!(world.play("count", json!({})).await.expect("a count"), 1, "after {trick}");
        world.neighbour_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_of_the_same_bytes_share_nothing() {
    let world = one_slot().await;
    let twin = world.host.load(TRICKS).await.expect("a plugin");
    assert_eq!(twin.digest(), world.plugin.digest());
    for plugin in [&world.plugin, &twin, &world.plugin, &twin] {
        let outcome =
            plugin.execute_action(&world.grant, "hubspot", "count", &json!({})).await.expect("an outcome");
        assert_eq!(outcome.into_result().expect("a success").data, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_the_machine() {
    let world = World::start().await;
    let report = world.play("look_around", json!({})).await.expect("a report");
    assert_eq!((&report["written"], &report["files"]), (&json!(false), &json!([])));
    assert!(std::fs::metadata("/tmp/actionbox-trick").is_err() && std::fs::metadata("trick").is_err());
}
