//! The plugin uses up whatever there is.

use std::time::Duration;

use actionbox_host::{Actor, Error, Exceeded, HostLimits, Limits};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    attacks,
    bare::Bare,
    hog, played_by,
    scoreboard::{BUSY, Case, Hole},
    tricks::{self, SEND},
};
use serde_json::{Value, json};

use crate::cell::Cell;

attacks! {
    "Exhaustion":
        "The plugin computes, waits, grows, recurses, prints, asks, sends and returns without end, in each of its entry \
         points. The call ends with an error that names the bound and its value, and leaves one event; a neighbour \
         that makes one call after the other meanwhile gets its data every time.",
    cases,
    play,
    whatever_is_used_up_ends_that_call_alone on BUSY,
}

played_by!(
    allocate => whatever_is_used_up_ends_that_call_alone,
    allocate_small => whatever_is_used_up_ends_that_call_alone,
    ask_insecure_random => whatever_is_used_up_ends_that_call_alone,
    ask_random => whatever_is_used_up_ends_that_call_alone,
    build_headers => whatever_is_used_up_ends_that_call_alone,
    build_headers_at_once => whatever_is_used_up_ends_that_call_alone,
    call_the_host => whatever_is_used_up_ends_that_call_alone,
    copy_headers => whatever_is_used_up_ends_that_call_alone,
    doze => whatever_is_used_up_ends_that_call_alone,
    fail_at_length => whatever_is_used_up_ends_that_call_alone,
    hoard_bodies => whatever_is_used_up_ends_that_call_alone,
    hoard_handles => whatever_is_used_up_ends_that_call_alone,
    hoard_targets => whatever_is_used_up_ends_that_call_alone,
    poll_many => whatever_is_used_up_ends_that_call_alone,
    print => whatever_is_used_up_ends_that_call_alone,
    print_raw => whatever_is_used_up_ends_that_call_alone,
    recurse => whatever_is_used_up_ends_that_call_alone,
    request_at_once => whatever_is_used_up_ends_that_call_alone,
    request_often => whatever_is_used_up_ends_that_call_alone,
    return_much => whatever_is_used_up_ends_that_call_alone,
    sleep => whatever_is_used_up_ends_that_call_alone,
    spin => whatever_is_used_up_ends_that_call_alone,
    upload => whatever_is_used_up_ends_that_call_alone,
);

const UNBOUNDED: [Hole; 2] = [
    Hole {
        what: "Traverse, #584: WASM guests run without a bound on time and memory",
        url: "https://github.com/traverse-framework/traverse/issues/584",
    },
    Hole {
        what: "cxpak, #42: tables of WASM plugins grow without a bound, fuel is off",
        url: "https://github.com/Barnett-Studios/cxpak/issues/42",
    },
];

const EPOCHS_ALONE: [Hole; 3] = [
    Hole {
        what: "eryx before #73: the time limit does not end a guest that sleeps inside the host",
        url: "https://github.com/eryx-org/eryx/pull/73",
    },
    Hole {
        what: "Extism before #717: HTTP requests of a plugin go on beyond its time limit",
        url: "https://github.com/extism/extism/pull/717",
    },
    Hole {
        what: "Astrid, #633: epochs are on and never advance, so that no plugin is ended",
        url: "https://github.com/astrid-runtime/astrid/issues/633",
    },
];

const WASI: [Hole; 1] = [Hole {
    what: "wasmtime before 36.0.6 and 40.0.4: WASI's host side is exhausted by its guests (CVE-2026-27204)",
    url: "https://github.com/bytecodealliance/wasmtime/security/advisories/GHSA-852m-cvvp-9p4w",
}];

const FIELDS: [Hole; 1] = [Hole {
    what: "wasmtime before 36.0.6 and 40.0.4: too many header fields end the host (CVE-2026-27572)",
    url: "https://github.com/bytecodealliance/wasmtime/security/advisories/GHSA-243v-98vx-264h",
}];

