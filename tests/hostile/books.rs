//! The plugin tries to escape the books: it ends, or ceases to listen, at the worst moment, and lies about
//! what it did.

use std::time::Duration;

use actionbox_host::{AuditEvent, Effect, Limits, Sent};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    attacks, played_by,
    scoreboard::{BUSY, Case, Hole},
    tricks::{self, SEND},
    world::ACCOUNT,
};
use serde_json::{Value, json};

use crate::cell::Cell;

attacks! {
    "Escaping the books":
        "The plugin drops what it sent, traps, exits, sleeps, loses patience, breaks off, floods, and says afterwards \
         that nothing was. Whatever it does, a write is sent once at most, each request and each call leaves one \
         event, and errors and events say of it what the server saw.",
    cases,
    play,
    nothing_escapes_the_books on BUSY,
}

played_by!(
    drop_after_sending => nothing_escapes_the_books,
    drop_before_the_body_ends => nothing_escapes_the_books,
    exit_early => nothing_escapes_the_books,
    lose_patience => nothing_escapes_the_books,
    say_after_sending => nothing_escapes_the_books,
    send_in_turn => nothing_escapes_the_books,
    sleep_after_sending => nothing_escapes_the_books,
    succeed => nothing_escapes_the_books,
    trap_after_sending => nothing_escapes_the_books,
);

const DEADLINE: [Hole; 1] = [Hole {
    what: "Extism before #717: HTTP requests of a plugin go on beyond its time limit",
    url: "https://github.com/extism/extism/pull/717",
}];

/// What the plugin does, and what the upstream does meanwhile.
struct Escape {
    trick: &'static str,
    options: Value,
    limits: Limits,
    fault: Option<fn() -> Fault>,
    /// How the event of the call begins.
    result: &'static str,
    /// What is known of the request that matters, unless that is a race.
    sent: Option<Sent>,
    /// How many events of requests there are.
    requests: usize,
}

fn limits() -> Limits {
    Limits {
        memory_bytes: 8 << 20,
        // A busy machine takes its time.
        cpu_time: Duration::from_secs(10),
        wall_time: Duration::from_secs(20),
        requests: 3,
        ..Limits::default()
    }
}

fn quick() -> Limits {
    Limits { cpu_time: Duration::from_millis(200), ..limits() }
}

fn brief() -> Limits {
    Limits { wall_time: Duration::from_secs(2), ..limits() }
}

