//! Invariant 4: the tenant is the grant's: nothing that a guest sends selects another account.

use actionbox_host::{BadBody, Effect, Limits, Refusal};
use actionbox_sandbox::Sandbox;
use actionbox_tests::{
    played_by,
    tricks::{self, SEND},
    world::{ACCOUNT, Builder, NEIGHBOUR, World},
};
use serde_json::{Value, json};

played_by!(set_forbidden => a_guest_cannot_build_the_hosts_headers);

fn worlds() -> Vec<(&'static str, Builder)> {
    vec![("the key", World::builder()), ("session tokens", World::builder().session_tokens())]
}

/// The requests that reached the three endpoints.
fn actions(world: &World) -> Vec<actionbox_sandbox::RecordedRequest> {
    let all = world.sandbox.requests().into_iter();
    all.filter(|request| request.target.starts_with("/api/v2/integration-schema/")).collect()
}

/// Asserts that whatever arrived acts for the tenant's own account.
fn assert_own_account(world: &World, what: &str) {
    for request in actions(world) {
        let values = |name: &str| {
            let all = request.headers.iter().filter(|(its, _)| its.eq_ignore_ascii_case(name));
            all.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect::<Vec<_>>()
        };
        match values("authorization").as_slice() {
            [] => assert_eq!(values("linked_account_id"), [ACCOUNT], "{what}"),
            tokens => {
                let token = world.sandbox.session_token(ACCOUNT).expect("an account");
                assert_eq!(tokens, [format!("Bearer {token}")], "{what}");
                assert!(values("linked_account_id").is_empty(), "{what}");
            }
        }
        for (name, value) in &request.headers {
            let value = String::from_utf8_lossy(value).to_lowercase();
            assert!(!value.contains(NEIGHBOUR), "{what}: {name} names the neighbour");
        }
        assert!(!request.target.contains("globex"), "{what}: {}", request.target);
    }
    for execution in world.sandbox.executions() {
        assert_eq!(execution.account, ACCOUNT, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_build_the_hosts_headers() {
    let world = World::start().await;
    let names = [
        "x-api-key",
        "X-API-KEY",
        "linked_account_id",
        "Linked_Account_Id",
        "LINKED_ACCOUNT_ID",
        "linked-account-id",
        "authorization",
        "Authorization",
        "cookie",
        "set-cookie",
        "host",
        "proxy-authorization",
        "connection",
        "transfer-encoding",
        "upgrade",
        "keep-alive",
        "proxy-connection",
        "http2-settings",
    ];
    let report = world.play("set_forbidden", json!({ "names": names })).await.expect("a report");
    for name in names {
        assert_eq!(report[name], json!([]), "{name} can be set");
    }
    let allowed = world.play("set_forbidden", json!({ "names": ["x-anything"] })).await.expect("a report");
    assert_eq!(allowed["x-anything"].as_array().map(Vec::len), Some(5), "all five ways do work: {allowed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_of_a_guest_selects_an_account() {
    let names = [
        "linked_account_id",
        "linked-account-id",
        "LINKED_ACCOUNT_ID",
        "linkedaccountid",
        "linked_account",
        "x-linked-account-id",
        "x_linked_account_id",
        "x-account",
        "x-account-id",
        "x-tenant",
        "x-user",
        "authorization",
        "x-authorization",
        "x-api-key",
        "api-key",
        "cookie",
        "x-forwarded-user",
        "x-session-token",
        "linked_account_id\u{a0}",
        "linked_account_id:",
    ];
    for (how, builder) in worlds() {
        let world = builder.start().await;
        for name in names {
            let mut request = tricks::read();
            request["headers"] = json!([[name, NEIGHBOUR], [name, NEIGHBOUR], ["x-filler", "1"]]);
            let report = world.play(SEND, request).await.expect("a report");
            assert_eq!(report["status"], 200, "{how}, {name}: {report}");
            let body = report["body"].as_str().expect("a body");
            assert!(body.contains(&Sandbox::seeded_domain(ACCOUNT)), "{how}, {name}: {body}");
            assert!(!body.contains(&Sandbox::seeded_domain(NEIGHBOUR)), "{how}, {name}: {body}");
        }
        assert_eq!(actions(&world).len(), names.len());
        assert_own_account(&world, how);
        world.neighbour_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_or_query_selects_an_account() {
    let base = "/api/v2/integration-schema/hubspot/actions";
    let targets = [
        format!("{base}?linked_account_id={NEIGHBOUR}"),
        format!("{base}?linkedAccountId={NEIGHBOUR}"),
        format!("{base}?x-api-key=tk"),
        format!("{base}/{NEIGHBOUR}"),
        format!("/{NEIGHBOUR}{base}"),
        format!("/api/v2/linked-account/{NEIGHBOUR}/integration-schema/hubspot/actions"),
        format!("{base};linked_account_id={NEIGHBOUR}"),
        format!("{base}/get_contact/execute?linked_account_id={NEIGHBOUR}"),
        format!("/api/v2/public/linked-account/{NEIGHBOUR}"),
    ];
    for (how, builder) in worlds() {
        let world = builder.start().await;
        for target in &targets {
            let report = world.play(SEND, json!({ "path": target })).await.expect("a report");
            assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{how}, {target}");
        }
        world.assert_untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_of_a_body_selects_an_account() {
    let keys = [
        "linked_account_id",
        "linkedAccountId",
        "LinkedAccountID",
        "LINKED_ACCOUNT_ID",
        "linked-account-id",
        "linked.account.id",
        "linked account id",
        " linked_account_id ",
        "linked_account_i\\u0064",
        "\\u006cinked_account_id",
        "linked_account",
        "linkedAccount",
        "linkedaccount",
        "x-api-key",
        "X_API_KEY",
        "xApiKey",
        "x-api-key ",
        "authorization",
        "Authorization",
        "session_token",
        "sessionToken",
        "linked_account_id\\u0000",
        "\\u200blinked_account_id",
    ];
    for (how, builder) in worlds() {
        let world = builder.start().await;
        for key in keys {
            for body in [
                format!(r#"{{"{key}":"{NEIGHBOUR}"}}"#),
                format!(r#"{{"limit":"1","{key}":"{NEIGHBOUR}"}}"#),
                format!(r#"{{"{key}":"{ACCOUNT}","{key}":"{NEIGHBOUR}"}}"#),
                format!(r#"{{"{key}":{{"id":"{NEIGHBOUR}"}}}}"#),
                format!(r#"{{"{key}":null}}"#),
            ] {
                let mut request = tricks::read();
                request["body"] = body.clone().into();
                let before = world.audit.requests().len();
                let report = world.play(SEND, request).await.expect("a report");
                assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{how}, {body}");
                let refusal = world.audit.requests().into_iter().nth(before).expect("an event").refusal;
                assert!(
                    matches!(refusal, Some(Refusal::Body(BadBody::SelectsAccount(_)))),
                    "{body}: {refusal:?}"
                );
            }
        }
        world.assert_untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_deep_in_the_parameters_is_data_and_selects_nothing() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        for parameters in [
            json!({ "limit": "1", "filter": { "linked_account_id": NEIGHBOUR } }),
            json!({ "limit": "1", "list": [{ "x-api-key": NEIGHBOUR }] }),
            json!({ "limit": "1", "email": NEIGHBOUR }),
        ] {
            let report =
                world.play(SEND, tricks::execute("get_contact", parameters.clone())).await.expect("a report");
            assert_eq!(report["status"], 200, "{how}, {parameters}: {report}");
            let body = report["body"].as_str().expect("a body");
            assert!(!body.contains(&Sandbox::seeded_domain(NEIGHBOUR)), "{how}, {parameters}: {body}");
        }
        assert_own_account(&world, how);
        assert_eq!(world.sandbox.executions().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_of_one_plugin_at_once_get_their_own() {
    for (how, builder) in worlds() {
        let world = builder.start().await;
        let calls = [ACCOUNT, NEIGHBOUR].repeat(20).into_iter().map(|account| {
            let limits = Limits { requests: 4, ..Limits::default() };
            let grant = world.grant(account).allow_reads("hubspot").own_action(
                "hubspot",
                "request_at_once",
                Effect::Read,
            );
            let (grant, plugin) = (grant.limits(limits).build().expect("a grant"), world.plugin.clone());
            tokio::spawn(async move {
                let request = tricks::execute("get_contact", json!({ "limit": "1", "asked_by": account }));
                let options: Value = json!({ "times": 4, "request": request });
                let outcome = plugin.execute_action(&grant, "hubspot", "request_at_once", &options).await;
                outcome.expect("an outcome").into_result().expect("a success").data
            })
        });
        for call in calls.collect::<Vec<_>>() {
            let reports = call.await.expect("no panic");
            let reports = reports.as_array().expect("reports");
            assert!(reports.iter().all(|report| report["status"] == 200), "{how}: {reports:?}");
        }
        let executions = world.sandbox.executions();
        assert_eq!(executions.len(), 160, "{how}");
        for execution in executions {
            assert_eq!(execution.parameters["asked_by"], execution.account.as_str(), "{how}");
        }
    }
}
