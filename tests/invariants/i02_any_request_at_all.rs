//! Invariant 2 for any request: whatever a guest builds is refused before a socket opens, or arrives as
//! one of three forms, byte for byte, with the grant's own credentials.
//!
//! The requests are honest ones that were changed at random. The seed is part of every failure; set
//! `ACTIONBOX_SEED` to play the same again.

use actionbox_host::{Effect, Limits, Sent};
use actionbox_sandbox::RecordedRequest;
use actionbox_tests::{
    expected::{self, Bearer},
    tricks,
    world::{ACCOUNT, World},
};
use serde_json::{Value, json};

const REQUESTS: usize = 600;
const PREFIX: &str = "/api/v2/integration-schema/";

/// Makes requests at random.
struct Random(fastrand::Rng);

impl Random {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.0.usize(..from.len())]
    }

    /// Changes a text at one place, or not at all.
    fn bend(&mut self, text: &str) -> String {
        const PIECES: &[&str] = &[
            "/",
            "//",
            ".",
            "..",
            "%2e",
            "%2F",
            "%",
            "\\",
            ";",
            "?",
            "#",
            "@",
            ":",
            "&",
            "=",
            " ",
            "\t",
            "\0",
            "é",
            "A",
            "a",
            "_",
            "-",
            "1",
            "execute",
            "actions",
            "hubspot",
            "public",
            "linked_account_id",
            "*",
        ];
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = places[self.0.usize(..places.len())];
        let (before, after) = text.split_at(at);
        let piece = self.pick(PIECES);
        match self.0.u8(..8) {
            0 | 1 => format!("{before}{piece}{after}"),
            2 => format!("{before}{}", after.chars().skip(1).collect::<String>()),
            3 => before.to_owned(),
            4 => format!("{text}{piece}"),
            _ => text.to_owned(),
        }
    }

    fn request(&mut self) -> Value {
        let app = self.pick(&["hubspot", "hubspot", "salesforce", "..", "public"]);
        let action = self.pick(&["get_contact", "create_contact", "delete_contact", "httprequest", "nope"]);
        let (method, path) = match self.0.u8(..3) {
            0 => ("GET", format!("{PREFIX}{app}/actions")),
            1 => ("GET", format!("{PREFIX}{app}/actions/{action}")),
            _ => ("POST", format!("{PREFIX}{app}/actions/{action}/execute")),
        };
        let mut request = json!({ "method": method, "path": self.bend(&path) });
        if method == "POST" || self.0.u8(..8) == 0 {
            let body = self.pick(&[
                r#"{"email":"a@b.example"}"#,
                r#"{ "limit" : "1", "deep": {"linked_account_id": [1, {}]} }"#,
                r#"{"linked_account_id":"globex@example.com"}"#,
                "{}",
                "[]",
            ]);
            request["body"] = self.bend(body).into();
        }
        if self.0.u8(..6) == 0 {
            request["method"] = self.pick(&["GET", "POST", "PUT", "DELETE", "PATCH", "get", "X"]).into();
        }
        if self.0.u8(..6) == 0 {
            request["authority"] = self.bend("app.refold.ai").into();
        }
        if self.0.u8(..10) == 0 {
            request["scheme"] = self.pick(&["http", "https", "HTTPS", "ws", "file"]).into();
        }
        if self.0.u8(..10) == 0 {
            request["length"] = self.0.u64(..100).into();
        }
        let headers: Vec<_> = (0..self.0.usize(..4))
            .map(|_| {
                let names =
                    ["accept", "content-type", "host", "x-api-key", "linked-account-id", "x-any", "te"];
                json!([self.pick(&names), self.bend("value")])
            })
            .collect();
        request["headers"] = headers.into();
        request
    }
}

/// Checks, by rules of its own, that a request is one that the host builds.
fn is_one_of_three_forms(world: &World, received: &RecordedRequest, asked: &Value) -> Result<(), String> {
    let slug = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let segments: Vec<_> = received.target.strip_prefix(PREFIX).ok_or("another prefix")?.split('/').collect();
    let method = match segments.as_slice() {
        [app, "actions"] if slug(app) => "GET",
        [app, "actions", action] if slug(app) && slug(action) => "GET",
        [app, "actions", action, "execute"] if slug(app) && slug(action) => "POST",
        _ => return Err("another path".to_owned()),
    };
    let body = asked["body"].as_str().unwrap_or_default();
    let (host, bearer) = (world.sandbox.addr(), Bearer::Key { key: &world.key, account: ACCOUNT });
    let expected = match method {
        "POST" => expected::post(&received.target, host, &bearer, body.as_bytes()),
        _ => expected::get(&received.target, host, &bearer),
    };
    match received.raw == expected {
        true => Ok(()),
        false => Err(format!("other bytes than\n{}", expected.escape_ascii())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_request_is_refused_or_arrives_as_one_of_three_forms() {
    let seed = std::env::var("ACTIONBOX_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = Random(fastrand::Rng::with_seed(seed));
    let world = World::start().await;
    let grant = world
        .grant(ACCOUNT)
        .allow_reads("hubspot")
        .allow_writes("hubspot")
        .own_action("hubspot", tricks::SEND, Effect::Write)
        // A retry would be a second request for one.
        .limits(Limits { attempts: 1, ..Limits::default() })
        .build()
        .expect("a grant");

    let mut arrived = 0;
    for number in 0..REQUESTS {
        let asked = random.request();
        let failure = |why: &str| {
            format!("seed {seed}, request {number}: {why}\n{asked:#}\n{:#?}", world.sandbox.requests())
        };
        world.sandbox.clear_requests();
        let connections = world.sandbox.connections();
        let report = world.play_under(&grant, tricks::SEND, asked.clone()).await;
        let report = report.unwrap_or_else(|error| panic!("{}", failure(&format!("{error:?}"))));
        let audit = world.audit.requests().into_iter().rev().find(|event| event.call == number as u64 + 1);
        match world.sandbox.requests().as_slice() {
            [] => {
                assert_eq!(
                    world.sandbox.connections(),
                    connections,
                    "{}",
                    failure("a connection was opened")
                );
                assert!(report["status"].is_null(), "{}", failure("an answer from nowhere"));
                assert!(
                    audit.is_none_or(|event| event.sent == Sent::No),
                    "{}",
                    failure("the audit says sent")
                );
            }
            [received] => {
                arrived += 1;
                if let Err(why) = is_one_of_three_forms(&world, received, &asked) {
                    panic!("{}", failure(&why));
                }
                let event = audit.unwrap_or_else(|| panic!("{}", failure("no audit event")));
                assert_ne!(
                    (event.sent, event.refusal.is_some()),
                    (Sent::No, true),
                    "{}",
                    failure("refused, and sent")
                );
            }
            _ => panic!("{}", failure("more than one request arrived")),
        }
    }
    // Otherwise the test would pass with a host that refuses everything, or nothing.
    assert!((REQUESTS / 20..REQUESTS / 2).contains(&arrived), "seed {seed}: {arrived} arrived");
    for action in world.sandbox.executions().iter().map(|execution| execution.action.as_str()) {
        assert!(matches!(action, "get_contact" | "create_contact"), "seed {seed}: {action} was executed");
    }
}