fn cases() -> Vec<Case<Escape>> {
    let mut all = Vec::new();
    let one = |request: Value| json!({ "requests": [request] });
    type Row<'a> = (&'a str, &'static str, Value, Limits, (&'static str, Option<Sent>, usize));
    let table: Vec<Row<'_>> = vec![
        ("a write", SEND, tricks::write(), limits(), ("ok", Some(Sent::Yes), 1)),
        ("no request at all", "succeed", json!({}), limits(), ("ok", Some(Sent::No), 0)),
        (
            "three requests",
            "send_in_turn",
            json!({ "requests": [tricks::read(), tricks::write(), tricks::list("hubspot")] }),
            limits(),
            ("ok", Some(Sent::Yes), 3),
        ),
        (
            "a refused request",
            SEND,
            json!({ "authority": "evil.example" }),
            limits(),
            ("ok", Some(Sent::No), 1),
        ),
        (
            "a refused body",
            SEND,
            tricks::execute("create_contact", json!([])),
            limits(),
            ("ok", Some(Sent::No), 1),
        ),
        ("a panic", "panic_on_purpose", json!({}), limits(), ("the plugin crashed", Some(Sent::No), 0)),
        ("an exit", "exit_early", json!({}), limits(), ("the plugin crashed", Some(Sent::No), 0)),
        (
            "no JSON",
            "return_no_json",
            json!({}),
            limits(),
            ("the plugin broke the contract", Some(Sent::No), 0),
        ),
        (
            "no processor",
            "spin",
            json!({}),
            quick(),
            ("the call passed the limit cpu_time", Some(Sent::No), 0),
        ),
        ("no time", "sleep", json!({}), brief(), ("the call passed the limit wall_time", Some(Sent::No), 0)),
        (
            "no time after a write",
            "sleep_after_sending",
            one(tricks::write()),
            brief(),
            ("the call passed the limit wall_time", Some(Sent::Yes), 1),
        ),
        (
            "no time after a read",
            "sleep_after_sending",
            one(tricks::read()),
            brief(),
            ("the call passed the limit wall_time", Some(Sent::Yes), 1),
        ),
        (
            "no stack",
            "recurse",
            json!({}),
            limits(),
            ("the call passed the limit stack_bytes", Some(Sent::No), 0),
        ),
        (
            "no memory",
            "allocate",
            json!({}),
            limits(),
            ("the call passed the limit memory_bytes", Some(Sent::No), 0),
        ),
        (
            "a body that never ends",
            "drop_before_the_body_ends",
            json!({}),
            limits(),
            ("ok", Some(Sent::No), 1),
        ),
        (
            "twenty thousand requests beyond the limit",
            "request_often",
            json!({ "times": 20_000, "request": { "authority": "evil.example" } }),
            limits(),
            ("the call passed the limit requests", Some(Sent::No), 4),
        ),
    ];
    for (what, trick, options, limits, (result, sent, requests)) in table {
        all.push(Case::new(what, Escape { trick, options, limits, fault: None, result, sent, requests }));
    }

    for (say, result) in [
        ("unknown-app", "unknown app"),
        ("unknown-action", "unknown action"),
        ("invalid-parameters", "invalid parameters"),
        ("reauthorization-required", "reauthorization required"),
        ("denied", "denied"),
        ("throttled", "throttled"),
        ("upstream", "upstream failure"),
        ("other", "the plugin failed"),
    ] {
        for (after, requests, sent) in [
            ("a write", vec![tricks::write()], Sent::Yes),
            ("a read", vec![tricks::read()], Sent::Yes),
            ("a write and a read", vec![tricks::write(), tricks::read()], Sent::Yes),
            ("a read and a write", vec![tricks::read(), tricks::write()], Sent::Yes),
            ("nothing", vec![], Sent::No),
        ] {
            let count = requests.len();
            let options = json!({ "requests": requests, "say": say });
            let escape = Escape {
                trick: "say_after_sending",
                options,
                limits: limits(),
                fault: None,
                result,
                sent: Some(sent),
                requests: count,
            };
            all.push(Case::new(format!("saying {say} after {after}"), escape));
        }
    }

    type Meeting = (&'static str, fn() -> Fault);
    let faults: [Meeting; 7] = [
        ("an answer", || Fault::latency(Duration::ZERO)),
        ("a late answer", || Fault::latency(Duration::from_millis(50))),
        ("a reset after it ran", || Fault::reset().after_execute()),
        ("a reset", Fault::reset),
        ("half an answer after it ran", || Fault::truncated_body().after_execute()),
        ("a failure after it ran", || Fault::status(StatusCode::BAD_GATEWAY).after_execute()),
        ("an echo after it ran", || Fault::echo_headers().after_execute()),
    ];
    for (trick, what, limits, result) in [
        ("drop_after_sending", "dropping", limits as fn() -> Limits, "ok"),
        ("trap_after_sending", "trapping after", limits, "the plugin crashed"),
        ("sleep_after_sending", "sleeping after", brief, "the call passed the limit wall_time"),
    ] {
        for (meets, fault) in faults {
            let escape = Escape {
                trick,
                options: one(tricks::write()),
                limits: limits(),
                fault: Some(fault),
                result,
                sent: None,
                requests: 1,
            };
            all.push(Case::new(format!("{what} a write that meets {meets}"), escape).catches(&DEADLINE));
        }
        let options = json!({ "requests": [tricks::write(), tricks::read(), tricks::list("hubspot")] });
        let escape =
            Escape { trick, options, limits: limits(), fault: None, result, sent: None, requests: 3 };
        all.push(Case::new(format!("{what} three requests"), escape));
    }
    for (what, request) in [("a write", tricks::write()), ("a read", tricks::read())] {
        for (meets, fault) in faults {
            let escape = Escape {
                trick: "lose_patience",
                options: one(request.clone()),
                limits: limits(),
                fault: Some(fault),
                result: "ok",
                sent: None,
                requests: 1,
            };
            all.push(Case::new(format!("losing patience with {what} that meets {meets}"), escape));
        }
    }
    for (what, say, fault, result, sent) in [
        (
            "a throttled write that is called another thing",
            "other",
            (|| Fault::throttled("1").on_path("create_contact")) as fn() -> Fault,
            "the plugin failed",
            Sent::No,
        ),
        (
            "a throttled write",
            "throttled",
            || Fault::throttled("1").on_path("create_contact"),
            "throttled",
            Sent::No,
        ),
        (
            "a write that failed and is called throttled",
            "throttled",
            || Fault::status(StatusCode::BAD_GATEWAY).on_path("create_contact").after_execute(),
            "throttled",
            Sent::Yes,
        ),
        (
            "a write that was lost and is called denied",
            "denied",
            || Fault::reset().on_path("create_contact").after_execute(),
            "the upstream gave no answer",
            Sent::Unknown,
        ),
        (
            "a write that was lost and is called throttled",
            "throttled",
            || Fault::reset().on_path("create_contact").after_execute(),
            "throttled",
            Sent::Unknown,
        ),
    ] {
        let options = json!({ "requests": [tricks::read(), tricks::write()], "say": say });
        let escape = Escape {
            trick: "say_after_sending",
            options,
            limits: limits(),
            fault: Some(fault),
            result,
            sent: Some(sent),
            requests: 2,
        };
        all.push(Case::new(what, escape));
    }
    all
}

