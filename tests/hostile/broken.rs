//! The connection breaks, at every moment of an exchange.

use actionbox_host::{Error, SendFailure, Sent};
use actionbox_tests::{
    attacks,
    liar::{Act, Authority, Listening},
    scoreboard::Case,
};

use crate::stage::{Attack, Fate, Secrets, Stage, answer, endure, endure_on, say, wire};

attacks! {
    "Broken connections":
        "The upstream closes or resets the connection before, within and after an answer. A write is never sent twice, \
         and the embedder learns that nobody knows what became of it.",
    cases,
    play,
    no_write_is_sent_twice,
}

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;

enum Break {
    Once(Attack),
    /// Answers the first request properly, and does this to each further one on the same connection.
    WhenUsedAgain(Vec<Act>),
    /// Greets the client so, and takes no request.
    BeforeAsked(fn(&Authority, &Secrets) -> Listening),
}

fn cases() -> Vec<Case<Break>> {
    let mut all = Vec::new();
    let mut case = |name: String, attack| all.push(Case::new(name, attack));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", BODY.len());
    let whole = format!("{head}{BODY}");
    let cut = |count: usize| whole.as_bytes()[..count].to_vec();
    for (when, said) in [
        ("without an answer", Vec::new()),
        ("after one byte", cut(1)),
        ("within the status line", cut(11)),
        ("after the status line", cut(17)),
        ("within a header", cut(25)),
        ("before the empty line", cut(head.len() - 2)),
        ("after the head", cut(head.len())),
        ("after one byte of the body", cut(head.len() + 1)),
        ("before the last byte", cut(whole.len() - 1)),
        ("after an interim answer", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        ("within a chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\nshort".to_vec()),
        (
            "before the last chunk",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n".to_vec(),
        ),
        (
            "within the last chunk",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n".to_vec(),
        ),
        ("within an error", b"HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\n{".to_vec()),
        ("within a refusal", b"HTTP/1.1 401 No\r\ncontent-length: 10\r\n\r\n{".to_vec()),
        ("within a throttled answer", b"HTTP/1.1 429 No\r\ncontent-length: 10\r\n\r\n{".to_vec()),
        ("within a redirect", b"HTTP/1.1 307 Go\r\nlocation: /\r\ncontent-length: 10\r\n\r\n{".to_vec()),
    ] {
        let closes = Attack::says(Fate::Broken, wire(said.clone()));
        case(format!("closed {when}"), Break::Once(closes));
        let resets = Attack::says(Fate::Broken, vec![Act::Say(said), Act::Reset]);
        case(format!("reset {when}"), Break::Once(resets));
    }
    case(
        "closed after a body without a length, which is its end".to_owned(),
        Break::Once(Attack::says(
            Fate::Shown(200, BODY.into()),
            wire(format!("HTTP/1.1 200 OK\r\n\r\n{BODY}")),
        )),
    );
    case("reset after a body without a length".to_owned(), {
        let acts = vec![Act::Say(format!("HTTP/1.1 200 OK\r\n\r\n{BODY}").into()), Act::Reset];
        Break::Once(Attack::says(Fate::Broken, acts))
    });
    case(
        "closed after an answer that keeps the connection".to_owned(),
        Break::Once(Attack::says(
            Fate::Shown(200, BODY.into()),
            wire(answer(200, "connection: keep-alive\r\n", BODY)),
        )),
    );
    for (name, acts) in [
        ("closed", Vec::new()),
        ("reset", vec![Act::Reset]),
        ("closed within the head", wire(&b"HTTP/1.1 2"[..])),
        ("reset within the body", vec![Act::Say(head.clone().into()), Act::Reset]),
    ] {
        case(format!("{name} when a kept connection is used again"), Break::WhenUsedAgain(acts));
    }
    case("reset before it is asked".to_owned(), Break::BeforeAsked(|_, _| greeting(Act::Reset)));
    case("closed before it is asked".to_owned(), Break::BeforeAsked(|_, _| greeting(Act::Say(Vec::new()))));
    all
}

fn greeting(act: Act) -> Listening {
    Listening { greeting: vec![act], ..Listening::default() }
}

async fn play(name: String, way: Break) {
    match way {
        Break::Once(attack) => endure(name, attack).await,
        Break::BeforeAsked(listening) => {
            let attack = Attack::says(Fate::Broken, vec![]).listening(listening);
            let stage = Stage::new(&name, &attack).await;
            // Whether the client learns of it while it connects or later is a matter of luck.
            let played = stage.send_write().await.expect("a report");
            let codes = ["ErrorCode::HttpResponseIncomplete", "ErrorCode::ConnectionRefused"];
            assert!(codes.contains(&played["error"].as_str().unwrap_or_default()), "{played}");
            let error = stage.write().await.expect_err("no answer");
            let Error::Unreachable { failure, sent } = &error else { panic!("{error:?}") };
            let event = stage.traces.request_events().pop().expect("an event");
            match failure {
                // A try that got no connection never left, and may come before the one that broke.
                SendFailure::Broken(_) => assert_eq!(*sent, Sent::Unknown),
                SendFailure::Connect(_) => assert_eq!(*sent, event.sent),
                other => panic!("{other:?}"),
            }
            assert!(stage.received().is_empty());
        }
        Break::WhenUsedAgain(acts) => {
            let attack = Attack::says(Fate::Broken, vec![]);
            let stage = Stage::with_script(&name, &attack, move |_, number, _| match number {
                0 => say(200, "", BODY),
                _ => acts.clone(),
            })
            .await;
            let first = stage.send_write().await.expect("a report");
            assert_eq!(first["status"], 200, "{first}");
            assert_eq!(stage.server.connections().await, 1);
            endure_on(&stage, &Fate::Broken).await;
        }
    }
}
