//! The upstream repeats a credential, in every place of an answer, and in every way to cut it up.

use std::sync::Arc;

use actionbox_host::Withheld;
use actionbox_tests::{attacks, liar::Act, scoreboard::Case};

use crate::stage::{Attack, Fate, Secrets, Stage, answer, endure, endure_on, say, wire};

attacks! {
    "Credentials echoed, by place":
        "The upstream repeats the credential in some place of an answer, and cuts it up on the way. Either the answer is \
         withheld, or the place is one that no plugin sees.",
    cases,
    play,
    no_place_carries_a_credential,
}

const HIDDEN: &str = r#"{"node_status":"Success","data":{}}"#;

/// A case with one attack, or with one for each offset at which the secret is cut.
enum Echo {
    Once(Attack),
    CutAt(fn(&Secrets, usize) -> Vec<Act>),
}

fn withheld(status: u16, lie: fn(&Secrets) -> Vec<Act>) -> Echo {
    Echo::Once(Attack::new(Fate::Withheld(Withheld::Secret, status), lie))
}

/// A place that no plugin sees: it gets the rest of the answer.
fn hidden(status: u16, lie: fn(&Secrets) -> Vec<Act>) -> Echo {
    Echo::Once(Attack::new(Fate::Shown(status, HIDDEN.into()), lie))
}

fn success(data: &str) -> String {
    format!(r#"{{"node_status":"Success","data":{data}}}"#)
}

fn chunks(parts: &[&str]) -> String {
    let chunks = parts.iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len())).collect::<String>();
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
}

