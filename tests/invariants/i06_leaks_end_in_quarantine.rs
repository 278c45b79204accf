//! Invariant 6: a plugin that provokes leaks again and again is kept away from that upstream.

use actionbox_host::{Actor, AuditEvent, Error, Grant, Quarantined, Refusal, Withheld};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    tricks::{self, SEND},
    world::{ACCOUNT, NEIGHBOUR, World},
};
use serde_json::json;

fn echo(world: &World) -> Fault {
    Fault::json_body(StatusCode::OK, json!({ "node_status": "Success", "data": world.key }).to_string())
}

/// A world whose upstream echoes the key whenever contacts are searched.
async fn leaking(limit: Option<u32>) -> World {
    let world = World::builder().host_limits(|limits| limits.leaks = limit).start().await;
    world.sandbox.inject(echo(&world).on_path("/search_contacts/").always());
    world
}

fn beginnings(world: &World) -> Vec<Quarantined> {
    let began = |event| if let AuditEvent::Quarantine(event) = event { Some(event.who) } else { None };
    world.audit.events().into_iter().filter_map(began).collect()
}

/// Lets the plugin make a request whose answer holds the key, and returns how the embedder is told.
async fn leak(world: &World, grant: &Grant) -> Error {
    let request = tricks::execute("search_contacts", json!({}));
    let report = world.play_under(grant, SEND, request).await;
    match world.audit.requests().pop().expect("an event") {
        event if event.result == "refused" => {
            Error::Denied { refusal: event.refusal.expect("a refusal says why"), sent: event.sent }
        }
        event => {
            assert_eq!(event.result, format!("answer withheld: {}", Withheld::Secret), "{report:?}");
            Error::Withheld { reason: Withheld::Secret, sent: event.sent }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_leaks_keep_the_plugin_away_until_it_is_released() {
    let world = leaking(Some(3)).await;
    for _ in 0..3 {
        assert!(beginnings(&world).is_empty());
        assert!(matches!(leak(&world, &world.grant).await, Error::Withheld { .. }));
    }
    let who = Quarantined {
        tenant: ACCOUNT.to_owned(),
        plugin: world.plugin.digest().to_owned(),
        upstream: world.sandbox.base_url(),
    };
    assert_eq!(beginnings(&world), std::slice::from_ref(&who), "the audit says so, once");
    assert_eq!(world.host.quarantined(), std::slice::from_ref(&who));

    // Whatever it asks for now, leaking or not, nothing arrives.
    let arrived = world.sandbox.requests().len();
    for request in [tricks::execute("search_contacts", json!({})), tricks::read(), tricks::write()] {
        let report = world.play(SEND, request).await.expect("a report");
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{report}");
    }
    assert_eq!(world.sandbox.requests().len(), arrived);
    let error = leak(&world, &world.grant).await;
    assert!(
        matches!(&error, Error::Denied { refusal: Refusal::Quarantined { leaks: 3, .. }, .. }),
        "{error}"
    );
    assert_eq!((error.actor(), error.is_retryable()), (Actor::Operator, false));

    // Another tenant's calls of the same plugin, and other plugins of the same tenant, go on.
    world.neighbour_is_well().await;
    let other = world.host.load(actionbox_examples::REFOLD).await.expect("a plugin");
    assert!(other.list_actions(&world.grant, "hubspot").await.is_ok());

    assert!(world.host.release(&who) && !world.host.release(&who));
    assert!(world.host.quarantined().is_empty());
    assert!(world.play(SEND, tricks::read()).await.expect("a report")["status"] == 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaks_of_many_calls_and_of_one_are_counted_alike() {
    let world = leaking(Some(3)).await;
    let request = tricks::execute("search_contacts", json!({}));
    let report = world.play("request_at_once", json!({ "times": 8, "request": request })).await;
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(beginnings(&world).len(), 1);
    assert!(matches!(leak(&world, &world.grant).await, Error::Denied { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_leaks_do_not_take_the_plugin_from_another() {
    let world = leaking(Some(1)).await;
    let neighbour = world.play_grant(NEIGHBOUR, actionbox_host::Effect::Read);
    assert!(matches!(leak(&world, &world.grant).await, Error::Withheld { .. }));
    assert!(matches!(leak(&world, &world.grant).await, Error::Denied { .. }));
    assert!(matches!(leak(&world, &neighbour).await, Error::Withheld { .. }), "its own first leak");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_limit_leaks_are_only_withheld() {
    let world = leaking(None).await;
    for _ in 0..10 {
        assert!(matches!(leak(&world, &world.grant).await, Error::Withheld { .. }));
    }
    assert!(world.host.quarantined().is_empty() && beginnings(&world).is_empty());
}
