//! Slack: whose errors come with status 200, twice over.

use serde_json::json;

use crate::client::{ACCOUNT, quiet, run, succeed};

#[tokio::test]
async fn message_is_posted_and_deleted() {
    let sandbox = quiet().start().await.unwrap();
    for channel in ["general", "#general"] {
        let text = json!({ "channel": channel, "text": "hello" });
        let posted = succeed(&sandbox, ACCOUNT, "slack", "post_message", text).await;
        assert_eq!(posted["ok"], true);
        assert_eq!(sandbox.records(ACCOUNT, "slack", "messages"), [posted["message"].clone()]);
        let one = json!({ "channel": channel, "ts": posted["ts"] });
        succeed(&sandbox, ACCOUNT, "slack", "delete_message", one).await;
        assert!(sandbox.records(ACCOUNT, "slack", "messages").is_empty());
    }
}

#[tokio::test]
async fn refusals_are_errored_with_status_200() {
    let sandbox = quiet().start().await.unwrap();
    for (action, parameters, error) in [
        ("post_message", json!({ "channel": "board", "text": "x" }), "not_in_channel"),
        ("post_message", json!({ "channel": "nowhere", "text": "x" }), "channel_not_found"),
        ("send_message", json!({ "user": "U1", "text": "x" }), "user_not_found"),
        ("get_user", json!({ "user": "U1" }), "user_not_found"),
        ("delete_message", json!({ "channel": "general", "ts": "1.0" }), "message_not_found"),
        (
            "httprequest",
            json!({ "method": "POST", "url": "https://slack.com/api/admin.wipe" }),
            "unknown_method",
        ),
    ] {
        let (node_status, http_status, data) = run(&sandbox, ACCOUNT, "slack", action, parameters).await;
        assert_eq!((node_status.as_str(), http_status), ("Errored", 200), "{action} {error}");
        assert_eq!(data, json!({ "ok": false, "error": error }), "{action}");
    }
}

#[tokio::test]
async fn channels_and_users_are_listed_and_written_to() {
    let sandbox = quiet().start().await.unwrap();
    let channels = succeed(&sandbox, ACCOUNT, "slack", "list_channels", json!({ "limit": "2" })).await;
    assert_eq!(channels["channels"].as_array().unwrap().len(), 2);
    let users = succeed(&sandbox, ACCOUNT, "slack", "list_users", json!({})).await;
    let user = &users["members"][0];
    let shown = succeed(&sandbox, ACCOUNT, "slack", "get_user", json!({ "user": user["id"] })).await;
    assert_eq!(&shown["user"], user);
    succeed(&sandbox, ACCOUNT, "slack", "send_message", json!({ "user": user["id"], "text": "hi" })).await;
    let raw = json!({ "method": "POST", "url": "https://slack.com/api/chat.postMessage",
                      "body": { "channel": "random", "text": "raw" } });
    succeed(&sandbox, ACCOUNT, "slack", "httprequest", raw).await;
    assert_eq!(sandbox.records(ACCOUNT, "slack", "messages").len(), 2);
}
