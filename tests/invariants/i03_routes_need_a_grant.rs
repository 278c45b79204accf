//! Invariant 3: a route leaves only if the grant allows its app, its action and its effect, and the call's
//! effect reaches as far. Raw and destructive ones never by a wildcard.

use actionbox_host::{Effect, Error, Grant, GrantBuilder, Sent};
use actionbox_tests::{
    tricks::{self, SEND},
    world::{ACCOUNT, World},
};
use serde_json::{Value, json};

/// Has a plugin execute an action, which is granted.
async fn allowed(world: &World, grant: &Grant, action: &str) {
    world.sandbox.clear_requests();
    let request = tricks::execute(action, parameters());
    let report = world.play_under(grant, SEND, request).await.expect("a report");
    assert!(report["status"].is_u64(), "{action}: {report}");
    let event = world.audit.requests().pop().expect("an event");
    assert_eq!((event.refusal, event.sent), (None, Sent::Yes), "{action}");
    assert_eq!(world.sandbox.requests().len(), 1, "{action}");
}

fn parameters() -> Value {
    json!({ "email": "a@b.example", "contact_id": "1", "propertyName": "email", "operator": "EQ", "value": "x" })
}

/// A grant under which the trick may do whatever the rest of the grant allows.
fn build(grant: GrantBuilder, effect: Effect) -> Grant {
    grant.own_action("hubspot", SEND, effect).build().expect("a grant")
}

/// What they do not reach is on the scoreboard.
#[tokio::test(flavor = "multi_thread")]
async fn wildcards_reach_reads_and_writes() {
    let world = World::start().await;
    let reads = build(world.grant(ACCOUNT).allow_reads("hubspot"), Effect::Raw);
    let writes = build(world.grant(ACCOUNT).allow_writes("hubspot"), Effect::Raw);
    for action in ["get_contact", "search_contacts", "getContact"] {
        allowed(&world, &reads, action).await;
    }
    for action in ["create_contact", "update_contact", "get_or_create_contact", "find-and-update"] {
        allowed(&world, &writes, action).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_grants_whatever_it_names() {
    let world = World::start().await;
    let grant =
        world.grant(ACCOUNT).allow_action("hubspot", "delete_contact").allow_action("hubspot", "httprequest");
    let grant = build(grant.allow_action("hubspot", "frobnicate"), Effect::Raw);
    for action in ["delete_contact", "httprequest", "frobnicate"] {
        allowed(&world, &grant, action).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_do_what_its_call_may() {
    let world = World::start().await;
    let actions = ["get_contact", "create_contact", "delete_contact", "httprequest"];
    for (most, effect) in
        [Effect::Read, Effect::Write, Effect::Destructive, Effect::Raw].into_iter().enumerate()
    {
        let grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
        let grant = grant.allow_action("hubspot", "delete_contact").allow_action("hubspot", "httprequest");
        let grant = build(grant, effect);
        for action in &actions[..=most] {
            allowed(&world, &grant, action).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_lists_while_it_is_asked_to_list() {
    let world = World::start().await;
    let report = world.plugin.list_actions(&world.grant, "read_back").await.expect("a listing");
    assert!(report[0].description.contains("200"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_granted_runs_no_guest() {
    let world = World::start().await;
    let none = json!({});
    let hubspot =
        world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot").build().expect("a grant");
    let empty = Grant::default();
    let no_app = world.grant(ACCOUNT).build().expect("a grant");
    for (name, grant, app, action) in [
        ("an empty grant", &empty, "hubspot", "succeed"),
        ("no app", &no_app, "hubspot", "get_contact"),
        ("another app", &hubspot, "salesforce", "get_accounts"),
        ("an own action that is not named", &hubspot, "hubspot", "succeed"),
        ("a destructive one", &hubspot, "hubspot", "delete_contact"),
        ("a raw one", &hubspot, "hubspot", "httprequest"),
        ("an unknown one", &hubspot, "hubspot", "frobnicate"),
    ] {
        let before = world.audit.calls().len();
        let error = world.plugin.execute_action(grant, app, action, &none).await.expect_err(name);
        assert!(matches!(error, Error::Denied { sent: Sent::No, .. }), "{name}: {error:?}");
        let call = world.audit.calls().into_iter().nth(before).expect("an event");
        assert_eq!((call.effect, call.requests, call.sent), (None, 0, Sent::No), "{name}");
        assert!(call.result.starts_with("denied"), "{name}: {}", call.result);
    }
    for (name, error) in [
        ("list", world.plugin.list_actions(&empty, "hubspot").await.map(drop)),
        ("list another app", world.plugin.list_actions(&hubspot, "salesforce").await.map(drop)),
        ("describe", world.plugin.describe_action(&no_app, "hubspot", "get_contact").await.map(drop)),
    ] {
        assert!(matches!(error, Err(Error::Denied { sent: Sent::No, .. })), "{name}: {error:?}");
    }
    // A guest that ran would have reported that there is no such trick; and one that is granted does run.
    assert_eq!(world.play("succeed", none).await.expect("a report"), json!({}));
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_claims_grants_nothing() {
    let world = World::start().await;
    let listed = world.plugin.list_actions(&world.grant, "succeed").await.expect("a listing");
    assert_eq!(listed[0].claimed_effect, Some(Effect::Read), "it claims to read");
    assert_eq!(listed[0].effect, None, "the host does not believe it");
    let error = world.plugin.execute_action(&world.grant, "succeed", &listed[0].id, &json!({})).await;
    assert!(matches!(error, Err(Error::Denied { .. })), "{error:?}");
}
