//! A service for the tests of its console, in a process of its own: `console FOLDER [scale]`. Says on stdout, in JSON,
//! where it is and which keys open it; does what it is told on stdin, a word a line; ends when stdin does.

use std::{io::Write as _, path::Path, time::Duration};

use actionbox_host::{ActionHost, CompileCache, Effect, HostLimits};
use actionbox_sandbox::{Fault, Sandbox};
use actionbox_service::{
    Allow, Config, CredentialKind, GrantDefinition, Keyring, Named, NewCredential, Role, Service,
};
use actionbox_tests::bare::Bare;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, Row as _};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    task::JoinSet,
};

const KEY: &str = "tk_console_0123456789abcdef";
const ACCOUNT: &str = "customer@example.com";
/// What would be a script if it became markup.
const HOSTILE: &str = "<script>window.stolen = 1</script><img src=x onerror=\"window.stolen = 2\">";

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let (folder, is_scale) = match arguments.as_slice() {
        [_, folder] => (Path::new(folder), false),
        [_, folder, scale] if scale == "scale" => (Path::new(folder), true),
        _ => panic!("usage: console FOLDER [scale]"),
    };
    let master = Keyring::generate().expect("random");
    let sandbox = Sandbox::builder().api_key(KEY).account(ACCOUNT).no_rate_limit().without_request_log();
    let sandbox = sandbox.start().await.expect("a sandbox server");
    let hostile = hostile().await;
    let mut service = start(folder, &master).await;
    let admin = service.admin("setup");
    let mut keys = json!({});
    for (name, role) in [("caller", Role::Caller), ("viewer", Role::Viewer), ("operator", Role::Admin)] {
        let made = admin.new_key(name, role, None).await.expect("a key");
        keys[name] = json!(made.key.expose_secret());
    }
    let refold = admin.new_plugin(actionbox_examples::REFOLD).await.expect("a plugin");
    let upsert = admin.new_plugin(actionbox_examples::UPSERT_CONTACT).await.expect("a plugin");
    let sections = format!("(@producers (language {HOSTILE:?} \"1\") (processed-by \"<script>\" \"2\"))");
    let named = Bare { items: &sections, ..Bare::default() };
    let named = admin.new_plugin(&named.component()).await.expect("a plugin");
    let base = sandbox.base_url();
    for (tenant, app, plugin, upstream, allow) in [
        ("acme", "hubspot", &refold, &base, allow("hubspot", &["create_contact", "delete_contact"], &[])),
        ("acme", "salesforce", &refold, &base, allow("salesforce", &[], &[])),
        // The plugin wants to create what it may not.
        ("globex", "hubspot", &upsert, &base, allow("hubspot", &[], &["upsert_contact"])),
        ("umbrella", "hubspot", &refold, &hostile.base_url(), allow("hubspot", &["create_contact"], &[])),
        ("umbrella", "slack", &named, &hostile.base_url(), allow("slack", &["send_message"], &[])),
    ] {
        provide(&service, tenant).await;
        let credential = "refold".to_owned();
        let base_url = Some(upstream.clone());
        let first =
            GrantDefinition { plugin: plugin.clone(), credential, base_url, allow: Vec::new(), limits: None };
        admin.put_grant(tenant, app, &first).await.expect("a grant");
        let definition = GrantDefinition { allow: vec![allow], ..first };
        admin.put_grant(tenant, app, &definition).await.expect("a grant");
    }
    if is_scale {
        many_tenants(&service, &refold, &base).await;
        service.stop(Duration::from_secs(30)).await;
        many_executions(&folder.join("console.db")).await;
        service = start(folder, &master).await;
    }
    let told = json!({
        "url": format!("http://{}", service.address()), "keys": keys, "hostile_plugin": named, "plugin": refold,
        "upstream_key": KEY,
    });
    say(&told.to_string());
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await.expect("stdin is text") {
        match order.as_str() {
            // The next write is carried out, and its answer is lost.
            "lose" => sandbox.inject(Fault::reset().on_path("/execute").after_execute()),
            "revoke" => {
                let id = keys["viewer"].as_str().map(|key| hex(&Sha256::digest(key))).expect("a key");
                service.admin("setup").revoke_key(&id).await.expect("it is there");
            }
            other => panic!("there is no order {other:?}"),
        }
        say("done");
    }
    service.stop(Duration::from_secs(20)).await;
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("somebody listens");
}

async fn start(folder: &Path, master: &SecretString) -> Service {
    let limits = HostLimits { account_rate: None, ..HostLimits::default() };
    let host =
        ActionHost::builder().host_limits(limits).compile_cache(CompileCache::at(folder.join("cache")));
    let Ok(database) = folder.join("console.db").display().to_string().parse();
    let keyring = Keyring::parse(master).expect("a key");
    let config = Config::new(([127, 0, 0, 1], 0).into(), database, keyring, host);
    Service::start(config).await.expect("the service starts")
}

/// An upstream whose every text is markup.
async fn hostile() -> Sandbox {
    let sandbox = Sandbox::builder().api_key(KEY).account(ACCOUNT).no_rate_limit().without_request_log();
    let sandbox = sandbox.start().await.expect("a sandbox server");
    let answer = |path: &str, body: Value| {
        sandbox.inject(Fault::json_body(StatusCode::OK, body.to_string()).on_path(path).always());
    };
    // The first that matches happens: the longer paths come first.
    answer("/execute", json!({ "node_status": "Success", "data": { HOSTILE: HOSTILE } }));
    let parameter = json!({ "name": HOSTILE, "label": HOSTILE, "required": false, "type": HOSTILE });
    answer("/actions/create_contact", json!([parameter]));
    let action = |id: &str| json!({ "action_id": id, "name": HOSTILE, "description": HOSTILE });
    answer("/actions", json!([action("create_contact"), action("get_contact")]));
    sandbox
}

