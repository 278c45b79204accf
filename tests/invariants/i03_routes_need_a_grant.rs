//! Invariant 3: a route leaves only if the grant allows its app, its action and its effect, and the call's
//! effect reaches as far. Raw and destructive ones never by a wildcard.

use actionbox_host::{Effect, Error, Grant, GrantBuilder, Refusal, Sent};
use actionbox_tests::{
    played_by,
    tricks::{self, SEND},
    world::{ACCOUNT, World},
};
use serde_json::{Value, json};

played_by!(succeed => a_call_that_is_not_granted_runs_no_guest);

/// Plays with one execute request, and tells what became of it: allowed, or why not.
async fn decide(world: &World, grant: &Grant, action: &str) -> Result<(), Refusal> {
    world.sandbox.clear_requests();
    let before = (world.sandbox.executions().len(), world.audit.requests().len());
    let report =
        world.play_under(grant, SEND, tricks::execute(action, parameters())).await.expect("a report");
    let event = world.audit.requests().into_iter().nth(before.1).expect("one event for one request");
    let arrived = world.sandbox.requests().len();
    match event.refusal {
        None => {
            assert!(report["status"].is_u64(), "{action}: {report}");
            assert_eq!((arrived, event.sent), (1, Sent::Yes), "{action}");
            Ok(())
        }
        Some(refusal) => {
            assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{action}");
            assert_eq!((arrived, event.sent, event.attempts), (0, Sent::No, 0), "{action}");
            assert_eq!(world.sandbox.executions().len(), before.0, "{action}");
            Err(refusal)
        }
    }
}

fn parameters() -> Value {
    json!({ "email": "a@b.example", "contact_id": "1", "propertyName": "email", "operator": "EQ", "value": "x" })
}

/// A grant under which the trick may do whatever the rest of the grant allows.
fn build(grant: GrantBuilder, effect: Effect) -> Grant {
    grant.own_action("hubspot", SEND, effect).build().expect("a grant")
}

