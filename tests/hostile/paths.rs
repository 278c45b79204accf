//! The plugin asks the right host for another path: an endpoint of the whole organisation, a way out of a
//! segment, or an endpoint of its own in another spelling.

use actionbox_host::NotARoute;
use actionbox_tests::{
    attacks, played_by,
    scoreboard::{BUSY, Case, Hole},
};
use serde_json::{Value, json};

use crate::attempt::{DESCRIBE, EXECUTE, Fate, LIST, attempt};

attacks! {
    "Another path":
        "The plugin asks the right host for what the organisation's key opens beside the three endpoints, directly or \
         through a path that some client, proxy or server reads in another way. What is not one of the three, byte \
         for byte, opens no connection.",
    cases,
    play,
    nothing_leaves_for_another_path on BUSY,
}

played_by!(
    send => nothing_leaves_for_another_path,
);

const TRAVERSAL: [Hole; 2] = [
    Hole {
        what: "IronClaw before #137: /v1/../admin passes for an allowed path of WASM tools",
        url: "https://github.com/nearai/ironclaw/pull/137",
    },
    Hole {
        what: "HolmesGPT, #2007: the list of endpoints is matched before the path is normalised",
        url: "https://github.com/HolmesGPT/holmesgpt/pull/2007",
    },
];

