//! Tools for a client on stdin and stdout, line by line. One that others have written is in `tests/mcp-client`.

use std::sync::Arc;

use actionbox_sandbox::Fault;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    sync::Semaphore,
};

#[cfg(unix)]
use crate::harness::signal;
use crate::harness::{Done, Folder, KEY, Run, actionbox, sandbox};

/// A client, and the command that it has started.
struct Client {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    next: u64,
}

impl Client {
    async fn start(run: Run) -> Self {
        let mut child = run.spawn();
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut client = Self { child, to, from, next: 0 };
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
        });
        let welcome = client.ask("initialize", &hello).await;
        assert_eq!(welcome["result"]["serverInfo"]["name"], "actionbox");
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        client
    }

    async fn say(&mut self, message: &Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.expect("it listens");
    }

    /// Every line on stdout is a message.
    async fn hear(&mut self) -> Value {
        let line = self.from.next_line().await.expect("text").expect("it goes on");
        assert!(!line.contains(KEY), "it told the key: {line}");
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        message
    }

    async fn begin(&mut self, method: &str, params: &Value) {
        self.next += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params })).await;
    }

    async fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.begin(method, params).await;
        let answer = self.hear().await;
        assert_eq!(answer["id"], json!(self.next), "{answer}");
        answer
    }

    async fn call(&mut self, name: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({ "name": name, "arguments": arguments })).await["result"].clone()
    }

    async fn tools(&mut self) -> Vec<String> {
        let listed = self.ask("tools/list", &json!({})).await;
        let name = |tool: &Value| tool["name"].as_str().expect("a name").to_owned();
        listed["result"]["tools"].as_array().expect("tools").iter().map(name).collect()
    }

    /// Goes, and returns what was told on stderr, and how the command ended.
    async fn go(self) -> Done {
        drop(self.to);
        Done::new(self.child.wait_with_output().await.expect("it ends"))
    }
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

#[tokio::test]
async fn what_the_options_allow_are_tools() {
    let upstream = sandbox().start().await.expect("a server");
    // What is logged goes to stderr.
    let run = actionbox("mcp --app hubspot --app slack --allow hubspot/create_contact -v").on(&upstream);
    let mut client = Client::start(run).await;
    let tools = client.tools().await;
    for name in ["hubspot_create_contact", "hubspot_get_contact", "slack_list_channels"] {
        assert!(tools.iter().any(|tool| tool == name), "{name}: {tools:?}");
    }
    for name in ["hubspot_delete_contact", "hubspot_update_contact", "slack_send_message", "salesforce"] {
        assert!(!tools.iter().any(|tool| tool.starts_with(name)), "{name}: {tools:?}");
    }
    let read = client.call("hubspot_get_contact", &json!({ "limit": "1" })).await;
    assert_eq!(read["structuredContent"]["results"].as_array().map(Vec::len), Some(1), "{read}");
    let written = client.call("hubspot_create_contact", &json!({ "email": "ada@example.com" })).await;
    assert_eq!(written["isError"], false, "{written}");

    let before = upstream.requests().len();
    let refused = client.call("hubspot_delete_contact", &json!({ "contact_id": "51" })).await;
    assert_eq!(
        (&refused["isError"], &refused["structuredContent"]["error"]),
        (&json!(true), &json!("denied"))
    );
    assert!(text(&refused).contains("Nothing was sent."), "{refused}");
    assert!(
        text(&refused).ends_with("actionbox mcp with --allow hubspot/delete_contact allows it"),
        "{refused}"
    );
    let params = json!({
        "name": "hubspot_create_contact", "arguments": { "email": "b@example.com" },
        "_meta": { "actionbox/idempotency-key": "k" },
    });
    let refused = client.ask("tools/call", &params).await;
    assert!(text(&refused["result"]).contains("there is no journal here"), "{refused}");
    assert_eq!(upstream.requests().len(), before, "nothing leaves");

    upstream.inject(Fault::reset().after_execute());
    let lost = client.call("hubspot_create_contact", &json!({ "email": "c@example.com" })).await;
    assert!(text(&lost).contains("Do not repeat it."), "{lost}");
    client.go().await.exits(0).says("create_contact");
}

