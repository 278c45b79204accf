//! The upstream does not come to an end, or not soon.

use actionbox_host::Sent;
use actionbox_tests::{attacks, liar::Act, scoreboard::Case};

use crate::stage::{Attack, Fate, RESPONSE_BYTES, answer, endure, wire};

attacks! {
    "Endless and slow answers":
        "The upstream says too much, too slowly or nothing at all. The call ends with a bound that has a name, the books \
         say whether the request left, and the connection is let go.",
    cases,
    endure,
    every_answer_has_an_end,
}

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;

fn flood(head: &str, again: &str) -> Vec<Act> {
    // In pieces of a size that is sent at once.
    let again = again.repeat((16 << 10) / again.len() + 1);
    vec![Act::Say(head.into()), Act::Flood(again.into())]
}

fn then_silence(head: &str) -> Vec<Act> {
    vec![Act::Say(head.into()), Act::Hush]
}

fn cases() -> Vec<Case<Attack>> {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut all = Vec::new();
    let unknown = || Fate::TimedOut(Sent::Unknown);
    let yes = || Fate::TimedOut(Sent::Yes);

    let endless = Attack::says(Fate::TooLarge, flood("HTTP/1.1 200 OK\r\n\r\n", " "));
    all.push(Case::new("a body without end", endless));
    let mut case = |name: &str, attack: Attack| all.push(Case::new(name, attack));
    case(
        "a chunked body without end",
        Attack::says(Fate::TooLarge, flood(CHUNKED, &format!("64\r\n{}\r\n", "x".repeat(100)))),
    );
    case(
        "a chunk without end",
        Attack::says(Fate::TooLarge, flood(&format!("{CHUNKED}ffffffffff\r\n"), "x")),
    );
    case(
        "a body of a petabyte",
        Attack::says(
            Fate::TooLarge,
            flood("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000000\r\n\r\n", "x"),
        ),
    );
    case("a body that is said to be a byte too long", {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", RESPONSE_BYTES + 1);
        Attack::says(Fate::TooLarge, then_silence(&head))
    });
    case("a body that is a byte too long", {
        let body = "x".repeat(RESPONSE_BYTES + 1);
        Attack::says(Fate::TooLarge, wire(format!("HTTP/1.1 200 OK\r\n\r\n{body}")))
    });
    case("an error without end", Attack::says(Fate::TooLarge, flood("HTTP/1.1 400 Bad\r\n\r\n", "x")));
    case(
        "a redirect without end",
        Attack::says(Fate::TooLarge, flood("HTTP/1.1 307 Go\r\nlocation: /\r\n\r\n", "x")),
    );
    case("headers without end", Attack::says(Fate::Broken, flood("HTTP/1.1 200 OK\r\n", "x-more: x\r\n")));
    case("a header without end", Attack::says(Fate::Broken, flood("HTTP/1.1 200 OK\r\nx-long: ", "x")));
    case("a name of a header without end", Attack::says(Fate::Broken, flood("HTTP/1.1 200 OK\r\n", "x")));
    case("a reason phrase without end", Attack::says(Fate::Broken, flood("HTTP/1.1 200 ", "x")));
    case("empty lines without end", Attack::says(Fate::Broken, flood("", "\r\n")));
    case(
        "trailers without end",
        Attack::says(Fate::Broken, flood(&format!("{CHUNKED}0\r\n"), "x-late: x\r\n")),
    );
    case("a trailer without end", Attack::says(Fate::Broken, flood(&format!("{CHUNKED}0\r\nx-late: "), "x")));
    case("a chunk's extension without end", Attack::says(Fate::Broken, flood(&format!("{CHUNKED}1;"), "x")));
    case("a chunk's size without end", Attack::says(yes(), flood(CHUNKED, "0")));

    case("interim answers without end", Attack::says(unknown(), flood("", "HTTP/1.1 100 Continue\r\n\r\n")));
    case(
        "early hints without end",
        Attack::says(unknown(), flood("", "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n")),
    );
    case(
        "one interim answer and silence",
        Attack::says(unknown(), then_silence("HTTP/1.1 102 Processing\r\n\r\n")),
    );
    case("silence after the request", Attack::says(unknown(), vec![Act::Hush]));
    case("silence within the status line", Attack::says(unknown(), then_silence("HTTP/1.1 2")));
    case("silence within the head", Attack::says(unknown(), then_silence("HTTP/1.1 200 OK\r\ncontent-le")));
    case(
        "silence before the empty line",
        Attack::says(unknown(), then_silence("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n")),
    );
    case(
        "silence after the head",
        Attack::says(yes(), then_silence("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")),
    );
    case(
        "silence within the body",
        Attack::says(yes(), then_silence("HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{\"node_status\"")),
    );
    case(
        "silence where the body may end",
        Attack::says(yes(), then_silence(&format!("HTTP/1.1 200 OK\r\n\r\n{BODY}"))),
    );
    case("silence within a chunk", Attack::says(yes(), then_silence(&format!("{CHUNKED}64\r\n{{"))));
    case(
        "silence before the last chunk",
        Attack::says(yes(), then_silence(&format!("{CHUNKED}{:x}\r\n{BODY}\r\n", BODY.len()))),
    );
    case(
        "silence within the trailers",
        Attack::says(yes(), then_silence(&format!("{CHUNKED}0\r\nx-late: 1\r\n"))),
    );
    case(
        "silence after the head of an error",
        Attack::says(yes(), then_silence("HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\n")),
    );
    case(
        "silence after the head of a redirect",
        Attack::says(yes(), then_silence("HTTP/1.1 307 Go\r\nlocation: /\r\ncontent-length: 2\r\n\r\n")),
    );
    case("headers, one byte at a time, for ever", {
        let acts = vec![Act::Say(b"HTTP/1.1 200 OK\r\nx-slow: ".into()), Act::Trickle(b"x".into())];
        Attack::says(unknown(), acts)
    });
    case("a body, one byte at a time, for ever", {
        let acts = vec![Act::Say(b"HTTP/1.1 200 OK\r\n\r\n".into()), Act::Trickle(b" ".into())];
        Attack::says(yes(), acts)
    });
    case(
        "chunks, one byte at a time, for ever",
        Attack::says(yes(), vec![Act::Say(CHUNKED.into()), Act::Trickle(b"1\r\nx\r\n".into())]),
    );
    case("an answer, one byte at a time, with an end", {
        let acts = vec![Act::Drip(answer(200, "", BODY)), Act::Next];
        Attack::says(Fate::Shown(200, BODY.into()), acts)
    });
    case("fifty interim answers, and then one", {
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(50).into_bytes();
        let acts = vec![Act::Say([interim, answer(200, "", BODY)].concat()), Act::Next];
        Attack::says(Fate::Shown(200, BODY.into()), acts)
    });
    all
}
