//! The upstream speaks HTTP/2, and abuses it.

use std::sync::Arc;

use actionbox_host::{Sent, Withheld};
use actionbox_tests::{
    attacks,
    liar::{Act, Listening, frame},
    scoreboard::Case,
};

use crate::stage::{Attack, Fate, Secrets, Stage, endure_on};

attacks! {
    "HTTP/2":
        "The upstream goes away, resets streams, floods with frames and says why in the words of a credential. A write is \
         sent once, and no word of it reaches a log or an error.",
    cases,
    play,
    http2_is_no_way_around,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200` as HPACK has it.
const STATUS_200: &[u8] = &[0x88];

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;

/// Writes a header that is not put into any table (RFC 7541, section 6.2.2), with a long value.
fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0, length(name)[0]], name.as_bytes(), &length(value), value.as_bytes()].concat()
}

/// Writes a length of seven bits or more (RFC 7541, section 5.1).
fn length(text: &str) -> Vec<u8> {
    let Some(mut rest) = text.len().checked_sub(127) else { return vec![text.len() as u8] };
    let mut bytes = vec![127];
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
    bytes
}

fn status(code: &str) -> Vec<u8> {
    // The name is the eighth of the static table.
    [&[0x08, code.len() as u8], code.as_bytes()].concat()
}

/// The stream on which it was asked.
#[derive(Clone, Copy)]
struct On(u32);

impl On {
    fn head(self, fields: &[&[u8]], flags: u8) -> Vec<u8> {
        frame(HEADERS, END_HEADERS | flags, self.0, &fields.concat())
    }

    fn reply(self, fields: &[&[u8]], body: &str) -> Vec<u8> {
        [self.head(fields, 0), frame(DATA, END_STREAM, self.0, body.as_bytes())].concat()
    }

    fn reset(self, code: u32) -> Vec<u8> {
        frame(RST_STREAM, 0, self.0, &code.to_be_bytes())
    }
}

fn goaway(last: u32, code: u32, text: &str) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last.to_be_bytes(), &code.to_be_bytes(), text.as_bytes()].concat())
}

type Frames = Arc<dyn Fn(&Secrets, On) -> Vec<Act> + Send + Sync>;

struct Lie {
    fate: Fate,
    frames: Frames,
}

fn lie(fate: Fate, frames: impl Fn(&Secrets, On) -> Vec<Act> + Send + Sync + 'static) -> Lie {
    Lie { fate, frames: Arc::new(frames) }
}

/// Says frames, and leaves the connection open: whoever is wronged closes it.
fn say(frames: Vec<u8>) -> Vec<Act> {
    vec![Act::Say(frames), Act::Next]
}

fn cases() -> Vec<Case<Lie>> {
    let mut all = Vec::new();
    let mut case = |name: &str, attack| all.push(Case::new(name, attack));
    let secret = || Fate::Withheld(Withheld::Secret, 200);
    case("an honest answer", lie(Fate::Shown(200, BODY.into()), |_, on| say(on.reply(&[STATUS_200], BODY))));
    case("a credential in the body", lie(secret(), |s, on| say(on.reply(&[STATUS_200], &s.sent))));
    case(
        "a credential in a header that is passed",
        lie(secret(), |s, on| say(on.reply(&[STATUS_200, &field("content-type", &s.sent)], BODY))),
    );
    case(
        "a credential in another header",
        lie(Fate::Shown(200, BODY.into()), |s, on| {
            say(on.reply(&[STATUS_200, &field("x-echo", &s.sent)], BODY))
        }),
    );
    case(
        "a credential in trailers",
        lie(Fate::Shown(200, BODY.into()), |s, on| {
            let trailers = on.head(&[&field("x-late", &s.sent)], END_STREAM);
            say([on.head(&[STATUS_200], 0), frame(DATA, 0, on.0, BODY.as_bytes()), trailers].concat())
        }),
    );
    case(
        "a credential, one byte a frame",
        lie(secret(), |s, on| {
            let frames = s.sent.bytes().flat_map(|byte| frame(DATA, 0, on.0, &[byte]));
            say([on.head(&[STATUS_200], 0), frames.collect(), frame(DATA, END_STREAM, on.0, b"")].concat())
        }),
    );
    case("a credential as the status", lie(Fate::Broken, |s, on| say(on.reply(&[&status(&s.sent)], BODY))));
    case(
        "a credential as a pseudo-header",
        lie(Fate::Broken, |s, on| say(on.reply(&[STATUS_200, &field(":echo", &s.sent)], BODY))),
    );
    case(
        "a credential in a header with a name that is not valid",
        lie(Fate::Broken, |s, on| say(on.reply(&[STATUS_200, &field("X Y", &s.sent)], BODY))),
    );
    for (name, code) in [
        ("no error", 0),
        ("a protocol error", 1),
        ("an inner error", 2),
        ("calm", 11),
        ("an unknown code", 99),
    ] {
        case(
            &format!("a farewell with a credential as its reason, of {name}"),
            lie(Fate::Broken, move |s, _| say(goaway(0, code, &s.sent))),
        );
    }
    case(
        "a farewell after the head",
        // The stream on which it was asked may still end, and then the connection is closed.
        lie(Fate::Broken, |s, on| {
            vec![Act::Say([on.head(&[STATUS_200], 0), goaway(on.0, 2, &s.sent)].concat())]
        }),
    );
    case(
        "a farewell of 16 KiB of escapes for terminals",
        lie(Fate::Broken, |_, _| say(goaway(0, 1, &"\x1b[2J\r\n".repeat(2700)))),
    );
    for (name, code) in [("refused", 7), ("cancelled", 8), ("of an unknown code", 99)] {
        case(&format!("a stream that is {name}"), lie(Fate::Broken, move |_, on| say(on.reset(code))));
        case(
            &format!("a stream that is {name} after its head"),
            lie(Fate::Broken, move |_, on| say([on.head(&[STATUS_200], 0), on.reset(code)].concat())),
        );
    }
    case(
        "a stream that is not processed, as the farewell says",
        lie(Fate::Broken, |_, _| say(goaway(0, 0, ""))),
    );
    case(
        "a redirect",
        lie(Fate::Withheld(Withheld::Redirect, 307), |s, on| {
            say(on.reply(&[&status("307"), &field("location", &format!("/{}", s.sent))], ""))
        }),
    );
    case(
        "status 999",
        lie(Fate::Withheld(Withheld::Status, 999), |_, on| say(on.reply(&[&status("999")], BODY))),
    );
    case("two statuses", lie(Fate::Broken, |_, on| say(on.reply(&[STATUS_200, STATUS_200], BODY))));
    case("no status", lie(Fate::Broken, |_, on| say(on.reply(&[&field("x", "y")], BODY))));
    case("an empty status", lie(Fate::Broken, |_, on| say(on.reply(&[&status("")], BODY))));
    case(
        "a length that is not kept",
        lie(Fate::Broken, |_, on| say(on.reply(&[STATUS_200, &field("content-length", "5")], BODY))),
    );
    case(
        "a compressed body",
        lie(Fate::Withheld(Withheld::ContentEncoding, 200), |_, on| {
            say(on.reply(&[STATUS_200, &field("content-encoding", "gzip")], "x"))
        }),
    );
    case(
        "a head of 64 KiB",
        lie(Fate::Broken, |_, on| {
            let large: Vec<_> = (0..8).map(|n| field(&format!("x-{n}"), &"x".repeat(8 << 10))).collect();
            let block = [STATUS_200.to_vec(), large.concat()].concat();
            let mut frames = Vec::new();
            for (at, part) in block.chunks(16 << 10).enumerate() {
                let kind = if at == 0 { HEADERS } else { CONTINUATION };
                let flags = if (at + 1) * (16 << 10) >= block.len() { END_HEADERS } else { 0 };
                frames.extend(frame(kind, flags, on.0, part));
            }
            frames.extend(frame(DATA, END_STREAM, on.0, BODY.as_bytes()));
            say(frames)
        }),
    );
    case(
        "a head without end",
        lie(Fate::Broken, |_, on| {
            vec![
                Act::Say(frame(HEADERS, 0, on.0, STATUS_200)),
                Act::Flood(frame(CONTINUATION, 0, on.0, &field("x-more", &"x".repeat(1000)))),
            ]
        }),
    );
    case(
        "a head that refers to a table entry that is not there",
        lie(Fate::Broken, |_, on| say(on.head(&[&[0xff, 0xff, 0x7f]], END_STREAM))),
    );
    case(
        "a body on a stream that nobody opened",
        lie(Fate::Broken, |_, on| say([on.head(&[STATUS_200], 0), frame(DATA, 0, on.0 + 2, b"x")].concat())),
    );
    case(
        "a body that is too large",
        lie(Fate::TooLarge, |_, on| {
            say([on.head(&[STATUS_200], 0), frame(DATA, 0, on.0, &[b' '; 16 << 10]).repeat(65)].concat())
        }),
    );
    case(
        "a pushed answer",
        lie(Fate::Broken, |s, on| {
            let promise = [&2u32.to_be_bytes()[..], &field("x-echo", &s.sent)].concat();
            say(frame(PUSH_PROMISE, END_HEADERS, on.0, &promise))
        }),
    );
    case(
        "a frame that is too long",
        lie(Fate::Broken, |_, on| say(frame(DATA, 0, on.0, &vec![b'x'; 1 << 20]))),
    );
    case(
        "a frame of an unknown kind before the answer",
        lie(Fate::Shown(200, BODY.into()), |s, on| {
            say([frame(0xee, 0xff, on.0, s.sent.as_bytes()), on.reply(&[STATUS_200], BODY)].concat())
        }),
    );
    case(
        "settings that are not valid",
        lie(Fate::Broken, |_, _| say(frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 9]))),
    );
    case("a window of nothing more", lie(Fate::Broken, |_, _| say(frame(WINDOW_UPDATE, 0, 0, &[0; 4]))));
    case(
        "HTTP/1.1 after HTTP/2 was agreed on",
        lie(Fate::Broken, |s, _| {
            say(format!("HTTP/1.1 200 OK\r\nx-echo: {0}\r\n\r\n{0}", s.sent).into_bytes())
        }),
    );
    case("silence", lie(Fate::TimedOut(Sent::Unknown), |_, _| vec![Act::Next]));
    case("silence after the head", lie(Fate::TimedOut(Sent::Yes), |_, on| say(on.head(&[STATUS_200], 0))));
    case(
        "a thousand pings in place of an answer",
        lie(Fate::TimedOut(Sent::Unknown), |_, _| say(frame(PING, 0, 0, b"pingpong").repeat(1000))),
    );
    case("a reset of the connection", lie(Fate::Broken, |_, _| vec![Act::Reset]));
    case("a close of the connection", lie(Fate::Broken, |_, _| vec![]));
    all
}

async fn play(name: String, lie: Lie) {
    let mut attack = Attack::says(lie.fate, vec![]).listening(|ca, _| Listening {
        tls: Some(ca.tls("h2")),
        http2: true,
        ..Listening::default()
    });
    attack.http2 = true;
    let frames = lie.frames;
    let stage =
        Stage::with_script(&name, &attack, move |secrets, _, asked| frames(secrets, On(asked.stream))).await;
    endure_on(&stage, &attack.fate).await;
}
