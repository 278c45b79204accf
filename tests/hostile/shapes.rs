//! The upstream answers with something that is not what the endpoint answers, whole and well-formed as HTTP.

use std::fmt::Debug;

use actionbox_host::{Action, Error, Exceeded, Limits, Outcome, Parameter, Sent};
use actionbox_tests::{attacks, scoreboard::Case};
use serde_json::Value;

use crate::stage::{Attack, Fate, Stage, say};

attacks! {
    "Answers of another shape":
        "The upstream answers HTML, another endpoint's JSON, JSON of absurd depth or size, or numbers and strings that \
         break parsers. The embedder gets a typed error that blames the upstream, or exactly what was said.",
    cases,
    play,
    every_shape_is_read_or_refused,
}

/// What the embedder gets.
enum Expected {
    /// An error of the upstream, with this status, that was sent.
    Refused(u16),
    Outcome(fn(&Outcome) -> bool),
    Actions(fn(&[Action]) -> bool),
    Parameters(fn(&[Parameter]) -> bool),
    /// A bound was passed.
    Limit(fn(&Exceeded) -> bool),
}

enum Endpoint {
    List,
    Describe,
    Execute,
}

struct Shape {
    endpoint: Endpoint,
    status: u16,
    body: Vec<u8>,
    expected: Expected,
}

fn data(outcome: &Outcome) -> &Value {
    match outcome {
        Outcome::Succeeded(success) => &success.data,
        Outcome::Failed(failure) => &failure.data,
    }
}

fn succeeds(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Succeeded(_))
}

