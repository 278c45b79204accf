//! The upstreams of one round: liars of every kind, which come and go.

use std::sync::Arc;

use actionbox_tests::liar::{self, Act, Asked, Authority, Liar, Listening};
use serde_json::json;

/// What the actions of a lying upstream answer.
pub(crate) const LIES: &[&str] = &[
    "get_flood",
    "get_garbage",
    "get_half",
    "get_hush",
    "get_large",
    "get_leak",
    "get_nothing",
    "get_oversized",
    "get_redirect",
    "get_reset",
    "get_throttled",
    "get_trickle",
    "get_unauthorized",
];

/// Bytes of an answer that is too large to be taken.
const OVERSIZED: usize = 2 << 20;

/// Servers that lie, each in a way of its own.
pub(crate) struct Liars {
    /// Say what the action's name says, over TLS and without.
    pub(crate) told: Vec<Liar>,
    /// With them no connection comes about.
    pub(crate) unreachable: Vec<Liar>,
}

impl Liars {
    pub(crate) async fn start(authority: &Authority) -> Self {
        let tls = || Some(authority.tls("http/1.1"));
        let listening = |tls| Listening { tls, ..Listening::default() };
        let greeting = |act| Listening { greeting: vec![act], ..Listening::default() };
        let told = vec![
            Liar::start(listening(tls()), Arc::new(lie)).await,
            Liar::start(Listening::default(), Arc::new(lie)).await,
        ];
        let unreachable = vec![
            Liar::start(listening(Some(liar::self_signed("http/1.1"))), Arc::new(lie)).await,
            Liar::start(greeting(Act::Reset), Arc::new(lie)).await,
            Liar::start(greeting(Act::Hush), Arc::new(lie)).await,
            Liar::start(Listening { tls: tls(), ..greeting(Act::Hush) }, Arc::new(lie)).await,
        ];
        Self { told, unreachable }
    }

    /// Counts the requests that arrived.
    pub(crate) fn asked(&self) -> usize {
        self.told.iter().chain(&self.unreachable).map(|liar| liar.asked().len()).sum()
    }
}

fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Said So\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Says what the target's name says.
fn lie(asked: &Asked) -> Vec<Act> {
    let kept = |bytes| vec![Act::Say(bytes), Act::Next];
    let success = |data| json!({ "node_status": "Success", "http_status": 200, "data": data }).to_string();
    if asked.target.starts_with("/api/v2/public/session-token") {
        let token = format!("tk_soak_{:032x}", fastrand::u128(..));
        return kept(answer(200, "", &json!({ "token": token, "expires_in": 3600 }).to_string()));
    }
    let action = LIES.iter().find(|lie| asked.target.contains(*lie)).copied().unwrap_or_default();
    match action {
        "get_flood" => vec![
            Act::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()),
            Act::Flood(format!("10000\r\n{}\r\n", "x".repeat(0x10000)).into_bytes()),
        ],
        "get_garbage" => vec![Act::Say(b"\0\xffI do not speak this\r\n\r\n".to_vec())],
        "get_half" => vec![Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{".to_vec())],
        "get_hush" => vec![Act::Hush],
        "get_large" => kept(answer(200, "", &success(json!("x".repeat(300 << 10))))),
        "get_leak" => {
            let secrets = [asked.header("x-api-key"), asked.header("authorization")].concat();
            kept(answer(200, "", &success(json!(secrets))))
        }
        "get_nothing" => vec![],
        "get_oversized" => kept(answer(200, "", &"x".repeat(OVERSIZED))),
        "get_redirect" => kept(answer(302, "location: https://127.0.0.1:1/\r\n", "")),
        "get_reset" => vec![Act::Reset],
        "get_throttled" => kept(answer(429, "retry-after: 0\r\n", "{}")),
        "get_trickle" => vec![
            Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec()),
            Act::Trickle(vec![b'x']),
        ],
        "get_unauthorized" => kept(answer(401, "", "{}")),
        _ => kept(answer(404, "", "{}")),
    }
}
