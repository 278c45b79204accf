//! The rate limit, as a client meets it.

use std::time::Duration;

use actionbox_sandbox::{Sandbox, StatusCode};

use crate::client::{ACCOUNT, Call, OTHER};

#[tokio::test]
async fn beyond_the_burst_is_429_until_the_wait_is_over() {
    let sandbox = Sandbox::builder().rate_limit(0, 2).start().await.unwrap();
    let list = async |account| Call::get(account, "hubspot/actions").send(&sandbox).await;
    for _ in 0..2 {
        assert_eq!(list(ACCOUNT).await.status, StatusCode::OK);
    }
    let refused = list(ACCOUNT).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json()["http_error_type"], "TOO_MANY_REQUESTS");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(list(OTHER).await.status, StatusCode::OK, "the limit is each account's own");
    assert_eq!(list("nobody").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn retry_after_says_in_seconds_when_there_is_room_again() {
    let sandbox = Sandbox::builder().rate_limit(1, 1).start().await.unwrap();
    let list = async || Call::get(ACCOUNT, "hubspot/actions").send(&sandbox).await;
    let mut refused = list().await;
    // On a slow machine a second may pass between two requests.
    while refused.status == StatusCode::OK {
        refused = list().await;
    }
    assert_eq!(refused.headers["retry-after"], "1");
    sandbox.advance_clock(Duration::from_secs(1));
    assert_eq!(list().await.status, StatusCode::OK);
}

#[tokio::test]
async fn throttled_execute_has_not_run() {
    let sandbox = Sandbox::builder().rate_limit(0, 0).start().await.unwrap();
    let call = Call::execute(ACCOUNT, "hubspot", "create_contact", serde_json::json!({ "email": "a@b.c" }));
    assert_eq!(call.send(&sandbox).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(sandbox.executions().is_empty());
}