fn allow(app: &str, actions: &[&str], own: &[&str]) -> Allow {
    let named = |effect: Option<Effect>, ids: &[&str]| {
        ids.iter().map(|id| Named { effect, ..Named::new(*id) }).collect()
    };
    Allow {
        app: app.to_owned(),
        read: true,
        write: false,
        actions: named(None, actions),
        own: named(Some(Effect::Write), own),
    }
}

async fn provide(service: &Service, tenant: &str) {
    let admin = service.admin("setup");
    admin.new_tenant(tenant).await.expect("a tenant");
    let (account, key) = (ACCOUNT.to_owned(), KEY.to_owned());
    let credential: NewCredential = serde_json::from_value(json!({
        "kind": "api_key", "account": account, "key": key,
    }))
    .expect("a credential");
    debug_assert_eq!(credential.kind, CredentialKind::ApiKey);
    admin.put_credential(tenant, "refold", credential).await.expect("a credential");
}

async fn many_tenants(service: &Service, plugin: &str, base: &str) {
    let mut all = JoinSet::new();
    // At once, so that they are committed together.
    for number in 0..497 {
        let tenant = format!("tenant-{number:03}");
        let admin = service.admin("setup");
        let definition = GrantDefinition {
            plugin: plugin.to_owned(),
            credential: "refold".to_owned(),
            base_url: Some(base.to_owned()),
            allow: vec![allow("hubspot", &["create_contact"], &[])],
            limits: None,
        };
        all.spawn(async move {
            admin.new_tenant(&tenant).await.expect("a tenant");
            let credential = json!({ "kind": "api_key", "account": ACCOUNT, "key": KEY });
            let credential = serde_json::from_value(credential).expect("a credential");
            admin.put_credential(&tenant, "refold", credential).await.expect("a credential");
            admin.put_grant(&tenant, "hubspot", &definition).await.expect("a grant");
        });
    }
    all.join_all().await;
}

/// Writes ten thousand executions, with the lines of the audit that they would have left.
async fn many_executions(database: &Path) {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}", database.display());
    let mut connection = sqlx::AnyConnection::connect(&url).await.expect("the database opens");
    let mut tx = connection.begin().await.expect("a transaction");
    let head = sqlx::query("SELECT sequence, hash FROM head").fetch_one(&mut *tx).await.expect("a head");
    let (mut sequence, mut hash): (i64, String) = (head.get(0), head.get(1));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(now.as_millis()).expect("before the year 292,000,000");
    for number in 0..10_000_i64 {
        let (id, tenant) = (format!("req_{number:032x}"), format!("tenant-{:03}", number % 497));
        let (state, at) =
            (if number % 1000 == 0 { "in_doubt" } else { "succeeded" }, now - (10_000 - number) * 7_000);
        let query = "INSERT INTO executions (id, tenant, app, action, effect, request_digest, state, status, answer, \
                     started_at, ended_at, instance) VALUES ($1, $2, 'hubspot', 'create_contact', 'write', '', $3, 200, \
                     $4, $5, $6, 'seed')";
        sqlx::query(query)
            .bind(id.clone())
            .bind(tenant.clone())
            .bind(state)
            .bind("{}".repeat(1024))
            .bind(at)
            .bind(at + 40)
            .execute(&mut *tx)
            .await
            .expect("an execution");
        for event in [
            json!({ "kind": "request", "call": number, "request": 1, "target": "execute hubspot create_contact",
                "effect": "write", "rule": "the action is granted by name", "refusal": null, "result": "answered",
                "status": 200, "sent": "yes", "attempts": 1, "request_bytes": 40, "response_bytes": 90,
                "upstream_us": 31_000, "duration_us": 31_400 }),
            json!({ "kind": "call", "call": number, "plugin": "sha256:4a21", "operation": "execute", "app": "hubspot",
                "action": "create_contact", "effect": "write", "result": "ok", "sent": "yes", "requests": 1,
                "memory_bytes": 1_179_648, "queued_us": 40, "instantiation_us": 90, "cpu_us": 900,
                "duration_us": 33_000 }),
            json!({ "kind": "caller", "caller": "product", "app": "hubspot", "grant": 1 }),
        ] {
            sequence += 1;
            let line = json!({
                "sequence": sequence, "at": at, "tenant": tenant, "correlation": id, "event": event,
            });
            let line = line.to_string();
            hash = hex(&Sha256::new_with_prefix(&hash).chain_update(&line).finalize());
            let query = "INSERT INTO audit (sequence, at, tenant, correlation, line, hash) VALUES ($1, $2, $3, $4, $5, $6)";
            sqlx::query(query)
                .bind(sequence)
                .bind(at)
                .bind(tenant.clone())
                .bind(id.clone())
                .bind(line)
                .bind(hash.clone())
                .execute(&mut *tx)
                .await
                .expect("a line");
        }
    }
    let query = "UPDATE head SET sequence = $1, hash = $2";
    sqlx::query(query).bind(sequence).bind(hash).execute(&mut *tx).await.expect("a head");
    tx.commit().await.expect("all of it");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
