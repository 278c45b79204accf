//! Invariant 7: every resource that a guest can use up has a bound. Passing it ends that call with a typed
//! error, and no other call notices.

use std::{sync::Arc, time::Duration};

use actionbox_host::{
    ActionHost, Actor, Effect, Error, Exceeded, Grant, HostLimits, Limits, LoadError, Plugin, Rate, Sent,
};
use actionbox_sandbox::{Fault, Response, Sandbox, StatusCode};
use actionbox_tests::{
    hog, played_by,
    tricks::{self, SEND, TRICKS},
    world::{ACCOUNT, World},
};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

played_by!(
    allocate => passing_a_limit_ends_that_call_alone,
    ask_random => passing_a_limit_ends_that_call_alone,
    build_headers => passing_a_limit_ends_that_call_alone,
    hoard_bodies => the_bodies_that_a_guest_never_sends_are_bounded,
    hoard_handles => passing_a_limit_ends_that_call_alone,
    print => passing_a_limit_ends_that_call_alone,
    recurse => passing_a_limit_ends_that_call_alone,
    request_at_once => the_requests_on_their_way_at_once_are_bounded,
    request_often => passing_a_limit_ends_that_call_alone,
    return_much => passing_a_limit_ends_that_call_alone,
    sleep => passing_a_limit_ends_that_call_alone,
    spin => passing_a_limit_ends_that_call_alone,
    upload => passing_a_limit_ends_that_call_alone,
);

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

