//! Two tenants at once: each gets its own, and only its own.

use actionbox_examples::REFOLD;
use actionbox_host::Grant;
use actionbox_sandbox::Sandbox;
use actionbox_tests::world::{ACCOUNT, NEIGHBOUR, World};
use serde_json::json;

const CALLS: usize = 1000;
const AT_ONCE: usize = 16;

/// Makes a thousand interleaved calls, reads and writes, for two tenants; returns nothing but panics at
/// the first datum that is somebody else's.
async fn interleave(world: &World) {
    let grants = [ACCOUNT, NEIGHBOUR].map(|account| {
        let grant = world.grant(account).allow_reads("hubspot").allow_writes("hubspot");
        (account, grant.build().expect("a grant"))
    });
    let mut running = tokio::task::JoinSet::new();
    for number in 0..CALLS {
        if running.len() == AT_ONCE {
            running.join_next().await.expect("one runs").expect("no panic");
        }
        let (account, grant) = grants[number % 2].clone();
        let plugin = world.plugin.clone();
        running.spawn(async move { call(&plugin, &grant, account, number).await });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
    }
}

async fn call(plugin: &actionbox_host::Plugin, grant: &Grant, account: &str, number: usize) {
    let domain = Sandbox::seeded_domain(account);
    let (action, parameters) = match number % 10 {
        0 | 1 => ("create_contact", json!({ "email": format!("n{number}@{domain}"), "jobtitle": account })),
        _ => ("get_contact", json!({ "limit": "100", "asked_by": account })),
    };
    let outcome = plugin.execute_action(grant, "hubspot", action, &parameters).await.expect("an outcome");
    let data = outcome.into_result().expect("a success").data;
    let contacts = data["results"].as_array().cloned().unwrap_or_else(|| vec![data.clone()]);
    for contact in &contacts {
        let email = contact["properties"]["email"].as_str().expect("an address");
        assert!(email.ends_with(&domain), "{account} was shown {email}");
    }
    assert!(!contacts.is_empty());
}

async fn assert_only_matching_pairs(
    world: &World,
    account_of: impl Fn(&actionbox_sandbox::RecordedRequest) -> Option<String>,
) {
    let mut actions = 0;
    for request in world.sandbox.requests() {
        if request.target.contains("/api/v2/public/") {
            continue;
        }
        actions += 1;
        let account = account_of(&request).expect("an account");
        let body = request.json().expect("a body");
        let named = body["asked_by"].as_str().or(body["jobtitle"].as_str());
        assert_eq!(named, Some(account.as_str()), "credentials and data of two tenants met: {body}");
    }
    assert_eq!(actions, CALLS);
    for execution in world.sandbox.executions() {
        let named = execution.parameters["asked_by"].as_str().or(execution.parameters["jobtitle"].as_str());
        assert_eq!(named, Some(execution.account.as_str()));
    }
    assert_eq!(world.sandbox.executions().len(), CALLS);
    for call in world.audit.calls() {
        let theirs = world.audit.requests().into_iter().filter(|request| request.call == call.call);
        assert!(theirs.into_iter().all(|request| request.tenant == call.tenant));
        if world.audit.calls().len() > 100 {
            // Quadratic otherwise; each hundredth is proof enough.
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_interleaved_calls_with_keys_never_mix_two_tenants() {
    let world = World::refold().await;
    interleave(&world).await;
    assert_only_matching_pairs(&world, |request| request.header("linked_account_id")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_interleaved_calls_with_tokens_never_mix_two_tenants() {
    let world = World::builder().plugin(REFOLD).session_tokens().http2().start().await;
    let tokens = [ACCOUNT, NEIGHBOUR].map(|account| {
        let token = world.sandbox.session_token(account).expect("an account");
        (format!("Bearer {token}"), account.to_owned())
    });
    interleave(&world).await;
    assert_only_matching_pairs(&world, |request| {
        let given = request.header("authorization")?;
        tokens.iter().find(|(token, _)| *token == given).map(|(_, account)| account.clone())
    })
    .await;
}
