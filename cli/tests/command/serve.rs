//! The service in the foreground. What it does is tested by `tests/service`; this is how it is started.

use actionbox_sandbox::Fault;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Child,
};

#[cfg(unix)]
use crate::harness::signal;
use crate::harness::{ACCOUNT, Folder, KEY, actionbox, program, sandbox, started};

/// Makes one request, and returns the status and the body.
async fn ask(service: &Value, method: &str, path: &str, key: &Value, body: &str) -> (u16, String) {
    let base_url = service["base_url"].as_str().expect("a URL");
    let address = base_url.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {}\r\nlinked_account_id: acme\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        key.as_str().unwrap_or_default(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.split(' ').nth(1).expect("a status").parse().expect("a number"), body.to_owned())
}

#[cfg(unix)]
async fn terminate(child: Child) -> std::process::Output {
    signal(&child, "TERM").await;
    child.wait_with_output().await.expect("it ends")
}

#[cfg(unix)]
#[tokio::test]
async fn a_sandbox_serves_sample_tenants_and_ends_cleanly() {
    let mut child = actionbox("serve --sandbox --listen 127.0.0.1:0 --json").spawn();
    let service = started(&mut child).await;
    assert_eq!(service["tenants"], json!(["acme", "globex"]));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask(&service, "GET", path, &Value::Null, "").await.0, 200, "{path}");
    }
    let key = &service["caller_key"];
    let path = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";
    let (status, body) = ask(&service, "POST", path, key, "{\"limit\": \"1\"}").await;
    let answered: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &answered["node_status"]), (200, &json!("Success")), "{body}");
    let path = "/api/v2/integration-schema/hubspot/actions/delete_contact/execute";
    assert_eq!(ask(&service, "POST", path, key, "{}").await.0, 403);
    let (status, body) = ask(&service, "GET", "/v1/tenants", &service["admin_key"], "").await;
    assert_eq!((status, body), (200, "{\"tenants\":[\"acme\",\"globex\"]}".to_owned()));
    let output = terminate(child).await;
    assert!(output.status.success(), "{output:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_is_kept_and_shows_its_key_once() {
    let folder = Folder::new();
    let master = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let run = || {
        actionbox("serve --listen 127.0.0.1:0 --json --database a.db")
            .within(folder.path())
            .env("ACTIONBOX_MASTER_KEY", master)
            .spawn()
    };
    let mut child = run();
    let service = started(&mut child).await;
    let key = service["admin_key"].clone();
    assert_eq!(ask(&service, "PUT", "/v1/tenants/acme", &key, "").await.0, 201);
    assert!(terminate(child).await.status.success());

    let mut child = run();
    let service = started(&mut child).await;
    assert_eq!(service["admin_key"], Value::Null, "it is shown once");
    assert_eq!(ask(&service, "PUT", "/v1/tenants/acme", &key, "").await.0, 200, "and opens for ever");
    assert!(terminate(child).await.status.success());
}

/// What the book shows: the scripts of `examples/serve`, run by a shell.
#[cfg(unix)]
#[tokio::test]
async fn the_scripts_of_the_book_set_up_a_tenant_and_settle_a_doubt() {
    let (folder, upstream) = (Folder::new(), sandbox().start().await.expect("a server"));
    let master = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let run = actionbox("serve --listen 127.0.0.1:0 --json --database a.db").within(folder.path());
    let mut child = run.env("ACTIONBOX_MASTER_KEY", master).spawn();
    let service = started(&mut child).await;
    let plugin = folder.write("plugin.wasm", actionbox_examples::REFOLD);
    let script = |name: &str| {
        program("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/serve/").to_owned() + name)
            .env("URL", service["base_url"].as_str().expect("a URL"))
            .env("ADMIN", service["admin_key"].as_str().expect("a key"))
    };
    let set_up = script("first-tenant.sh")
        .env("PLUGIN", plugin.to_str().expect("UTF-8"))
        .env("KEY", KEY)
        .env("ACCOUNT", ACCOUNT)
        .env("BASE_URL", &upstream.base_url());
    let done = set_up.done().await.exits(0);
    let key: Value = serde_json::from_str(done.stdout.lines().last().expect("a key")).expect("JSON");
    let path = "/api/v2/integration-schema/hubspot/actions/create_contact/execute";
    let new = "{\"email\": \"ada@example.com\"}";
    let (status, body) = ask(&service, "POST", path, &key["key"], new).await;
    assert_eq!(status, 200, "{body}");

    upstream.inject(Fault::reset().after_execute());
    let (status, body) = ask(&service, "POST", path, &key["key"], new).await;
    assert_eq!(status, 502, "{body}");
    let doubts = script("in-doubt.sh").done().await.exits(0).json();
    let id = doubts["executions"][0]["id"].as_str().expect("one is in doubt").to_owned();
    script("in-doubt.sh").arg(&id).arg("true").done().await.exits(0);
    assert_eq!(script("in-doubt.sh").done().await.exits(0).json(), json!({ "executions": [] }));
    assert_eq!(upstream.executions().len(), 2);
    assert!(terminate(child).await.status.success());
}

#[tokio::test]
async fn what_it_needs_is_named() {
    let folder = Folder::new();
    let wrong = |arguments: &str| actionbox(arguments).within(folder.path());
    let done = wrong("serve").done().await.exits(2);
    done.says("there is no database").says("--sandbox");
    let done = wrong("serve --database a.db").done().await.exits(7);
    done.says("there is no master key").says("openssl rand -base64 32");
    let done =
        wrong("serve --database a.db").env("ACTIONBOX_MASTER_KEY", "secret-text").done().await.exits(7);
    assert!(!done.stderr.contains("secret-text"), "{}", done.stderr);
    done.says("the master key cannot be used").says("32 random bytes in base64");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let done = wrong("serve --sandbox --listen").arg(&address).done().await.exits(7);
    done.says(&format!("{address} cannot be listened on"));
    wrong("serve --sandbox --database a.db").done().await.exits(2);
}
