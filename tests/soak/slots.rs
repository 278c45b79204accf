//! The slots of a host: as many calls as are allowed run at once, each with as much as a component may
//! have, and not one more. Each uses its memories as far as the engine keeps them.

use std::{sync::Arc, time::Duration};

use actionbox_host::{Error, Exceeded, Limits};
use actionbox_sandbox::Fault;
use actionbox_tests::tricks;
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    calls::patient,
    stage::{CALLS, KEPT, Stage, TENANT_CALLS},
};

/// Takes every slot at once, and gives it back.
pub(crate) async fn all_can_be_taken(stage: &Stage) {
    let mut read = tricks::read();
    read["unused"] = "x".repeat(KEPT).into();
    let permits = Arc::new(Semaphore::new(0));
    stage.sandbox.inject(Fault::hold(permits.clone()).on_path("/get_contact/execute").always());
    let tenant = |number: usize| format!("tenant {number} of the slots");
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let grant = stage.grant(&tenant(number / TENANT_CALLS), number, patient(), false);
        let plugin = stage.greedy.clone();
        let read = read.clone();
        stage.begin();
        calls.spawn(async move { plugin.execute_action(&grant, "hubspot", tricks::SEND, &read).await });
    }
    // Each waits for its own answer: all of them run.
    let all = stage.sandbox.wait_until(|sandbox| sandbox.open_connections() >= CALLS);
    tokio::time::timeout(Duration::from_secs(30), all).await.expect("all calls run at once");
    for (tenant, expected) in
        [(tenant(0), Exceeded::TenantCalls(TENANT_CALLS)), (tenant(CALLS), Exceeded::ConcurrentCalls(CALLS))]
    {
        let hasty = Limits { wall_time: Duration::from_millis(200), ..patient() };
        let grant = stage.grant(&tenant, 0, hasty, false);
        stage.begin();
        let refused = stage.greedy.execute_action(&grant, "hubspot", "succeed", &json!({})).await;
        let Err(Error::Limit { exceeded, .. }) = &refused else { panic!("one call too many: {refused:?}") };
        assert_eq!(*exceeded, expected);
    }
    permits.add_permits(CALLS);
    while let Some(ended) = calls.join_next().await {
        drop(ended.expect("no panic").expect("an outcome"));
    }
    stage.sandbox.clear_faults();
}
