//! The database is gone for a while: nothing is sent that is not written down, and what was sent is written down when
//! the database is back.

use std::{sync::Arc, time::Duration};

use actionbox_sandbox::Fault;
use actionbox_service::State;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::Executor as _;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    client::Client,
    harness::{Setup, try_start_on, until},
};

const LONG: Duration = Duration::from_secs(60);

/// What keeps a service from its database.
enum Cut {
    /// Somebody else is writing, and does not end.
    Locked(sqlx::AnyConnection),
    /// The network is down.
    Network(watch::Sender<bool>),
}

impl Cut {
    /// Stands between a service and its database, whose name it returns.
    async fn before(setup: &Setup) -> (Self, String) {
        if setup.folder.is_sqlite() {
            return (Self::Locked(setup.folder.connect().await), setup.folder.database());
        }
        let database = setup.folder.database();
        let (before, rest) = database.split_once('@').expect("a user");
        let (server, name) = rest.split_once('/').expect("a name");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxied = format!("{before}@{}/{name}", listener.local_addr().expect("bound"));
        let (cut, is_cut) = watch::channel(false);
        tokio::spawn(pass_on(listener, server.to_owned(), is_cut));
        (Self::Network(cut), proxied)
    }

    async fn cut(&mut self) {
        match self {
            Self::Locked(connection) => drop(connection.execute("BEGIN IMMEDIATE").await.expect("locked")),
            Self::Network(cut) => drop(cut.send_replace(true)),
        }
    }

    async fn mend(&mut self) {
        match self {
            Self::Locked(connection) => drop(connection.execute("ROLLBACK").await.expect("unlocked")),
            Self::Network(cut) => drop(cut.send_replace(false)),
        }
    }
}

async fn pass_on(listener: TcpListener, server: String, is_cut: watch::Receiver<bool>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (server, mut is_cut) = (server.clone(), is_cut.clone());
        if *is_cut.borrow_and_update() {
            continue;
        }
        tokio::spawn(async move {
            let mut server = TcpStream::connect(server).await.expect("the server is there");
            tokio::select! {
                _ended = copy_bidirectional(&mut client, &mut server) => {}
                _ = is_cut.wait_for(|cut| *cut) => {}
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_the_database_is_gone() {
    let mut setup = Setup::new("gone").await;
    let (mut cut, database) = Cut::before(&setup).await;
    setup.service.stop(LONG).await;
    setup.service = try_start_on(&database, &setup.master, |_| ()).await.expect("it starts");
    let client = |key: &str| {
        Client::new(&format!("http://{}", setup.service.address()))
            .header("x-api-key", setup.caller.key.expose_secret())
            .header("linked_account_id", "acme")
            .header("idempotency-key", key)
    };
    let new = json!({ "email": "ada@example.com" });

    // One has left when the database goes.
    let held = Arc::new(Semaphore::new(0));
    setup.sandbox.inject(Fault::hold(held.clone()));
    let (first, body) = (client("first"), new.clone());
    let asking = tokio::spawn(async move { first.execute("hubspot", "create_contact", &body).await });
    setup.sandbox.request_arrived(1).await;
    cut.cut().await;
    held.add_permits(1);
    let answered = asking.await.expect("asked");
    assert_eq!((answered.status, answered.code()), (StatusCode::SERVICE_UNAVAILABLE, "JOURNAL".to_owned()));
    assert_eq!(answered.json()["sent"], "yes", "it was done, and cannot be written down yet");

    // One that comes now does not leave.
    let second = client("second").execute("hubspot", "create_contact", &new).await;
    assert_eq!((second.status, second.code()), (StatusCode::SERVICE_UNAVAILABLE, "JOURNAL".to_owned()));
    assert_eq!((&second.json()["sent"], &second.json()["retryable"]), (&json!("no"), &json!(true)));
    assert_eq!(setup.ran("create_contact"), 1);
    // Nor do many: none of them waits for the others.
    let mut many = JoinSet::new();
    for number in 0..24 {
        let (client, new) = (client(&format!("many{number}")), new.clone());
        many.spawn(async move { client.execute("hubspot", "create_contact", &new).await });
    }
    let many =
        tokio::time::timeout(Duration::from_secs(30), many.join_all()).await.expect("they are answered");
    for answered in many {
        assert_eq!(
            (answered.status, &answered.json()["sent"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("no"))
        );
        assert!(!answered.text.contains("locked") && !answered.text.contains("127.0.0.1"), "{answered:?}");
    }
    assert_eq!(setup.ran("create_contact"), 1);
    if !setup.folder.is_sqlite() {
        let ready = client("first").get("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{ready:?}");
    }

    cut.mend().await;
    until("what was done", async || {
        let told = setup.service.executions(None, Some(State::Succeeded), 10).await;
        matches!(told.as_deref(), Ok([_])).then_some(())
    })
    .await;
    let first = client("first").execute("hubspot", "create_contact", &new).await;
    assert_eq!(first.status, StatusCode::OK, "{first:?}");
    assert_eq!(setup.ran("create_contact"), 1, "it is answered from the journal");
    let second = client("second").execute("hubspot", "create_contact", &new).await;
    assert_eq!(second.status, StatusCode::OK, "{second:?}");
    assert_eq!(setup.ran("create_contact"), 2);
    setup.service.verify_audit().await.expect("the trail is whole");
}