const ORGANISATION: &[(&str, &str)] = &[
    ("GET", "/api/v2/public/linked-account"),
    ("POST", "/api/v2/public/linked-account"),
    ("DELETE", "/api/v2/public/linked-account"),
    ("DELETE", "/api/v2/public/linked-account/globex@example.com"),
    ("POST", "/api/v2/public/linked-account/integration/save-key-credentials/hubspot"),
    ("PUT", "/api/v2/public/linked-account/integration/save-key-credentials/hubspot"),
    ("POST", "/api/v2/public/session-token"),
    ("POST", "/api/v2/public/migrate-token"),
    ("GET", "/api/v2/public/webhook"),
    ("POST", "/api/v2/public/webhook"),
    ("GET", "/api/v2/public/env/values"),
    ("GET", "/api/v2/public/workflow"),
    ("GET", "/api/v2/public/workflow/wf_1"),
    ("GET", "/api/v2/public/tables"),
    ("GET", "/api/v2/public/tables/tb_1"),
    ("GET", "/api/v2/public/mcp-servers"),
    ("GET", "/api/v2/public/mcp-servers/mcp_1"),
    ("GET", "/api/v1/workflow/public/scheduled"),
    ("GET", "/api/v2/public"),
    ("GET", "/api/v2/"),
    ("GET", "/api"),
    ("GET", "/"),
    ("GET", "/api/v2/integration-schema"),
    ("GET", "/api/v2/integration-schema/"),
    ("GET", "/api/v2/integration-schema/hubspot"),
    ("POST", "/api/v2/integration-schema/hubspot"),
    ("GET", "/robots.txt"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.git/config"),
    ("GET", "/metrics"),
    ("POST", "/graphql"),
];

/// Ways to write two dots, or the slash after them, that somebody takes for them.
const CLIMBS: &[(&str, &str)] = &[
    ("plain", "../"),
    ("escaped dots", "%2e%2e/"),
    ("escaped dots in capitals", "%2E%2E/"),
    ("one escaped dot", ".%2e/"),
    ("an escaped slash", "..%2f"),
    ("an escaped slash in capitals", "..%2F"),
    ("all escaped", "%2e%2e%2f"),
    ("escaped twice", "%252e%252e%252f"),
    ("an escaped backslash", "..%5c"),
    ("matrix parameters", "..;/"),
    ("matrix parameters with a value", "..;x=1/"),
    ("an escaped NUL", "..%00/"),
    ("an escaped tab", "..%09/"),
    ("an escaped line feed", "..%0a/"),
    ("overlong dots", "%c0%ae%c0%ae/"),
    ("an overlong slash", "..%c0%af"),
    ("an overlong slash of three bytes", "..%e0%80%af"),
    ("fullwidth dots, escaped", "%ef%bc%8e%ef%bc%8e/"),
    ("a fullwidth slash, escaped", "..%ef%bc%8f"),
    ("dots of UTF-16, escaped", "%u002e%u002e/"),
    ("a slash too many", "..//"),
    ("three dots", ".../"),
    ("four dots and two slashes", "....//"),
    ("a dot between", "./../"),
];

/// Our own endpoints, spelled in another way.
const SPELLINGS: &[&str] = &[
    "/api/v2/integration-schema/hubspot/actions/",
    "//api/v2/integration-schema/hubspot/actions",
    "///api/v2/integration-schema/hubspot/actions",
    "/api//v2/integration-schema/hubspot/actions",
    "/api/v2/integration-schema//hubspot/actions",
    "/api/v2/integration-schema/hubspot//actions",
    "/api/v2/integration-schema/hubspot/actions//get_contact",
    "/./api/v2/integration-schema/hubspot/actions",
    "/api/./v2/integration-schema/hubspot/actions",
    "/api/v2/integration-schema/hubspot/./actions",
    "/api/v2/integration-schema/hubspot/actions/.",
    "/api/v2/integration-schema/hubspot/actions/..",
    "/api/v2/../v2/integration-schema/hubspot/actions",
    "/api/v2/%2e%2e/v2/integration-schema/hubspot/actions",
    "/x/../api/v2/integration-schema/hubspot/actions",
    "/api/v2/integration-schema/x/../hubspot/actions",
    "/api/v2/integration-schema/hubspot;x=1/actions",
    "/api/v2/integration-schema/hubspot/actions;x=1",
    "/api/v2/integration-schema/hubspot/actions;",
    "/api/v2/integration-schema/hubspot/actions,x",
    "/api/v2/integration-schema/hubspot/actions:x",
    "/api/v2/integration-schema/hubspot/actions@x",
    "/api/v2/integration-schema/hubspot/actions!",
    "/api/v2/integration-schema/hubspot/actions~",
    "/api/v2/integration-schema/hubspot/actions*",
    "/api/v2/integration-schema/hubspot/actions+",
    "/api/v2/integration-schema/hubspot/actions%00",
    "/api/v2/integration-schema/hubspot/actions%20",
    "/api/v2/integration-schema/hubspot/actions%09",
    "/api/v2/integration-schema/hubspot/actions%0d%0ax-api-key:%201",
    "/api/v2/integration-schema/hubspot/actions%23",
    "/api/v2/integration-schema/hubspot/actions%3f",
    "/api/v2/integration-schema/hubspot/actions%2f",
    "/api/v2/integration-schema/hubspot/actions%",
    "/api/v2/integration-schema/hubspot/actions%2",
    "/api/v2/integration-schema/hubspot/actions%zz",
    "/api/v2/integration-schema/hubspot/actions.json",
    "/api/v2/integration-schema/hubspot/actions.",
    "/api/v2/integration-schema/hubspot%2Factions",
    "/api%2fv2%2fintegration-schema%2fhubspot%2factions",
    "/%2fapi/v2/integration-schema/hubspot/actions",
    "/%61pi/v2/integration-schema/hubspot/actions",
    "/api/v2/integration%2dschema/hubspot/actions",
    "/api/v2/integration-schema/%68ubspot/actions",
    "/api/v2/integration-schema/hubspot/%61ctions",
    "/api/v2/integration-schema/hubspot/%2561ctions",
    "/API/v2/integration-schema/hubspot/actions",
    "/api/V2/integration-schema/hubspot/actions",
    "/api/v2/Integration-Schema/hubspot/actions",
    "/api/v2/integration_schema/hubspot/actions",
    "/api/v2/integration-schema/HUBSPOT/actions",
    "/api/v2/integration-schema/HubSpot/actions",
    "/api/v2/integration-schema/hubspot/Actions",
    "/api/v2/integration-schema/hubspot/action",
    "/api/v1/integration-schema/hubspot/actions",
    "/api/v3/integration-schema/hubspot/actions",
    "/api/integration-schema/hubspot/actions",
    "/v2/integration-schema/hubspot/actions",
    "/prefix/api/v2/integration-schema/hubspot/actions",
    "/api/v2/integration-schema//actions",
    "/api/v2/integration-schema/./actions",
    "/api/v2/integration-schema/../actions",
    "/api/v2/integration-schema/-hubspot/actions",
    "/api/v2/integration-schema/_hubspot/actions",
    "/api/v2/integration-schema/hub.spot/actions",
    "/api/v2/integration-schema/hub:spot/actions",
    "/api/v2/integration-schema/hub@spot/actions",
    "/api/v2/integration-schema/hub%20spot/actions",
    "/api/v2/integration-schema/hub+spot/actions",
    "/api/v2/integration-schema/*/actions",
    "/api/v2/integration-schema/$app/actions",
    "/api/v2/integration-schema/{slug}/actions",
    "/api/v2/integration-schema/hubspot/actions/get.contact",
    "/api/v2/integration-schema/hubspot/actions/get%5fcontact",
    "/api/v2/integration-schema/hubspot/actions/get_contact/",
    "/api/v2/integration-schema/hubspot/actions/get_contact;execute",
    "/api/v2/integration-schema/hubspot/actions/get_contact%2Fexecute",
    "/api/v2/integration-schema/hubspot/actions/get_contact/Execute",
    "/api/v2/integration-schema/hubspot/actions/get_contact/EXECUTE",
    "/api/v2/integration-schema/hubspot/actions/get_contact/execute/",
    "/api/v2/integration-schema/hubspot/actions/get_contact/execute/execute",
    "/api/v2/integration-schema/hubspot/actions/get_contact/execute/../execute",
    "/api/v2/integration-schema/hubspot/actions/get_contact/executes",
    "/api/v2/integration-schema/hubspot/actions/get_contact/run",
    "/api/v2/integration-schema/hubspot/actions/get_contact/execute;x=1",
    "/api/v2/integration-schema/hubspot/actions/get_contact/execute%20",
    "/api/v2/integration-schema/hubspot/actions/get_contact//execute",
    // Another address in the path.
    "//evil.example/api/v2/integration-schema/hubspot/actions",
    "/@evil.example/",
    "/http://evil.example/",
    "/https:/app.refold.ai/api/v2/integration-schema/hubspot/actions",
    "/app.refold.ai/api/v2/integration-schema/hubspot/actions",
];

/// Names of apps and actions that are longer than any.
const LONG: &[(&str, usize, usize)] = &[
    ("an app of 65 letters", 65, 1),
    ("an app of 10,000 letters", 10_000, 1),
    ("an action of 129 letters", 1, 129),
];

/// What is no path at all.
const UNPARSABLE: &[(&str, &str)] = &[
    ("an address", "https://evil.example/"),
    ("an address of our own", "https://app.refold.ai/api/v2/integration-schema/hubspot/actions"),
    ("an authority", "evil.example:443"),
    ("no slash", "api/v2/integration-schema/hubspot/actions"),
    ("a new request", "/ HTTP/1.1\r\nhost: evil.example\r\n\r\nGET /api/v2/public/linked-account"),
    ("a new header", "/api/v2/integration-schema/hubspot/actions HTTP/1.1\r\nx-api-key: 1"),
    ("a line feed", "/api/v2/integration-schema/hubspot/actions\nx: 1"),
    ("white space at its end", "/api/v2/integration-schema/hubspot/actions \t"),
    ("white space before it", " /api/v2/integration-schema/hubspot/actions"),
    ("NUL", "/api/v2/integration-schema/hubspot/actions\0"),
    ("a control character", "/api/v2/integration-schema/\u{7f}/actions"),
];

const QUERIES: &[&str] = &[
    "?",
    "??",
    "?x",
    "?x=1",
    "?&",
    "?;",
    "?a#b",
    "?%23",
    "?/../../public",
    "?linked_account_id=globex@example.com",
    "?linkedAccountId=globex@example.com",
    "?x-api-key=1",
    "?api_key=1",
    "?access_token=1",
    "?token=1",
    "?_method=DELETE",
    "?url=https://evil.example/",
    "?redirect=https://evil.example/",
    "?callback=steal",
    "?force_refresh=true",
];

fn asks(method: &str, path: &str) -> Value {
    let mut request = json!({ "method": method, "path": path });
    if method != "GET" {
        request["body"] = "{}".into();
    }
    request
}

fn cases() -> Vec<Case<(Value, Fate)>> {
    let mut all = Vec::new();
    let mut add = |name: String, request: Value, fate: Fate, holes: &[Hole]| {
        all.push(Case::new(name, (request, fate)).catches(holes));
    };
    for (method, path) in ORGANISATION {
        let name = format!("the organisation's: {method} {path}");
        add(name, asks(method, path), NotARoute::Path.into(), &[]);
    }
    for (how, climb) in CLIMBS {
        for (from, method, path) in [
            ("an app", "GET", format!("/api/v2/integration-schema/{climb}public/linked-account")),
            ("an action", "GET", format!("{LIST}/{}public/linked-account", climb.repeat(3))),
            ("an execute", "POST", format!("{LIST}/{}public/session-token/execute", climb.repeat(3))),
        ] {
            let name = format!("out of {from}, {how}: {path}");
            add(name, asks(method, &path), NotARoute::Path.into(), &TRAVERSAL);
        }
    }
    for path in SPELLINGS {
        let method = if path.to_lowercase().contains("execute") { "POST" } else { "GET" };
        add(format!("another spelling: {path}"), asks(method, path), NotARoute::Path.into(), &[]);
    }
    for (what, app, action) in LONG {
        let path = format!("/api/v2/integration-schema/{}/actions/{}", "a".repeat(*app), "a".repeat(*action));
        add((*what).to_owned(), asks("GET", &path), NotARoute::Path.into(), &[]);
    }
    for (what, path) in UNPARSABLE {
        add(format!("no path at all: {what}"), asks("GET", path), Fate::Unbuilt, &[]);
    }
    for query in QUERIES {
        for (what, method, path) in
            [("list", "GET", LIST), ("describe", "GET", DESCRIBE), ("execute", "POST", EXECUTE)]
        {
            let request = asks(method, &format!("{path}{query}"));
            add(format!("a query to {what}: {query}"), request, NotARoute::Query.into(), &[]);
        }
    }
    // A fragment is cut off by the parser: what remains is a route, and nothing else leaves.
    for fragment in ["#", "#x", "#/../../public", "#?linked_account_id=globex@example.com", "#@evil.example"]
    {
        add(
            format!("a fragment of a list: {fragment}"),
            asks("GET", &format!("{LIST}{fragment}")),
            Fate::Gets(LIST),
            &[],
        );
        let request = asks("POST", &format!("{EXECUTE}{fragment}"));
        add(format!("a fragment of an execute: {fragment}"), request, Fate::Posts(EXECUTE, "{}".into()), &[]);
        let request = asks("GET", &format!("/api/v2/public/linked-account{fragment}{LIST}"));
        add(format!("a route in a fragment: {fragment}"), request, NotARoute::Path.into(), &[]);
    }
    all
}

async fn play(name: String, (request, fate): (Value, Fate)) {
    attempt(&name, request, &fate).await;
}
