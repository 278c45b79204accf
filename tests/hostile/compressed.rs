//! The upstream encodes bodies although it was asked not to.

use actionbox_host::Withheld;
use actionbox_tests::{attacks, scoreboard::Case};

use crate::stage::{Attack, Fate, endure, say, wire};

attacks! {
    "Encoded bodies":
        "The upstream compresses an answer although `identity` was asked, says that it did, or does so in secret. What \
         cannot be read is not shown, and nothing is unpacked.",
    cases,
    endure,
    no_encoded_body_is_shown,
}

/// `{}` as gzip has it.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0C\xbf\xa6\xa3\x02\0\0\0";
/// The same as zlib has it.
const ZLIB: &[u8] = b"\x78\x9c\xab\xae\x05\0\x01\x75\0\xf9";
/// The same as Zstandard has it.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x04\x58\x11\0\0{}\x99\xe9\xd8\x51";
/// A stored block of gzip: what it holds is in plain sight.
fn stored(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short").to_le_bytes();
    let head = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01";
    [head.as_slice(), &length, &length.map(|byte| !byte), text.as_bytes(), &[0; 8]].concat()
}

fn cases() -> Vec<Case<Attack>> {
    let mut all = Vec::new();
    let mut case = |name: String, attack| all.push(Case::new(name, attack));
    for coding in [
        "gzip",
        "GZIP",
        "x-gzip",
        "deflate",
        "br",
        "zstd",
        "compress",
        "dcb",
        "aes128gcm",
        "identity, gzip",
        "gzip, gzip",
        "gzip, identity",
        "unknown",
        "",
        "identity;q=0",
        "\"identity\"",
    ] {
        let fate = Fate::Withheld(Withheld::ContentEncoding, 200);
        let attack = Attack::new(fate, move |_| {
            say(200, &format!("content-encoding: {coding}\r\n"), r#"{"plain":1}"#)
        });
        case(format!("content-encoding {coding:?} of a plain body"), attack);
    }
    for (name, coding, body) in
        [("gzip", "gzip", GZIP), ("zlib", "deflate", ZLIB), ("Zstandard", "zstd", ZSTD)]
    {
        let said = Attack::new(Fate::Withheld(Withheld::ContentEncoding, 200), move |_| {
            say(200, &format!("content-encoding: {coding}\r\n"), body)
        });
        case(format!("{name}, said to be so"), said);
        let secretly = Attack::new(Fate::Withheld(Withheld::NotText, 200), move |_| say(200, "", body));
        case(format!("{name}, in secret"), secretly);
        let denied = Attack::new(Fate::Withheld(Withheld::NotText, 200), move |_| {
            say(200, "content-encoding: identity\r\n", body)
        });
        case(format!("{name}, said to be identity"), denied);
    }
    case(
        "two headers, the first of which says identity".to_owned(),
        Attack::new(Fate::Withheld(Withheld::ContentEncoding, 200), |_| {
            say(200, "content-encoding: identity\r\ncontent-encoding: gzip\r\n", GZIP)
        }),
    );
    case(
        "an error, compressed".to_owned(),
        Attack::new(Fate::Withheld(Withheld::ContentEncoding, 400), |_| {
            say(400, "content-encoding: gzip\r\n", GZIP)
        }),
    );
    case(
        "a credential in a stored block".to_owned(),
        Attack::new(Fate::Withheld(Withheld::Secret, 200), |secrets| say(200, "", stored(&secrets.sent))),
    );
    case(
        "a credential in a compressed answer, said to be so".to_owned(),
        Attack::new(Fate::Withheld(Withheld::ContentEncoding, 200), |secrets| {
            say(200, "content-encoding: gzip\r\n", stored(&secrets.sent))
        }),
    );
    case(
        "a transfer coding of gzip below chunks".to_owned(),
        Attack::new(Fate::Withheld(Withheld::NotText, 200), |_| {
            let chunk = [format!("{:x}\r\n", GZIP.len()).as_bytes(), GZIP, b"\r\n0\r\n\r\n"].concat();
            wire([b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n".as_slice(), &chunk].concat())
        }),
    );
    case(
        "a transfer coding of gzip alone".to_owned(),
        Attack::new(Fate::Withheld(Withheld::NotText, 200), |_| {
            wire([b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n".as_slice(), GZIP].concat())
        }),
    );
    for (name, body) in [
        ("Latin-1", b"{\"data\":\"caf\xe9\"}".as_slice()),
        ("a surrogate in UTF-8", b"{\"data\":\"\xed\xa0\x80\"}"),
        ("an overlong form", b"{\"data\":\"\xc0\xaf\"}"),
        ("UTF-16 with a byte order mark", b"\xff\xfe{\0}\0"),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("a byte beyond Unicode", b"{\"data\":\"\xf5\x80\x80\x80\"}"),
        ("a character that breaks off", b"{\"data\":\"\xe2\x82"),
    ] {
        let attack = Attack::new(Fate::Withheld(Withheld::NotText, 200), move |_| say(200, "", body));
        case(format!("{name} in the place of UTF-8"), attack);
    }
    all
}
