//! The three endpoints, through the reference plugin, over HTTP, HTTPS and HTTP/2, with either credential.

use actionbox_examples::REFOLD;
use actionbox_host::{Effect, Outcome, ParameterKind};
use actionbox_sandbox::{Fault, RecordedRequest, Sandbox, StatusCode, Version};
use actionbox_tests::world::{ACCOUNT, World};
use serde_json::{Value, json};

/// Makes each claim a module with a test for each way to reach the upstream.
macro_rules! in_every_way {
    ($($claim:ident($world:ident) $body:block)*) => {$(
        mod $claim {
            use super::*;

            async fn claim($world: &World) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn over_http_with_the_key() {
                let world = World::refold().await;
                claim(&world).await;
                assert_key_everywhere(&world);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn over_https_with_the_key() {
                let world = World::builder().plugin(REFOLD).tls().start().await;
                claim(&world).await;
                assert_key_everywhere(&world);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn over_http_with_a_session_token() {
                let world = World::builder().plugin(REFOLD).session_tokens().start().await;
                claim(&world).await;
                assert_key_only_for_the_token(&world);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn over_https_with_a_session_token() {
                let world = World::builder().plugin(REFOLD).tls().session_tokens().start().await;
                claim(&world).await;
                assert_key_only_for_the_token(&world);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn over_http2_with_the_key() {
                let world = World::builder().plugin(REFOLD).http2().start().await;
                claim(&world).await;
                assert!(world.sandbox.requests().iter().all(|request| request.version == Version::HTTP_2));
                assert_key_everywhere(&world);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn over_http2_with_a_session_token() {
                let world = World::builder().plugin(REFOLD).http2().session_tokens().start().await;
                claim(&world).await;
                assert!(world.sandbox.requests().iter().all(|request| request.version == Version::HTTP_2));
                assert_key_only_for_the_token(&world);
            }
        }
    )*};
}

fn assert_key_everywhere(world: &World) {
    for request in world.sandbox.requests() {
        assert_eq!(request.header("x-api-key").as_ref(), Some(&world.key));
        assert_eq!(request.header("linked_account_id").as_deref(), Some(ACCOUNT));
        assert_eq!(request.header("authorization"), None);
    }
}

/// The key is all-powerful: it rides on no action call.
fn assert_key_only_for_the_token(world: &World) {
    let (tokens, actions): (Vec<_>, Vec<_>) = world.sandbox.requests().into_iter().partition(is_for_a_token);
    assert_eq!(tokens.len(), 1, "one token serves all calls");
    assert_eq!(tokens[0].header("x-api-key").as_ref(), Some(&world.key));
    for request in actions {
        assert_eq!(request.header("x-api-key"), None);
        assert_eq!(request.header("linked_account_id"), None);
        let token = world.sandbox.session_token(ACCOUNT).expect("an account");
        assert_eq!(request.header("authorization"), Some(format!("Bearer {token}")));
    }
}

fn is_for_a_token(request: &RecordedRequest) -> bool {
    request.target.contains("/api/v2/public/session-token")
}

in_every_way! {
    actions_are_listed(world) {
        let grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
        let grant = grant.allow_reads("salesforce").allow_reads("slack").build().expect("a grant");
        let actions = world.plugin.list_actions(&grant, "hubspot").await.expect("a listing");
        let ids: Vec<_> = actions.iter().map(|action| action.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "httprequest", "create_contact", "create_task", "create_company", "create_deal",
                "update_contact", "delete_contact", "get_contact", "get_contact_by_id", "search_contacts",
            ]
        );
        let effect = |id: &str| actions.iter().find(|action| action.id == id).and_then(|action| action.effect);
        assert_eq!(effect("get_contact"), Some(Effect::Read));
        assert_eq!(effect("create_contact"), Some(Effect::Write));
        assert_eq!(effect("delete_contact"), None, "destructive only by name");
        assert_eq!(effect("httprequest"), None, "raw only by name");
        assert_eq!(actions[1].name, "Create Contact");
        assert!(actions.iter().all(|action| action.claimed_effect.is_none()));
        for app in ["salesforce", "slack"] {
            let actions = world.plugin.list_actions(&grant, app).await.expect("a listing");
            assert!(actions.iter().any(|action| action.id == "httprequest"), "{app}: {actions:?}");
        }
    }

    parameters_are_described(world) {
        let parameters =
            world.plugin.describe_action(&world.grant, "hubspot", "create_contact").await.expect("a schema");
        let shown: Vec<_> = parameters
            .iter()
            .map(|p| (p.name.as_str(), p.label.as_str(), p.required, p.kind.to_string()))
            .collect();
        let text = |name, label| (name, label, false, "text".to_owned());
        assert_eq!(
            shown,
            [
                text("firstname", "First Name"),
                text("lastname", "Last Name"),
                ("email", "Email", true, "text".to_owned()),
                text("phone", "Phone"),
                text("company", "Company"),
                text("website", "Website"),
                text("jobtitle", "Job Title"),
                text("hubspot_owner_id", "Owner ID"),
                ("associations", "Associations", false, "json".to_owned()),
                ("additional_fields", "Additional Fields", false, "json".to_owned()),
            ]
        );
    }

    what_is_created_is_found_changed_and_kept(world) {
        let email = "zoë+☃@exämple.com";
        let name = "Ünïcödé 名前 \u{1f600} \"\\/\n\u{2028}";
        let create = json!({ "email": email, "firstname": name });
        let created = success(world.execute("create_contact", create).await);
        assert_eq!(created["properties"]["firstname"], name);
        assert_eq!(created["properties"]["email"], email);

        let id = created["id"].as_str().expect("an id");
        let update = json!({ "contact_id": id, "phone": "1" });
        assert_eq!(success(world.execute("update_contact", update).await)["properties"]["phone"], "1");

        let search = json!({ "propertyName": "email", "operator": "EQ", "value": email });
        let found = success(world.execute("search_contacts", search).await);
        assert_eq!(found["results"][0]["id"], id);
        assert_eq!(found["results"][0]["properties"]["firstname"], name);

        let listed = success(world.execute("get_contact", json!({ "limit": "1" })).await);
        let listed = listed["results"].as_array().expect("results");
        assert_eq!(listed.len(), 1);
        let domain = Sandbox::seeded_domain(ACCOUNT);
        assert!(listed[0]["properties"]["email"].as_str().is_some_and(|email| email.ends_with(&domain)));

        let last = world.sandbox.executions().pop().expect("an execution");
        assert_eq!((last.account.as_str(), last.action.as_str()), (ACCOUNT, "get_contact"));
        assert_eq!(last.parameters, json!({ "limit": "1" }), "numbers stay the strings they were");
    }

    an_action_that_the_app_refused_is_failed(world) {
        let grant = world.grant(ACCOUNT).allow_action("slack", "post_message").build().expect("a grant");
        let channels = world.sandbox.records(ACCOUNT, "slack", "channels");
        let board = channels.iter().find(|channel| channel["is_member"] == false).expect("a closed channel");
        let parameters = json!({ "channel": board["id"], "text": "hello" });
        let outcome = world.plugin.execute_action(&grant, "slack", "post_message", &parameters).await;
        let Ok(Outcome::Failed(failure)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.node_status, "Errored");
        assert!(failure.data.to_string().contains("not_in_channel"), "{failure:?}");
        assert_eq!(world.audit.calls().last().expect("a call").result, "failed");
    }
}

fn success(outcome: Result<Outcome, actionbox_host::Error>) -> Value {
    outcome.expect("an outcome").into_result().expect("a success").data
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_of_every_kind_and_of_unknown_ones_are_described() {
    let world = World::refold().await;
    let kinds = ["text", "email", "number", "textarea", "url", "json", "datetime", ""];
    let schema: Vec<_> = kinds
        .iter()
        .map(|kind| json!({ "name": kind, "label": "L", "required": true, "type": kind, "new": [1] }))
        .collect();
    world.sandbox.inject(Fault::json_body(StatusCode::OK, json!(schema).to_string()));
    let described =
        world.plugin.describe_action(&world.grant, "hubspot", "create_contact").await.expect("a schema");
    let described: Vec<_> = described.into_iter().map(|parameter| parameter.kind).collect();
    use ParameterKind::*;
    assert_eq!(
        described,
        [Text, Email, Number, Textarea, Url, Json, Other("datetime".into()), Other(String::new())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_may_be_missing() {
    let world = World::refold().await;
    let listing = json!([
        { "action_id": "get_a", "name": "A", "description": "does a", "tag": "v2" },
        { "action_id": "get_b", "name": "B", "description": "does b" },
    ]);
    world.sandbox.inject(Fault::json_body(StatusCode::OK, listing.to_string()));
    let actions = world.plugin.list_actions(&world.grant, "hubspot").await.expect("a listing");
    let tags: Vec<_> = actions.iter().map(|action| action.tag.as_deref()).collect();
    assert_eq!(tags, [Some("v2"), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_every_shape_arrives_unchanged() {
    let world = World::refold().await;
    for data in [
        json!({ "a": [1, { "b": null }] }),
        json!([1, "2", 3.5]),
        json!("text \u{1f600}"),
        json!(7),
        json!(true),
        Value::Null,
        json!(u64::MAX),
    ] {
        let body = json!({ "node_status": "Success", "data": data, "http_status": 207 }).to_string();
        world.sandbox.inject(Fault::json_body(StatusCode::OK, body));
        let success = world.execute("get_contact", json!({})).await.expect("an outcome").into_result();
        let success = success.expect("a success");
        assert_eq!((success.data, success.http_status), (data, Some(207)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_success_is_a_success() {
    let world = World::refold().await;
    for word in ["Errored", "Failed", "success", "SUCCESS", "Success ", "Pending", ""] {
        let body = json!({ "node_status": word, "data": { "why": 1 }, "http_status": 409 }).to_string();
        world.sandbox.inject(Fault::json_body(StatusCode::OK, body));
        let outcome = world.execute("get_contact", json!({})).await.expect("an outcome");
        let Outcome::Failed(failure) = outcome else { panic!("{word:?} is taken for a success") };
        assert_eq!((failure.node_status.as_str(), failure.http_status), (word, Some(409)));
        assert_eq!(failure.data, json!({ "why": 1 }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_call_that_is_granted_by_name_is_made() {
    let world = World::refold().await;
    let grant = world.grant(ACCOUNT).allow_action("hubspot", "httprequest").build().expect("a grant");
    let parameters = json!({ "method": "GET", "url": "/crm/v3/objects/contacts" });
    let outcome = world.plugin.execute_action(&grant, "hubspot", "httprequest", &parameters).await;
    drop(outcome.expect("an outcome"));
    assert_eq!(world.sandbox.executions().len(), 1);
    assert_eq!(world.audit.request().effect, Some(Effect::Raw));
}
