//! Invariant 8: one call, one fresh instance: nothing of a call survives it, not even in memory that is
//! used again.

use actionbox_tests::{tricks::TRICKS, world::World};
use serde_json::json;

/// A world with one slot, so that every call gets the memory of the one before.
async fn one_slot() -> World {
    World::builder().host_limits(|l| (l.concurrent_calls, l.kept_instances) = (1, 0)).start().await
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
    assert_eq!((&report["written"], &report["files"]), (&json!([]), &json!([])));
    assert!(std::fs::metadata("/tmp/actionbox-trick").is_err() && std::fs::metadata("trick").is_err());
}
