//! HubSpot: the catalogue, and contacts that are created, found, changed and deleted.

use serde_json::{Value, json};

use crate::client::{ACCOUNT, Call, create_contact, quiet, run, succeed};

#[tokio::test]
async fn listing_is_an_array_of_actions() {
    let sandbox = quiet().start().await.unwrap();
    let listed = Call::get(ACCOUNT, "hubspot/actions").send(&sandbox).await.json();
    let actions = listed.as_array().unwrap();
    let ids: Vec<_> = actions.iter().map(|action| action["action_id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"search_contacts") && ids.contains(&"httprequest"), "{ids:?}");
    assert!(actions.iter().all(|action| action["name"].is_string() && action["description"].is_string()));
    assert!(actions.iter().any(|action| action.get("tag").is_none()), "a tag may be missing");
    assert!(actions.iter().any(|action| action["tag"] == "v2"));
}

#[tokio::test]
async fn schema_is_an_array_of_parameters() {
    let sandbox = quiet().start().await.unwrap();
    let schema = Call::get(ACCOUNT, "hubspot/actions/create_contact").send(&sandbox).await.json();
    let names: Vec<_> = schema.as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "firstname",
            "lastname",
            "email",
            "phone",
            "company",
            "website",
            "jobtitle",
            "hubspot_owner_id",
            "associations",
            "additional_fields"
        ]
    );
    assert_eq!(schema[2], json!({ "name": "email", "label": "Email", "required": true, "type": "text" }));
    assert_eq!(schema[9]["type"], "json");
}

#[tokio::test]
async fn created_contact_has_the_documented_shape_and_is_found() {
    let sandbox = quiet().start().await.unwrap();
    let created = create_contact(&sandbox, ACCOUNT, "new@acme.example").await;
    assert_eq!(created["archived"], false);
    assert_eq!(created["createdAt"], "2026-01-01T09:00:00.000Z");
    assert_eq!(created["properties"]["email"], "new@acme.example");

    let search =
        json!({ "propertyName": "email", "operator": "EQ", "value": "NEW@acme.example", "limit": "1" });
    let found = succeed(&sandbox, ACCOUNT, "hubspot", "search_contacts", search).await;
    assert_eq!(found, json!({ "total": 1, "results": [created] }));
    assert_eq!(sandbox.records(ACCOUNT, "hubspot", "contacts").last(), Some(&created));
}

#[tokio::test]
async fn get_contact_answers_as_many_as_the_limit_says() {
    let sandbox = quiet().start().await.unwrap();
    for limit in [json!("1"), json!(1)] {
        let list = succeed(&sandbox, ACCOUNT, "hubspot", "get_contact", json!({ "limit": limit })).await;
        assert_eq!(list["results"].as_array().unwrap().len(), 1);
        assert_eq!(list["results"][0]["id"], "51");
        assert_eq!(list["paging"], json!({}));
    }
    for limit in ["0", "-1", "many", "101"] {
        let (node_status, http_status, _) =
            run(&sandbox, ACCOUNT, "hubspot", "get_contact", json!({ "limit": limit })).await;
        assert_eq!((node_status.as_str(), http_status), ("Errored", 400), "{limit}");
    }
}

#[tokio::test]
async fn contact_is_updated_and_deleted() {
    let sandbox = quiet().start().await.unwrap();
    let id = create_contact(&sandbox, ACCOUNT, "a@acme.example").await["id"].clone();
    let one = json!({ "contact_id": id });

    let change = json!({ "contact_id": id, "jobtitle": "Pilot", "additional_fields": "{\"fax\":\"1\"}" });
    let updated = succeed(&sandbox, ACCOUNT, "hubspot", "update_contact", change).await;
    assert_eq!(updated["properties"]["jobtitle"], "Pilot");
    assert_eq!(updated["properties"]["fax"], "1");
    assert_eq!(updated["properties"]["email"], "a@acme.example", "the rest is kept");
    assert_eq!(succeed(&sandbox, ACCOUNT, "hubspot", "get_contact_by_id", one.clone()).await, updated);

    let deleted = run(&sandbox, ACCOUNT, "hubspot", "delete_contact", one.clone()).await;
    assert_eq!(deleted, ("Success".to_owned(), 204, Value::Null));
    for action in ["get_contact_by_id", "delete_contact", "update_contact"] {
        let (node_status, http_status, data) = run(&sandbox, ACCOUNT, "hubspot", action, one.clone()).await;
        assert_eq!((node_status.as_str(), http_status), ("Errored", 404), "{action}");
        assert_eq!(data["category"], "OBJECT_NOT_FOUND", "{action}");
    }
}

