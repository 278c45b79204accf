//! The upstream is wrong about where an answer ends.

use actionbox_host::{Error, Sent};
use actionbox_tests::{attacks, liar::Act, scoreboard::Case};

use crate::stage::{Attack, Fate, Stage, answer, endure, say, wire};

attacks! {
    "Framing":
        "The upstream lies about the length of an answer, says it twice, or says more than one answer. No plugin gets \
         bytes of an answer that is not whole, nor those of an answer that it did not ask for.",
    cases,
    play,
    no_answer_is_taken_for_another,
}

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;
const FORGED: &str = r#"{"node_status":"Success","data":"forged"}"#;

enum Framing {
    Once(Attack),
    /// Answers each request with one answer, and says this after it.
    Ahead(fn() -> Vec<u8>),
}

fn broken(bytes: impl Into<Vec<u8>>) -> Framing {
    Framing::Once(Attack::says(Fate::Broken, wire(bytes)))
}

fn shown(status: u16, body: &str, bytes: impl Into<Vec<u8>>) -> Framing {
    Framing::Once(Attack::says(Fate::Shown(status, body.into()), wire(bytes)))
}

fn with(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}")
}

fn chunked(chunks: &str) -> String {
    with("transfer-encoding: chunked", chunks)
}

fn cases() -> Vec<Case<Framing>> {
    let mut all = Vec::new();
    let mut case = |name: &str, framing| all.push(Case::new(name, framing));
    let length = BODY.len();
    case("a length that is too long", broken(with(&format!("content-length: {}", length + 1), BODY)));
    case("a length that is too short", shown(200, &BODY[..10], with("content-length: 10", BODY)));
    case("a length of nothing, and a body", shown(200, "", with("content-length: 0", BODY)));
    case(
        "two lengths that differ",
        broken(with(&format!("content-length: {length}\r\ncontent-length: 2"), BODY)),
    );
    case(
        "two lengths that differ, in one header",
        broken(with(&format!("content-length: {length}, 2"), BODY)),
    );
    for (name, value) in [
        ("negative", "-1"),
        ("with a sign", "+35"),
        ("in hex", "0x23"),
        ("with a fraction", "35.0"),
        ("in words", "thirty-five"),
        ("of nothing at all", ""),
        ("beyond 64 bits", "99999999999999999999"),
        ("of all 64 bits", "18446744073709551615"),
        ("in other digits", "\u{663}\u{665}"),
    ] {
        case(&format!("a length {name}"), broken(with(&format!("content-length: {value}"), BODY)));
    }
    case("a length and chunks", {
        let chunks = format!("{length:x}\r\n{BODY}\r\n0\r\n\r\n");
        shown(200, BODY, with("content-length: 2\r\ntransfer-encoding: chunked", &chunks))
    });
    case(
        "a length beside chunks that are none",
        broken(with(&format!("content-length: {length}\r\ntransfer-encoding: chunked"), BODY)),
    );
    for (name, chunks) in [
        ("without a size", "\r\nhello\r\n0\r\n\r\n"),
        ("of a negative size", "-1\r\nx\r\n0\r\n\r\n"),
        ("of a size in no digits", "xyz\r\nx\r\n0\r\n\r\n"),
        ("of a size with a prefix", "0x1\r\nx\r\n0\r\n\r\n"),
        ("of a size beyond 64 bits", "fffffffffffffffff\r\nx\r\n0\r\n\r\n"),
        ("longer than its size", "1\r\nhello\r\n0\r\n\r\n"),
        ("without a line break after it", "1\r\nx0\r\n\r\n"),
        ("with a lone carriage return", "1\rx\r\n0\r\n\r\n"),
        ("that are HTML", "<html><body>Bad Gateway</body></html>"),
    ] {
        case(&format!("chunks {name}"), broken(chunked(chunks)));
    }
    case("chunks of nothing", shown(200, "", chunked("0\r\n\r\n")));
    case("chunks with sizes in many digits", shown(200, "x", chunked("00000001\r\nx\r\n0\r\n\r\n")));
    case("a body in an answer that can have none: 204", shown(204, "", answer(204, "", BODY)));
    case(
        "a chunked body in an answer that can have none: 204",
        shown(204, "", "HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    );
    case(
        "a length of a body that is not there, as for HEAD",
        broken(with(&format!("content-length: {length}"), "")),
    );
    case("205 with a body", shown(205, BODY, answer(205, "", BODY)));
    case(
        "206 that was not asked for",
        shown(206, &BODY[..9], answer(206, "content-range: bytes 0-8/35\r\n", &BODY[..9])),
    );

    case("a second answer at once", Framing::Ahead(|| answer(200, "", FORGED)));
    case("a second answer at once, an error", Framing::Ahead(|| answer(500, "", FORGED)));
    case(
        "a second answer behind 204",
        Framing::Ahead(|| [answer(204, "", ""), answer(200, "", FORGED)].concat()),
    );
    case(
        "a second answer in the place of a body",
        Framing::Ahead(|| {
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{FORGED}", FORGED.len()).into()
        }),
    );
    case(
        "half a second answer at once",
        Framing::Ahead(|| b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\nx: ".into()),
    );
    case("an interim answer too late", Framing::Ahead(|| b"HTTP/1.1 100 Continue\r\n\r\n".into()));
    case("a line break too much", Framing::Ahead(|| b"\r\n".into()));
    all
}

async fn play(name: String, framing: Framing) {
    let ahead = match framing {
        Framing::Once(attack) => return endure(name, attack).await,
        Framing::Ahead(ahead) => ahead,
    };
    let attack = Attack::says(Fate::Shown(200, BODY.into()), vec![]);
    let stage =
        Stage::with_script(&name, &attack, move |_, _, asked| match asked.target.contains("get_contact") {
            true => vec![Act::Say([answer(200, "", BODY), ahead()].concat()), Act::Next],
            false => say(200, "", BODY),
        })
        .await;
    for _ in 0..10 {
        drop(stage.read().await.expect("the answer to the read"));
        // It may meet the connection before its client has noticed: then nobody knows, but nobody is misled.
        match stage.send_write().await.expect("a report") {
            report if report["status"] == 200 => assert_eq!(report["body"], BODY),
            report => {
                assert_eq!(report["error"], "ErrorCode::HttpResponseIncomplete", "{report}");
                assert_eq!(stage.traces.last_call().sent, Sent::Unknown);
            }
        }
        match stage.write().await {
            Ok(outcome) => assert!(!format!("{outcome:?}").contains("forged")),
            Err(error) => {
                assert!(matches!(&error, Error::Unreachable { sent: Sent::Unknown, .. }), "{error:?}")
            }
        }
    }
}
