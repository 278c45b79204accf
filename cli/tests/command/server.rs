//! The sandbox server in the foreground.

use actionbox_sandbox::SANDBOX_API_KEY;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

#[cfg(unix)]
use crate::harness::signal;
use crate::harness::{Done, actionbox, file, snapshot, started};

#[cfg(unix)]
#[tokio::test]
async fn it_serves_logs_requests_and_ends_cleanly() {
    for name in ["INT", "TERM"] {
        let mut child = actionbox("sandbox --json --account acme").spawn();
        let server = started(&mut child).await;
        assert_eq!(server["accounts"], serde_json::json!(["demo-user-1", "customer@example.com", "acme"]));

        let run = actionbox("execute hubspot get_contact limit=1 --account acme --base-url");
        let run = run.arg(server["base_url"].as_str().expect("a URL"));
        run.env("REFOLD_API_KEY", server["api_key"].as_str().expect("a key")).done().await.exits(0);

        signal(&child, name).await;
        let done = Done::new(child.wait_with_output().await.expect("it ends")).exits(0);
        done.says("method=POST").says("get_contact/execute").says("status=200");
    }
}

#[tokio::test]
async fn its_certificate_makes_clients_trust_it() {
    let ca = file("server.pem", "");
    let mut child = actionbox("sandbox --json --tls --ca-out").arg(&ca).spawn();
    let server = started(&mut child).await;
    let base_url = server["base_url"].as_str().expect("a URL");
    assert!(base_url.starts_with("https://"));

    let run = actionbox("list hubspot --account demo-user-1 --ca").arg(&ca).arg("--base-url").arg(base_url);
    run.env("REFOLD_API_KEY", SANDBOX_API_KEY).done().await.exits(0);
}

#[tokio::test]
async fn it_says_how_to_use_it() {
    let mut child = actionbox("sandbox --account acme").spawn();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut text = String::new();
    while !text.contains("--base-url") {
        assert_ne!(stdout.read_line(&mut text).await.expect("text"), 0, "it ended early: {text}");
    }
    child.kill().await.expect("it runs");
    stdout.read_to_string(&mut text).await.expect("text");
    snapshot("sandbox", &text);
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let done = actionbox("sandbox --listen").arg(&address).done().await.exits(7);
    done.says(&format!("cannot listen on {address}")).says("why:");
}
