//! The upstream repeats a credential, in every encoding that is screened for.
//!
//! Encoded here, apart from the host's screen on purpose.

use actionbox_host::Withheld;
use actionbox_tests::{
    attacks,
    scoreboard::{Case, RUNTIME},
    tricks::{self, SEND},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};

use crate::stage::{Attack, Fate, Secrets, Stage, endure, say};

attacks! {
    "Credentials echoed, by encoding":
        "The upstream repeats the credential that it was sent, or another of the same grant, in an encoding that a plugin \
         could undo. The answer is withheld whole, and the embedder learns that the request was sent.",
    cases,
    endure,
    no_encoding_carries_a_credential,
}

type Encoding = fn(&str) -> Vec<u8>;

fn each(secret: &str, encode: impl Fn(u8) -> String) -> Vec<u8> {
    secret.bytes().map(encode).collect::<String>().into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn json_escapes(text: &str) -> String {
    text.bytes().map(|byte| format!("\\u{byte:04x}")).collect()
}

fn numbers(text: &str, between: &str) -> Vec<u8> {
    text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(between).into_bytes()
}

fn in_json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn wide(text: &str, unit: impl Fn(u16) -> Vec<u8>) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

/// Breaks lines after so many characters.
fn folded(text: &str, width: usize, by: &str) -> Vec<u8> {
    let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line)).collect();
    lines.join(by).into_bytes()
}

/// Encodings of text as bytes; what stands around them is ASCII.
const ENCODINGS: &[(&str, Encoding)] = &[
    ("as it is", |s| s.into()),
    ("in capitals", |s| s.to_ascii_uppercase().into()),
    ("in small letters", |s| s.to_ascii_lowercase().into()),
    ("as a bearer token", |s| format!("Authorization: Bearer {s}").into()),
    ("in a URL", |s| format!("https://x.example/?key={s}&y=1").into()),
    ("in hex", |s| hex(s.as_bytes()).into()),
    ("in hex, capitals", |s| hex(s.as_bytes()).to_ascii_uppercase().into()),
    ("in base64", |s| STANDARD.encode(s).into()),
    ("in base64, one byte further", |s| STANDARD_NO_PAD.encode(format!("?{s}?")).into()),
    ("in base64, two bytes further", |s| STANDARD_NO_PAD.encode(format!("?>{s}~~")).into()),
    ("in base64url", |s| URL_SAFE.encode(s).into()),
    ("in base64url, one byte further", |s| URL_SAFE_NO_PAD.encode(format!("?{s}?")).into()),
    ("in base64url, two bytes further", |s| URL_SAFE_NO_PAD.encode(format!("?>{s}~~")).into()),
    ("as basic credentials", |s| format!("Basic {}", STANDARD.encode(format!("api:{s}"))).into()),
    ("in base64 of a header", |s| STANDARD.encode(format!("x-api-key: {s}\r\n")).into()),
    ("in base64 with lines of 76", |s| {
        folded(&STANDARD.encode(format!("{}{s}{}", "x".repeat(40), "y".repeat(40))), 76, "\r\n")
    }),
    ("in base64 with lines of 16", |s| folded(&STANDARD.encode(s), 16, "\n")),
    ("in base64 with escaped slashes", |s| STANDARD.encode(format!("??{s}")).replace('/', "\\/").into()),
    ("in base64 in percent escapes", |s| {
        STANDARD.encode(s).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D").into()
    }),
    ("in base64 in JSON escapes", |s| json_escapes(&STANDARD.encode(s)).into()),
    ("in hex in percent escapes", |s| percent(&hex(s.as_bytes())).into()),
    ("in percent escapes", |s| percent(s).into()),
    ("in percent escapes, small letters", |s| percent(s).to_ascii_lowercase().into()),
    ("in percent escapes, only where needed", |s| {
        s.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D").replace('~', "%7E").into()
    }),
    ("in percent escapes, every other", |s| {
        each(s, |b| if b % 2 == 0 { format!("%{b:02x}") } else { char::from(b).to_string() })
    }),
    ("in percent escapes twice", |s| percent(s).replace('%', "%25").into()),
    ("in percent escapes three times", |s| percent(s).replace('%', "%2525").into()),
    ("in percent escapes of all of it twice", |s| percent(&percent(s)).into()),
    ("in old escapes of JavaScript", |s| each(s, |b| format!("%u{b:04x}"))),
    ("in JSON escapes", |s| json_escapes(s).into()),
    ("in JSON escapes, capitals", |s| each(s, |b| format!("\\u{b:04X}"))),
    ("in JSON escapes, every other", |s| {
        each(s, |b| if b % 2 == 0 { format!("\\u{b:04x}") } else { char::from(b).to_string() })
    }),
    ("in JSON, only the slash escaped", |s| s.replace('/', "\\/").into()),
    ("in JSON in JSON", |s| in_json(&json_escapes(s)).into()),
    ("in JSON in JSON in JSON", |s| in_json(&in_json(&json_escapes(s))).into()),
    ("in JSON four deep", |s| {
        // A backslash before a letter stays one layer longer than it looks.
        json_escapes(s).replace('\\', "\\\\\\\\\\\\\\\\").into()
    }),
    ("in percent escapes in JSON escapes", |s| each(s, |b| format!("\\u0025{b:02x}"))),
    ("in JSON escapes in percent escapes", |s| percent(&json_escapes(s)).into()),
    ("in entities in JSON escapes", |s| each(s, |b| format!("\\u0026#{b};"))),
    ("in percent escapes in entities", |s| each(s, |b| format!("&#37;{b:02x}"))),
    ("in hex escapes of JavaScript", |s| each(s, |b| format!("\\x{b:02x}"))),
    ("in code point escapes of JavaScript", |s| each(s, |b| format!("\\u{{{b:x}}}"))),
    ("in code point escapes with zeros", |s| each(s, |b| format!("\\u{{0000{b:x}}}"))),
    ("in decimal entities", |s| each(s, |b| format!("&#{b};"))),
    ("in hex entities", |s| each(s, |b| format!("&#x{b:x};"))),
    ("in hex entities, capitals", |s| each(s, |b| format!("&#X{b:X};"))),
    ("in entities with zeros", |s| each(s, |b| format!("&#000000{b};"))),
    ("in entities without semicolons", |s| each(s, |b| format!("&#{b}"))),
    ("in named entities", |s| {
        s.replace('/', "&sol;")
            .replace('+', "&plus;")
            .replace('=', "&equals;")
            .replace('_', "&lowbar;")
            .into()
    }),
    ("in entities twice", |s| each(s, |b| format!("&amp;#{b};"))),
    ("as numbers", |s| numbers(s, ",")),
    ("as numbers with blanks", |s| numbers(s, ", ")),
    ("as numbers, one a line", |s| numbers(s, ",\n    ")),
    ("in UTF-16, little-endian", |s| wide(s, |u| u.to_le_bytes().into())),
    ("in UTF-16, big-endian", |s| wide(s, |u| u.to_be_bytes().into())),
    ("in UTF-16 with a byte order mark", |s| wide(&format!("\u{feff}{s}"), |u| u.to_le_bytes().into())),
    ("in UTF-32", |s| wide(s, |u| [u.to_le_bytes(), [0, 0]].concat())),
    ("in base64 in UTF-16", |s| wide(&STANDARD.encode(s), |u| u.to_le_bytes().into())),
    ("in hex in UTF-16", |s| wide(&hex(s.as_bytes()), |u| u.to_be_bytes().into())),
    ("in percent escapes in UTF-16", |s| wide(&percent(s), |u| u.to_le_bytes().into())),
    ("in JSON escapes in UTF-16", |s| wide(&json_escapes(s), |u| u.to_le_bytes().into())),
    ("in folded percent escapes", |s| folded(&percent(s), 76, "\r\n")),
    ("in percent escapes, folded within an escape", |s| folded(&percent(s), 7, "\r\n")),
    ("in folded JSON escapes", |s| folded(&json_escapes(s), 10, "\n")),
    ("in folded lines", |s| folded(s, 7, "\r\n")),
    ("in folded and indented lines", |s| folded(s, 7, "\r\n \t")),
    ("in folded lines of JSON", |s| folded(s, 7, "\\n")),
    ("with a NUL after each character", |s| folded(s, 1, "\0")),
    ("with an escape of the terminal inside", |s| folded(s, 20, "\x1b")),
    ("with tabs inside", |s| folded(s, 5, "\t")),
];

