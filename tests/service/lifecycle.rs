//! It starts, it says whether it is well, it stops when asked and loses nothing.

use std::{sync::Arc, time::Duration};

use actionbox_sandbox::Fault;
use actionbox_service::{StartError, StoreError};
use http::{Method, StatusCode};
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::harness::{Setup, try_start};

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_how_it_is() {
    let setup = Setup::new("health").await;
    let client = setup.administrator();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(client.get(path).await.status, StatusCode::OK, "{path}");
    }
    let missing = client.get("/api/v1/nothing").await;
    assert_eq!((missing.status, missing.code()), (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned()));
    let wrong = client.send(Method::PATCH, "/v1/tenants", "").await;
    assert_eq!(
        (wrong.status, wrong.code()),
        (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_when_what_runs_has_ended() {
    let setup = Setup::new("stop").await;
    let gate = Arc::new(Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(gate.clone()));
    let client = setup.client("acme").header("idempotency-key", "k");
    let new = json!({ "email": "ada@example.com" });
    let asking = tokio::spawn(async move { client.execute("hubspot", "create_contact", &new).await });
    setup.sandbox.request_arrived(1).await;
    let restarting = tokio::spawn(setup.restart());
    gate.add_permits(1);
    let answered = asking.await.expect("asked");
    assert_eq!(answered.status, StatusCode::OK, "what had begun is answered");
    let setup = restarting.await.expect("it starts again");
    let execution = setup.administrator().get("/v1/executions").await.json();
    assert_eq!(execution["executions"][0]["state"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_room_callers_are_sent_away() {
    let setup = Arc::new(Setup::new("room").await);
    let gate = Arc::new(Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(gate.clone()).always());
    let ask = |tenant: &'static str| {
        let setup = setup.clone();
        async move { setup.client(tenant).execute("hubspot", "get_contact", &json!({ "limit": "1" })).await }
    };
    // Room for 40 of the one, and for 24 of the other beside them.
    let (mut running, mut away) = (JoinSet::new(), Vec::new());
    for (tenant, count, turned_away) in [("acme", 50, 10), ("globex", 40, 16)] {
        for _ in 0..count {
            running.spawn(ask(tenant));
        }
        for _ in 0..turned_away {
            let answered = running.join_next().await.expect("one more").expect("answered");
            assert_eq!((answered.code(), &answered.json()["retryable"]), ("BUSY".to_owned(), &json!(true)));
            assert_eq!(answered.headers["retry-after"], "1");
            away.push(answered.status);
        }
    }
    assert_eq!(away[..10], [StatusCode::TOO_MANY_REQUESTS; 10]);
    assert_eq!(away[10..], [StatusCode::SERVICE_UNAVAILABLE; 16]);
    gate.close();
    let rest = running.join_all();
    let rest = tokio::time::timeout(Duration::from_secs(60), rest).await.expect("the rest is answered");
    assert!(rest.iter().all(|answered| answered.status == StatusCode::OK), "{rest:?}");
    assert_eq!(rest.len(), 64);
    assert_eq!(ask("acme").await.status, StatusCode::OK, "and there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_never_share_a_file() {
    let setup = Setup::new("two").await;
    if !setup.folder.is_sqlite() {
        return;
    }
    let error = try_start(&setup.folder, &setup.master).await.err().expect("it does not start");
    assert!(matches!(error, StartError::Store(StoreError::InUse)), "{error}");
    let answered = setup.client("acme").execute("hubspot", "get_contact", &json!({ "limit": "1" })).await;
    assert_eq!(answered.status, StatusCode::OK, "the first one is not disturbed");
    setup.restart().await;
}
