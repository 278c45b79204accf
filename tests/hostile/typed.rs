//! The plugin asks by the host's own functions for what it could not ask over `wasi:http` either.

use actionbox_host::{Error, Exceeded, Limits};
use actionbox_tests::{
    attacks, played_by,
    scoreboard::{BUSY, Case},
};
use serde_json::{Value, json};

use crate::{cell::Cell, methods_and_bodies::NO_OBJECTS};

attacks! {
    "The host's own functions":
        "The plugin asks by `actionbox:plugin/upstream` for names that are none, for what is not granted, with \
         parameters that are no JSON object or choose an account, or for more than its share. No connection is opened, \
         and each request leaves its event.",
    cases,
    play,
    nothing_leaves_by_another_way on BUSY,
}

played_by!(
    ask => nothing_leaves_by_another_way,
    ask_often => nothing_leaves_by_another_way,
);

/// What is asked, and what becomes of it.
enum Ask {
    /// Refused before anything is touched.
    Refused(Value),
    /// Ends the call, by this bound.
    Exceeds(&'static str, Value, Limits, fn(&Error) -> bool),
}

const NO_NAMES: &[(&str, &str)] = &[
    ("nothing", ""),
    ("a dot", "."),
    ("dots that climb", ".."),
    ("another path", "../public/linked-account"),
    ("another path, escaped", "%2e%2e%2fpublic%2flinked-account"),
    ("escaped twice", "%252e%252e"),
    ("a slash", "hubspot/actions"),
    ("a slash at its end", "hubspot/"),
    ("a backslash", "hubspot\\actions"),
    ("a query", "hubspot?linked_account_id=other"),
    ("a fragment", "hubspot#"),
    ("parameters of a path", "hubspot;x=1"),
    ("another authority", "@evil.example/hubspot"),
    ("a URL", "https://evil.example/"),
    ("a space", "hubspot actions"),
    ("a new line", "hubspot\r\nx-api-key: 1"),
    ("a request", "hubspot HTTP/1.1\r\n\r\nGET /api/v2/public/linked-account"),
    ("NUL", "hubspot\0"),
    ("a letter beyond ASCII", "h\u{fc}bspot"),
    ("a letter that looks alike", "h\u{435}bspot"),
    ("what turns the direction of text", "\u{202e}topsbuh"),
    ("a mark", "\u{feff}hubspot"),
];

fn cases() -> Vec<Case<Ask>> {
    let mut cases = Vec::new();
    let mut refused = |name: String, options: Value| cases.push(Case::new(name, Ask::Refused(options)));
    for (what, name) in NO_NAMES {
        for function in ["list", "describe", "execute"] {
            let options =
                json!({ "function": function, "app": name, "action": "get_contact", "parameters": "{}" });
            refused(format!("{function}: an app that is {what}"), options);
        }
        for function in ["describe", "execute"] {
            let options =
                json!({ "function": function, "app": "hubspot", "action": name, "parameters": "{}" });
            refused(format!("{function}: an action that is {what}"), options);
        }
    }
    for count in [65, 200, 201, 65_536, 1 << 20] {
        let options = json!({ "function": "list", "app": count });
        refused(format!("list: an app of {count} letters"), options);
    }
    for count in [129, 1 << 20] {
        let options = json!({ "app": "hubspot", "action": count, "parameters": "{}" });
        refused(format!("execute: an action of {count} letters"), options);
    }
    for (what, app, action) in [
        ("another app", "salesforce", "get_contact"),
        ("a destructive action", "hubspot", "delete_contact"),
        ("an arbitrary call", "hubspot", "httprequest"),
        ("an action of unknown effect", "hubspot", "frobnicate"),
        ("an action in another case", "hubspot", "DELETE_contact"),
    ] {
        let options = json!({ "app": app, "action": action, "parameters": "{}" });
        refused(format!("execute: {what}"), options);
    }
    for function in ["list", "describe"] {
        refused(
            format!("{function}: another app"),
            json!({ "function": function, "app": "slack", "action": "get_x" }),
        );
    }
    let execute =
        |parameters: &str| json!({ "app": "hubspot", "action": "get_contact", "parameters": parameters });
    for (index, body) in NO_OBJECTS.iter().enumerate() {
        refused(
            format!("execute: parameters that are no object, {}: {}", index + 1, body.escape_debug()),
            execute(body),
        );
    }
    for key in [
        "linked_account_id",
        "linkedAccountId",
        "LINKED-ACCOUNT-ID",
        "x-api-key",
        "authorization",
        "__proto__",
    ] {
        refused(
            format!("execute: parameters with {key}"),
            execute(&format!(r#"{{"limit":"1","{key}":"other"}}"#)),
        );
    }
    let few = Limits { requests: 3, request_bytes: 1 << 10, ..Limits::default() };
    cases.push(Case::new(
        "execute: parameters that are larger than they may be",
        Ask::Exceeds(
            "ask",
            json!({ "app": "hubspot", "action": "get_contact", "parameters": 2 << 10 }),
            few.clone(),
            |error| matches!(error, Error::Limit { exceeded: Exceeded::RequestBytes(_), .. }),
        ),
    ));
    let often = json!({ "app": "slack", "action": "get_x", "parameters": "{}", "times": 1_000_000 });
    cases.push(Case::new(
        "execute: again and again",
        Ask::Exceeds("ask_often", often, few, |error| {
            matches!(error, Error::Limit { exceeded: Exceeded::Requests(3), .. })
        }),
    ));
    cases
}

async fn play(name: String, ask: Ask) {
    match ask {
        Ask::Refused(options) => {
            let cell = Cell::new(&name).await;
            let report = cell.play("ask", options).await.expect("a report");
            assert_eq!(report["denied"], true, "{report}");
            cell.assert_untouched();
        }
        Ask::Exceeds(trick, options, limits, is_expected) => {
            let cell = Cell::builder(&name).await.limits(limits).build().await;
            let error = cell.play(trick, options).await.expect_err("the bound ends the call");
            assert!(is_expected(&error), "{error:?}");
            cell.assert_untouched();
        }
    }
}
