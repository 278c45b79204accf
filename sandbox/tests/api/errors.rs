//! Every refusal, with its status and its envelope.

use actionbox_sandbox::{Method, SANDBOX_API_KEY, StatusCode};
use serde_json::json;

use crate::client::{ACCOUNT, Call, quiet};

const EXECUTE: &str = "/api/v2/integration-schema/hubspot/actions/create_contact/execute";

fn execute_raw(content_type: &str, body: &'static str) -> Call {
    Call::with_key(Method::POST, EXECUTE)
        .header("linked_account_id", ACCOUNT)
        .header("content-type", content_type)
        .body(body)
}

#[tokio::test]
async fn every_refusal_has_its_status_message_and_envelope() {
    let sandbox = quiet().account_with_apps("hubspot-only", &["hubspot"]).start().await.unwrap();
    let no_account = "Application Authentication not found for linked_account_id nobody and app hubspot";
    let no_app = "Application Authentication not found for linked_account_id hubspot-only and app slack";
    let contact = json!({ "email": "a@b.example" });
    let deep = Box::leak(("[".repeat(100_000)).into_boxed_str());
    let cases = [
        (
            "no credentials",
            Call::new(Method::GET, "/api/v2/integration-schema/hubspot/actions"),
            401,
            "Invalid Credentials",
        ),
        (
            "wrong key",
            Call::anonymous_execute("hubspot", "create_contact", contact.clone())
                .header("x-api-key", "tk_wrong")
                .header("linked_account_id", ACCOUNT),
            401,
            "Invalid Credentials",
        ),
        (
            "the key twice",
            Call::get(ACCOUNT, "hubspot/actions").header("x-api-key", SANDBOX_API_KEY),
            401,
            "Invalid Credentials",
        ),
        (
            "a token that is none",
            Call::new(Method::GET, "/api/v2/integration-schema/hubspot/actions")
                .header("authorization", "Bearer x.y.z"),
            401,
            "Invalid session token",
        ),
        (
            "a bad token beside a good key",
            Call::get(ACCOUNT, "hubspot/actions").header("authorization", "Bearer x"),
            401,
            "Invalid session token",
        ),
        (
            "unknown app",
            Call::get(ACCOUNT, "unknown/actions"),
            404,
            "Application app_type 'unknown' not found",
        ),
        (
            "unknown app, execute",
            Call::execute(ACCOUNT, "unknown", "x", json!({})),
            404,
            "Application app_type 'unknown' not found",
        ),
        (
            "unknown action",
            Call::get(ACCOUNT, "hubspot/actions/no_such_action"),
            404,
            "Action no_such_action not found in Application hubspot",
        ),
        (
            "unknown action, execute",
            Call::execute(ACCOUNT, "hubspot", "no_such_action", json!({})),
            404,
            "Action no_such_action not found in Application hubspot",
        ),
        ("unknown account lists", Call::get("nobody", "hubspot/actions"), 400, no_account),
        ("unknown account describes", Call::get("nobody", "hubspot/actions/get_contact"), 400, no_account),
        (
            "unknown account executes",
            Call::execute("nobody", "hubspot", "create_contact", contact.clone()),
            400,
            no_account,
        ),
        (
            "two accounts",
            Call::get(ACCOUNT, "hubspot/actions").header("linked_account_id", "b"),
            400,
            "Application Authentication not found for linked_account_id demo-user-1, b and app hubspot",
        ),
        ("app not connected", Call::execute("hubspot-only", "slack", "list_users", json!({})), 400, no_app),
        (
            "organisation executes",
            Call::anonymous_execute("hubspot", "get_contact", json!({})).header("x-api-key", SANDBOX_API_KEY),
            400,
            "linked_account_id is required",
        ),
        (
            "parameter missing",
            Call::execute(ACCOUNT, "hubspot", "create_contact", json!({ "firstname": "A" })),
            400,
            "Required parameter 'email' is missing",
        ),
        (
            "parameter null",
            Call::execute(ACCOUNT, "hubspot", "create_contact", json!({ "email": null })),
            400,
            "Required parameter 'email' is missing",
        ),
        (
            "parameter empty",
            Call::execute(ACCOUNT, "hubspot", "create_contact", json!({ "email": "" })),
            400,
            "Required parameter 'email' is missing",
        ),
        (
            "body is an array",
            execute_raw("application/json", "[]"),
            400,
            "Request body must be a JSON object",
        ),
        ("body is null", execute_raw("application/json", "null"), 400, "Request body must be a JSON object"),
        ("no body", execute_raw("application/json", ""), 400, "Request body is not valid JSON"),
        (
            "half a body",
            execute_raw("application/json", "{\"email\":"),
            400,
            "Request body is not valid JSON",
        ),
        ("endless nesting", execute_raw("application/json", deep), 400, "Request body is not valid JSON"),
        ("form", execute_raw("text/plain", "{}"), 400, "Content-Type must be application/json"),
        ("unknown path", Call::with_key(Method::GET, "/api/v2/integration-schema/hubspot"), 404, "Not Found"),
        ("root", Call::with_key(Method::GET, "/"), 404, "Not Found"),
        ("execute by GET", Call::with_key(Method::GET, EXECUTE), 405, "Method Not Allowed"),
        (
            "list by POST",
            Call::with_key(Method::POST, "/api/v2/integration-schema/hubspot/actions"),
            405,
            "Method Not Allowed",
        ),
        (
            "session token by GET",
            Call::with_key(Method::GET, "/api/v2/public/session-token"),
            405,
            "Method Not Allowed",
        ),
    ];
    for (why, call, status, message) in cases {
        let answer = call.send(&sandbox).await;
        let body = answer.json();
        assert_eq!(answer.status.as_u16(), status, "{why}: {body}");
        assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8", "{why}");
        assert_eq!(body["status_code"], status, "{why}");
        assert_eq!(body["message"], message, "{why}");
        let expected_type = match status {
            400 => "BAD_REQUEST",
            401 => "UNAUTHORIZED",
            404 => "NOT_FOUND",
            _ => "METHOD_NOT_ALLOWED",
        };
        assert_eq!(body["http_error_type"], expected_type, "{why}");
        assert!(body["error_code"].is_string(), "{why}");
        assert_eq!(body["request_id"].as_str().map(str::len), Some(36), "{why}");
    }
    assert!(sandbox.executions().is_empty(), "nothing that was refused has run");
}

