//! Several services on one PostgreSQL database. With SQLite, there is nothing to test: a file has one service.

use std::time::Duration;

use actionbox_host::SecretString;
use actionbox_sandbox::Fault;
use actionbox_service::{Role, Service, State};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    client::Client,
    crash::Process,
    harness::{Setup, grant, start, until},
};

const LONG: Duration = Duration::from_secs(60);

/// A second service on the same database, or nothing with SQLite.
async fn second(setup: &Setup) -> Option<Service> {
    match setup.folder.is_sqlite() {
        true => None,
        false => Some(start(&setup.folder, &setup.master).await),
    }
}

fn client_of(service: &Service, key: &SecretString, tenant: &str) -> Client {
    Client::new(&format!("http://{}", service.address()))
        .header("x-api-key", key.expose_secret())
        .header("linked_account_id", tenant)
}

/// Asks until the answer is of a status.
async fn until_answered(client: &Client, status: StatusCode) {
    until(&format!("{status}"), async || (client.actions("hubspot").await.status == status).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_changes_the_other_knows() {
    let setup = Setup::new("shared").await;
    let Some(other) = second(&setup).await else { return };
    let admin = setup.service.admin("test");
    admin.new_tenant("umbrella").await.expect("a tenant");
    let made = admin.new_key("late", Role::Caller, None).await.expect("a key");
    until_answered(&client_of(&other, &made.key, "acme"), StatusCode::OK).await;
    until_answered(&client_of(&other, &made.key, "umbrella"), StatusCode::NOT_FOUND).await;

    let new = json!({ "email": "ada@example.com" });
    let acme = client_of(&other, &made.key, "acme");
    grant(&admin, &setup.sandbox, "acme", &[]).await;
    until("a grant that was narrowed", async || {
        let answered = acme.execute("hubspot", "create_contact", &new).await;
        (answered.status == StatusCode::FORBIDDEN).then_some(())
    })
    .await;

    admin.revoke_key(&made.id).await.expect("revoked");
    until_answered(&acme, StatusCode::UNAUTHORIZED).await;
    other.stop(LONG).await;
    setup.service.verify_audit().await.expect("one trail of both");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_done_once_whoever_is_asked() {
    let setup = Setup::new("shared-once").await;
    let Some(other) = second(&setup).await else { return };
    const WRITES: usize = 20;
    let mut asked = JoinSet::new();
    for number in 0..WRITES {
        for service in [&setup.service, &other] {
            for _ in 0..2 {
                let client = client_of(service, &setup.caller.key, ["acme", "globex"][number % 2])
                    .header("idempotency-key", format!("k{number}"));
                let new = json!({ "email": format!("n{number}@example.com") });
                asked.spawn(async move { client.execute("hubspot", "create_contact", &new).await });
            }
        }
    }
    let answers = asked.join_all().await;
    for answered in &answers {
        let is_early = answered.status == StatusCode::CONFLICT && answered.code() == "IN_PROGRESS";
        assert!(answered.status == StatusCode::OK || is_early, "{answered:?}");
    }
    assert_eq!(setup.ran("create_contact"), WRITES);
    let told = other.executions(None, Some(State::Succeeded), 1000).await.expect("the journal");
    assert_eq!(told.len(), WRITES);
    other.verify_audit().await.expect("one trail of both");
    other.stop(LONG).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_one_leaves_the_other_marks() {
    let setup = Setup::new("shared-kill").await;
    if setup.folder.is_sqlite() {
        return;
    }
    let process = Process::start(&setup.folder.database(), setup.master.expose_secret());
    let client = Client::new(&process.base)
        .header("x-api-key", setup.caller.key.expose_secret())
        .header("linked_account_id", "acme")
        .header("idempotency-key", "k");
    let held = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(held.clone()));
    let path = "/api/v2/integration-schema/hubspot/actions/create_contact/execute";
    let body = json!({ "email": "ada@example.com" }).to_string();
    let asking = tokio::spawn(async move { client.try_send(http::Method::POST, path, body).await });
    setup.sandbox.request_arrived(1).await;
    // As long as it lives, nobody takes it for lost.
    let running = setup.service.executions(None, Some(State::Running), 10).await.expect("the journal");
    assert_eq!(running.len(), 1);
    process.kill();
    asking.await.expect("asked").expect_err("nobody answers");
    let doubt = until("what the other one marks", async || {
        setup.service.executions(None, Some(State::InDoubt), 10).await.expect("the journal").pop()
    })
    .await;
    assert_eq!(doubt.id, running[0].id);
    held.add_permits(1);
    let again = setup.client("acme").header("idempotency-key", "k");
    let again = again.execute("hubspot", "create_contact", &json!({ "email": "ada@example.com" })).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "IN_DOUBT".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_taken_for_ended_sends_nothing_more() {
    let setup = Setup::new("shared-fence").await;
    if setup.folder.is_sqlite() {
        return;
    }
    // As another process would that cannot see this one any more: right after the execution has begun.
    let mut connection = setup.folder.connect().await;
    for statement in [
        "CREATE FUNCTION lose() RETURNS trigger AS \
         $$ BEGIN NEW.state = 'errored'; RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER lose BEFORE INSERT ON executions FOR EACH ROW EXECUTE FUNCTION lose()",
    ] {
        sqlx::query(statement).execute(&mut connection).await.expect("it is a statement");
    }
    let new = json!({ "email": "ada@example.com" });
    let held = setup.client("acme").execute("hubspot", "create_contact", &new).await;
    assert_eq!((held.status, held.code()), (StatusCode::SERVICE_UNAVAILABLE, "JOURNAL".to_owned()));
    assert_eq!(held.json()["sent"], "no");
    assert!(setup.sandbox.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stops_is_not_taken_for_ended_while_its_calls_run() {
    let setup = Setup::new("shared-drain").await;
    if setup.folder.is_sqlite() {
        return;
    }
    // The call may take longer than it takes to look three times.
    let path = "/v1/tenants/acme/grants/hubspot";
    let mut definition = setup.administrator().get(path).await.json()["definition"].clone();
    definition["limits"] = json!({ "wall_time_ms": 300_000 });
    assert_eq!(setup.administrator().put(path, &definition).await.status, StatusCode::OK);
    let Some(other) = second(&setup).await else { return };
    let held = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(held.clone()));
    let client = client_of(&other, &setup.caller.key, "acme").header("idempotency-key", "k");
    let new = json!({ "email": "ada@example.com" });
    let asking = tokio::spawn(async move { client.execute("hubspot", "create_contact", &new).await });
    setup.sandbox.request_arrived(1).await;
    let stopping = tokio::spawn(other.stop(LONG));
    // The first one looks for processes that have ended, three times: it says at each that it is there itself.
    let mut connection = setup.folder.connect().await;
    let mut seen = std::collections::BTreeSet::new();
    until("a third look", async || {
        let query = sqlx::query("SELECT MAX(seen_at) FROM instances");
        seen.insert(sqlx::Row::get::<i64, _>(&query.fetch_one(&mut connection).await.expect("a row"), 0));
        (seen.len() == 4).then_some(())
    })
    .await;
    let running = setup.service.executions(None, Some(State::Running), 10).await.expect("the journal");
    assert_eq!(running.len(), 1, "it is not marked");
    held.add_permits(1);
    assert_eq!(asking.await.expect("asked").status, StatusCode::OK);
    stopping.await.expect("it stops");
    let told = setup.service.executions(None, Some(State::Succeeded), 10).await.expect("the journal");
    assert_eq!(told.len(), 1);
}