#[tokio::test]
async fn second_contact_of_one_address_is_a_conflict_inside_a_200() {
    let sandbox = quiet().start().await.unwrap();
    let id = create_contact(&sandbox, ACCOUNT, "a@acme.example").await["id"].clone();
    let again = json!({ "email": "A@acme.example" });
    let (node_status, http_status, data) = run(&sandbox, ACCOUNT, "hubspot", "create_contact", again).await;
    assert_eq!((node_status.as_str(), http_status), ("Errored", 409));
    assert_eq!(data["message"], format!("Contact already exists. Existing ID: {}", id.as_str().unwrap()));
}

#[tokio::test]
async fn what_hubspot_would_not_take_is_an_error_of_hubspot() {
    let sandbox = quiet().start().await.unwrap();
    let search = |operator| json!({ "propertyName": "email", "operator": operator, "value": "x" });
    for (why, action, parameters) in [
        ("address without @", "create_contact", json!({ "email": "nobody" })),
        ("fields that are no JSON", "create_contact", json!({ "email": "a@b.c", "additional_fields": "{" })),
        (
            "fields that are no object",
            "create_contact",
            json!({ "email": "a@b.c", "additional_fields": [1] }),
        ),
        ("associations that are no JSON", "create_contact", json!({ "email": "a@b.c", "associations": "[" })),
        ("unknown operator", "search_contacts", search("LIKE")),
    ] {
        let (node_status, http_status, _) = run(&sandbox, ACCOUNT, "hubspot", action, parameters).await;
        assert_eq!((node_status.as_str(), http_status), ("Errored", 400), "{why}");
    }
    assert_eq!(sandbox.records(ACCOUNT, "hubspot", "contacts").len(), 3, "only the seeded ones");
}

#[tokio::test]
async fn companies_deals_and_tasks_are_kept() {
    let sandbox = quiet().start().await.unwrap();
    for (action, kind, parameters) in [
        ("create_company", "companies", json!({ "name": "Acme" })),
        ("create_deal", "deals", json!({ "dealname": "Big", "amount": 5 })),
        ("create_task", "tasks", json!({ "hs_task_subject": "Call" })),
    ] {
        let created = succeed(&sandbox, ACCOUNT, "hubspot", action, parameters).await;
        assert_eq!(sandbox.records(ACCOUNT, "hubspot", kind).last(), Some(&created), "{action}");
    }
}

#[tokio::test]
async fn raw_call_is_the_whole_account() {
    let sandbox = quiet().start().await.unwrap();
    let call = |method: &str, path: &str, body: Value| json!({ "method": method, "url": format!("https://api.hubapi.com/crm/v3/objects/{path}"), "body": body });
    let raw = async |parameters| run(&sandbox, ACCOUNT, "hubspot", "httprequest", parameters).await;

    let (_, _, listed) = raw(call("get", "contacts", Value::Null)).await;
    assert_eq!(listed["results"].as_array().unwrap(), &sandbox.records(ACCOUNT, "hubspot", "contacts"));

    let body = json!({ "properties": { "email": "raw@acme.example" } });
    let (_, http_status, created) = raw(call("POST", "contacts", body)).await;
    assert_eq!(http_status, 201);
    let one = format!("contacts/{}", created["id"].as_str().unwrap());
    let patch = json!({ "properties": { "phone": "1" } }).to_string();
    let (_, _, patched) = raw(call("PATCH", &one, patch.into())).await;
    assert_eq!(patched["properties"]["phone"], "1");
    assert_eq!(raw(call("DELETE", &one, Value::Null)).await.1, 204);
    assert_eq!(raw(call("GET", &one, Value::Null)).await.1, 404);
    assert_eq!(raw(json!({ "method": "GET", "url": "nonsense" })).await.1, 404);
}
