//! What the key opens beside the three endpoints, and what opens nothing.

use actionbox_sandbox::{Method, StatusCode};
use serde_json::json;

use crate::client::{ACCOUNT, Call, OTHER, quiet};

const OPEN_TO_THE_KEY: [(Method, &str); 11] = [
    (Method::GET, "/api/v2/public/linked-account"),
    (Method::GET, "/api/v2/public/webhook"),
    (Method::GET, "/api/v2/public/env/values"),
    (Method::GET, "/api/v2/public/workflow"),
    (Method::GET, "/api/v2/public/workflow/wf_1/runs"),
    (Method::GET, "/api/v2/public/tables"),
    (Method::GET, "/api/v2/public/mcp-servers"),
    (Method::GET, "/api/v1/workflow/public/scheduled"),
    (Method::POST, "/api/v2/public/migrate-token"),
    (Method::POST, "/api/v2/public/linked-account/integration/save-key-credentials/hubspot"),
    (Method::DELETE, "/api/v2/public/linked-account/customer@example.com"),
];

#[tokio::test]
async fn key_opens_the_whole_organisation() {
    let sandbox = quiet().start().await.unwrap();
    for (method, path) in OPEN_TO_THE_KEY {
        let call = Call::with_key(method, path).header("linked_account_id", ACCOUNT);
        let answer = call.send(&sandbox).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json());
    }
}

#[tokio::test]
async fn nothing_opens_without_the_key_nor_by_a_session_token() {
    let sandbox = quiet().start().await.unwrap();
    let token = format!("Bearer {}", sandbox.session_token(ACCOUNT).unwrap());
    for (method, path) in OPEN_TO_THE_KEY {
        for call in [
            Call::new(method.clone(), path),
            Call::new(method.clone(), path).header("x-api-key", "tk_wrong"),
            Call::new(method.clone(), path).header("authorization", &token),
        ] {
            let answer = call.send(&sandbox).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.json()["message"], "Invalid Credentials", "{path}");
        }
    }
}

#[tokio::test]
async fn customers_are_listed_created_connected_and_deleted() {
    let sandbox = quiet().start().await.unwrap();
    let path = "/api/v2/public/linked-account";
    let list = async || Call::with_key(Method::GET, path).send(&sandbox).await.json();
    let ids = |list: &serde_json::Value| -> Vec<String> {
        let all = list.as_array().unwrap().iter();
        all.map(|one| one["linked_account_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&list().await), [OTHER, ACCOUNT]);

    let body = json!({ "linked_account_id": "new" });
    assert_eq!(Call::with_key(Method::POST, path).json(body).send(&sandbox).await.json()["created"], true);
    assert!(ids(&list().await).contains(&"new".to_owned()));
    assert!(!sandbox.records("new", "hubspot", "contacts").is_empty());

    let delete = || Call::with_key(Method::DELETE, &format!("{path}?linked_account_id=new"));
    assert_eq!(delete().send(&sandbox).await.status, StatusCode::OK);
    assert_eq!(delete().send(&sandbox).await.status, StatusCode::NOT_FOUND);
    assert!(sandbox.records("new", "hubspot", "contacts").is_empty());
}

#[tokio::test]
async fn saved_credentials_connect_an_app() {
    let sandbox = quiet().account_with_apps("few", &[]).start().await.unwrap();
    let users = || Call::execute("few", "slack", "list_users", json!({}));
    assert_eq!(users().send(&sandbox).await.status, StatusCode::BAD_REQUEST);
    let save = "/api/v2/public/linked-account/integration/save-key-credentials/slack";
    let save = Call::with_key(Method::POST, save).header("linked_account_id", "few");
    assert_eq!(save.send(&sandbox).await.status, StatusCode::OK);
    assert_eq!(users().send(&sandbox).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_an_account_the_key_lists_and_describes() {
    let sandbox = quiet().start().await.unwrap();
    for path in ["hubspot/actions", "hubspot/actions/get_contact"] {
        let call = Call::with_key(Method::GET, &format!("/api/v2/integration-schema/{path}"));
        assert_eq!(call.send(&sandbox).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn sloppily_forwarded_path_leads_where_a_proxy_would_lead_it() {
    let sandbox = quiet().start().await.unwrap();
    for path in [
        "/api/v2/integration-schema/hubspot/actions/../../../public/linked-account",
        "/api/v2/integration-schema/%2e%2e/public/linked-account",
        "/api/v2/integration-schema/..%2Fpublic%2flinked-account",
        "//api//v2/./public/linked-account/",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\n\r\n",
            actionbox_sandbox::SANDBOX_API_KEY
        );
        let answer = crate::client::exchange(&sandbox, request.as_bytes()).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains(OTHER), "{path}: {answer}");
    }
}