fn cases() -> Vec<Case<Echo>> {
    let mut all = Vec::new();
    let mut case = |name: &str, echo| all.push(Case::new(name, echo));
    case("alone in the body", withheld(200, |s| say(200, "", &s.sent)));
    case("at the start of the body", withheld(200, |s| say(200, "", format!("{} and more", s.sent))));
    case("at the end of the body", withheld(200, |s| say(200, "", format!("more and {}", s.sent))));
    case(
        "as the name of a field",
        withheld(200, |s| say(200, "", success(&format!(r#"{{"{}":1}}"#, s.sent)))),
    );
    case(
        "as node_status",
        withheld(200, |s| say(200, "", format!(r#"{{"node_status":"{}","data":1}}"#, s.sent))),
    );
    case(
        "in a comment of HTML",
        withheld(200, |s| say(200, "", format!("<html><!-- {} --></html>", s.sent))),
    );
    case("in CDATA of XML", withheld(200, |s| say(200, "", format!("<x><![CDATA[{}]]></x>", s.sent))));
    case("after a NUL", withheld(200, |s| say(200, "", format!("{HIDDEN}\0{}", s.sent))));
    case("after the end of the JSON", withheld(200, |s| say(200, "", format!("{HIDDEN}\n{}", s.sent))));
    case(
        "beside bytes that are no text",
        withheld(200, |s| say(200, "", [b"\xff\xfe".as_slice(), s.sent.as_bytes()].concat())),
    );
    case(
        "a thousand times",
        withheld(200, |s| say(200, "", success(&format!("\"{}\"", s.sent.repeat(1000))))),
    );
    case("at the end of 300 KiB", withheld(200, |s| say(200, "", "x".repeat(300 << 10) + &s.sent)));
    case(
        "at the end of 300 KiB of escapes",
        withheld(200, |s| say(200, "", "\\u0078".repeat(50 << 10) + &s.sent)),
    );
    case(
        "across the bound between two kinds of screening",
        withheld(200, |s| say(200, "", "x".repeat((256 << 10) - 10) + &s.sent + "y")),
    );

    for status in [201, 202, 203, 205, 206, 226, 299] {
        let lie = move |s: &Secrets| say(status, "", &s.sent);
        let attack = Attack::new(Fate::Withheld(Withheld::Secret, status), lie);
        case(&format!("in the body of {status}"), Echo::Once(attack));
    }
    for status in [
        400, 401, 402, 403, 404, 405, 409, 410, 413, 418, 422, 429, 431, 451, 499, 500, 501, 502, 503, 504,
        599,
    ] {
        let lie = move |s: &Secrets| {
            say(status, "", format!(r#"{{"status_code":{status},"message":"bad key {}"}}"#, s.sent))
        };
        let attack = Attack::new(Fate::Withheld(Withheld::Secret, status), lie);
        case(&format!("in the error text of {status}"), Echo::Once(attack));
    }
    case(
        "in the code of an error",
        withheld(400, |s| say(400, "", format!(r#"{{"error_code":"{}"}}"#, s.sent))),
    );
    case(
        "in the request id of an error",
        withheld(400, |s| say(400, "", format!(r#"{{"message":"m","request_id":"{}"}}"#, s.sent))),
    );

    case(
        "in Content-Type",
        withheld(200, |s| say(200, &format!("content-type: text/plain; x={}\r\n", s.sent), HIDDEN)),
    );
    case(
        "in Content-Type, as a type",
        withheld(200, |s| say(200, &format!("content-type: {}\r\n", s.sent), HIDDEN)),
    );
    case(
        "in Content-Type, in hex",
        withheld(200, |s| {
            let hex: String = s.sent.bytes().map(|b| format!("{b:02x}")).collect();
            say(200, &format!("content-type: text/{hex}\r\n"), HIDDEN)
        }),
    );
    case("in Retry-After", withheld(200, |s| say(200, &format!("retry-after: {}\r\n", s.sent), HIDDEN)));
    case(
        "in Retry-After of 503",
        withheld(503, |s| say(503, &format!("retry-after: {}\r\n", s.sent), HIDDEN)),
    );
    case(
        "in Retry-After of 429, in percent escapes",
        withheld(429, |s| {
            let percent: String = s.sent.bytes().map(|b| format!("%{b:02x}")).collect();
            say(429, &format!("retry-after: {percent}\r\n"), HIDDEN)
        }),
    );

    case(
        "in a second Content-Type",
        hidden(200, |s| {
            say(200, &format!("content-type: text/plain\r\ncontent-type: {}\r\n", s.sent), HIDDEN)
        }),
    );
    case(
        "in a second Retry-After",
        hidden(200, |s| say(200, &format!("retry-after: 1\r\nretry-after: {}\r\n", s.sent), HIDDEN)),
    );
    for name in [
        "set-cookie",
        "www-authenticate",
        "proxy-authenticate",
        "authentication-info",
        "authorization",
        "x-api-key",
        "linked_account_id",
        "location",
        "content-location",
        "link",
        "etag",
        "server",
        "via",
        "warning",
        "x-request-id",
        "x-echo",
        "content-disposition",
        "content-language",
        "access-control-allow-origin",
        "vary",
        "trace",
        "forwarded",
    ] {
        let lie = move |s: &Secrets| say(200, &format!("{name}: {}\r\n", s.sent), HIDDEN);
        case(&format!("in the header {name}"), Echo::Once(Attack::new(Fate::Shown(200, HIDDEN.into()), lie)));
    }
    case(
        "in the name of a header",
        hidden(200, |s| {
            let hex: String = s.sent.bytes().map(|b| format!("{b:02x}")).collect();
            say(200, &format!("x-{hex}: 1\r\n"), HIDDEN)
        }),
    );
    case(
        "in the reason phrase",
        hidden(200, |s| {
            wire(format!("HTTP/1.1 200 {}\r\ncontent-length: {}\r\n\r\n{HIDDEN}", s.sent, HIDDEN.len()))
        }),
    );
    case(
        "in the reason phrase of an error",
        hidden(500, |s| {
            wire(format!("HTTP/1.1 500 {}\r\ncontent-length: {}\r\n\r\n{HIDDEN}", s.sent, HIDDEN.len()))
        }),
    );
    case(
        "in trailers",
        hidden(200, |s| {
            wire(
                chunks(&[HIDDEN])
                    .replace("0\r\n\r\n", &format!("0\r\nx-late: {0}\r\nretry-after: {0}\r\n\r\n", s.sent)),
            )
        }),
    );
    case(
        "in the extension of a chunk",
        hidden(200, |s| {
            let (length, body) = (HIDDEN.len(), HIDDEN);
            let chunk = format!("{length:x};x={}\r\n{body}\r\n0\r\n\r\n", s.sent);
            wire(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"))
        }),
    );
    for status in [100, 102, 103, 199] {
        let lie = move |s: &Secrets| {
            let early = format!("HTTP/1.1 {status} {0}\r\nlink: <{0}>\r\n\r\n", s.sent);
            vec![Act::Say([early.into_bytes(), answer(200, "", HIDDEN)].concat()), Act::Next]
        };
        let attack = Attack::new(Fate::Shown(200, HIDDEN.into()), lie);
        case(&format!("in an interim answer {status}"), Echo::Once(attack));
    }
    case(
        "after the end of the answer",
        hidden(200, |s| wire([answer(200, "", HIDDEN), s.sent.clone().into_bytes()].concat())),
    );
    case(
        "in the body of 204, which has none",
        Echo::Once(Attack::new(Fate::Shown(204, vec![]), |s| wire(answer(204, "", &s.sent)))),
    );

    case(
        "in a range",
        withheld(206, |s| {
            say(206, &format!("content-range: bytes 10-{}/1000\r\n", 9 + s.sent.len()), &s.sent)
        }),
    );
    case(
        "in the parts of a multipart range",
        withheld(206, |s| {
            let part = |range: &str, text: &str| {
                format!("--x\r\ncontent-range: bytes {range}/1000\r\n\r\n{text}\r\n")
            };
            let body = part("0-4", "hello") + &part("10-50", &s.sent) + "--x--\r\n";
            say(206, "content-type: multipart/byteranges; boundary=x\r\n", body)
        }),
    );
    case(
        "in the head of a part of a multipart",
        withheld(200, |s| {
            let body = format!("--x\r\nx-api-key: {}\r\n\r\n{{}}\r\n--x--\r\n", s.sent);
            say(200, "content-type: multipart/mixed; boundary=x\r\n", body)
        }),
    );
    case(
        "as an event of a stream",
        withheld(200, |s| say(200, "content-type: text/event-stream\r\n", format!("data: {}\n\n", s.sent))),
    );
    case(
        "as a line of many",
        withheld(200, |s| {
            say(
                200,
                "content-type: application/x-ndjson\r\n",
                format!("{HIDDEN}\n{{\"key\":\"{}\"}}\n", s.sent),
            )
        }),
    );

    case("one byte at a time", withheld(200, |s| vec![Act::Drip(answer(200, "", &s.sent)), Act::Next]));
    case(
        "one byte a chunk",
        withheld(200, |s| {
            let bytes: Vec<_> = s.sent.chars().map(String::from).collect();
            wire(chunks(&bytes.iter().map(String::as_str).collect::<Vec<_>>()))
        }),
    );
    case(
        "until the end of the connection",
        withheld(200, |s| wire(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", s.sent))),
    );
    case("in an answer of HTTP/1.0", withheld(200, |s| wire(format!("HTTP/1.0 200 OK\r\n\r\n{}", s.sent))));
    case(
        "cut at every byte, into chunks",
        Echo::CutAt(|s, at| {
            let (left, right) = s.sent.split_at(at);
            wire(chunks(&[left, right]))
        }),
    );
    case(
        "cut at every byte, into writes",
        Echo::CutAt(|s, at| {
            let whole = answer(200, "", &s.sent);
            let (left, right) = whole.split_at(whole.len() - s.sent.len() + at);
            vec![Act::Say(left.into()), Act::Say(right.into()), Act::Next]
        }),
    );
    case(
        "cut at every byte, into three chunks and writes",
        Echo::CutAt(|s, at| {
            let (left, right) = s.sent.split_at(at);
            let (middle, right) = right.split_at(right.len() / 2);
            let parts: Vec<_> = [left, middle, right].into_iter().filter(|part| !part.is_empty()).collect();
            chunks(&parts).split_inclusive("\r\n").map(|part| Act::Say(part.into())).collect()
        }),
    );
    case(
        "cut at every byte, by a line break",
        Echo::CutAt(|s, at| {
            let (left, right) = s.sent.split_at(at);
            say(200, "", format!("{left}\r\n  {right}"))
        }),
    );
    case(
        "cut at every byte, the rest escaped",
        Echo::CutAt(|s, at| {
            let (left, right) = s.sent.split_at(at);
            say(200, "", left.to_owned() + &right.bytes().map(|b| format!("\\u{b:04x}")).collect::<String>())
        }),
    );
    all
}

async fn play(name: String, echo: Echo) {
    match echo {
        Echo::Once(attack) => endure(name, attack).await,
        Echo::CutAt(cut) => {
            let fate = Fate::Withheld(Withheld::Secret, 200);
            let at = Arc::new(std::sync::atomic::AtomicUsize::new(1));
            let now = at.clone();
            let attack = Attack::says(fate.clone(), vec![]);
            let stage = Stage::with_script(&name, &attack, move |secrets, _, _| {
                cut(secrets, now.load(std::sync::atomic::Ordering::SeqCst))
            })
            .await;
            for offset in 1..stage.secrets.sent.len() {
                at.store(offset, std::sync::atomic::Ordering::SeqCst);
                let played = stage.send_write().await.expect("a report");
                assert_eq!(played["error"], "ErrorCode::HttpProtocolError", "cut at {offset}: {played}");
                let event = stage.traces.request_events().pop().expect("an event");
                assert_eq!(event.result, "answer withheld: it held a credential", "cut at {offset}");
            }
            at.store(20, std::sync::atomic::Ordering::SeqCst);
            endure_on(&stage, &fate).await;
        }
    }
}
