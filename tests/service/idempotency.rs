//! A repeated request is answered again, and carried out once.

use std::sync::Arc;

use actionbox_sandbox::Fault;
use http::StatusCode;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_runs_once() {
    let setup = Setup::new("once").await;
    let client = setup.client("acme").header("idempotency-key", "order-17");
    let new = json!({ "email": "ada@example.com" });
    let first = client.execute("hubspot", "create_contact", &new).await;
    let again = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!((first.status, &first.text), (StatusCode::OK, &again.text));
    assert_eq!(setup.ran("create_contact"), 1);

    let other = client.execute("hubspot", "create_contact", &json!({ "email": "eve@example.com" })).await;
    assert_eq!(
        (other.status, other.code()),
        (StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED".into())
    );
    let other = client.execute("hubspot", "get_contact", &new).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Another tenant's key of the same name is another key.
    let neighbour = setup.client("globex").header("idempotency-key", "order-17");
    assert_eq!(neighbour.execute("hubspot", "create_contact", &new).await.status, StatusCode::OK);
    assert_eq!(setup.ran("create_contact"), 2);

    let setup = setup.restart().await;
    let client = setup.client("acme").header("idempotency-key", "order-17");
    assert_eq!(
        client.execute("hubspot", "create_contact", &new).await.text,
        first.text,
        "after a restart too"
    );
    assert_eq!(setup.ran("create_contact"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_run_once() {
    let setup = Arc::new(Setup::new("at-once").await);
    let gate = Arc::new(Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(gate.clone()));
    let ask = |setup: Arc<Setup>| async move {
        let client = setup.client("acme").header("idempotency-key", "order-18");
        client.execute("hubspot", "create_contact", &json!({ "email": "ada@example.com" })).await
    };
    let first = tokio::spawn(ask(setup.clone()));
    setup.sandbox.request_arrived(1).await;
    for _ in 0..10 {
        let busy = ask(setup.clone()).await;
        assert_eq!((busy.status, busy.code()), (StatusCode::CONFLICT, "IN_PROGRESS".to_owned()));
        assert_eq!(busy.headers["retry-after"], "1");
    }
    gate.add_permits(1);
    let first = first.await.expect("answered");
    assert_eq!(ask(setup.clone()).await.text, first.text);
    assert_eq!(setup.ran("create_contact"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_ends_nothing() {
    let setup = Arc::new(Setup::new("hang-up").await);
    let gate = Arc::new(Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(gate.clone()));
    let new = json!({ "email": "ada@example.com" });
    let asking = {
        let (setup, new) = (setup.clone(), new.clone());
        tokio::spawn(async move {
            setup
                .client("acme")
                .header("idempotency-key", "k")
                .execute("hubspot", "create_contact", &new)
                .await
        })
    };
    setup.sandbox.request_arrived(1).await;
    asking.abort();
    asking.await.expect_err("it is aborted");
    gate.add_permits(1);
    setup.sandbox.executed(1).await;
    let client = setup.client("acme").header("idempotency-key", "k");
    // Until it is written down that it ended, it is running.
    let answered = loop {
        let answered = client.execute("hubspot", "create_contact", &new).await;
        if answered.status != StatusCode::CONFLICT {
            break answered;
        }
    };
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(setup.ran("create_contact"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_provably_did_not_run_may_be_asked_again() {
    let setup = Setup::new("again").await;
    let client = setup.client("acme").header("idempotency-key", "k");
    let new = json!({ "email": "ada@example.com" });
    // As often as the host tries by itself.
    for _ in 0..3 {
        setup.sandbox.inject(Fault::throttled("0"));
    }
    let throttled = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS, "{throttled:?}");
    assert_eq!((&throttled.json()["sent"], &throttled.json()["retryable"]), (&json!("no"), &json!(true)));
    setup.sandbox.clear_faults();
    assert_eq!(client.execute("hubspot", "create_contact", &new).await.status, StatusCode::OK);
    assert_eq!(setup.ran("create_contact"), 1);
}
