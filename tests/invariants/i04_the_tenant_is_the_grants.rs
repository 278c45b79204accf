//! Invariant 4: the tenant is the grant's: nothing that a guest sends selects another account.

use actionbox_host::{Effect, Limits};
use actionbox_tests::{
    tricks,
    world::{ACCOUNT, Builder, NEIGHBOUR, World},
};
use serde_json::{Value, json};

fn worlds() -> Vec<(&'static str, Builder)> {
    vec![("the key", World::builder()), ("session tokens", World::builder().session_tokens())]
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
