//! The plugin writes what a log, a terminal or an audit would take for something else.

use actionbox_host::Error;
use actionbox_tests::{
    attacks, canary, logs, played_by,
    scoreboard::{BUSY, Case, Hole},
    tricks::SEND,
};
use serde_json::{Value, json};

use crate::{attempt::LIST, cell::Cell, traces::forges_a_line};

attacks! {
    "Forged lines":
        "The plugin puts ends of lines, escape sequences, turned text and invisible letters into what it prints, its \
         panics, its errors, and the requests that the audit shows. Each stays one line of what it is, escaped and cut.",
    cases,
    play,
    no_line_is_forged on BUSY,
}

played_by!(
    panic_on_purpose => no_line_is_forged,
    print_lines => no_line_is_forged,
);

const FORGED: [Hole; 1] = [Hole {
    what: "LibreFang, #3865: WASM guests forge audit lines, and flood the log, through host_log",
    url: "https://github.com/librefang/librefang/issues/3865",
}];

/// What forges something, by what it is.
const TEXTS: &[(&str, &str)] = &[
    ("a new line", "\n2026-01-01T00:00:00Z INFO actionbox::audit: call=1 result=ok sent=no"),
    ("a carriage return", "\roverwritten"),
    ("both", "\r\nforged"),
    ("a next line", "\u{85}forged"),
    ("a line separator", "\u{2028}forged"),
    ("a paragraph separator", "\u{2029}forged"),
    ("a vertical tab", "\u{b}forged"),
    ("a form feed", "\u{c}forged"),
    ("a colour", "\u{1b}[31mred"),
    ("a cleared screen", "\u{1b}[2J\u{1b}[H"),
    ("a moved cursor", "\u{1b}[1A\u{1b}[2K"),
    ("a title", "\u{1b}]0;title\u{7}"),
    ("a link", "\u{1b}]8;;https://evil.example/\u{1b}\\here\u{1b}]8;;\u{1b}\\"),
    ("a clipboard", "\u{1b}]52;c;ZXZpbA==\u{7}"),
    ("a question to the terminal", "\u{1b}[6n\u{1b}[c\u{5}"),
    ("an escape of eight bits", "\u{9b}31m"),
    ("a string of eight bits", "\u{90}x\u{9c}"),
    ("a bell", "\u{7}"),
    ("backspaces", "denied\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}granted"),
    ("NUL", "x\0forged"),
    ("DEL", "x\u{7f}"),
    ("turned text", "\u{202e}detnarg"),
    ("an isolate", "\u{2066}x\u{2069}"),
    ("a mark from right to left", "\u{200f}x"),
    ("an invisible space", "x\u{200b}y"),
    ("a joiner", "x\u{200d}y"),
    ("a tag", "x\u{e0041}"),
    ("a byte order mark", "\u{feff}x"),
    ("fields", "\" sent=no result=ok target=\""),
    ("JSON", "\",\"sent\":\"no\",\"x\":\""),
    ("formats", "{} {0} {target} %s %n $(id) `id`"),
    ("a lookup", "${jndi:ldap://evil.example/x}"),
    ("HTML", "<script>alert(1)</script>"),
    ("very much", "LONG"),
];

#[derive(Clone)]
enum Place {
    Output,
    Panic,
    Error(&'static str),
    Target,
    Header,
    Method,
}

fn cases() -> Vec<Case<(Place, String)>> {
    let places = [
        ("its output", Place::Output),
        ("a panic", Place::Panic),
        ("an unknown app", Place::Error("unknown-app")),
        ("an unknown action", Place::Error("unknown-action")),
        ("a problem of a parameter", Place::Error("invalid-parameters")),
        ("a reason to authorize again", Place::Error("reauthorization-required")),
        ("a denial", Place::Error("denied")),
        ("an upstream's failure", Place::Error("upstream")),
        ("another error", Place::Error("other")),
        ("the path of a request", Place::Target),
        ("a header of a request", Place::Header),
        ("the method of a request", Place::Method),
    ];
    let mut all = Vec::new();
    for (what, text) in TEXTS {
        let text = text.replace("LONG", &"x".repeat(20_000));
        all.extend(places.iter().map(|(place, at)| {
            Case::new(format!("{what} in {place}"), (at.clone(), text.clone())).catches(&FORGED)
        }));
    }
    all
}

async fn play(name: String, (place, text): (Place, String)) {
    let cell = Cell::new(&name).await;
    // The log is kept for what looks like a secret.
    let marker = canary::secret();
    let text = format!("{marker}{text}{marker}");
    let ended = match &place {
        Place::Output => cell.play("print_lines", json!({ "text": text })).await,
        Place::Panic => cell.play("panic_on_purpose", json!({ "text": text })).await,
        Place::Error(say) => {
            cell.play("say_after_sending", json!({ "requests": [], "say": say, "text": text })).await
        }
        // What cannot be built at all forges nothing either.
        Place::Target => cell.play(SEND, json!({ "path": format!("{LIST}/{text}") })).await,
        Place::Header => cell.play(SEND, json!({ "path": "/", "headers": [["x-forged", text]] })).await,
        Place::Method => cell.play(SEND, json!({ "method": text, "path": "/" })).await,
    };
    let heard: Vec<_> = logs::suspicious().into_iter().filter(|line| line.contains(&marker)).collect();
    for line in &heard {
        assert!(!line.contains(forges_a_line), "a log line that forges others: {line:?}");
        // The libraries trace whole arguments, at a level of their own.
        let is_ours = line.starts_with("actionbox");
        assert!(!is_ours || line.len() < 3_000, "a log line of {} bytes: {line:.200}", line.len());
    }
    match (&place, &ended) {
        (Place::Output, Ok(_)) => assert!(heard.len() >= 2, "it is heard on stdout and on stderr: {heard:?}"),
        (Place::Panic, Err(Error::Trapped { .. })) => assert!(!heard.is_empty(), "its last words are heard"),
        (Place::Error(_), Err(error)) => {
            let shown = error.to_string();
            assert!(shown.contains(&marker) && shown.len() < 3_000, "{} bytes: {shown:.300}", shown.len());
            let audit = format!("{:?}", cell.traces.events());
            assert!(!audit.contains(&marker), "a plugin's words are not in the audit");
        }
        (Place::Target | Place::Header | Place::Method, Ok(report)) => {
            assert!(report["status"].is_null() || *report == Value::Null, "{report}");
            for event in cell.traces.request_events() {
                assert!(event.target.len() < 3_000, "{}", event.target.len());
                assert!(event.guest_request.len() < 10_000, "{}", event.guest_request.len());
            }
        }
        // So many do not fit into one.
        (Place::Header, Err(Error::Limit { .. })) => {}
        _ => panic!("{ended:?}"),
    }
    cell.assert_untouched();
}