#[tokio::test(flavor = "multi_thread")]
async fn wildcards_reach_reads_and_writes_and_nothing_else() {
    let world = World::start().await;
    let reads = build(world.grant(ACCOUNT).allow_reads("hubspot"), Effect::Raw);
    let writes = build(world.grant(ACCOUNT).allow_writes("hubspot"), Effect::Raw);
    let both = build(world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot"), Effect::Raw);
    // The effect; then whether it is allowed by reads, by writes.
    let table = [
        ("get_contact", Some(Effect::Read), true, false),
        ("search_contacts", Some(Effect::Read), true, false),
        ("getContact", Some(Effect::Read), true, false),
        ("create_contact", Some(Effect::Write), false, true),
        ("update_contact", Some(Effect::Write), false, true),
        ("get_or_create_contact", Some(Effect::Write), false, true),
        ("find-and-update", Some(Effect::Write), false, true),
        ("delete_contact", Some(Effect::Destructive), false, false),
        ("get_and_delete_contact", Some(Effect::Destructive), false, false),
        ("deleteContact", Some(Effect::Destructive), false, false),
        ("DELETE_contact", Some(Effect::Destructive), false, false),
        ("create_or_remove", Some(Effect::Destructive), false, false),
        ("httprequest", Some(Effect::Raw), false, false),
        ("HttpRequest", Some(Effect::Raw), false, false),
        ("http_request", Some(Effect::Raw), false, false),
        ("http-request", Some(Effect::Raw), false, false),
        ("get_http_request", Some(Effect::Raw), false, false),
        ("HTTPREQUEST", Some(Effect::Raw), false, false),
        ("httprequest_v2", Some(Effect::Raw), false, false),
        ("frobnicate", None, false, false),
        ("contact_get", None, false, false),
        ("getaway", None, false, false),
        ("_", None, false, false),
    ];
    for (action, effect, by_reads, by_writes) in table {
        for (name, grant, allowed) in [
            ("reads", &reads, by_reads),
            ("writes", &writes, by_writes),
            ("both", &both, by_reads || by_writes),
        ] {
            let decided = decide(&world, grant, action).await;
            assert_eq!(decided.is_ok(), allowed, "{action} by {name}: {decided:?}");
            if let Err(refusal) = decided {
                let Refusal::Action { effect: told, .. } = refusal else { panic!("{action}: {refusal:?}") };
                assert_eq!(told, effect, "{action}: the operator learns why");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_grants_itself_and_nothing_beside() {
    let world = World::start().await;
    let grant =
        world.grant(ACCOUNT).allow_action("hubspot", "delete_contact").allow_action("hubspot", "httprequest");
    let grant = build(grant.allow_action("hubspot", "frobnicate"), Effect::Raw);
    for action in ["delete_contact", "httprequest", "frobnicate"] {
        assert_eq!(decide(&world, &grant, action).await, Ok(()), "{action}");
    }
    for action in [
        "delete_contacts",
        "Delete_contact",
        "delete-contact",
        "HttpRequest",
        "httprequest2",
        "frobnicat",
        "get_contact",
    ] {
        let decided = decide(&world, &grant, action).await;
        assert!(matches!(decided, Err(Refusal::Action { .. })), "{action}: {decided:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_app_needs_a_grant_of_its_own() {
    let world = World::start().await;
    let grant = build(world.grant(ACCOUNT).allow_reads("hubspot"), Effect::Raw);
    for path in [
        "/api/v2/integration-schema/salesforce/actions",
        "/api/v2/integration-schema/salesforce/actions/get_accounts",
        "/api/v2/integration-schema/hubspot2/actions",
        "/api/v2/integration-schema/hubspo/actions",
        "/api/v2/integration-schema/hub_spot/actions",
    ] {
        let report = world.play_under(&grant, SEND, json!({ "path": path })).await.expect("a report");
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{path}");
    }
    assert!(world.audit.requests().iter().all(|event| matches!(event.refusal, Some(Refusal::App { .. }))));
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_does_more_than_its_call() {
    let world = World::start().await;
    let all = || {
        let grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
        grant.allow_action("hubspot", "delete_contact").allow_action("hubspot", "httprequest")
    };
    let actions = ["get_contact", "create_contact", "delete_contact", "httprequest"];
    let effects = [Effect::Read, Effect::Write, Effect::Destructive, Effect::Raw];
    for (ceiling, effect) in effects.into_iter().enumerate() {
        let grant = build(all(), effect);
        for (needed, action) in actions.into_iter().enumerate() {
            let decided = decide(&world, &grant, action).await;
            assert_eq!(decided.is_ok(), needed <= ceiling, "{action} during a {effect}: {decided:?}");
            if let Err(refusal) = decided {
                assert!(
                    matches!(refusal, Refusal::AboveCall { .. }),
                    "{action} during a {effect}: {refusal:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_and_describing_execute_nothing() {
    let world = World::start().await;
    let grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot").allow_reads(SEND);
    let grant = grant.allow_action("hubspot", "create_contact").build().expect("a grant");
    // Without parameters, the trick tries to execute a write.
    let listed = world.plugin.list_actions(&grant, SEND).await.expect("a listing");
    assert!(listed[0].description.contains("HttpRequestDenied"), "{listed:?}");
    let described = world.plugin.describe_action(&grant, "hubspot", SEND).await.expect("a schema");
    assert!(described[0].label.contains("HttpRequestDenied"), "{described:?}");
    for event in world.audit.requests() {
        assert!(
            matches!(event.refusal, Some(Refusal::AboveCall { allowed: "list and describe", .. })),
            "{event:?}"
        );
    }
    assert_eq!(world.audit.requests().len(), 2);
    world.assert_untouched();
    // What those calls are for does leave: the very same trick, with a listing.
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
