//! What reaches a terminal: colours where they are wanted, and never an upstream's own control characters.

use actionbox_sandbox::{Fault, StatusCode};
use serde_json::json;

use crate::harness::{Done, actionbox, sandbox};

/// Title, C1's own introducer, clear screen, carriage return, right-to-left override.
const HOSTILE: &str = "x\u{1b}]0;pwned\u{7}\u{9b}31m\u{1b}[2J\ry\u{202e}z";

#[tokio::test]
async fn a_pipe_gets_the_same_text_without_colours() {
    for arguments in ["list hubspot --sandbox", "inspect Cargo.toml", "execute hubspot httprequest --sandbox"]
    {
        let piped = actionbox(arguments).done().await;
        assert!(!format!("{}{}", piped.stdout, piped.stderr).contains('\u{1b}'), "{arguments}");

        let coloured = actionbox(arguments).env("CLICOLOR_FORCE", "1").done().await;
        let both = format!("{}{}", coloured.stdout, coloured.stderr);
        assert!(both.contains("\u{1b}["), "{arguments}");
        assert_eq!(anstream::adapter::strip_str(&both).to_string(), piped.stdout + &piped.stderr);
    }
}

#[tokio::test]
async fn no_color_is_obeyed() {
    let run = actionbox("list hubspot --sandbox").env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert!(!run.done().await.exits(0).stdout.contains('\u{1b}'));
}

#[tokio::test]
async fn json_is_never_coloured() {
    let run = actionbox("list hubspot --sandbox --json").env("CLICOLOR_FORCE", "1");
    assert!(run.done().await.exits(0).json().is_array());
}

#[tokio::test]
async fn control_characters_of_an_upstream_are_spelled_out() {
    let sandbox = sandbox().start().await.expect("a server");
    let answer = |body: serde_json::Value| Fault::json_body(StatusCode::OK, body.to_string());
    let envelope =
        json!({ "status_code": 422, "error_code": HOSTILE, "message": HOSTILE, "request_id": HOSTILE });
    let table = [
        ("list hubspot", answer(json!([{ "action_id": HOSTILE, "name": HOSTILE, "description": HOSTILE }]))),
        (
            "describe hubspot get_contact",
            answer(json!([{ "name": HOSTILE, "label": HOSTILE, "required": true, "type": HOSTILE }])),
        ),
        (
            "execute hubspot get_contact",
            answer(json!({ "node_status": "Success", "data": { HOSTILE: HOSTILE } })),
        ),
        (
            "execute hubspot get_contact",
            answer(json!({ "node_status": HOSTILE, "data": { HOSTILE: HOSTILE } })),
        ),
        (
            "execute hubspot get_contact",
            Fault::json_body(StatusCode::UNPROCESSABLE_ENTITY, envelope.to_string()),
        ),
    ];
    for (arguments, fault) in table {
        for json in ["", "--json"] {
            sandbox.inject(fault.clone());
            let run = actionbox(&format!("{arguments} -v {json}")).on(&sandbox);
            let done = run.done().await;
            assert!(done.stdout.contains("pwned") || done.stderr.contains("pwned"), "{arguments}: {done:#?}");
            assert_harmless(arguments, &done);
        }
    }
}

#[track_caller]
fn assert_harmless(arguments: &str, done: &Done) {
    for text in [&done.stdout, &done.stderr] {
        let harmful = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(harmful, None, "{arguments}: {text:?}");
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    for arguments in ["demo", "list hubspot --sandbox --json", "completions bash", "--help"] {
        let mut child = actionbox(arguments).spawn();
        drop(child.stdout.take());
        Done::new(child.wait_with_output().await.expect("it ends")).exits(0);
    }
    let mut child = actionbox("execute hubspot httprequest --sandbox -v").env("RUST_LOG", "trace").spawn();
    drop((child.stdout.take(), child.stderr.take()));
    Done::new(child.wait_with_output().await.expect("it ends")).exits(4);
}
