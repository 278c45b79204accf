//! Whoever may not is refused, nothing reaches the upstream, and the audit has it.

use http::{Method, StatusCode};
use serde_json::json;

use crate::{
    client::Client,
    harness::{Setup, until},
};
use secrecy::ExposeSecret as _;

/// Executes an action that would be granted, and returns how that was refused.
async fn refused(setup: &Setup, client: &Client) -> (StatusCode, String) {
    let before = setup.sandbox.requests().len();
    let answered = client.execute("hubspot", "get_contact", &json!({ "limit": "1" })).await;
    assert_eq!(setup.sandbox.requests().len(), before, "nothing leaves: {answered:?}");
    (answered.status, answered.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_key_for_it() {
    let setup = Setup::new("keys").await;
    let base = format!("http://{}", setup.service.address());
    let key = setup.caller.key.expose_secret().to_owned();
    let client = |keys: &[&str], tenants: &[&str]| {
        let client = keys.iter().fold(Client::new(&base), |client, key| client.header("x-api-key", key));
        tenants.iter().fold(client, |client, tenant| client.header("linked_account_id", tenant))
    };
    let unauthorized = || (StatusCode::UNAUTHORIZED, "UNAUTHORIZED".to_owned());
    let mut forged = key.clone();
    forged.pop();
    let table: Vec<(&str, Client)> = vec![
        ("none", client(&[], &["acme"])),
        ("empty", client(&[""], &["acme"])),
        ("forged", client(&["ab_caller_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], &["acme"])),
        ("cut", client(&[&forged], &["acme"])),
        ("longer", client(&[&format!("{key}x")], &["acme"])),
        ("in other case", client(&[&key.to_uppercase()], &["acme"])),
        ("its digest", client(&[&setup.caller.id], &["acme"])),
        ("the upstream's", client(&[&setup.upstream_key], &["acme"])),
        ("two", client(&[&key, &key], &["acme"])),
        ("a good one and another", client(&[&key, "x"], &["acme"])),
        ("as a session token", Client::new(&base).header("authorization", format!("Bearer {key}"))),
        ("of another tenant", client(&[setup.acme.key.expose_secret()], &["globex"])),
        ("of another tenant, which is none", client(&[setup.acme.key.expose_secret()], &["nobody"])),
        ("very long", client(&[&"x".repeat(10_000)], &["acme"])),
        (
            "not text",
            Client::new(&base).header("x-api-key", [0xff, 0xfe]).header("linked_account_id", "acme"),
        ),
    ];
    let count = table.len();
    for (what, client) in table {
        assert_eq!(refused(&setup, &client).await, unauthorized(), "{what}");
        assert_eq!(client.actions("hubspot").await.status, StatusCode::UNAUTHORIZED, "{what}");
    }
    let admin = setup.admin.key.expose_secret();
    assert_eq!(refused(&setup, &client(&[admin], &["acme"])).await.0, StatusCode::FORBIDDEN);
    // The key is good, and names no tenant, or two.
    for tenants in [&[][..], &[""], &["acme", "acme"], &["acme", "globex"]] {
        assert_eq!(
            refused(&setup, &client(&[&key], tenants)).await.0,
            StatusCode::BAD_REQUEST,
            "{tenants:?}"
        );
    }
    assert_eq!(refused(&setup, &client(&[&key], &["nobody"])).await.0, StatusCode::NOT_FOUND);
    for path in ["/v1/tenants", "/v1/plugins", "/v1/executions", "/v1/audit", "/v1/audit/verify"] {
        assert_eq!(client(&[&key], &[]).get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(client(&[], &[]).get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }

    // Ten lines a second at most, and the rest is counted in the next of them. Nobody waits for them to be written.
    let lines = until(&format!("the tenth line of {count} refusals"), async || {
        let lines = setup.administrator().get("/v1/audit?limit=1000").await.json();
        let all = lines["lines"].as_array().expect("lines").iter();
        (all.filter(|line| line["event"]["kind"] == "refused").count() >= 10).then_some(lines)
    })
    .await;
    assert!(!lines.to_string().contains(&key), "no key is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key() {
    let setup = Setup::new("revoked").await;
    let client = setup.client("acme");
    assert_eq!(client.actions("hubspot").await.status, StatusCode::OK);
    let path = format!("/v1/keys/{}", setup.caller.id);
    let revoked = setup.administrator().send(Method::DELETE, &path, "").await;
    assert_eq!(revoked.status, StatusCode::OK, "{revoked:?}");
    assert_eq!(refused(&setup, &client).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(setup.administrator().send(Method::DELETE, &path, "").await.status, StatusCode::NOT_FOUND);
    let setup = setup.restart().await;
    let client = setup.client("acme");
    assert_eq!(refused(&setup, &client).await.0, StatusCode::UNAUTHORIZED, "and after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_grant_does_not_allow() {
    let setup = Setup::new("grants").await;
    let client = setup.client("acme");
    for (app, action, status) in [
        ("hubspot", "httprequest", StatusCode::FORBIDDEN),
        ("hubspot", "update_contact", StatusCode::FORBIDDEN),
        ("salesforce", "get_accounts", StatusCode::NOT_FOUND),
    ] {
        let answered = client.execute(app, action, &json!({})).await;
        assert_eq!(answered.status, status, "{answered:?}");
        assert_eq!(answered.json()["sent"], "no");
    }
    assert!(setup.sandbox.requests().is_empty());
    // A narrower grant holds from the next call on, and the wider one can be had again.
    let admin = setup.service.admin("test");
    let new = json!({ "email": "a@example.com" });
    let narrow = crate::harness::grant(&admin, &setup.sandbox, "acme", &[]).await;
    assert_eq!(client.execute("hubspot", "create_contact", &new).await.status, StatusCode::FORBIDDEN);
    let path = format!("/v1/tenants/acme/grants/hubspot/roll-back/{}", narrow - 1);
    assert_eq!(setup.administrator().send(Method::POST, &path, "").await.json()["version"], narrow + 1);
    assert_eq!(client.execute("hubspot", "create_contact", &new).await.status, StatusCode::OK);
    let none =
        setup.administrator().send(Method::POST, "/v1/tenants/acme/grants/hubspot/roll-back/0", "").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_in_every_field() {
    let setup = Setup::new("hostile").await;
    let long = "a".repeat(5000);
    let texts = [
        "'; DROP TABLE tenants; --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "%00",
        "a%0d%0aset-cookie:x",
        &long,
    ];
    let (client, admin) = (setup.client("acme"), setup.administrator());
    for text in texts {
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/api/v2/integration-schema/{escaped}/actions"),
            format!("/api/v2/integration-schema/hubspot/actions/{escaped}"),
        ] {
            let answered = client.get(&path).await;
            assert!(answered.status.is_client_error(), "{path}: {answered:?}");
        }
        let path = format!("/api/v2/integration-schema/hubspot/actions/{escaped}/execute");
        let answered = client.post(&path, &json!({})).await;
        assert!(answered.status.is_client_error(), "{path}: {answered:?}");
        let answered = admin.put(&format!("/v1/tenants/{escaped}"), &json!({})).await;
        assert_ne!(answered.status, StatusCode::CREATED, "{text}: {answered:?}");
        let answered = setup.client(text).actions("hubspot").await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND, "{text}: {answered:?}");
        let answered = admin.post("/v1/keys", &json!({ "name": text, "role": "caller" })).await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{text}: {answered:?}");
    }
    for body in ["", "[]", "null", "{", "{\"a\":", "\u{0}", "{\"limit\": \"1\"} x"] {
        let path = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";
        let answered = client.send(Method::POST, path, body).await;
        assert_eq!(
            (answered.status, answered.code()),
            (StatusCode::BAD_REQUEST, "VALIDATION_ERROR".into()),
            "{body:?}"
        );
    }
    assert!(setup.sandbox.requests().is_empty(), "{:?}", setup.sandbox.requests());
    assert_eq!(admin.get("/v1/tenants").await.json(), json!({ "tenants": ["acme", "globex"] }));
    assert_eq!(admin.get("/v1/audit/verify").await.status, StatusCode::OK);
}
