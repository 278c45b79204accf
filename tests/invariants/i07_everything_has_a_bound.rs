//! Invariant 7: every resource that a guest can use up has a bound. Passing it ends that call with a typed
//! error, and no other call notices.

use std::{sync::Arc, time::Duration};

use actionbox_host::{Actor, Effect, Error, Exceeded, Grant, Limits, LoadError, Plugin, Rate, Sent};
use actionbox_sandbox::{Fault, Response, Sandbox};
use actionbox_tests::{
    hog,
    tricks::{self, TRICKS},
    world::{ACCOUNT, World},
};
use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;

/// Limits that end an attack soon, and well above what an honest request takes.
fn tight() -> Limits {
    Limits {
        memory_bytes: 8 << 20,
        handles: 100,
        cpu_time: Duration::from_millis(300),
        wall_time: Duration::from_secs(10),
        requests: 5,
        request_bytes: 10_000,
        response_bytes: 20_000,
        header_bytes: 4_000,
        output_bytes: 1_000,
        random_bytes: 1_000,
        result_bytes: 100_000,
        result_values: 100,
        ..Limits::default()
    }
}

fn grant(world: &World, trick: &str, limits: Limits) -> Grant {
    let grant = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot").limits(limits);
    grant.own_action("hubspot", trick, Effect::Write).build().expect("a grant")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_within_its_limits_is_not_ended() {
    let world = World::start().await;
    for (trick, options) in [
        ("ask_random", json!({ "bytes": 1_000 })),
        ("request_often", json!({ "times": 5, "request": tricks::list("hubspot") })),
        ("return_much", json!({ "bytes": 50_000 })),
        ("print_lines", json!({ "text": "hello" })),
        ("return_no_json", json!({ "text": format!("[{}0]", "0,".repeat(50)) })),
    ] {
        let limits = Limits { response_bytes: 1 << 20, ..tight() };
        world.play_under(&grant(&world, trick, limits), trick, options).await.expect(trick);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_on_their_way_at_once_are_bounded() {
    let world = World::start().await;
    let permits = Arc::new(Semaphore::new(0));
    world.sandbox.inject(Fault::hold(permits.clone()).on_path("/create_contact").always());
    let limits = Limits { requests: 20, requests_at_once: 3, ..Limits::default() };
    let grant = grant(&world, "request_at_once", limits);
    let plugin = world.plugin.clone();
    let options = json!({ "times": 12, "request": tricks::write() });
    let attack =
        tokio::spawn(
            async move { plugin.execute_action(&grant, "hubspot", "request_at_once", &options).await },
        );
    let writes = |sandbox: &Sandbox, answered: bool| {
        let mut all = sandbox.requests();
        all.retain(|request| {
            request.target.contains("create_contact") && request.answered.is_some() == answered
        });
        all.len()
    };
    for done in 1..=9 {
        world.sandbox.wait_until(|sandbox| writes(sandbox, false) == 3).await;
        // Time enough for a fourth one to arrive, if it could.
        world.neighbour_is_well().await;
        assert_eq!(writes(&world.sandbox, false), 3);
        permits.add_permits(1);
        world.sandbox.wait_until(|sandbox| writes(sandbox, true) == done).await;
    }
    permits.close();
    drop(attack.await.expect("no panic").expect("an outcome"));
    let executed = world.sandbox.executions();
    let executed = executed.iter().filter(|execution| execution.action == "create_contact").count();
    assert_eq!(executed, 12, "all had their turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_answers_at_once_share_one_allowance() {
    let world = World::start().await;
    let body = Bytes::from("x".repeat(100_000));
    world
        .sandbox
        .inject(Fault::respond_with(move |_| Response::new(body.clone())).on_path("/get_large").always());
    let request = json!({ "path": "/api/v2/integration-schema/hubspot/actions/get_large" });
    let limits = Limits { response_bytes: 250_000, requests_at_once: 16, ..Limits::default() };
    let options = json!({ "times": 16, "request": request });
    let ended = world.play_under(&grant(&world, "request_at_once", limits), "request_at_once", options).await;
    let Err(Error::Limit { exceeded: Exceeded::ResponseBytes(250_000), .. }) = ended else {
        panic!("{ended:?}")
    };
    let answered = world.audit.requests().iter().filter(|event| event.result == "answered").count();
    assert!(answered <= 2, "{answered} answers of 100,000 bytes in 250,000");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_takes_the_turns_of_another() {
    let world =
        World::builder().host_limits(|l| (l.concurrent_calls, l.concurrent_calls_per_tenant) = (4, 2));
    let world = world.start().await;
    let sleeper = grant(&world, "sleep", Limits { wall_time: Duration::from_secs(3), ..Limits::default() });
    let sleepers: Vec<_> = (0..2)
        .map(|_| {
            let (plugin, grant) = (world.plugin.clone(), sleeper.clone());
            tokio::spawn(async move { plugin.execute_action(&grant, "hubspot", "sleep", &json!({})).await })
        })
        .collect();
    // Not before both have their turn.
    let hasty =
        grant(&world, "succeed", Limits { wall_time: Duration::from_millis(200), ..Limits::default() });
    let error = loop {
        if let Err(error) = world.play_under(&hasty, "succeed", json!({})).await {
            break error;
        }
    };
    assert!(
        matches!(error, Error::Limit { exceeded: Exceeded::TenantCalls(2), sent: Sent::No }),
        "{error:?}"
    );
    assert_eq!((error.actor(), error.is_retryable()), (Actor::Operator, true));
    world.neighbour_is_well().await;
    for sleeper in sleepers {
        let ended = sleeper.await.expect("no panic");
        assert!(matches!(ended, Err(Error::Limit { exceeded: Exceeded::WallTime(_), .. })), "{ended:?}");
    }
    world.play("succeed", json!({})).await.expect("its turn comes");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_spends_the_rate_of_another() {
    let rate = Rate { per_second: 1, burst: 2 };
    let world = World::builder().host_limits(|l| l.account_rate = Some(rate)).start().await;
    let limits = Limits { wall_time: Duration::from_millis(500), ..Limits::default() };
    let options = json!({ "times": 3, "request": tricks::read() });
    let ended = world.play_under(&grant(&world, "request_often", limits), "request_often", options).await;
    let error = ended.expect_err("the third would leave too late");
    assert!(
        matches!(error, Error::Limit { exceeded: Exceeded::AccountRate(its), .. } if its == rate),
        "{error:?}"
    );
    assert_eq!(error.actor(), Actor::Operator);
    assert_eq!(world.sandbox.executions().len(), 2);
    world.neighbour_is_well().await;
}

/// Loads the hostile plugin with core modules of our own appended.
async fn load(world: &World, modules: &[(&str, usize)]) -> Result<Plugin, LoadError> {
    world.host.load(hog::with_modules(TRICKS, modules)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn greedy_components_leave_room_for_a_neighbour() {
    let world =
        World::builder().host_limits(|l| (l.concurrent_calls, l.concurrent_calls_per_tenant) = (4, 3));
    let world = world.start().await;
    // As many memories, tables and instances as it may have.
    let greedy =
        load(&world, &[("(module (memory 1))", 2), ("(module (table 1 funcref))", 10), ("(module)", 40)]);
    let greedy = greedy.await.expect("it loads");
    let limits = Limits { wall_time: Duration::from_secs(3), ..Limits::default() };
    let sleepers: Vec<_> = (0..3)
        .map(|_| {
            let (plugin, grant) = (greedy.clone(), grant(&world, "sleep_after_sending", limits.clone()));
            let options = json!({ "requests": [tricks::write()] });
            tokio::spawn(async move {
                plugin.execute_action(&grant, "hubspot", "sleep_after_sending", &options).await
            })
        })
        .collect();
    world.sandbox.executed(3).await;
    for _ in 0..5 {
        world.neighbour_is_well().await;
    }
    for sleeper in sleepers {
        let ended = sleeper.await.expect("no panic");
        assert!(matches!(ended, Err(Error::Limit { exceeded: Exceeded::WallTime(_), .. })), "{ended:?}");
    }
}
