//! One account never sees another's.

use actionbox_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::client::{ACCOUNT, OTHER, create_contact, quiet, run, succeed};

#[tokio::test]
async fn accounts_start_with_different_data() {
    let sandbox = quiet().start().await.unwrap();
    for (own, other) in [(ACCOUNT, OTHER), (OTHER, ACCOUNT)] {
        let all = succeed(&sandbox, own, "hubspot", "get_contact", json!({})).await.to_string();
        assert!(all.contains(&Sandbox::seeded_domain(own)), "{own}");
        assert!(!all.contains(&Sandbox::seeded_domain(other)), "{own}");
    }
}

#[tokio::test]
async fn what_one_account_creates_the_other_neither_finds_nor_changes() {
    let sandbox = quiet().start().await.unwrap();
    let id = create_contact(&sandbox, ACCOUNT, "mine@acme.example").await["id"].clone();
    let search = json!({ "propertyName": "email", "operator": "EQ", "value": "mine@acme.example" });
    assert_eq!(succeed(&sandbox, OTHER, "hubspot", "search_contacts", search).await["total"], 0);
    for action in ["get_contact_by_id", "update_contact", "delete_contact"] {
        let (_, http_status, data) =
            run(&sandbox, OTHER, "hubspot", action, json!({ "contact_id": id })).await;
        assert_eq!(http_status, 404, "{action}: {data}");
    }
    create_contact(&sandbox, OTHER, "mine@acme.example").await;
}

#[tokio::test]
async fn executions_tell_for_whom_what_ran() {
    let sandbox = quiet().start().await.unwrap();
    create_contact(&sandbox, ACCOUNT, "a@acme.example").await;
    run(&sandbox, OTHER, "slack", "post_message", json!({ "channel": "board", "text": "x" })).await;
    let ran: Vec<_> = sandbox
        .executions()
        .into_iter()
        .map(|run| (run.request, run.account, run.app, run.action, run.node_status))
        .collect();
    let row = |seq, account: &str, app: &str, action: &str, status: &str| {
        (seq, account.to_owned(), app.to_owned(), action.to_owned(), status.to_owned())
    };
    assert_eq!(
        ran,
        [
            row(1, ACCOUNT, "hubspot", "create_contact", "Success"),
            row(2, OTHER, "slack", "post_message", "Errored")
        ]
    );
    assert_eq!(sandbox.executions()[0].parameters, json!({ "email": "a@acme.example" }));
}

#[tokio::test]
async fn records_of_what_is_not_there_are_none() {
    let sandbox = quiet().start().await.unwrap();
    for (account, app, kind) in
        [("nobody", "hubspot", "contacts"), (ACCOUNT, "x", "contacts"), (ACCOUNT, "slack", "x")]
    {
        assert_eq!(sandbox.records(account, app, kind), Vec::<Value>::new());
    }
}
