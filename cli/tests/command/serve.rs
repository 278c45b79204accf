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
    // The sample plugin is tried by the conformance kit, beside everything else.
    let verdict = loop {
        let (_, body) = ask(&service, "GET", "/v1/plugins", &service["admin_key"], "").await;
        let plugins: Value = serde_json::from_str(&body).expect("JSON");
        if !plugins["plugins"][0]["verdict"].is_null() {
            break plugins["plugins"][0]["verdict"].clone();
        }
    };
    assert_eq!((&verdict["broken"], verdict["held"].as_u64() > Some(50)), (&json!([]), true), "{verdict}");
    assert_eq!(ask(&service, "GET", "/metrics", &service["admin_key"], "").await.0, 200);
    assert_eq!(ask(&service, "GET", "/openapi.json", &Value::Null, "").await.0, 200);
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

#[tokio::test]
async fn a_faulty_configuration_is_told_with_its_line() {
    let folder = Folder::new();
    folder.write("a.toml", "database = \"a.db\"\n\n[limits]\ncals = 7\n");
    let done = actionbox("serve --config a.toml").within(folder.path()).done().await.exits(2);
    done.says("a.toml, line 4, column 1: unknown field `cals`");
    let done = actionbox("serve --config b.toml").within(folder.path()).done().await.exits(2);
    done.says("the configuration file b.toml cannot be read");
    folder.write(
        "c.toml",
        "database = \"a.db\"\nmaster_key = { command = [\"sh\", \"-c\", \"echo no-key; exit 3\"] }\n",
    );
    let done = actionbox("serve --config c.toml").within(folder.path()).done().await.exits(7);
    assert!(!done.stderr.contains("no-key"), "{}", done.stderr);
    done.says("the program sh gives no key").says("exit status: 3");
    folder.write(
        "d.toml",
        "database = \"a.db\"\nmaster_key = { env = \"K\" }\n[plugins]\nsigners = [\"me\"]\n",
    );
    let run = actionbox("serve --config d.toml").within(folder.path());
    let done = run.env("K", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").done().await.exits(2);
    done.says("plugins.signers names what is none").says("32 bytes in base64");
}

/// A configuration file with everything in it, and the trail that the service writes: checked while it runs, followed,
/// and found out when somebody has changed it.
#[cfg(unix)]
#[tokio::test]
async fn a_trail_is_checked_and_followed_beside_the_service() {
    let folder = Folder::new();
    let key = "printf MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let config = format!(
        "listen = \"127.0.0.1:0\"\ndatabase = \"a.db\"\nmaster_key = {{ command = [\"sh\", \"-c\", \"{key}\"] }}\n\
         [limits]\ncalls = 8\n[limits.tenants]\nacme = 4\n[retention]\nanswers_days = 1\n"
    );
    folder.write("actionbox.toml", config);
    let run = |arguments: &str| actionbox(arguments).within(folder.path());
    let done = run("audit verify --database a.db").done().await.exits(7);
    done.says("the audit trail cannot be read").says("a.db");
    let mut child = run("serve --config actionbox.toml --json").spawn();
    let service = started(&mut child).await;
    let key = service["admin_key"].clone();
    for tenant in ["acme", "globex"] {
        assert_eq!(ask(&service, "PUT", &format!("/v1/tenants/{tenant}"), &key, "").await.0, 201);
    }
    let verified = run("audit verify --config actionbox.toml --json").done().await.exits(0).json();
    assert_eq!((&verified["lines"], &verified["kept"]), (&json!(3), &json!(false)));
    let kept = format!("3:{}", verified["hash"].as_str().expect("a hash"));
    run("audit verify --database a.db --kept").arg(&kept).done().await.exits(0);
    let tail = run("audit tail --database a.db --no-follow --tenant globex").done().await.exits(0);
    let lines: Vec<Value> =
        tail.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["tenant"], &lines[0]["event"]["change"]), (&json!("globex"), &json!("made")));

    // It follows: a line that comes later is shown too.
    let mut following = run("audit tail --database a.db --lines 1").spawn();
    let mut shown = tokio::io::BufReader::new(following.stdout.take().expect("a pipe"));
    for tenant in ["globex", "umbrella"] {
        let mut line = String::new();
        tokio::io::AsyncBufReadExt::read_line(&mut shown, &mut line).await.expect("a line");
        assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON")["tenant"], tenant);
        // Made once it is known to follow.
        ask(&service, "PUT", "/v1/tenants/umbrella", &key, "").await;
    }
    assert!(terminate(following).await.status.success());
    let output = terminate(child).await;
    assert!(output.status.success());

    // The service has ended; its trail is as it was.
    let done = run("audit verify --database a.db").done().await.exits(0);
    assert!(done.stdout.contains("the trail is as it was written"), "{}", done.stdout);
    let forged = format!("2:{}", "0".repeat(64));
    run("audit verify --database a.db --kept")
        .arg(&forged)
        .done()
        .await
        .exits(7)
        .says("line 2 is there with another hash");
    run("audit verify --database a.db --kept 2:zz").done().await.exits(2).says("64 hexadecimal digits");
    let database = folder.path().join("a.db");
    let bytes = std::fs::read(&database).expect("it is there");
    let mut changed = bytes.clone();
    for at in 0..bytes.len() - 8 {
        if bytes[at..].starts_with(b"umbrella") {
            changed[at..at + 8].copy_from_slice(b"gangster");
        }
    }
    assert_ne!(changed, bytes);
    std::fs::write(&database, changed).expect("it is ours");
    let done = run("audit verify --database a.db").done().await.exits(7);
    done.says("the audit trail is not as it was written").says("a line is changed");
}