async fn play(name: String, escape: Escape) {
    let cell = Cell::builder(&name).await.limits(escape.limits).build().await;
    if let Some(fault) = escape.fault {
        cell.sandbox.inject(fault());
    }
    let ended = cell.play(escape.trick, escape.options).await;

    let events = cell.traces.events();
    let Some((AuditEvent::Call(call), requests)) = events.split_last() else { panic!("{events:#?}") };
    assert!(call.result.starts_with(escape.result), "{}", call.result);
    assert_eq!(requests.len(), escape.requests, "{requests:#?}");
    assert_eq!((call.tenant.as_str(), call.effect), (name.as_str(), Some(Effect::Write)));
    assert_eq!(call.action.as_deref(), Some(escape.trick));
    assert_eq!(call.plugin, cell.prison.world.plugin.digest());
    let mut told = Vec::new();
    for (number, event) in requests.iter().enumerate() {
        let AuditEvent::Request(event) = event else { panic!("{event:?}") };
        assert_eq!((event.call, event.tenant.as_str()), (call.call, name.as_str()));
        assert!((1..=requests.len()).contains(&event.request), "{number}: {event:?}");
        told.push(event);
    }

    // What the books say is what the server saw.
    let writes = cell.received().iter().filter(|request| request.target.contains("create_contact")).count();
    let ran: Vec<_> = cell.sandbox.executions();
    let ran =
        ran.iter().filter(|execution| execution.action == "create_contact" && execution.account == ACCOUNT);
    let ran = ran.count();
    let written: Vec<_> = told.iter().filter(|event| event.target.ends_with("create_contact")).collect();
    assert!(
        writes <= written.len() && ran <= writes,
        "{writes} writes arrived and {ran} ran, of {written:#?}"
    );
    for event in &written {
        assert!(event.attempts <= 1, "a write is tried once: {event:?}");
        match event.sent {
            Sent::No => assert_eq!(ran, 0, "{event:?}"),
            Sent::Yes => assert_eq!(writes, 1, "{event:?}"),
            Sent::Unknown => assert_eq!(event.attempts, 1, "{event:?}"),
        }
        assert_eq!(call.sent, event.sent, "the write is what matters");
    }
    if let Some(sent) = escape.sent {
        assert_eq!(call.sent, sent);
    }
    if let Err(error) = &ended {
        assert_eq!(error.sent(), call.sent, "{error:?}");
        assert!(!error.is_retryable() || call.sent == Sent::No, "{error:?}");
    }
}