/// Plays a trick while a neighbour makes one honest call after the other, and returns how it ended.
async fn beside_a_neighbour(
    world: &World,
    plugin: &Plugin,
    grant: Grant,
    trick: &'static str,
    options: Value,
) -> Result<Value, Error> {
    let plugin = plugin.clone();
    let attack = tokio::spawn(async move {
        let outcome = plugin.execute_action(&grant, "hubspot", trick, &options).await?;
        Ok(outcome.into_result().expect("tricks never fail in the app").data)
    });
    world.neighbour_is_well().await;
    while !attack.is_finished() {
        world.neighbour_is_well().await;
    }
    attack.await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_a_limit_ends_that_call_alone() {
    let world = World::start().await;
    // Only the attacker asks for these.
    world.sandbox.inject(Fault::json_body(StatusCode::OK, "x".repeat(9_000)).on_path("/get_large").always());
    world.sandbox.inject(Fault::endless_body().on_path("/get_endless").always());
    let at = |action: &str| json!({ "path": format!("/api/v2/integration-schema/hubspot/actions/{action}") });
    let many = |request: Value| json!({ "request": request });
    let nothing = || json!({});
    type Row = (&'static str, &'static str, Value, Exceeded, &'static str);
    let table: Vec<Row> = vec![
        ("memory", "allocate", nothing(), Exceeded::Memory(8 << 20), "memory_bytes"),
        ("time of the processor", "spin", nothing(), Exceeded::CpuTime(tight().cpu_time), "cpu_time"),
        ("stack", "recurse", nothing(), Exceeded::Stack(HostLimits::default().stack_bytes), "stack_bytes"),
        ("handles", "hoard_handles", nothing(), Exceeded::Handles(100), "handles"),
        ("headers", "build_headers", nothing(), Exceeded::HeaderBytes(4_000), "header_bytes"),
        ("output", "print", nothing(), Exceeded::OutputBytes(1_000), "output_bytes"),
        (
            "random bytes",
            "ask_random",
            json!({ "bytes": 1_001 }),
            Exceeded::RandomBytes(1_000),
            "random_bytes",
        ),
        (
            "random bytes, all",
            "ask_random",
            json!({ "bytes": u64::MAX }),
            Exceeded::RandomBytes(1_000),
            "random_bytes",
        ),
        ("requests", "request_often", many(tricks::read()), Exceeded::Requests(5), "requests"),
        (
            "refused requests",
            "request_often",
            many(json!({ "authority": "evil.example" })),
            Exceeded::Requests(5),
            "requests",
        ),
        (
            "requests at once",
            "request_at_once",
            json!({ "times": 6, "request": tricks::read() }),
            Exceeded::Requests(5),
            "requests",
        ),
        (
            "a body without end",
            "upload",
            json!({ "length": 1u64 << 40 }),
            Exceeded::RequestBytes(10_000),
            "request_bytes",
        ),
        ("a body of no length", "upload", nothing(), Exceeded::RequestBytes(10_000), "request_bytes"),
        (
            "bodies together",
            "request_often",
            many(tricks::execute("create_contact", json!({ "email": "x".repeat(3_000) }))),
            Exceeded::RequestBytes(10_000),
            "request_bytes",
        ),
        ("an answer without end", SEND, at("get_endless"), Exceeded::ResponseBytes(20_000), "response_bytes"),
        (
            "answers together",
            "request_often",
            many(at("get_large")),
            Exceeded::ResponseBytes(20_000),
            "response_bytes",
        ),
        (
            "answers at once",
            "request_at_once",
            json!({ "times": 5, "request": at("get_large") }),
            Exceeded::ResponseBytes(20_000),
            "response_bytes",
        ),
        (
            "a large result",
            "return_much",
            json!({ "bytes": 200_000 }),
            Exceeded::ResultBytes(100_000),
            "result_bytes",
        ),
        (
            "a result of many values",
            "return_no_json",
            json!({ "text": format!("[{}0]", "0,".repeat(200)) }),
            Exceeded::ResultValues(100),
            "result_values",
        ),
    ];
    for (what, trick, options, expected, name) in table {
        let before = world.audit.calls().len();
        let ended =
            beside_a_neighbour(&world, &world.plugin, grant(&world, trick, tight()), trick, options).await;
        let error = ended.expect_err(what);
        let Error::Limit { exceeded, .. } = &error else { panic!("{what}: {error:?}") };
        assert_eq!(*exceeded, expected, "{what}");
        assert!(error.to_string().contains(name), "{what}: it names the limit: {error}");
        assert_eq!((error.actor(), error.is_retryable()), (Actor::PluginAuthor, false), "{what}");
        let calls = world.audit.calls().into_iter().skip(before);
        let ours: Vec<_> =
            calls.filter(|call| call.action.as_deref() == Some(trick) && call.tenant == ACCOUNT).collect();
        assert_eq!(ours.len(), 1, "{what}");
        assert!(ours[0].result.contains(name), "{what}: {}", ours[0].result);
    }
    // Waiting inside the host is no way to live for ever.
    let limits = Limits { wall_time: Duration::from_millis(400), ..tight() };
    let ended =
        beside_a_neighbour(&world, &world.plugin, grant(&world, "sleep", limits.clone()), "sleep", json!({}))
            .await;
    let Err(Error::Limit { exceeded, sent: Sent::No }) = ended else { panic!("{ended:?}") };
    assert_eq!(exceeded, Exceeded::WallTime(limits.wall_time));
    world.neighbour_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_and_a_description_have_the_same_bounds() {
    let world = World::start().await;
    let base = world.grant(ACCOUNT).limits(tight()).allow_reads("hubspot");
    let grant =
        ["spin", "allocate", "recurse"].into_iter().fold(base, |grant, trick| grant.allow_reads(trick));
    let grant = grant.build().expect("a grant");
    for trick in ["spin", "allocate", "recurse"] {
        for ended in [
            world.plugin.list_actions(&grant, trick).await.map(drop),
            world.plugin.describe_action(&grant, "hubspot", trick).await.map(drop),
        ] {
            assert!(matches!(ended, Err(Error::Limit { sent: Sent::No, .. })), "{trick}: {ended:?}");
        }
    }
    world.neighbour_is_well().await;
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
async fn the_bodies_that_a_guest_never_sends_are_bounded() {
    const TIMES: u64 = 300;
    let world = World::start().await;
    let taken = world.play("hoard_bodies", json!({ "times": TIMES })).await.expect("a count");
    let taken = taken.as_u64().expect("a count");
    assert!(taken > 0, "a body takes something");
    assert!(taken <= TIMES * (64 << 10), "{taken} bytes are held by the host for {TIMES} bodies");
    world.assert_untouched();
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
async fn what_a_component_takes_as_a_whole_is_bounded() {
    let world = World::start().await;
    let spin = "(module (func $spin (loop (br 0))) (start $spin))";
    let trap = "(module (func $trap unreachable) (start $trap))";
    let grow =
        "(module (memory 1) (func $grow (loop (drop (memory.grow (i32.const 16))) (br 0))) (start $grow))";
    let pages = "(module (memory 40))";
    let limits = || Limits { instances: 20, table_elements: 10_000, ..tight() };
    type Row<'a> = (&'a str, &'a [(&'a str, usize)], Option<Exceeded>);
    let table: [Row; 6] = [
        ("memories, each small enough", &[(pages, 3)], Some(Exceeded::Memory(8 << 20))),
        ("a memory that grows before the call", &[(grow, 1)], Some(Exceeded::Memory(8 << 20))),
        (
            "tables, each small enough",
            &[("(module (table 6000 funcref))", 2)],
            Some(Exceeded::TableElements(10_000)),
        ),
        ("instances", &[("(module)", 30)], Some(Exceeded::Instances(20))),
        ("a start function without end", &[(spin, 1)], Some(Exceeded::CpuTime(tight().cpu_time))),
        ("a start function that traps", &[(trap, 1)], None),
    ];
    for (what, modules, expected) in table {
        let plugin = load(&world, modules).await.expect(what);
        let ended =
            beside_a_neighbour(&world, &plugin, grant(&world, "succeed", limits()), "succeed", json!({}))
                .await;
        match (ended, expected) {
            (Err(Error::Limit { exceeded, sent: Sent::No }), Some(expected)) => {
                assert_eq!(exceeded, expected, "{what}")
            }
            (Err(Error::Trapped { sent: Sent::No, .. }), None) => {}
            (ended, _) => panic!("{what}: {ended:?}"),
        }
    }
    let one = load(&world, &[("(module (memory 1) (table 10 funcref))", 1)]).await.expect("a little more");
    let ended =
        one.execute_action(&grant(&world, "succeed", limits()), "hubspot", "succeed", &json!({})).await;
    drop(ended.expect("a little more is allowed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_too_much_is_refused_when_it_is_loaded() {
    let world = World::start().await;
    for (what, modules) in [
        ("memories", [("(module (memory 1))", 20)]),
        ("tables", [("(module (table 1 funcref))", 50)]),
        ("instances", [("(module)", 2_000)]),
        ("a memory of 4 GiB", [("(module (memory 65536))", 1)]),
        ("a table of all elements", [("(module (table 4294967295 funcref))", 1)]),
        ("a memory of 64 bits", [("(module (memory i64 1000000000))", 1)]),
    ] {
        let error = load(&world, &modules).await.map(drop).expect_err(what);
        assert!(matches!(error, LoadError::Invalid { .. }), "{what}: {error:?}");
    }
    world.neighbour_is_well().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_too_much_work_to_compile_is_refused() {
    let limits = HostLimits {
        functions: 10_000,
        function_bytes: 1 << 20,
        concurrent_calls: 1,
        ..HostLimits::default()
    };
    let host = ActionHost::builder().host_limits(limits).build().expect("a host");
    let many = format!("(module {})", "(func)".repeat(10_000));
    let large = format!("(module (func {}))", "(nop)".repeat(2 << 20));
    for (what, module) in [("functions", many), ("function_bytes", large)] {
        let error = host.load(hog::with_modules(TRICKS, &[(&module, 1)])).await.map(drop).expect_err(what);
        assert!(
            matches!(&error, LoadError::TooMuchWork { what: told, .. } if *told == what),
            "{what}: {error:?}"
        );
    }
}
