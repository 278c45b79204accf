//! Session tokens: issued, used, expired and revoked.

use std::time::Duration;

use actionbox_sandbox::{Method, Sandbox, StatusCode};
use serde_json::{Value, json};

use crate::client::{ACCOUNT, Call, OTHER, quiet};

const PATH: &str = "/api/v2/public/session-token";

fn ask(path: &str, account: &str) -> Call {
    Call::with_key(Method::POST, path).json(json!({ "linked_account_id": account }))
}

async fn use_token(sandbox: &Sandbox, token: &str) -> (StatusCode, Value) {
    let call = Call::anonymous_execute("hubspot", "get_contact", json!({}));
    let answer = call.header("authorization", &format!("Bearer {token}")).send(sandbox).await;
    (answer.status, answer.json())
}

fn token(answer: &Value) -> &str {
    answer["token"].as_str().unwrap()
}

#[tokio::test]
async fn token_replaces_both_headers_and_selects_its_account() {
    let sandbox = quiet().start().await.unwrap();
    let issued = ask(PATH, OTHER).send(&sandbox).await.json();
    assert_eq!(token(&issued).split('.').count(), 3, "the shape of a JWT");
    assert_eq!(issued["expires_in"], 7 * 24 * 60 * 60);
    assert_eq!(issued["refresh_expires_in"], 30 * 24 * 60 * 60);
    assert!(issued["refresh_token"].is_string());

    let (status, answer) = use_token(&sandbox, token(&issued)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer.to_string().contains(&Sandbox::seeded_domain(OTHER)));

    let both =
        Call::get(ACCOUNT, "hubspot/actions").header("authorization", &format!("Bearer {}", token(&issued)));
    assert_eq!(both.send(&sandbox).await.status, StatusCode::OK);
    let run = Call::execute(ACCOUNT, "hubspot", "get_contact", json!({}));
    run.header("authorization", &format!("Bearer {}", token(&issued))).send(&sandbox).await;
    assert!(sandbox.executions().iter().all(|run| run.account == OTHER), "the token wins");
}

#[tokio::test]
async fn asking_again_answers_the_same_token_unless_forced() {
    let sandbox = quiet().start().await.unwrap();
    let first = ask(PATH, ACCOUNT).send(&sandbox).await.json();
    sandbox.advance_clock(Duration::from_secs(60));
    let second = ask(PATH, ACCOUNT).send(&sandbox).await.json();
    assert_eq!(second["token"], first["token"]);
    assert_eq!(second["expires_in"].as_u64(), first["expires_in"].as_u64().map(|left| left - 60));
    let forced = ask(&format!("{PATH}?force_refresh=true"), ACCOUNT).send(&sandbox).await.json();
    assert_ne!(forced["token"], first["token"]);
    for issued in [&first, &forced] {
        assert_eq!(use_token(&sandbox, token(issued)).await.0, StatusCode::OK);
    }
    assert_eq!(sandbox.session_token(ACCOUNT).as_deref(), Some(token(&forced)));
    assert_eq!(sandbox.session_token("nobody"), None);
}

#[tokio::test]
async fn expired_and_revoked_tokens_are_refused_until_renewed() {
    let sandbox = quiet().token_lifetime(Duration::from_secs(60)).start().await.unwrap();
    for end in [
        (|sandbox: &Sandbox| sandbox.advance_clock(Duration::from_secs(60))) as fn(&Sandbox),
        Sandbox::revoke_session_tokens,
    ] {
        let issued = ask(PATH, ACCOUNT).send(&sandbox).await.json();
        assert_eq!(use_token(&sandbox, token(&issued)).await.0, StatusCode::OK);
        end(&sandbox);
        let (status, answer) = use_token(&sandbox, token(&issued)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer["message"], "Invalid session token");
        let renewed = ask(PATH, ACCOUNT).send(&sandbox).await.json();
        assert_eq!(use_token(&sandbox, token(&renewed)).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn refusals_name_their_code_in_the_error_field() {
    let sandbox = quiet().start().await.unwrap();
    let required = "linked_account_id is required";
    for (why, call, status, error, message) in [
        ("no account", Call::with_key(Method::POST, PATH).json(json!({})), 400, "VALIDATION_ERROR", required),
        ("no body", Call::with_key(Method::POST, PATH), 400, "VALIDATION_ERROR", required),
        ("empty", ask(PATH, ""), 400, "VALIDATION_ERROR", required),
        ("unknown", ask(PATH, "nobody"), 400, "INVALID_LINKED_ACCOUNT_ID", "Invalid linked_account_id"),
        ("no key", Call::new(Method::POST, PATH).json(json!({})), 401, "SERVER_ERROR", "Invalid Credentials"),
    ] {
        let answer = call.send(&sandbox).await;
        let body = answer.json();
        assert_eq!(answer.status.as_u16(), status, "{why}: {body}");
        assert_eq!(body["error"], error, "{why}");
        assert_eq!(body["message"], message, "{why}");
        assert!(body.get("error_code").is_none(), "{why}");
    }
}
