//! Every kind of call, and how it must end when nobody drops it.

use std::time::Duration;

use actionbox_host::{Error, Grant, Limits, Plugin};
use actionbox_tests::tricks;
use serde_json::{Value, json};

use crate::{tally::REQUESTS, upstreams::LIES};

/// Which of a tenant's grants a call is made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// At the sandbox server, with all the time in the world.
    Sandbox,
    /// At the sandbox server, within tight limits.
    SandboxTight,
    /// At an upstream that lies as it is told.
    Liar,
    /// At an upstream with which no connection comes about.
    Unreachable,
}

/// The plugins of a round.
pub(crate) struct Plugins {
    pub(crate) refold: Plugin,
    pub(crate) upsert: Plugin,
    pub(crate) tricks: Plugin,
}

/// One kind of call.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) at: At,
    what: What,
    ends: Ends,
}

#[derive(Debug)]
enum What {
    List,
    Describe,
    Execute(&'static str),
    Upsert,
    Trick(&'static str, Value),
}

/// How a call ends that nobody drops. An attack may be stopped by one bound or another; that each is kept
/// exactly is proven elsewhere.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// It succeeds, with the tenant's own data when it reads any.
    Well,
    /// It fails, for a reason of its own.
    Badly,
    /// It ends, one way or the other.
    Somehow,
}

/// The limits of a call that is to succeed.
pub(crate) fn patient() -> Limits {
    Limits { requests: REQUESTS, wall_time: Duration::from_secs(30), ..Limits::default() }
}

/// The limits of a call that is to be stopped soon.
pub(crate) fn tight() -> Limits {
    Limits {
        memory_bytes: 8 << 20,
        handles: 200,
        cpu_time: Duration::from_millis(40),
        wall_time: Duration::from_secs(1),
        requests: REQUESTS,
        request_bytes: 100_000,
        response_bytes: 1 << 20,
        header_bytes: 4_000,
        output_bytes: 1_000,
        random_bytes: 1_000,
        result_bytes: 2 << 20,
        attempts: 2,
        ..Limits::default()
    }
}

/// Returns every kind of call; what is honest comes as often as all else.
pub(crate) fn kinds() -> Vec<Kind> {
    use Ends::{Badly, Somehow, Well};
    let kind = |at, what, ends| Kind { at, what, ends };
    // Nothing that the upstream would have to keep.
    let write = tricks::execute("update_contact", json!({ "id": "0", "first_name": "Ada" }));
    let write = || json!({ "requests": [write, tricks::read()] });
    let request = || json!({ "request": tricks::read(), "times": REQUESTS + 2 });
    let tricks: Vec<(&str, Value, Ends)> = vec![
        ("allocate", json!({}), Badly),
        ("ask_random", json!({}), Badly),
        ("build_headers", json!({}), Badly),
        ("drop_after_sending", write(), Somehow),
        ("drop_before_the_body_ends", json!({}), Somehow),
        ("exit_early", json!({}), Badly),
        ("hoard_bodies", json!({ "times": 20 }), Somehow),
        ("hoard_handles", json!({}), Badly),
        ("lose_patience", write(), Somehow),
        ("panic_on_purpose", json!({}), Badly),
        ("print", json!({}), Badly),
        ("recurse", json!({}), Badly),
        ("request_at_once", request(), Badly),
        ("request_often", request(), Badly),
        ("return_much", json!({ "bytes": 3 << 20 }), Badly),
        ("return_much", json!({ "bytes": 1 << 20 }), Somehow),
        ("return_no_json", json!({ "text": "[" }), Badly),
        ("say_after_sending", write(), Badly),
        ("send", json!({ "authority": "evil.example" }), Somehow),
        ("sleep", json!({}), Badly),
        ("sleep_after_sending", write(), Badly),
        ("spin", json!({}), Badly),
        ("trap_after_sending", write(), Badly),
        ("upload", json!({ "length": 1u64 << 40 }), Badly),
    ];
    let tricks = tricks
        .into_iter()
        .map(|(name, options, ends)| kind(At::SandboxTight, What::Trick(name, options), ends));
    let lies = LIES
        .iter()
        .map(|lie| kind(At::Liar, What::Execute(lie), if *lie == "get_large" { Somehow } else { Badly }));
    let mut all: Vec<_> = tricks.chain(lies).collect();
    all.push(kind(At::Unreachable, What::Execute("get_contact"), Badly));
    all.push(kind(At::Unreachable, What::List, Badly));
    for _ in 0..all.len() / 5 {
        all.push(kind(At::Sandbox, What::List, Well));
        all.push(kind(At::Sandbox, What::Describe, Well));
        all.push(kind(At::Sandbox, What::Execute("get_contact"), Well));
        all.push(kind(At::Sandbox, What::Upsert, Well));
        all.push(kind(At::Sandbox, What::Trick("send", tricks::read()), Well));
    }
    all
}

impl Kind {
    /// Makes such a call.
    pub(crate) async fn play(&self, plugins: &Plugins, grant: &Grant) -> Result<Value, Error> {
        const APP: &str = "hubspot";
        let data = |outcome: actionbox_host::Outcome| match outcome.into_result() {
            Ok(success) => success.data,
            Err(failure) => json!({ "failed": failure.data }),
        };
        match &self.what {
            What::List => {
                let actions = plugins.refold.list_actions(grant, APP).await?;
                Ok(actions.iter().map(|action| action.id.as_str()).collect())
            }
            What::Describe => {
                let parameters = plugins.refold.describe_action(grant, APP, "create_contact").await?;
                Ok(parameters.iter().map(|parameter| parameter.name.as_str()).collect())
            }
            What::Execute(action) => {
                plugins.refold.execute_action(grant, APP, action, &json!({ "limit": "1" })).await.map(data)
            }
            What::Upsert => {
                // Always the same few, so that the upstream has no more to keep.
                let contact = json!({ "email": "ada@example.com", "first_name": "Ada" });
                plugins.upsert.execute_action(grant, APP, "upsert_contact", &contact).await.map(data)
            }
            What::Trick(trick, options) => {
                plugins.tricks.execute_action(grant, APP, trick, options).await.map(data)
            }
        }
    }

    /// Checks how it ended; `own` is what only the tenant's own contacts hold.
    pub(crate) fn check(&self, ended: &Result<Value, Error>, own: &str) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("{why}: {self:?} ended with {ended:?}"));
        match (self.ends, ended) {
            (_, Err(Error::Host { .. })) => wrong("the host itself failed"),
            (Ends::Well, Err(_)) => wrong("an honest call was disturbed"),
            (Ends::Well, Ok(data)) => {
                let expected: &[&str] = match self.what {
                    What::List => &["get_contact"],
                    What::Describe => &["email"],
                    // Two at once may find that there is none; one of them is the first to create it.
                    What::Upsert => &["result", "CONFLICT"],
                    What::Execute(_) | What::Trick(..) => &[own],
                };
                let data = data.to_string();
                match expected.iter().any(|expected| data.contains(expected)) {
                    true => Ok(()),
                    false => wrong("an honest call got something else"),
                }
            }
            (Ends::Badly, Ok(_)) => wrong("an attack succeeded"),
            (Ends::Badly, Err(_)) | (Ends::Somehow, _) => Ok(()),
        }
    }
}
