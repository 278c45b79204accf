//! A write that may have happened is neither repeated nor forgotten.

use actionbox_sandbox::Fault;
use http::StatusCode;
use serde_json::json;
use sqlx::Connection as _;

use crate::harness::Setup;

/// Changes the database behind the service's back.
async fn behind_its_back(setup: &Setup, statement: &'static str) {
    let mut connection = setup.folder.connect().await;
    sqlx::query(statement).execute(&mut connection).await.expect("it is a statement");
    connection.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_in_doubt_until_somebody_settles_it() {
    let setup = Setup::new("doubt").await;
    let client = setup.client("acme").header("idempotency-key", "k");
    let new = json!({ "email": "ada@example.com" });
    setup.sandbox.inject(Fault::reset().after_execute());
    let lost = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!(lost.status, StatusCode::BAD_GATEWAY, "{lost:?}");
    assert_eq!(lost.json()["sent"], "unknown");
    for _ in 0..3 {
        let again = client.execute("hubspot", "create_contact", &new).await;
        assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "IN_DOUBT".to_owned()));
    }
    assert_eq!(setup.ran("create_contact"), 1, "it is not repeated");

    let admin = setup.administrator();
    let doubts = admin.get("/v1/executions?state=in_doubt").await.json();
    let id = doubts["executions"][0]["id"].as_str().expect("one is in doubt").to_owned();
    let verdict = json!({ "ran": true, "note": "the contact is there" });
    assert_eq!(admin.post(&format!("/v1/executions/{id}/settle"), &verdict).await.status, StatusCode::OK);
    let twice =
        admin.post(&format!("/v1/executions/{id}/settle"), &json!({ "ran": false, "note": "no" })).await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "it is settled once");
    let again = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "SETTLED".to_owned()));
    assert_eq!(again.json()["sent"], "yes");
    assert_eq!(setup.ran("create_contact"), 1);

    // One that did not run may be asked for again.
    let client = setup.client("acme").header("idempotency-key", "k2");
    let new = json!({ "email": "grace@example.com" });
    setup.sandbox.inject(Fault::reset());
    let lost = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!(lost.json()["sent"], "unknown", "{lost:?}");
    let doubts = admin.get("/v1/executions?state=in_doubt").await.json();
    let id = doubts["executions"][0]["id"].as_str().expect("one is in doubt").to_owned();
    let verdict = json!({ "ran": false, "note": "the contact is not there" });
    assert_eq!(admin.post(&format!("/v1/executions/{id}/settle"), &verdict).await.status, StatusCode::OK);
    assert_eq!(client.execute("hubspot", "create_contact", &new).await.status, StatusCode::OK);
    assert_eq!(setup.ran("create_contact"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_down_is_not_sent() {
    let setup = Setup::new("no-journal").await;
    let client = setup.client("acme");
    behind_its_back(&setup, "ALTER TABLE sends RENAME TO gone").await;
    let new = json!({ "email": "ada@example.com" });
    let held = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!((held.status, held.code()), (StatusCode::SERVICE_UNAVAILABLE, "JOURNAL".to_owned()));
    assert_eq!(held.json()["sent"], "no");
    assert!(setup.sandbox.requests().is_empty());
    // Reads change nothing, and need no journal.
    assert_eq!(
        client.execute("hubspot", "get_contact", &json!({ "limit": "1" })).await.status,
        StatusCode::OK
    );
    behind_its_back(&setup, "ALTER TABLE gone RENAME TO sends").await;
    assert_eq!(client.execute("hubspot", "create_contact", &new).await.status, StatusCode::OK);
    assert_eq!(setup.ran("create_contact"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_was_changed_is_found() {
    let setup = Setup::new("trail").await;
    let client = setup.client("acme");
    for _ in 0..3 {
        assert_eq!(client.actions("hubspot").await.status, StatusCode::OK);
    }
    let admin = setup.administrator();
    let good = admin.get("/v1/audit/verify").await;
    assert_eq!(good.status, StatusCode::OK, "{good:?}");
    behind_its_back(&setup, "UPDATE audit SET line = REPLACE(line, 'acme', 'umbrella') WHERE sequence = 4")
        .await;
    let broken = admin.get("/v1/audit/verify").await;
    assert_eq!((broken.status, &broken.json()["after"]), (StatusCode::CONFLICT, &json!(3)));
    let Setup { service, folder, master, .. } = setup;
    service.stop(std::time::Duration::from_secs(20)).await;
    let error = crate::harness::try_start(&folder, &master).await.err().expect("it does not start");
    assert!(matches!(error, actionbox_service::StartError::Audit(_)), "{error}");
}