#[tokio::test]
async fn a_changed_grant_reaches_the_client_and_a_faulty_one_changes_nothing() {
    let (folder, upstream) = (Folder::new(), sandbox().start().await.expect("a server"));
    let grant = |actions: &str| format!(r#"{{"allow": [{{"app": "hubspot", "actions": [{actions}]}}]}}"#);
    let file = folder.write("grant.json", grant(r#"{"id": "get_contact"}"#));
    let mut client = Client::start(actionbox("mcp --grant").arg(&file).on(&upstream)).await;
    let mut stderr = BufReader::new(client.child.stderr.take().expect("a pipe")).lines();
    assert_eq!(client.tools().await, ["hubspot_get_contact"]);
    let refused = client.call("hubspot_create_contact", &json!({ "email": "a@example.com" })).await;
    let advice = format!(
        r#"What to change: {{"id": "create_contact"}} among the "actions" of hubspot in {} allows it"#,
        file.display()
    );
    assert!(text(&refused).ends_with(&advice), "{refused}");

    for faulty in ["{", "[]", r#"{"allow": [], "x": 1}"#, r#"{"allow": [{"app": "../x"}]}"#] {
        folder.write("grant.json", faulty);
        let told = stderr.next_line().await.expect("text").expect("it goes on");
        assert!(told.contains("the grant in"), "{faulty}: {told}");
        loop {
            let told = stderr.next_line().await.expect("text").expect("it goes on");
            if told.contains("what was allowed before is still allowed") {
                break;
            }
        }
        assert_eq!(client.tools().await, ["hubspot_get_contact"], "{faulty}");
    }

    // Another file in its place, as editors do it.
    let new = folder.write("grant.json.new", grant(r#"{"id": "create_contact"}, {"id": "delete_contact"}"#));
    std::fs::rename(new, &file).expect("writable");
    assert_eq!(client.hear().await["method"], "notifications/tools/list_changed");
    assert_eq!(client.tools().await, ["hubspot_create_contact", "hubspot_delete_contact"]);
    let written = client.call("hubspot_create_contact", &json!({ "email": "a@example.com" })).await;
    assert_eq!(written["isError"], false, "{written}");
    let refused = client.call("hubspot_get_contact", &json!({ "limit": "1" })).await;
    assert_eq!(refused["structuredContent"]["error"], "denied", "{refused}");

    folder.write("grant.json", r#"{"allow": []}"#);
    assert_eq!(client.hear().await["method"], "notifications/tools/list_changed");
    assert!(client.tools().await.is_empty());
    let refused = client.call("hubspot_create_contact", &json!({ "email": "b@example.com" })).await;
    assert_eq!(refused["structuredContent"]["error"], "UNKNOWN_TOOL", "{refused}");
    client.go().await.exits(0);
}

#[tokio::test]
async fn what_runs_when_the_client_goes_is_not_cut_off() {
    let upstream = sandbox().start().await.expect("a server");
    let mut client = Client::start(actionbox("mcp --app hubspot --allow-write").on(&upstream)).await;
    let gate = Arc::new(Semaphore::new(0));
    upstream.inject(Fault::hold(gate.clone()));
    let params = json!({ "name": "hubspot_create_contact", "arguments": { "email": "a@example.com" } });
    client.begin("tools/call", &params).await;
    upstream.request_arrived(1).await;
    let going = tokio::spawn(client.go());
    gate.add_permits(1);
    going.await.expect("it ends").exits(0);
    assert_eq!(upstream.executions().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_when_it_is_told_to_although_the_client_is_there() {
    for name in ["INT", "TERM"] {
        let mut client = Client::start(actionbox("mcp --app hubspot --sandbox")).await;
        assert!(!client.tools().await.is_empty());
        signal(&client.child, name).await;
        let status = client.child.wait().await.expect("it ends");
        assert_eq!(status.code(), Some(0), "{name}");
        let mut rest = String::new();
        let mut stderr = client.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut rest).await.expect("text");
        assert_eq!(rest, "", "{name}");
    }
}

#[tokio::test]
async fn what_it_needs_is_named_and_stdout_stays_empty() {
    let folder = Folder::new();
    for (arguments, code, says) in [
        ("mcp --sandbox", 2, "--app <APP>"),
        ("mcp --sandbox --app hubspot --grant grant.json", 2, "cannot be used with"),
        ("mcp --sandbox --grant grant.json --allow-write", 2, "cannot be used with"),
        ("mcp --sandbox --grant grant.json", 2, "cannot be read"),
        ("mcp --sandbox --grant grant.json --json", 2, "cannot be read"),
        ("mcp --sandbox --grant missing/grant.json", 7, "cannot be watched"),
        ("mcp --sandbox --grant .", 2, "it is no file"),
        ("mcp --sandbox --app ../x", 3, "is not the slug of an app"),
        ("mcp --app hubspot", 7, "REFOLD_API_KEY"),
    ] {
        let done = actionbox(arguments).within(folder.path()).done().await.exits(code).says(says);
        assert_eq!(done.stdout, "", "{arguments}");
    }
    // Whoever says nothing, and goes.
    let done = actionbox("mcp --sandbox --app hubspot").done().await.exits(0);
    assert_eq!((&*done.stdout, &*done.stderr), ("", ""));
}