#[tokio::test]
async fn missing_parameter_is_a_validation_error() {
    let sandbox = quiet().start().await.unwrap();
    let answer = Call::execute(ACCOUNT, "hubspot", "create_contact", json!({})).send(&sandbox).await;
    assert_eq!(answer.json()["error_code"], "VALIDATION_ERROR");
}

#[tokio::test]
async fn wrong_method_names_the_right_one() {
    let sandbox = quiet().start().await.unwrap();
    assert_eq!(Call::with_key(Method::PUT, EXECUTE).send(&sandbox).await.headers["allow"], "POST");
}

#[tokio::test]
async fn body_that_is_too_long_is_413_and_recorded_as_cut() {
    let sandbox = quiet().start().await.unwrap();
    let head = format!(
        "POST {EXECUTE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        6 * 1024 * 1024
    );
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + 5 * 1024 * 1024 + 1, b' ');
    let answer = crate::client::exchange(&sandbox, &bytes).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", answer.escape_ascii());
    assert_eq!(sandbox.requests()[0].body_state, actionbox_sandbox::BodyState::Cut);
}

#[tokio::test]
async fn deterministic_server_answers_the_same_request_ids() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let sandbox = quiet().start().await.unwrap();
        let answer = Call::new(Method::GET, "/").send(&sandbox).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(!answer.headers.contains_key("date"));
        ids.push(answer.json()["request_id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}