fn body(encoded: &[u8]) -> Vec<u8> {
    [b"{\"node_status\":\"Success\",\"data\":\"say ", encoded, b" again\"}"].concat()
}

fn cases() -> Vec<Case<Attack>> {
    let withheld = || Fate::Withheld(Withheld::Secret, 200);
    let mut all = Vec::new();
    for (name, encode) in ENCODINGS {
        let echo = |which: fn(&Secrets) -> &str| {
            Attack::new(withheld(), move |secrets| say(200, "", body(&encode(which(secrets)))))
        };
        all.push(Case::new(format!("the API key {name}"), echo(|secrets| &secrets.key)));
        let token = echo(|secrets| &secrets.sent).with_tokens();
        all.push(Case::new(format!("the session token {name}"), token));
        // With session tokens, the key is on no call, and comes back all the same.
        let key = echo(|secrets| &secrets.key).with_tokens();
        all.push(Case::new(format!("the API key behind a session token {name}"), key));
    }
    all
}

/// What `docs/protection.md` says is not found, each by its words there.
const ADMITTED: &[(&str, Encoding)] = &[
    ("in hex with separators", |s| {
        let digits: Vec<_> = s.bytes().map(|byte| format!("{byte:02x}")).collect();
        digits.join(":").into()
    }),
    ("quoted-printable", |s| each(s, |b| format!("={b:02X}"))),
    ("octal", |s| each(s, |b| format!("\\{b:03o}"))),
    ("backwards", |s| s.bytes().rev().collect()),
    ("split over several strings", |s| {
        let (left, right) = s.split_at(s.len() / 2);
        format!("{left}\",\"{right}").into()
    }),
    ("twice in base64", |s| STANDARD.encode(STANDARD.encode(s)).into()),
    ("in base64 of UTF-16", |s| STANDARD.encode(wide(s, |u| u.to_le_bytes().into())).into()),
    ("cut short", |s| s[..s.len() - 1].into()),
];

/// Not on the scoreboard: here the upstream gets something across, and the document has to say so.
#[test]
fn what_is_not_found_is_admitted() {
    const PAGE: &str = include_str!("../../docs/protection.md");
    let admitted = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    RUNTIME.block_on(async {
        for (words, encode) in ADMITTED {
            assert!(admitted.contains(words), "the page no longer says {words:?}");
            let lie = |secrets: &Secrets| say(200, "", body(&encode(&secrets.key)));
            let attack = Attack::new(Fate::Broken, lie);
            let stage = Stage::new(&format!("admitted: {words}"), &attack).await;
            stage.server.settled().await;
            let played = stage.arena.world.play_under(&stage.grant, SEND, tricks::write()).await;
            let report = played.expect("a report");
            assert_eq!(report["status"], 200, "{words} is found now, the page says otherwise: {report}");
        }
    });
}
