//! A client of the upstream's API changes its base URL and its key, and nothing else.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    client::Client,
    harness::{ACCOUNT, Setup},
};

/// What changes from call to call.
fn without_what_changes(mut value: Value) -> Value {
    let contact = &mut value["data"];
    for name in ["id", "createdAt", "updatedAt"] {
        contact.as_object_mut().map(|contact| contact.remove(name));
    }
    for name in ["createdate", "hs_object_id", "lastmodifieddate"] {
        contact["properties"].as_object_mut().map(|properties| properties.remove(name));
    }
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_upstream_sees_no_difference() {
    let setup = Setup::new("main-job").await;
    let direct = Client::new(&setup.sandbox.base_url())
        .header("x-api-key", &setup.upstream_key)
        .header("linked_account_id", ACCOUNT);
    let through = setup.client("acme");

    let (expected, listed) = (direct.actions("hubspot").await, through.actions("hubspot").await);
    assert_eq!((listed.status, listed.json()), (expected.status, expected.json()));
    assert_eq!(listed.headers["content-type"], "application/json");

    let action = "create_contact";
    let (expected, described) =
        (direct.describe("hubspot", action).await, through.describe("hubspot", action).await);
    assert_eq!((described.status, described.json()), (expected.status, expected.json()));

    let read = json!({ "limit": "1" });
    let expected = direct.execute("hubspot", "get_contact", &read).await;
    let answered = through.execute("hubspot", "get_contact", &read).await;
    assert_eq!((answered.status, answered.json()), (expected.status, expected.json()));

    let new = json!({ "email": "ada@example.com", "firstname": "Ada" });
    let expected = direct.execute("hubspot", action, &new).await;
    let other = json!({ "email": "grace@example.com", "firstname": "Grace" });
    let answered = through.execute("hubspot", action, &other).await;
    assert_eq!(answered.status, StatusCode::OK);
    let text =
        without_what_changes(answered.json()).to_string().replace("grace", "ada").replace("Grace", "Ada");
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), without_what_changes(expected.json()));
    assert_eq!(setup.ran(action), 2);

    // Errors too, but for what the service adds.
    let wrong = json!({ "firstname": "Ada" });
    let expected = direct.execute("hubspot", action, &wrong).await;
    let answered = through.execute("hubspot", action, &wrong).await;
    assert_eq!(answered.status, expected.status);
    assert_eq!(answered.code(), expected.code());
    assert_eq!(answered.json()["sent"], "yes");
    let (expected, answered) =
        (direct.describe("hubspot", "no_such").await, through.describe("hubspot", "no_such").await);
    assert_eq!(
        (answered.status, &answered.json()["message"]),
        (expected.status, &expected.json()["message"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_acts_on_its_own_account() {
    let setup = Setup::new("tenants").await;
    let new = json!({ "email": "ada@example.com" });
    for tenant in ["acme", "globex", "globex"] {
        let answered = setup.client(tenant).execute("hubspot", "create_contact", &new).await;
        assert!(answered.status.is_success() || tenant == "globex", "{answered:?}");
    }
    let accounts: Vec<_> =
        setup.sandbox.executions().into_iter().map(|execution| execution.account).collect();
    assert_eq!(accounts, [ACCOUNT, crate::harness::NEIGHBOUR, crate::harness::NEIGHBOUR]);
    for request in setup.sandbox.requests() {
        assert_eq!(request.header("x-api-key").as_deref(), Some(&*setup.upstream_key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_found_by_the_id_of_the_request() {
    let setup = Setup::new("ids").await;
    let answered =
        setup.client("acme").execute("hubspot", "create_contact", &json!({ "email": "a@example.com" })).await;
    let id = answered.headers["x-request-id"].to_str().expect("text").to_owned();
    let admin = setup.administrator();
    let execution = admin.get(&format!("/v1/executions/{id}")).await.json();
    assert_eq!(execution["state"], "succeeded");
    assert_eq!((&execution["tenant"], &execution["effect"]), (&json!("acme"), &json!("write")));
    let listed = admin.get("/v1/executions?tenant=acme&state=succeeded").await.json();
    assert_eq!(listed["executions"], json!([execution]));
    let trail = admin.get(&format!("/v1/audit?correlation={id}")).await.json();
    let kinds: Vec<_> =
        trail["lines"].as_array().expect("lines").iter().map(|line| &line["event"]["kind"]).collect();
    assert_eq!(kinds, ["request", "call", "caller"]);
    assert_eq!(trail["lines"][2]["event"]["caller"], "product");
}
