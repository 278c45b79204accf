//! The plugin asks for what is not granted: another action, another app, or more than its call may do.

use actionbox_host::{Effect, Error, GrantBuilder, Refusal, Sent};
use actionbox_tests::{
    attacks,
    scoreboard::{BUSY, Case},
    tricks,
    tricks::SEND,
};
use serde_json::json;

use crate::{attempt::LIST, cell::Cell};

attacks! {
    "More than was granted":
        "The plugin executes what no wildcard reaches, under a name that lies, in another app, or with a greater effect \
         than that of its call, or executes while it lists and describes. It is refused, opens no connection, and \
         the audit names the rule.",
    cases,
    play,
    nothing_leaves_that_was_not_granted on BUSY,
}

#[derive(Clone, Copy)]
enum Deed {
    /// An upstream action, under a grant that does not allow it, whose effect the host resolves.
    Ungranted { grant: fn(GrantBuilder) -> GrantBuilder, action: &'static str, effect: Option<Effect> },
    /// An upstream action that is granted, in a call that may do less.
    Above { call: Effect, action: &'static str },
    /// An app that is not granted.
    App { path: &'static str },
    /// A write while the plugin lists or describes.
    Discovering { describes: bool },
    /// A call that the grant does not allow, so that no guest runs.
    Call { app: &'static str, action: &'static str },
}

const READS: fn(GrantBuilder) -> GrantBuilder = |grant| grant.allow_reads("hubspot");
const WRITES: fn(GrantBuilder) -> GrantBuilder = |grant| grant.allow_writes("hubspot");
const BOTH: fn(GrantBuilder) -> GrantBuilder = |grant| grant.allow_reads("hubspot").allow_writes("hubspot");
const NAMED: fn(GrantBuilder) -> GrantBuilder = |grant| {
    let grant = grant.allow_action("hubspot", "delete_contact").allow_action("hubspot", "httprequest");
    grant.allow_action("hubspot", "frobnicate")
};

/// Actions by the effect that their names tell.
const BY_EFFECT: &[(Option<Effect>, &[&str])] = &[
    (
        Some(Effect::Read),
        &["get_contact", "getContact", "GET_CONTACT", "search_contacts", "list-contacts", "find_contact"],
    ),
    (
        Some(Effect::Write),
        &[
            "create_contact",
            "createContact",
            "update_contact",
            "get_or_create_contact",
            "getOrCreateContact",
            "find-and-update",
            "search_and_update_contacts",
            "send_email",
            "execute",
        ],
    ),
    (
        Some(Effect::Destructive),
        &[
            "delete_contact",
            "deleteContact",
            "DELETE_contact",
            "get_and_delete_contact",
            "getAndDeleteContact",
            "create_or_remove",
            "remove_contact",
            "purge_contacts",
        ],
    ),
    (
        Some(Effect::Raw),
        &[
            "httprequest",
            "HttpRequest",
            "http_request",
            "http-request",
            "HTTPREQUEST",
            "get_http_request",
            "httprequest_v2",
        ],
    ),
    (None, &["frobnicate", "contact_get", "getaway", "gets_contact", "x", "_", "-", "1"]),
];

/// Neighbours of what is granted by name.
const NEAR: &[&str] = &[
    "delete_contacts",
    "Delete_contact",
    "delete-contact",
    "deletecontact",
    "delete_contact_",
    "_delete_contact",
    "httprequest2",
    "http_request",
    "HttpRequest",
    "frobnicat",
    "frobnicate2",
    "get_contact",
    "create_contact",
];

fn cases() -> Vec<Case<Deed>> {
    let mut all = Vec::new();
    for (effect, actions) in BY_EFFECT {
        for (by, grant, reaches) in [
            ("reads", READS, *effect == Some(Effect::Read)),
            ("writes", WRITES, *effect == Some(Effect::Write)),
            ("reads and writes", BOTH, matches!(effect, Some(Effect::Read | Effect::Write))),
        ] {
            let refused = if reaches { &[] } else { *actions };
            all.extend(refused.iter().map(|action| {
                let deed = Deed::Ungranted { grant, action, effect: *effect };
                Case::new(format!("{action}, where {by} are granted"), deed)
            }));
        }
    }
    for action in NEAR {
        let of = BY_EFFECT.iter().find(|(_, actions)| actions.contains(action)).map(|(effect, _)| *effect);
        let effect = of.unwrap_or(match *action {
            "httprequest2" => Some(Effect::Raw),
            "frobnicat" | "frobnicate2" => None,
            _ => Some(Effect::Destructive),
        });
        let deed = Deed::Ungranted { grant: NAMED, action, effect };
        all.push(Case::new(format!("{action}, where neighbours of it are granted by name"), deed));
    }
    for (call, actions) in [
        (Effect::Read, ["create_contact", "delete_contact", "httprequest", "frobnicate"].as_slice()),
        (Effect::Write, &["delete_contact", "httprequest", "frobnicate"]),
        (Effect::Destructive, &["httprequest"]),
    ] {
        for action in actions {
            all.push(Case::new(format!("{action} during a {call}"), Deed::Above { call, action }));
        }
    }
    for path in [
        "/api/v2/integration-schema/salesforce/actions",
        "/api/v2/integration-schema/salesforce/actions/get_accounts",
        "/api/v2/integration-schema/hubspot2/actions",
        "/api/v2/integration-schema/hubspo/actions",
        "/api/v2/integration-schema/hub_spot/actions",
        "/api/v2/integration-schema/hub-spot/actions",
        "/api/v2/integration-schema/public/actions",
        "/api/v2/integration-schema/actions/actions",
    ] {
        all.push(Case::new(format!("another app: {path}"), Deed::App { path }));
    }
    all.push(Case::new("a write while it lists", Deed::Discovering { describes: false }));
    all.push(Case::new("a write while it describes", Deed::Discovering { describes: true }));
    for (app, action) in [
        ("salesforce", "get_accounts"),
        ("hubspot", "delete_contact"),
        ("hubspot", "httprequest"),
        ("hubspot", "frobnicate"),
        ("hubspot", "a_trick_of_another_plugin"),
    ] {
        all.push(Case::new(format!("a call of {app}/{action}"), Deed::Call { app, action }));
    }
    all
}

async fn play(name: String, deed: Deed) {
    match deed {
        Deed::Ungranted { grant, action, effect } => {
            let cell = Cell::builder(&name).await.grant(grant).effect(Effect::Raw).build().await;
            let why = refused(&cell, action).await;
            let Refusal::Action { effect: told, .. } = &why else { panic!("{why:?}") };
            assert_eq!(*told, effect, "the operator learns why: {why}");
        }
        Deed::Above { call, action } => {
            let all = |grant| NAMED(BOTH(grant));
            let cell = Cell::builder(&name).await.grant(all).effect(call).build().await;
            let why = refused(&cell, action).await;
            assert!(matches!(why, Refusal::AboveCall { .. }), "{why:?}");
        }
        Deed::App { path } => {
            let cell = Cell::builder(&name).await.effect(Effect::Raw).build().await;
            let report = cell.play(SEND, json!({ "path": path })).await.expect("a report");
            assert_eq!(report["error"], "ErrorCode::HttpRequestDenied");
            let [event] = cell.traces.request_events().try_into().expect("one event");
            assert!(matches!(event.refusal, Some(Refusal::App { .. })), "{event:?}");
            cell.dump(vec![json!({ "path": path })]).await;
            cell.assert_untouched();
        }
        Deed::Discovering { describes } => {
            // Without parameters, the trick executes a write.
            let cell = Cell::new(&name).await;
            let (plugin, grant) = (&cell.prison.world.plugin, &cell.grant);
            let text = if describes {
                let described = plugin.describe_action(grant, "hubspot", SEND).await;
                cell.traces.look_around(described).expect("a schema").remove(0).label
            } else {
                let listed = plugin.list_actions(grant, SEND).await;
                cell.traces.look_around(listed).expect("a listing").remove(0).description
            };
            assert!(text.contains("HttpRequestDenied"), "{text}");
            let [event] = cell.traces.request_events().try_into().expect("one event");
            let above =
                matches!(event.refusal, Some(Refusal::AboveCall { allowed: "list and describe", .. }));
            assert!(above, "{event:?}");
            cell.assert_untouched();
            cell.prison.world.neighbour_is_well().await;
        }
        Deed::Call { app, action } => {
            let cell = Cell::new(&name).await;
            let plugin = &cell.prison.world.plugin;
            let ended = plugin.execute_action(&cell.grant, app, action, &json!({ "path": LIST })).await;
            let ended = cell.traces.look_around(ended);
            assert!(matches!(ended, Err(Error::Denied { sent: Sent::No, .. })), "{ended:?}");
            let call = cell.traces.last_call();
            assert_eq!((call.effect, call.requests), (None, 0), "no guest runs");
            cell.assert_untouched();
            cell.prison.world.neighbour_is_well().await;
        }
    }
}

/// Has the plugin execute an action, which is refused, and returns by which rule.
async fn refused(cell: &Cell, action: &str) -> Refusal {
    let request = tricks::execute(action, json!({ "email": "mallory@example.com", "contact_id": "1" }));
    let report = cell.play(SEND, request.clone()).await.expect("a report");
    assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{report}");
    assert!(report["status"].is_null() && report["body"].is_null(), "{report}");
    let [event] = cell.traces.request_events().try_into().expect("one event");
    assert_eq!((event.sent, event.attempts), (Sent::No, 0));
    assert_eq!(cell.traces.last_call().sent, Sent::No);
    cell.dump(vec![request]).await;
    cell.assert_untouched();
    event.refusal.expect("a refusal")
}
