//! Parameters as they arrive at the upstream.

use serde_json::json;

use crate::harness::{actionbox, file, sandbox};

#[tokio::test]
async fn parameters_from_all_places_become_one_object() {
    let sandbox = sandbox().start().await.expect("a server");
    let from_file = file("parameters.json", r#"{"a": "file", "b": "file", "limit": "9"}"#);
    let run = actionbox("execute hubspot get_contact a=argument").arg(format!("@{}", from_file.display()));
    let run = run.arg("-").arg("limit=2").arg("deep:={\"x\":[1]}").stdin(r#"{"b": "stdin"}"#);
    run.on(&sandbox).done().await.exits(0);
    assert_eq!(
        sandbox.executions()[0].parameters,
        json!({ "a": "file", "b": "stdin", "limit": "2", "deep": { "x": [1] } })
    );
}

#[tokio::test]
async fn parameters_that_are_no_object_are_refused_before_anything_is_sent() {
    let sandbox = sandbox().start().await.expect("a server");
    let array = file("array.json", "[1]");
    let table = [
        ("-".to_owned(), "[]", "stdin holds an array, which is no JSON object"),
        ("-".to_owned(), "", "stdin is empty"),
        (format!("@{}", array.display()), "", "holds an array, which is no JSON object"),
        ("@nowhere.json".to_owned(), "", "the file nowhere.json cannot be read"),
        ("limit:=one".to_owned(), "", "the value in \"limit:=one\" is no JSON"),
        ("limit".to_owned(), "", "\"limit\" is no parameter"),
    ];
    for (argument, stdin, message) in table {
        let run = || actionbox("execute hubspot get_contact").on(&sandbox).arg(&argument).stdin(stdin);
        run().done().await.exits(2).says(message);
        let done = run().arg("--json").done().await.exits(2);
        let error = done.json();
        assert_eq!((&error["kind"], &error["sent"]), (&"parameters".into(), &"no".into()), "{error}");
    }
    assert_eq!(sandbox.connections(), 0, "nothing was sent");
}
