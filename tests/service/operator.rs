//! What an operator sets up: who signs plugins, where secrets are, how doubts are settled, what is forgotten.

use std::{sync::Arc, time::Duration};

use actionbox_host::BoxFuture;
use actionbox_sandbox::Fault;
use actionbox_service::{
    AdminError, GrantDefinition, Judge, Named, SettleBy, Signers, State, Vault, Verdict,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{Method, StatusCode};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    client::Client,
    harness::{Setup, allow, try_start_on, until},
};

const LONG: Duration = Duration::from_secs(60);

impl Setup {
    /// Starts the service anew, configured differently.
    async fn restart_with(mut self, change: impl FnOnce(&mut actionbox_service::Config)) -> Self {
        self.service.stop(LONG).await;
        self.service = try_start_on(&self.folder.database(), &self.master, change).await.expect("it starts");
        self
    }

    fn definition(&self, plugin: &str, named: Named) -> GrantDefinition {
        let mut hubspot = allow("hubspot", &[]);
        hubspot.actions.push(named);
        GrantDefinition {
            plugin: plugin.to_owned(),
            credential: "refold".to_owned(),
            base_url: Some(self.sandbox.base_url()),
            allow: vec![hubspot],
            limits: None,
        }
    }
}

fn search(absent_means_not_run: bool) -> Named {
    let parameters = json!({ "propertyName": "email", "operator": "EQ", "value": "{email}" });
    let serde_json::Value::Object(parameters) = parameters else { unreachable!() };
    let by = SettleBy {
        action: "search_contacts".to_owned(),
        parameters,
        found_at: "/results/0".to_owned(),
        absent_means_not_run,
    };
    Named { settle_by: Some(by), ..Named::new("create_contact") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_is_settled_by_an_action_that_reads() {
    let setup = Setup::new("settle-by").await;
    let admin = setup.service.admin("test");
    let plugin = admin.new_plugin(actionbox_examples::REFOLD).await.expect("a plugin");
    let http = setup.administrator();
    let doubt = async |email: &str, fault: Fault| {
        let client = setup.client("acme").header("idempotency-key", email);
        setup.sandbox.inject(fault.on_path("create_contact"));
        let lost = client.execute("hubspot", "create_contact", &json!({ "email": email })).await;
        assert_eq!(lost.json()["sent"], "unknown", "{lost:?}");
        let doubts = setup.service.executions(Some("acme"), Some(State::InDoubt), 1).await.expect("doubts");
        format!("/v1/executions/{}/settle-by-reading", doubts[0].id)
    };

    // A grant that names no such action: somebody has to look.
    let id = doubt("nobody@example.com", Fault::reset()).await;
    let answered = http.send(Method::POST, &id, "").await;
    assert_eq!((answered.status, answered.code()), (StatusCode::CONFLICT, "CONFLICT".to_owned()));
    let by_hand = json!({ "ran": false, "note": "looked" });
    let settled = http.post(&id.replace("-by-reading", ""), &by_hand).await;
    assert_eq!(settled.status, StatusCode::OK);

    // What is not there proves nothing by itself.
    admin.put_grant("acme", "hubspot", &setup.definition(&plugin, search(false))).await.expect("a grant");
    let id = doubt("ada@example.com", Fault::reset()).await;
    let answered = http.send(Method::POST, &id, "").await;
    assert_eq!((answered.status, &answered.json()["ran"]), (StatusCode::OK, &json!(null)), "{answered:?}");
    let settled = http.post(&id.replace("-by-reading", ""), &by_hand).await;
    assert_eq!(settled.status, StatusCode::OK);

    // What is there does.
    let id = doubt("grace@example.com", Fault::reset().after_execute()).await;
    let forbidden = setup.client("acme").send(Method::POST, &id, "").await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN, "callers settle nothing");
    setup.sandbox.inject(Fault::status(StatusCode::BAD_GATEWAY).on_path("search_contacts").always());
    let failed = http.send(Method::POST, &id, "").await;
    assert_eq!(failed.status, StatusCode::CONFLICT, "a search that fails proves nothing: {failed:?}");
    setup.sandbox.clear_faults();
    let answered = http.send(Method::POST, &id, "").await;
    assert_eq!((answered.status, &answered.json()["ran"]), (StatusCode::OK, &json!(true)), "{answered:?}");
    let client = setup.client("acme").header("idempotency-key", "grace@example.com");
    let again = client.execute("hubspot", "create_contact", &json!({ "email": "grace@example.com" })).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "SETTLED".to_owned()));
    let twice = http.send(Method::POST, &id, "").await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "it is settled once");

    // Where the grant says so, what is not there did not run, and may be asked for again.
    admin.put_grant("acme", "hubspot", &setup.definition(&plugin, search(true))).await.expect("a grant");
    let id = doubt("alan@example.com", Fault::reset()).await;
    let answered = http.send(Method::POST, &id, "").await;
    assert_eq!((answered.status, &answered.json()["ran"]), (StatusCode::OK, &json!(false)), "{answered:?}");
    let client = setup.client("acme").header("idempotency-key", "alan@example.com");
    let again = client.execute("hubspot", "create_contact", &json!({ "email": "alan@example.com" })).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(setup.ran("create_contact"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_settles_reads_and_nothing_else() {
    let setup = Setup::new("settle-bad").await;
    let admin = setup.service.admin("test");
    let plugin = admin.new_plugin(actionbox_examples::REFOLD).await.expect("a plugin");
    type Change = fn(&mut SettleBy);
    let table: [(Change, &str); 4] = [
        (|by| by.action = "create_contact".to_owned(), "does not only read"),
        (|by| by.action = "delete_contact".to_owned(), "does not allow"),
        (|by| by.action = "../get_contact".to_owned(), "does not allow"),
        (|by| by.found_at = "results".to_owned(), "no JSON pointer"),
    ];
    for (change, says) in table {
        let mut named = search(false);
        change(named.settle_by.as_mut().expect("it has one"));
        let refused = admin.put_grant("acme", "hubspot", &setup.definition(&plugin, named)).await;
        let refused = refused.expect_err("it is no grant");
        assert!(matches!(refused, AdminError::Unusable(_)), "{refused}");
        assert!(refused.to_string().contains(says), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_bounds_what_a_call_uses_up() {
    let setup = Setup::new("call-limits").await;
    let admin = setup.administrator();
    let path = "/v1/tenants/acme/grants/hubspot";
    let before = admin.get(path).await.json()["definition"].clone();
    let narrow = |limits: serde_json::Value| {
        let mut definition = before.clone();
        definition["limits"] = limits;
        definition
    };
    for wrong in [json!({ "requests": -1 }), json!({ "request": 1 })] {
        let refused = admin.put(path, &narrow(wrong)).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
    }
    let client = setup.client("acme");
    let read = async || client.execute("hubspot", "get_contact", &json!({ "limit": "1" })).await;
    assert_eq!(admin.put(path, &narrow(json!({ "response_bytes": 64 }))).await.status, StatusCode::OK);
    let refused = read().await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::BAD_GATEWAY, "LIMIT".to_owned()),
        "{refused:?}"
    );
    // The other tenant has the host's.
    let other = setup.client("globex").execute("hubspot", "get_contact", &json!({ "limit": "1" })).await;
    assert_eq!(other.status, StatusCode::OK);
    assert_eq!(
        admin.put(path, &narrow(json!({ "wall_time_ms": 60_000, "requests": 1 }))).await.status,
        StatusCode::OK
    );
    assert_eq!(read().await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_settled_late_is_not_forgotten_at_once() {
    let setup = Setup::new("settled-late").await;
    setup.sandbox.inject(Fault::reset().after_execute());
    let client = setup.client("acme").header("idempotency-key", "k");
    let new = json!({ "email": "ada@example.com" });
    let lost = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!(lost.json()["sent"], "unknown");
    // It was in doubt for longer than answers are kept.
    sqlx::query("UPDATE executions SET ended_at = ended_at - 7200000")
        .execute(&mut setup.folder.connect().await)
        .await
        .expect("two hours ago");
    let doubts = setup.service.executions(None, Some(State::InDoubt), 1).await.expect("doubts");
    setup.service.admin("test").settle(&doubts[0].id, true, "it is there").await.expect("settled");
    let hour = Some(Duration::from_secs(3600));
    let setup = setup.restart_with(|config| config.answers_kept_for = hour).await;
    // Something else that is old enough is forgotten: the sweep has been.
    let other = setup.client("acme").header("idempotency-key", "other");
    assert_eq!(other.execute("hubspot", "create_contact", &new).await.status, StatusCode::OK);
    sqlx::query("UPDATE executions SET ended_at = ended_at - 7200000 WHERE idempotency_key = 'other'")
        .execute(&mut setup.folder.connect().await)
        .await
        .expect("two hours ago");
    until("the sweep", async || {
        other.execute("hubspot", "create_contact", &new).await;
        (setup.ran("create_contact") == 3).then_some(())
    })
    .await;
    let client = setup.client("acme").header("idempotency-key", "k");
    let again = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "SETTLED".to_owned()));
    assert_eq!(setup.ran("create_contact"), 3, "and it is not done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_grants_at_the_same_time_the_last_one_holds() {
    let setup = Setup::new("grants-at-once").await;
    let admin = setup.administrator();
    let path = "/v1/tenants/acme/grants/hubspot";
    let before = admin.get(path).await.json()["definition"].clone();
    for _round in 0..4 {
        let mut all = JoinSet::new();
        for number in 0..16 {
            let mut definition = before.clone();
            let actions = if number % 2 == 0 { json!([]) } else { json!([{ "id": "delete_contact" }]) };
            definition["allow"][0]["actions"] = actions;
            let admin = setup.administrator();
            all.spawn(async move { admin.put(path, &definition).await.status });
        }
        assert!(all.join_all().await.iter().all(|status| *status == StatusCode::OK));
        let held = admin.get(path).await.json();
        let is_allowed = !held["definition"]["allow"][0]["actions"].as_array().expect("actions").is_empty();
        let missing = json!({ "contact_id": "no-such-contact" });
        let asked = setup.client("acme").execute("hubspot", "delete_contact", &missing).await;
        assert_eq!(asked.status == StatusCode::FORBIDDEN, !is_allowed, "{held} {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_plugins_are_taken_where_there_are_signers() {
    let pair = |_| {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random");
        Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("it is a key")
    };
    let [trusted, stranger] = [0, 1].map(pair);
    let public = BASE64_STANDARD.encode(trusted.public_key());
    let setup = Setup::new("signers").await;
    let setup = setup.restart_with(|config| config.signers = Signers::new([&*public]).expect("a key")).await;
    let component = actionbox_examples::REFOLD;
    let upload = async |signature: Option<String>, bytes: &'static [u8]| {
        let mut client = setup.administrator();
        if let Some(signature) = signature {
            client = client.header("x-plugin-signature", signature);
        }
        client.send(Method::POST, "/v1/plugins", bytes).await
    };
    let sign = |by: &Ed25519KeyPair, bytes: &[u8]| Some(BASE64_STANDARD.encode(by.sign(bytes)));
    for signature in [None, Some("AAAA".to_owned()), sign(&stranger, component), sign(&trusted, b"another")] {
        let refused = upload(signature, component).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "UNSIGNED".to_owned()));
    }
    // One that was taken before, when nobody had to sign, is granted no more.
    let plugins = setup.administrator().get("/v1/plugins").await.json();
    let plugin = plugins["plugins"][0]["plugin"].as_str().expect("a digest");
    let definition = setup.definition(plugin, Named::new("create_contact"));
    let unsigned = setup.service.admin("test").put_grant("acme", "hubspot", &definition).await;
    assert!(matches!(unsigned, Err(AdminError::Unsigned(_))), "{unsigned:?}");
    let taken = upload(sign(&trusted, component), component).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
    setup.service.admin("test").put_grant("acme", "hubspot", &definition).await.expect("it is signed now");
    let audit = setup.administrator().get("/v1/audit?limit=1000").await;
    assert!(audit.text.contains("no signer whom this service trusts"), "what was refused is in the audit");
    // A signature makes no component of anything.
    let refused = upload(sign(&trusted, b"no component"), b"no component").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
}

/// Finds a plugin good or not, when it is told to.
struct Judging {
    good: bool,
    turn: Arc<Semaphore>,
}

impl Judge for Judging {
    fn judge(&self, _: Vec<u8>) -> BoxFuture<'_, Verdict> {
        Box::pin(async {
            self.turn.acquire().await.expect("it is open").forget();
            let broken = if self.good { Vec::new() } else { vec!["listing: <b>no</b> names".to_owned()] };
            Verdict { held: 7, broken, skipped: 1, failed: None }
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_granted_when_it_was_found_to_be_good() {
    let mut setup = Setup::new("judge").await;
    for good in [false, true] {
        let turn = Arc::new(Semaphore::new(0));
        let judge: Arc<dyn Judge> = Arc::new(Judging { good, turn: turn.clone() });
        setup =
            setup.restart_with(|config| (config.judge, config.only_good_plugins) = (Some(judge), true)).await;
        sqlx::query("UPDATE plugins SET verdict = NULL")
            .execute(&mut setup.folder.connect().await)
            .await
            .expect("as if it had not been tried");
        let admin = setup.service.admin("test");
        let plugin = admin.new_plugin(actionbox_examples::REFOLD).await.expect("a plugin");
        let definition = setup.definition(&plugin, Named::new("create_contact"));
        let early = admin.put_grant("acme", "hubspot", &definition).await.expect_err("it is not tried yet");
        assert!(early.to_string().contains("not tried yet"), "{early}");
        turn.add_permits(1);
        let http = setup.administrator();
        let told = until("a verdict", async || {
            let told = http.get("/v1/plugins").await.json()["plugins"][0].clone();
            (!told["verdict"].is_null()).then_some(told)
        })
        .await;
        assert_eq!((&told["plugin"], &told["verdict"]["held"]), (&json!(plugin), &json!(7)));
        let granted = admin.put_grant("acme", "hubspot", &definition).await;
        assert_eq!(granted.is_ok(), good, "{granted:?}");
        // What was granted before stays as it was.
        assert_eq!(setup.client("acme").actions("hubspot").await.status, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_vault_is_never_kept_here() {
    let setup = Setup::new("vault").await;
    let admin = setup.administrator();
    let credential = json!({ "kind": "api_key", "account": crate::harness::ACCOUNT, "vault": "acme/refold" });
    let none = admin.put("/v1/tenants/acme/credentials/refold", &credential).await;
    assert_eq!(none.status, StatusCode::CONFLICT, "this service has no vault: {none:?}");

    let secrets = setup.folder.path.join("vault");
    std::fs::create_dir(&secrets).expect("a folder");
    let secret = secrets.join("acme-refold");
    std::fs::write(&secret, &setup.upstream_key).expect("it is ours");
    // `sh -c` has the name of the secret in $0. It says which it was asked for.
    let script = format!("echo \"$0\" >>'{0}/asked' && cat '{0}/acme-refold'", secrets.display());
    let command = ["sh", "-c", &script].map(str::to_owned);
    let setup =
        setup.restart_with(|config| config.vault = Vault::new(&command, Duration::from_secs(300))).await;
    let admin = setup.administrator();
    for wrong in ["", "-rf", "a b", "a\nb", "a\"b"] {
        let wrong = json!({ "kind": "api_key", "account": "a", "vault": wrong });
        let refused = admin.put("/v1/tenants/acme/credentials/refold", &wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    }
    let both = json!({ "kind": "api_key", "account": "a", "vault": "x", "key": setup.upstream_key });
    assert_eq!(admin.put("/v1/tenants/acme/credentials/refold", &both).await.status, StatusCode::BAD_REQUEST);
    let stored = admin.put("/v1/tenants/acme/credentials/refold", &credential).await;
    assert_eq!(stored.status, StatusCode::OK, "{stored:?}");
    let client = setup.client("acme");
    for _ in 0..3 {
        assert_eq!(client.actions("hubspot").await.status, StatusCode::OK);
    }
    let asked = std::fs::read_to_string(secrets.join("asked")).expect("it was asked");
    assert_eq!(asked, "acme/refold\n", "once for all three");

    // Without the vault, nothing is sent; with it again, all is well.
    let setup = setup.restart_with(|config| config.vault = Vault::new(&command, Duration::ZERO)).await;
    std::fs::rename(&secret, secrets.join("gone")).expect("it is ours");
    let client = setup.client("acme");
    setup.sandbox.clear_requests();
    let failed = client.actions("hubspot").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR, "{failed:?}");
    assert!(setup.sandbox.requests().is_empty());
    std::fs::rename(secrets.join("gone"), &secret).expect("it is ours");
    assert_eq!(client.actions("hubspot").await.status, StatusCode::OK);
    // The other tenant's is still here.
    assert_eq!(setup.client("globex").actions("hubspot").await.status, StatusCode::OK);
    let audit = setup.administrator().get("/v1/audit?limit=1000").await;
    assert!(audit.text.contains("in the vault as acme/refold") && !audit.text.contains(&setup.upstream_key));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_forgotten_and_doubts_are_not() {
    let setup = Setup::new("forget").await;
    let write = async |setup: &Setup, key: &str| {
        let client = setup.client("acme").header("idempotency-key", key);
        client.execute("hubspot", "create_contact", &json!({ "email": format!("{key}@example.com") })).await
    };
    assert_eq!(write(&setup, "kept").await.status, StatusCode::OK);
    setup.sandbox.inject(Fault::reset().after_execute());
    assert_eq!(write(&setup, "doubt").await.status, StatusCode::BAD_GATEWAY);
    // The sweep is at the start, and everything is older than nothing.
    let setup = setup.restart_with(|config| config.answers_kept_for = Some(Duration::ZERO)).await;
    until("the sweep", async || {
        write(&setup, "kept").await;
        (setup.ran("create_contact") == 3).then_some(())
    })
    .await;
    assert_eq!(write(&setup, "doubt").await.code(), "IN_DOUBT");
    let told = setup.service.executions(None, Some(State::Succeeded), 10).await.expect("the journal");
    assert!(!told.is_empty(), "what happened stays");
    let client = Client::new(&format!("http://{}", setup.service.address()));
    let verified = client.header("x-api-key", setup.admin.key.expose_secret()).get("/v1/audit/verify").await;
    assert_eq!(verified.status, StatusCode::OK);
}
