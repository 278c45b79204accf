//! The upstream's answer begins with nonsense, or with too much.

use actionbox_host::Withheld;
use actionbox_tests::{attacks, scoreboard::Case};

use crate::stage::{Attack, Fate, answer, endure, say, wire};

attacks! {
    "Heads":
        "The upstream answers with a status line that is none, a status that does not exist, headers that are too many, \
         too long or not valid, or with another protocol.",
    cases,
    endure,
    no_head_is_believed_that_is_none,
}

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;

fn cases() -> Vec<Case<Attack>> {
    let mut all = Vec::new();
    let mut case = |name: &str, attack| all.push(Case::new(name, attack));
    let line = |line: &str| wire(format!("{line}\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len()));
    for (name, first) in [
        ("of HTTP/0.9, which has none", "<html>welcome</html>"),
        ("of HTTP/2", "HTTP/2 200 OK"),
        ("of HTTP/1.2", "HTTP/1.2 200 OK"),
        ("of HTTP/9.9", "HTTP/9.9 200 OK"),
        ("in small letters", "http/1.1 200 OK"),
        ("without a version", "HTTP 200 OK"),
        ("without a status", "HTTP/1.1"),
        ("with words for a status", "HTTP/1.1 OK"),
        ("with a status of one digit", "HTTP/1.1 2 OK"),
        ("with a status of four digits", "HTTP/1.1 2000 OK"),
        ("with a negative status", "HTTP/1.1 -20 OK"),
        ("with status 000", "HTTP/1.1 000 OK"),
        ("with status 099", "HTTP/1.1 099 OK"),
        ("with a NUL", "HTTP/1.1 200 O\0K"),
        ("of another protocol: ICY", "ICY 200 OK"),
        ("of another protocol: RTSP", "RTSP/1.0 200 OK"),
        ("of another protocol: SMTP", "220 mail.example ESMTP"),
        ("of another protocol: SSH", "SSH-2.0-OpenSSH_9.9"),
        ("that is a request", "GET / HTTP/1.1"),
        ("that begins with a blank", " HTTP/1.1 200 OK"),
        ("that begins with a byte order mark", "\u{feff}HTTP/1.1 200 OK"),
    ] {
        case(&format!("a status line {name}"), Attack::says(Fate::Broken, line(first)));
    }
    case("a status line of TLS", Attack::says(Fate::Broken, wire(&b"\x15\x03\x03\0\x02\x02\x28"[..])));
    case("a status line of HTTP/2 frames", Attack::says(Fate::Broken, wire(&b"\0\0\0\x04\0\0\0\0\0"[..])));
    case("an answer of HTTP/1.0", Attack::says(Fate::Shown(200, BODY.into()), line("HTTP/1.0 200 OK")));
    case(
        "a status line without a reason",
        Attack::says(Fate::Shown(200, BODY.into()), line("HTTP/1.1 200 ")),
    );
    case("lines that end without carriage returns", {
        let bytes = format!("HTTP/1.1 200 OK\ncontent-length: {}\n\n{BODY}", BODY.len());
        Attack::says(Fate::Shown(200, BODY.into()), wire(bytes))
    });
    for status in [600, 666, 700, 999] {
        case(
            &format!("status {status}"),
            Attack::says(Fate::Withheld(Withheld::Status, status), say(status, "", BODY)),
        );
    }
    case("101, a switch to another protocol", {
        let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        Attack::says(Fate::Withheld(Withheld::Status, 101), wire(head))
    });
    case("101 to HTTP/2", {
        let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        Attack::says(Fate::Withheld(Withheld::Status, 101), wire(head))
    });
    case(
        "426, which wants another protocol",
        Attack::says(
            Fate::Shown(426, BODY.into()),
            say(426, "upgrade: h2c\r\nconnection: upgrade\r\n", BODY),
        ),
    );

    for (name, header) in [
        ("without a colon", "nonsense"),
        ("without a name", ": x"),
        ("with a blank in its name", "x y: z"),
        ("with a blank before the colon", "content-type : text/plain"),
        ("with a NUL in its value", "x: a\0b"),
        ("with a control character in its value", "x: a\x07b"),
        ("with a lone carriage return", "x: a\rb: c"),
        ("that is folded", "x: a\r\n b"),
        ("with a name beyond ASCII", "caf\u{e9}: x"),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{header}\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
        case(&format!("a header {name}"), Attack::says(Fate::Broken, wire(bytes)));
    }
    case("a header beyond ASCII, of those that are passed", {
        let bytes =
            [b"HTTP/1.1 200 OK\r\ncontent-type: caf\xe9\r\n\r\n".as_slice(), BODY.as_bytes()].concat();
        Attack::says(Fate::Shown(200, BODY.into()), wire(bytes))
    });
    for (name, count, fate) in [
        ("sixty headers", 60, Fate::Shown(200, BODY.into())),
        ("a hundred headers", 100, Fate::Broken),
        ("ten thousand headers", 10_000, Fate::Broken),
    ] {
        let headers = "x: y\r\n".repeat(count);
        case(name, Attack::says(fate, wire(answer(200, &headers, BODY))));
    }
    for (name, size, fate) in [
        ("a header of 32 KiB", 32 << 10, Fate::Shown(200, BODY.into())),
        ("a header of 128 KiB", 128 << 10, Fate::Broken),
        ("a header of 8 MiB", 8 << 20, Fate::Broken),
    ] {
        let header = format!("x-large: {}\r\n", "x".repeat(size));
        case(name, Attack::says(fate, wire(answer(200, &header, BODY))));
    }
    case("a content type of 32 KiB", {
        let header = format!("content-type: {}\r\n", "x".repeat(32 << 10));
        Attack::says(Fate::Shown(200, BODY.into()), wire(answer(200, &header, BODY)))
    });
    all
}