fn deep(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn cases() -> Vec<Case<Shape>> {
    let mut all = Vec::new();
    let mut case = |name: &str, endpoint, status, body: Vec<u8>, expected| {
        let at = match endpoint {
            Endpoint::List => "a listing",
            Endpoint::Describe => "a description",
            Endpoint::Execute => "an execution",
        };
        all.push(Case::new(format!("{at}: {name}"), Shape { endpoint, status, body, expected }));
    };

    for (name, body) in [
        ("nothing", ""),
        ("HTML", "<!doctype html><html><body><h1>Welcome</h1></body></html>"),
        ("XML", "<?xml version='1.0'?><data/>"),
        ("plain text", "ok"),
        ("a number", "7"),
        ("true", "true"),
        ("null", "null"),
        ("a string", "\"[]\""),
        ("JSON that breaks off", "[{\"action_id\":\"get_x\",\"name\":\"n"),
        ("two values", "[] []"),
        ("JavaScript", ")]}',\n[]"),
        ("comments", "/* x */ []"),
        ("a trailing comma", "[1,]"),
        ("single quotes", "[{'action_id':'x'}]"),
        ("a byte order mark", "\u{feff}[]"),
        ("a NUL", "[]\0"),
        ("only NULs", "\0\0\0\0"),
        ("not a number", "NaN"),
        ("a deep array", "DEEP"),
    ] {
        let body = if body == "DEEP" { deep(200_000) } else { body.to_owned() };
        for endpoint in [Endpoint::List, Endpoint::Describe, Endpoint::Execute] {
            case(name, endpoint, 200, body.clone().into(), Expected::Refused(200));
        }
    }

    let mut list =
        |name: &str, body: String, expected| case(name, Endpoint::List, 200, body.into(), expected);
    list("an object", "{}".into(), Expected::Refused(200));
    list("an array of strings", r#"["get_x"]"#.into(), Expected::Refused(200));
    list("an array of arrays", r#"[["get_x","X"]]"#.into(), Expected::Refused(200));
    list("an array of null", "[null]".into(), Expected::Refused(200));
    list("an action without an id", r#"[{"name":"X"}]"#.into(), Expected::Refused(200));
    list("an action whose id is a number", r#"[{"action_id":7}]"#.into(), Expected::Refused(200));
    list("an action whose id is null", r#"[{"action_id":null}]"#.into(), Expected::Refused(200));
    list("an action with two ids", r#"[{"action_id":"a","action_id":"b"}]"#.into(), Expected::Refused(200));
    list(
        "an action whose name is an object",
        r#"[{"action_id":"get_x","name":{}}]"#.into(),
        Expected::Refused(200),
    );
    list(
        "a lone surrogate in a name",
        r#"[{"action_id":"get_x","name":"\ud800"}]"#.into(),
        Expected::Refused(200),
    );
    list(
        "a raw control character in a name",
        "[{\"action_id\":\"get_x\",\"name\":\"a\x1bb\"}]".into(),
        Expected::Refused(200),
    );
    list("an execution's outcome", r#"{"node_status":"Success","data":[]}"#.into(), Expected::Refused(200));
    list("an error's envelope", r#"{"status_code":404,"message":"no"}"#.into(), Expected::Refused(200));
    list("no actions", "[]".into(), Expected::Actions(<[_]>::is_empty));
    list(
        "escapes of a terminal in a name",
        r#"[{"action_id":"get_x","name":"\u001b[2J\u0007"}]"#.into(),
        Expected::Actions(|actions| actions[0].name == "\u{1b}[2J\u{7}"),
    );
    list(
        "an id that is no name",
        r#"[{"action_id":"../../x"}]"#.into(),
        Expected::Actions(|actions| actions[0].id == "../../x" && actions[0].effect.is_none()),
    );
    list(
        "an id that forges lines",
        r#"[{"action_id":"get_x\r\nx: y"}]"#.into(),
        Expected::Actions(|actions| actions[0].effect.is_none()),
    );
    list(
        "an id in letters that look alike",
        r#"[{"action_id":"g\u0435t_contact"}]"#.into(),
        Expected::Actions(|actions| actions[0].effect.is_none()),
    );
    list(
        "an empty id",
        r#"[{"action_id":""}]"#.into(),
        Expected::Actions(|actions| actions[0].effect.is_none()),
    );
    list(
        "an id of a megabyte",
        format!(r#"[{{"action_id":"{}"}}]"#, "x".repeat(1 << 20)),
        Expected::Actions(|actions| actions[0].effect.is_none()),
    );
    list(
        "an effect that it claims",
        r#"[{"action_id":"delete_all","effect":"read","claimed_effect":"read"}]"#.into(),
        Expected::Actions(|actions| actions[0].effect.is_none()),
    );
    list(
        "the same action a thousand times",
        format!("[{}{{\"action_id\":\"get_x\"}}]", "{\"action_id\":\"get_x\"},".repeat(999)),
        Expected::Actions(|actions| actions.len() == 1000),
    );
    list(
        "a hundred thousand actions",
        {
            let action = |n| {
                format!(r#"{{"action_id":"get_{n}","name":"Get {n}","description":"Gets it.","tag":"v2"}}"#)
            };
            format!("[{}]", (0..100_000).map(action).collect::<Vec<_>>().join(","))
        },
        Expected::Actions(|actions| actions.len() == 100_000),
    );
    list(
        "nine megabytes of actions",
        format!("[{}]", "{\"action_id\":\"get_x\"},".repeat(430_000)),
        Expected::Limit(|exceeded| matches!(exceeded, Exceeded::ResponseBytes(_))),
    );

    let mut describe =
        |name: &str, body: String, expected| case(name, Endpoint::Describe, 200, body.into(), expected);
    describe("an object", "{}".into(), Expected::Refused(200));
    describe("a parameter without a name", r#"[{"label":"X"}]"#.into(), Expected::Refused(200));
    describe("a parameter whose name is an array", r#"[{"name":[]}]"#.into(), Expected::Refused(200));
    describe(
        "a parameter that is required in words",
        r#"[{"name":"x","required":"yes"}]"#.into(),
        Expected::Refused(200),
    );
    describe(
        "a parameter that is required by number",
        r#"[{"name":"x","required":1}]"#.into(),
        Expected::Refused(200),
    );
    describe("a kind that is a number", r#"[{"name":"x","type":1}]"#.into(), Expected::Refused(200));
    describe("a listing", r#"[{"action_id":"get_x"}]"#.into(), Expected::Refused(200));
    describe(
        "a kind that nobody knows",
        r#"[{"name":"x","type":"\u001b[31m"}]"#.into(),
        Expected::Parameters(|parameters| parameters[0].kind.to_string() == "\u{1b}[31m"),
    );
    describe(
        "ten thousand parameters",
        format!("[{}]", (0..10_000).map(|n| format!(r#"{{"name":"p{n}"}}"#)).collect::<Vec<_>>().join(",")),
        Expected::Parameters(|parameters| parameters.len() == 10_000),
    );

    let mut execute =
        |name: &str, body: String, expected| case(name, Endpoint::Execute, 200, body.into(), expected);
    execute("an array", r#"["Success"]"#.into(), Expected::Refused(200));
    execute("no node_status", r#"{"data":{}}"#.into(), Expected::Refused(200));
    for (name, value) in [
        ("a number", "200"),
        ("true", "true"),
        ("null", "null"),
        ("an array", "[\"Success\"]"),
        ("an object", "{\"Success\":1}"),
        ("a broken string", "\"\\ud800\""),
    ] {
        execute(
            &format!("a node_status of {name}"),
            format!(r#"{{"node_status":{value},"data":{{}}}}"#),
            Expected::Refused(200),
        );
    }
    execute(
        "two node_status",
        r#"{"node_status":"Failed","node_status":"Success"}"#.into(),
        Expected::Refused(200),
    );
    execute(
        "a node_status of other letters",
        r#"{"node_status":"success","data":1}"#.into(),
        Expected::Outcome(|outcome| !succeeds(outcome)),
    );
    execute(
        "a node_status in letters that look alike",
        r#"{"node_status":"Succe\u0455s","data":1}"#.into(),
        Expected::Outcome(|outcome| !succeeds(outcome)),
    );
    execute(
        "a node_status of blanks around",
        r#"{"node_status":"Success ","data":1}"#.into(),
        Expected::Outcome(|outcome| !succeeds(outcome)),
    );
    execute(
        "a node_status of a megabyte",
        format!(r#"{{"node_status":"{}","data":1}}"#, "x".repeat(1 << 20)),
        Expected::Outcome(|outcome| !succeeds(outcome)),
    );
    execute(
        "a node_status that forges lines",
        r#"{"node_status":"x\r\n\u001b[2J","data":1}"#.into(),
        Expected::Outcome(|outcome| {
            let Outcome::Failed(failure) = outcome else { return false };
            !failure.to_string().contains(char::is_control)
        }),
    );
    execute(
        "no data",
        r#"{"node_status":"Success"}"#.into(),
        Expected::Outcome(|outcome| data(outcome).is_null()),
    );
    for (name, value) in [
        ("in words", "\"OK\""),
        ("negative", "-1"),
        ("beyond 16 bits", "70000"),
        ("with a fraction", "200.5"),
        ("in an object", "{}"),
        ("null", "null"),
        ("in an exponent", "2e2"),
    ] {
        let body = format!(r#"{{"node_status":"Success","data":1,"http_status":{value}}}"#);
        execute(
            &format!("an http_status {name}"),
            body,
            Expected::Outcome(
                |outcome| matches!(outcome, Outcome::Succeeded(success) if success.http_status.is_none()),
            ),
        );
    }
    for (name, value) in [
        ("beyond 64 bits", "123456789012345678901234567890"),
        ("beyond all exponents", "1e999"),
        ("below all exponents", "1e-999"),
        ("of minus zero", "-0"),
        ("of a thousand digits", &"9".repeat(1000)),
        ("of a hundred thousand digits behind the point", &format!("0.{}", "3".repeat(100_000))),
    ] {
        let body = format!(r#"{{"node_status":"Success","data":{{"n":{value}}}}}"#);
        // Read as some number, or refused as one that is out of range; blamed on the plugin never.
        let expected = match name {
            "beyond all exponents" | "of a thousand digits" => Expected::Refused(200),
            _ => Expected::Outcome(|outcome| data(outcome)["n"].is_number()),
        };
        execute(&format!("a number {name}"), body, expected);
    }
    for (name, value) in
        [("with a leading zero", "01"), ("with a plus", "+1"), ("in hex", "0x1"), ("of infinity", "Infinity")]
    {
        execute(
            &format!("a number {name}"),
            format!(r#"{{"node_status":"Success","data":{value}}}"#),
            Expected::Refused(200),
        );
    }
    execute(
        "a lone surrogate",
        r#"{"node_status":"Success","data":"\udfff"}"#.into(),
        Expected::Refused(200),
    );
    execute(
        "an escape that is none",
        r#"{"node_status":"Success","data":"\x41"}"#.into(),
        Expected::Refused(200),
    );
    execute(
        "an escaped NUL",
        r#"{"node_status":"Success","data":"a\u0000b"}"#.into(),
        Expected::Outcome(|outcome| data(outcome) == "a\0b"),
    );
    execute(
        "escapes of a terminal",
        r#"{"node_status":"Success","data":"\u001b]0;x\u0007"}"#.into(),
        Expected::Outcome(|outcome| data(outcome) == "\u{1b}]0;x\u{7}"),
    );
    execute(
        "letters that turn the line around",
        "{\"node_status\":\"Success\",\"data\":\"\u{202e}cod\"}".into(),
        Expected::Outcome(|outcome| data(outcome) == "\u{202e}cod"),
    );
    execute(
        "a name of a field twice",
        r#"{"node_status":"Success","data":{"a":1,"a":2}}"#.into(),
        Expected::Outcome(|outcome| data(outcome)["a"] == 2),
    );
    execute(
        "fields that reach into objects",
        r#"{"node_status":"Success","data":{"__proto__":{"x":1},"constructor":1}}"#.into(),
        Expected::Outcome(|outcome| data(outcome)["__proto__"]["x"] == 1),
    );
    execute(
        "data a hundred deep",
        format!(r#"{{"node_status":"Success","data":{}}}"#, deep(100)),
        Expected::Outcome(succeeds),
    );
    // Data is read by itself, wherever it was: serde_json reads what is 127 deep.
    for depth in [127, 128, 129, 1000, 100_000] {
        let body = format!(r#"{{"node_status":"Success","data":{}}}"#, deep(depth));
        let expected = if depth > 127 { Expected::Refused(200) } else { Expected::Outcome(succeeds) };
        execute(&format!("data {depth} deep"), body, expected);
    }
    execute("objects that are never closed", "{\"data\":".repeat(100_000), Expected::Refused(200));
    execute(
        "a string of a megabyte",
        format!(r#"{{"node_status":"Success","data":"{}"}}"#, "x".repeat(1 << 20)),
        Expected::Outcome(|outcome| data(outcome).as_str().is_some_and(|text| text.len() == 1 << 20)),
    );
    execute(
        "a string that nearly is a megabyte of escapes",
        format!(r#"{{"node_status":"Success","data":"{}"}}"#, "\\u0001".repeat(170_000)),
        Expected::Outcome(|outcome| data(outcome).as_str().is_some_and(|text| text.len() == 170_000)),
    );
    execute(
        "a hundred thousand fields",
        {
            let fields: Vec<_> = (0..100_000).map(|n| format!("\"{n}\":0")).collect();
            format!(r#"{{"node_status":"Success","data":{{{}}}}}"#, fields.join(","))
        },
        Expected::Outcome(|outcome| data(outcome).as_object().is_some_and(|fields| fields.len() == 100_000)),
    );
    execute(
        "a million values",
        format!(r#"{{"node_status":"Success","data":[{}0]}}"#, "0,".repeat(1_000_000)),
        Expected::Limit(|exceeded| matches!(exceeded, Exceeded::ResultValues(_))),
    );
    execute(
        "nine megabytes",
        format!(r#"{{"node_status":"Success","data":"{}"}}"#, "x".repeat(9 << 20)),
        Expected::Limit(|exceeded| matches!(exceeded, Exceeded::ResponseBytes(_))),
    );

    for (name, body) in [
        ("nothing", ""),
        ("HTML", "<html><h1>Bad Gateway</h1></html>"),
        ("an array", "[]"),
        ("a message that is an object", r#"{"message":{"a":1}}"#),
        ("a message that forges lines", r#"{"message":"x\r\n\u001b[2J2026 ERROR forged"}"#),
        ("a success", r#"{"node_status":"Success","data":{}}"#),
        ("a deep array", &deep(100_000)),
    ] {
        for endpoint in [Endpoint::List, Endpoint::Describe, Endpoint::Execute] {
            case(
                &format!("an error 418 of {name}"),
                endpoint,
                418,
                body.to_owned().into(),
                Expected::Refused(418),
            );
        }
    }
    case(
        "an error of a message of 900 KB",
        Endpoint::Execute,
        418,
        format!(r#"{{"message":"{}"}}"#, "x".repeat(900_000)).into(),
        Expected::Refused(418),
    );
    all
}

async fn play(name: String, shape: Shape) {
    let Shape { endpoint, status, body, expected } = shape;
    let mut attack = Attack::new(Fate::Shown(status, body.clone()), move |_| say(status, "", &body));
    attack.limits.response_bytes = Limits::default().response_bytes;
    let stage = Stage::new(&name, &attack).await;
    let (refold, grant) = (&stage.arena.refold, &stage.grant);
    match endpoint {
        Endpoint::List => {
            stage.server.settled().await;
            let listed = stage.traces.look_around(refold.list_actions(grant, "hubspot").await);
            check(
                &expected,
                listed,
                |expected, actions| matches!(expected, Expected::Actions(holds) if holds(&actions)),
            );
        }
        Endpoint::Describe => {
            stage.server.settled().await;
            let described =
                stage.traces.look_around(refold.describe_action(grant, "hubspot", "get_contact").await);
            check(
                &expected,
                described,
                |expected, parameters| matches!(expected, Expected::Parameters(holds) if holds(&parameters)),
            );
        }
        Endpoint::Execute => {
            check(
                &expected,
                stage.write().await,
                |expected, outcome| matches!(expected, Expected::Outcome(holds) if holds(&outcome)),
            );
        }
    }
    assert_eq!(stage.received().len(), 1, "one request");
    let event = stage.traces.request_events().pop().expect("an event of the request");
    assert_eq!((event.sent, event.attempts), (Sent::Yes, 1));
}

fn check<T: Debug>(expected: &Expected, ended: Result<T, Error>, holds: impl Fn(&Expected, T) -> bool) {
    match (expected, ended) {
        (Expected::Refused(status), Err(error)) => {
            let by_upstream = matches!(&error, Error::Upstream { status: Some(told), .. } if told == status);
            assert!(by_upstream && error.sent() == Sent::Yes && !error.is_retryable(), "{error:?}");
        }
        (Expected::Limit(is_it), Err(error)) => {
            assert!(
                matches!(&error, Error::Limit { exceeded, sent: Sent::Yes } if is_it(exceeded)),
                "{error:?}"
            );
        }
        (_, Err(error)) => panic!("{error:?}"),
        (expected, Ok(value)) => {
            let shown = format!("{value:.300?}").chars().take(300).collect::<String>();
            assert!(holds(expected, value), "{shown}");
        }
    }
}
