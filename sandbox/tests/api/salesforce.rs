//! Salesforce: accounts, and queries over them.

use serde_json::{Value, json};

use crate::client::{ACCOUNT, quiet, run, succeed};

#[tokio::test]
async fn account_is_created_queried_updated_and_deleted() {
    let sandbox = quiet().start().await.unwrap();
    let created = succeed(&sandbox, ACCOUNT, "salesforce", "create_account", json!({ "Name": "Acme" })).await;
    assert_eq!(created["success"], true);
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("001") && id.len() == 18, "{id}");

    let change = json!({ "account_id": id, "Phone": "123" });
    let changed = run(&sandbox, ACCOUNT, "salesforce", "update_account", change).await;
    assert_eq!(changed, ("Success".to_owned(), 204, Value::Null));

    let query = json!({ "query": "SELECT Id, Phone FROM Account WHERE Name = 'acme' LIMIT 5" });
    let found = succeed(&sandbox, ACCOUNT, "salesforce", "get_entity_with_soql", query.clone()).await;
    assert_eq!(found["totalSize"], 1);
    assert_eq!(found["records"][0]["Id"], id);
    assert_eq!(found["records"][0]["Phone"], "123");
    assert!(found["records"][0].get("Name").is_none(), "only what was selected");

    succeed(&sandbox, ACCOUNT, "salesforce", "delete_account", json!({ "account_id": id })).await;
    let found = succeed(&sandbox, ACCOUNT, "salesforce", "get_entity_with_soql", query).await;
    assert_eq!(found["totalSize"], 0);
    let again = run(&sandbox, ACCOUNT, "salesforce", "delete_account", json!({ "account_id": id })).await;
    assert_eq!((again.1, again.2[0]["errorCode"].as_str()), (404, Some("NOT_FOUND")));
}

#[tokio::test]
async fn every_type_is_created() {
    let sandbox = quiet().start().await.unwrap();
    for (action, kind, parameters) in [
        ("create_contact", "contacts", json!({ "LastName": "L" })),
        ("create_lead", "leads", json!({ "LastName": "L", "Company": "C" })),
        (
            "create_opportunity",
            "opportunities",
            json!({ "Name": "O", "StageName": "S", "CloseDate": "2026-02-01" }),
        ),
    ] {
        let created = succeed(&sandbox, ACCOUNT, "salesforce", action, parameters).await;
        let records = sandbox.records(ACCOUNT, "salesforce", kind);
        assert_eq!(records.last().unwrap()["Id"], created["id"], "{action}");
    }
}

#[tokio::test]
async fn queries_it_does_not_understand_are_errors_of_salesforce() {
    let sandbox = quiet().start().await.unwrap();
    for (query, code) in [
        ("SELECT Id FROM Account GROUP BY Name", "MALFORMED_QUERY"),
        ("drop table", "MALFORMED_QUERY"),
        ("SELECT Id FROM Spaceship", "INVALID_TYPE"),
        ("SELECT Speed FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Speed = '1'", "INVALID_FIELD"),
    ] {
        let (node_status, http_status, data) =
            run(&sandbox, ACCOUNT, "salesforce", "get_entity_with_soql", json!({ "query": query })).await;
        assert_eq!((node_status.as_str(), http_status), ("Errored", 400), "{query}");
        assert_eq!(data[0]["errorCode"], code, "{query}");
    }
}

#[tokio::test]
async fn raw_call_is_the_whole_account() {
    let sandbox = quiet().start().await.unwrap();
    let raw = async |method: &str, url: &str, body: Value| {
        let parameters = json!({ "method": method, "url": url, "body": body });
        run(&sandbox, ACCOUNT, "salesforce", "httprequest", parameters).await
    };
    let query = "/services/data/v60.0/query?q=SELECT+Id,Name+FROM+Account";
    let (_, _, found) = raw("GET", query, Value::Null).await;
    assert_eq!(found["totalSize"], 1);
    let (_, _, created) = raw("POST", "/services/data/v60.0/sobjects/Lead", json!({ "LastName": "L" })).await;
    let one = format!("/services/data/v60.0/sobjects/Lead/{}", created["id"].as_str().unwrap());
    assert_eq!(raw("PATCH", &one, json!({ "Phone": "1" })).await.1, 204);
    assert_eq!(raw("GET", &one, Value::Null).await.2["Phone"], "1");
    assert_eq!(raw("DELETE", &one, Value::Null).await.1, 204);
    assert_eq!(raw("GET", &one, Value::Null).await.1, 404);
}