/// What is used up.
enum Greed {
    /// A trick of the hostile plugin, and the bound that ends it.
    Trick(&'static str, Value, Exceeded),
    /// The same while it lists or describes.
    Discovering(&'static str, bool, Exceeded),
    /// A plugin of one core module.
    Bare(Box<Bare<'static>>, Operation, End),
    /// An honest plugin with core modules beside it.
    Hog(&'static [(&'static str, usize)], End),
    /// What is held by the host for a guest is no more than this many bytes.
    Held(&'static str, Value, u64),
}

#[derive(Clone, Copy)]
enum Operation {
    List,
    Describe,
    Execute,
}

#[derive(Clone, Copy)]
enum End {
    Exceeded(Exceeded),
    Trapped,
}

const MEMORY: usize = 8 << 20;
const CPU_TIME: Duration = Duration::from_millis(200);
const WALL_TIME: Duration = Duration::from_millis(600);
const LONG: Duration = Duration::from_secs(20);

/// Limits that end an attack soon, and well above what an honest request takes. Of time there is little only
/// where it is what is used up: a busy machine takes its time.
fn tight(end: End) -> Limits {
    let (cpu_time, wall_time) = match end {
        End::Exceeded(Exceeded::CpuTime(time)) => (time, LONG),
        End::Exceeded(Exceeded::WallTime(time)) => (LONG, time),
        _ => (LONG, LONG),
    };
    Limits {
        memory_bytes: MEMORY,
        handles: 100,
        instances: 20,
        table_elements: 10_000,
        cpu_time,
        wall_time,
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

/// A small result that is made of very much: a thousand actions, each with the same megabyte of text.
const SAME_TEXT: &str = "
    (local.set $at (i32.const 1048576))
    (loop $next
        (i32.store (local.get $at) (i32.const 8192))
        (i32.store offset=4 (local.get $at) (i32.const 1000000))
        (local.set $at (i32.add (local.get $at) (i32.const 40)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 1088576))))
    (i32.store offset=8 (i32.const 256) (i32.const 1048576))
    (i32.store offset=12 (i32.const 256) (i32.const 1000))
    (i32.const 256)";

/// The address of a list of a hundred thousand empty things.
const VERY_MANY: &str = "
    (i32.store offset=8 (i32.const 256) (i32.const 65536))
    (i32.store offset=12 (i32.const 256) (i32.const 100000))
    (i32.const 256)";

fn cases() -> Vec<Case<Greed>> {
    let mut all = Vec::new();
    let many = |request: Value| json!({ "request": request });
    let at = |action: &str| json!({ "path": format!("/api/v2/integration-schema/hubspot/actions/{action}") });
    let nothing = || json!({});
    let (memory, cpu) = (Exceeded::Memory(MEMORY), Exceeded::CpuTime(CPU_TIME));
    let stack = Exceeded::Stack(HostLimits::default().stack_bytes);
    let (wall, requests) = (Exceeded::WallTime(WALL_TIME), Exceeded::Requests(5));
    let (handles, headers) = (Exceeded::Handles(100), Exceeded::HeaderBytes(4_000));
    let (output, random) = (Exceeded::OutputBytes(1_000), Exceeded::RandomBytes(1_000));
    let (up, down) = (Exceeded::RequestBytes(10_000), Exceeded::ResponseBytes(20_000));
    let (result, values) = (Exceeded::ResultBytes(100_000), Exceeded::ResultValues(100));
    let large = tricks::execute("create_contact", json!({ "email": "x".repeat(3_000) }));
    let evil = json!({ "authority": "evil.example" });

    type Row<'a> = (&'a str, &'static str, Value, Exceeded, &'static [Hole]);
    let table: Vec<Row<'_>> = vec![
        ("the processor", "spin", nothing(), cpu, &UNBOUNDED),
        ("the processor, by calls to the clock", "call_the_host", json!({ "what": "clock" }), cpu, &[]),
        (
            "the processor, by random bytes one at a time",
            "call_the_host",
            json!({ "what": "random" }),
            cpu,
            &[],
        ),
        (
            "the processor, by handles taken and given back",
            "call_the_host",
            json!({ "what": "handles" }),
            cpu,
            &[],
        ),
        ("the processor, by polls", "call_the_host", json!({ "what": "polls" }), cpu, &[]),
        (
            "the processor, by requests that it never sends",
            "call_the_host",
            json!({ "what": "requests" }),
            cpu,
            &[],
        ),
        (
            "the processor, by reading its environment",
            "call_the_host",
            json!({ "what": "environment" }),
            cpu,
            &[],
        ),
        ("time, asleep", "sleep", nothing(), wall, &EPOCHS_ALONE),
        ("time, asleep a moment at a time", "doze", nothing(), wall, &EPOCHS_ALONE),
        ("memory, in large pieces", "allocate", nothing(), memory, &UNBOUNDED),
        ("memory, in small pieces", "allocate_small", nothing(), memory, &UNBOUNDED),
        ("stack", "recurse", nothing(), stack, &[]),
        ("handles", "hoard_handles", nothing(), handles, &WASI),
        ("handles, by copies of headers", "copy_headers", nothing(), handles, &WASI),
        (
            "a list of a hundred thousand things to wait for",
            "poll_many",
            json!({ "count": 100_000 }),
            result,
            &WASI,
        ),
        ("headers, one by one", "build_headers", nothing(), headers, &FIELDS),
        ("headers, 1,000 at once", "build_headers_at_once", json!({ "count": 1_000 }), headers, &FIELDS),
        ("output", "print", nothing(), output, &[]),
        ("output without an end of a line", "print_raw", json!({ "text": "x".repeat(100) }), output, &[]),
        ("output of ends of lines", "print_raw", json!({ "text": "\n" }), output, &[]),
        ("output that is no text", "print_raw", json!({ "text": "\0".repeat(100) }), output, &[]),
        ("random bytes", "ask_random", json!({ "bytes": 1_001 }), random, &WASI),
        ("random bytes, a gigabyte", "ask_random", json!({ "bytes": 1 << 30 }), random, &WASI),
        ("random bytes, all there are", "ask_random", json!({ "bytes": u64::MAX }), random, &WASI),
        (
            "random bytes that need not be good",
            "ask_insecure_random",
            json!({ "bytes": 1_001 }),
            random,
            &WASI,
        ),
        (
            "random bytes that need not be good, all",
            "ask_insecure_random",
            json!({ "bytes": u64::MAX }),
            random,
            &WASI,
        ),
        ("requests", "request_often", many(tricks::read()), requests, &[]),
        ("requests that are refused", "request_often", many(evil.clone()), requests, &[]),
        (
            "requests whose body is refused",
            "request_often",
            many(tricks::execute("get_contact", json!([]))),
            requests,
            &[],
        ),
        (
            "requests at once",
            "request_at_once",
            json!({ "times": 6, "request": tricks::read() }),
            requests,
            &[],
        ),
        (
            "requests at once that are refused",
            "request_at_once",
            json!({ "times": 6, "request": evil }),
            requests,
            &[],
        ),
        ("a body without end", "upload", json!({ "length": 1u64 << 40 }), up, &[]),
        ("a body of no length", "upload", nothing(), up, &[]),
        ("bodies together", "request_often", many(large.clone()), up, &[]),
        ("bodies at once", "request_at_once", json!({ "times": 5, "request": large }), up, &[]),
        ("an answer without end", SEND, at("get_endless"), down, &[]),
        ("answers together", "request_often", many(at("get_large")), down, &[]),
        ("answers at once", "request_at_once", json!({ "times": 5, "request": at("get_large") }), down, &[]),
        ("a large result", "return_much", json!({ "bytes": 200_000 }), result, &WASI),
        (
            "a result of many values",
            "return_no_json",
            json!({ "text": format!("[{}0]", "0,".repeat(200)) }),
            values,
            &[],
        ),
        (
            "a result of many keys",
            "return_no_json",
            json!({ "text": format!("{{{}\"\":0}}", "\"\":0,".repeat(60)) }),
            values,
            &[],
        ),
        ("a result of great depth", "return_no_json", json!({ "text": "[".repeat(50_000) }), values, &[]),
        ("a large error", "fail_at_length", json!({ "bytes": 200_000 }), result, &WASI),
    ];
    for (what, trick, options, bound, holes) in table {
        all.push(Case::new(what, Greed::Trick(trick, options, bound)).catches(holes));
    }
    for (trick, bound) in [
        ("spin", cpu),
        ("allocate", memory),
        ("recurse", stack),
        ("print", output),
        ("hoard_handles", handles),
    ] {
        for (while_it, describes) in [("lists", false), ("describes", true)] {
            let greed = Greed::Discovering(trick, describes, bound);
            all.push(Case::new(format!("{trick} while it {while_it}"), greed));
        }
    }

    let spin = "(loop (br 0)) (unreachable)";
    let recurse = "(call $deeper) (unreachable)";
    let grow = "(loop (drop (memory.grow (i32.const 16))) (br 0)) (unreachable)";
    let fill = "(loop (drop (table.grow $table (ref.null func) (i32.const 100))) (br 0)) (unreachable)";
    let copy = "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0)) (unreachable)";
    let tables = Exceeded::TableElements(10_000);
    for (deed, body, end) in [
        ("computes without end", spin, End::Exceeded(cpu)),
        ("recurses without end", recurse, End::Exceeded(stack)),
        ("grows without end", grow, End::Exceeded(memory)),
        ("grows a table without end", fill, End::Exceeded(tables)),
        ("fills its memory without end", copy, End::Exceeded(cpu)),
        ("traps", "(unreachable)", End::Trapped),
    ] {
        let base =
            || Bare { items: "(table $table 1 funcref) (func $deeper (call $deeper))", ..Bare::default() };
        for (place, bare, operation) in [
            ("its start function", Bare { start: body, ..base() }, Operation::Execute),
            ("realloc", Bare { realloc: body, ..base() }, Operation::Execute),
            ("list-actions", Bare { list: body, ..base() }, Operation::List),
            ("describe-action", Bare { describe: body, ..base() }, Operation::Describe),
            ("execute-action", Bare { execute: body, ..base() }, Operation::Execute),
            ("post-return", Bare { post_return: body, ..base() }, Operation::Execute),
            ("post-return of a listing", Bare { post_return: body, ..base() }, Operation::List),
        ] {
            let greed = Greed::Bare(Box::new(bare), operation, end);
            all.push(Case::new(format!("{place} {deed}"), greed).catches(&UNBOUNDED));
        }
    }
    for (what, list) in [
        ("a thousand texts that are the same megabyte", SAME_TEXT),
        ("a hundred thousand empty actions", VERY_MANY),
    ] {
        let bare = Bare { memory: "64", list, ..Bare::default() };
        let greed = Greed::Bare(Box::new(bare), Operation::List, End::Exceeded(result));
        all.push(Case::new(format!("a listing of {what}"), greed).catches(&WASI));
    }
    let bare = Bare { memory: "64", describe: VERY_MANY, ..Bare::default() };
    let greed = Greed::Bare(Box::new(bare), Operation::Describe, End::Exceeded(result));
    all.push(Case::new("a description of a hundred thousand empty parameters", greed).catches(&WASI));

    type Hogs = (&'static str, &'static [(&'static str, usize)], End);
    let hogs: Vec<Hogs> = vec![
        ("memories, each small enough", &[("(module (memory 45))", 3)], End::Exceeded(memory)),
        (
            "a memory that grows before the call",
            &[(
                "(module (memory 1) (func $grow (loop (drop (memory.grow (i32.const 16))) (br 0))) (start $grow))",
                1,
            )],
            End::Exceeded(memory),
        ),
        ("tables, each small enough", &[("(module (table 6000 funcref))", 2)], End::Exceeded(tables)),
        ("instances", &[("(module)", 30)], End::Exceeded(Exceeded::Instances(20))),
        (
            "a second module's start function without end",
            &[("(module (func $spin (loop (br 0))) (start $spin))", 1)],
            End::Exceeded(cpu),
        ),
        (
            "a second module's start function that traps",
            &[("(module (func $trap unreachable) (start $trap))", 1)],
            End::Trapped,
        ),
    ];
    for (what, modules, end) in hogs {
        all.push(Case::new(what, Greed::Hog(modules, end)).catches(&UNBOUNDED));
    }
    let held = [
        ("bodies that are never sent", "hoard_bodies", json!({ "times": 300 }), 300 * (64 << 10)),
        ("targets that are never asked", "hoard_targets", json!({ "times": 300, "bytes": 500 }), 300 * 1_500),
        (
            "long targets that are never asked",
            "hoard_targets",
            json!({ "times": 300, "bytes": 60_000 }),
            300 * (64 << 10),
        ),
        (
            "targets of a megabyte that are never asked",
            "hoard_targets",
            json!({ "times": 20, "bytes": 1 << 20 }),
            0,
        ),
    ];
    for (what, trick, options, most) in held {
        all.push(Case::new(what, Greed::Held(trick, options, most)).catches(&WASI));
    }
    all
}

async fn play(name: String, greed: Greed) {
    match greed {
        Greed::Trick(trick, options, bound) => {
            let limits = tight(End::Exceeded(bound));
            let cell = Cell::builder(&name).await.limits(limits).build().await;
            cell.sandbox
                .inject(Fault::json_body(StatusCode::OK, "x".repeat(9_000)).on_path("/get_large").always());
            cell.sandbox.inject(Fault::endless_body().on_path("/get_endless").always());
            let error = cell.play(trick, options).await.expect_err("a bound");
            assert_ended(&cell, &error, End::Exceeded(bound));
        }
        Greed::Discovering(trick, describes, bound) => {
            let cell = Cell::builder(&name).await.limits(tight(End::Exceeded(bound))).build().await;
            let ended = cell.discover(&cell.prison.world.plugin, trick, describes).await;
            assert_ended(&cell, &ended.expect_err("a bound"), End::Exceeded(bound));
            cell.assert_untouched();
        }
        Greed::Bare(bare, operation, end) => {
            let cell = Cell::builder(&name).await.limits(tight(end)).build().await;
            let plugin = cell.prison.world.host.load(bare.component()).await.expect("a plugin");
            let ended = match operation {
                Operation::List => cell.discover(&plugin, "hubspot", false).await,
                Operation::Describe => cell.discover(&plugin, "get_contact", true).await,
                Operation::Execute => cell.play_with(&plugin, "succeed", json!({})).await.map(drop),
            };
            assert_ended(&cell, &ended.expect_err("it ends"), end);
            cell.assert_untouched();
        }
        Greed::Hog(modules, end) => {
            let cell = Cell::builder(&name).await.limits(tight(end)).build().await;
            let plugin = cell
                .prison
                .world
                .host
                .load(hog::with_modules(&Bare::default().component(), modules))
                .await
                .expect("a plugin");
            let ended = cell.play_with(&plugin, "succeed", json!({})).await;
            assert_ended(&cell, &ended.expect_err("it ends"), end);
            cell.assert_untouched();
        }
        Greed::Held(trick, options, most) => {
            let cell = Cell::new(&name).await;
            let taken = cell.play(trick, options).await.expect("a count").as_u64().expect("a count");
            assert!(taken <= most, "the host holds {taken} bytes, and {most} at most");
            assert!(taken > 0 || most == 0, "it holds something");
            cell.assert_untouched();
        }
    }
}

/// The error names the bound and its value, and so does the one event of the call.
fn assert_ended(cell: &Cell, error: &Error, end: End) {
    let call = cell.traces.last_call();
    assert_eq!(cell.traces.events().len() - cell.traces.request_events().len(), 1, "one event of the call");
    match (error, end) {
        (Error::Limit { exceeded, .. }, End::Exceeded(bound)) => {
            assert_eq!(*exceeded, bound);
            assert!(error.to_string().contains(&bound.to_string()), "it names the bound: {error}");
            assert!(call.result.contains(&bound.to_string()), "{}", call.result);
            assert_eq!((error.actor(), error.is_retryable()), (Actor::PluginAuthor, false));
        }
        (Error::Trapped { .. }, End::Trapped) => assert_eq!(call.result, "the plugin crashed"),
        _ => panic!("{error:?}"),
    }
    assert_eq!(error.sent(), call.sent);
    let ran = !cell.sandbox.executions().is_empty();
    assert_eq!(error.sent() == actionbox_host::Sent::Yes, ran || !cell.received().is_empty(), "{error:?}");
}
