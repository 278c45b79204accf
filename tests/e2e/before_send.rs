//! The hook before each request: a service's journal, which hears of everything before it happens.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actionbox_examples::REFOLD;
use actionbox_host::{Actor, BeforeSend, BoxFuture, Effect, Error, Route, SendIntent, Sent};
use actionbox_sandbox::{Fault, StatusCode};
use actionbox_tests::{
    tricks::{self, SEND},
    world::{ACCOUNT, Builder, World},
};
use serde_json::json;
use tokio::sync::Semaphore;

/// Keeps every intent, and then does what it is told.
struct Journal {
    intents: Mutex<Vec<SendIntent>>,
    asked: Semaphore,
    then: Then,
}

enum Then {
    Agree,
    Refuse(&'static str),
    Hang,
    Panic,
    Wait(Semaphore),
}

impl Journal {
    fn that(then: Then) -> Arc<Self> {
        Arc::new(Self { intents: Mutex::default(), asked: Semaphore::new(0), then })
    }

    fn intents(&self) -> Vec<SendIntent> {
        self.intents.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl BeforeSend for Journal {
    fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
        self.intents.lock().unwrap_or_else(PoisonError::into_inner).push(intent.clone());
        self.asked.add_permits(1);
        Box::pin(async {
            match &self.then {
                Then::Agree => Ok(()),
                Then::Refuse(reason) => Err((*reason).to_owned()),
                Then::Hang => std::future::pending().await,
                Then::Panic => panic!("the journal is broken"),
                Then::Wait(permits) => {
                    permits.acquire().await.expect("never closed").forget();
                    Ok(())
                }
            }
        })
    }
}

fn with(journal: &Arc<Journal>) -> Builder {
    World::builder().plugin(REFOLD).before_send(journal.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_sees_what_is_about_to_leave() {
    let journal = Journal::that(Then::Agree);
    let world = with(&journal).start().await;
    drop(world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect("an outcome"));
    drop(world.plugin.list_actions(&world.grant, "hubspot").await.expect("a listing"));
    let intents = journal.intents();
    let [create, list] = intents.as_slice() else { panic!("{intents:#?}") };

    let calls = world.audit.calls();
    assert_eq!((create.call, list.call), (calls[0].call, calls[1].call));
    assert_eq!((create.request, list.request), (1, 1));
    assert_eq!((create.tenant.as_str(), list.tenant.as_str()), (ACCOUNT, ACCOUNT));
    assert!(matches!(&create.route, Route::Execute { app, action }
        if app.as_str() == "hubspot" && action.as_str() == "create_contact"));
    assert!(matches!(&list.route, Route::List { app } if app.as_str() == "hubspot"));
    assert_eq!((create.effect, list.effect), (Effect::Write, Effect::Read));
    let received = world.sandbox.requests();
    assert_eq!(create.body, received[0].body, "the very bytes that leave");
    assert!(!create.body.is_empty() && list.body.is_empty());
    world.assert_clean("an intent", &intents);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_is_asked_before_the_connection_is_opened() {
    let journal = Journal::that(Then::Wait(Semaphore::new(0)));
    let world = with(&journal).start().await;
    let (plugin, grant) = (world.plugin.clone(), world.grant.clone());
    let call = tokio::spawn(async move {
        plugin.execute_action(&grant, "hubspot", "create_contact", &json!({ "email": "a@b.example" })).await
    });
    drop(journal.asked.acquire().await.expect("never closed"));
    world.assert_untouched();
    let Then::Wait(permits) = &journal.then else { unreachable!("it waits") };
    permits.add_permits(1);
    drop(call.await.expect("no panic").expect("an outcome"));
    assert_eq!(world.sandbox.executions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_is_asked_once_for_all_tries_of_a_request() {
    let journal = Journal::that(Then::Agree);
    let world = with(&journal).start().await;
    world.sandbox.inject(Fault::status(StatusCode::SERVICE_UNAVAILABLE).times(2));
    drop(world.execute("get_contact", json!({})).await.expect("the third try is served"));
    assert_eq!((world.sandbox.requests().len(), journal.intents().len()), (3, 1));

    let journal = Journal::that(Then::Agree);
    let world = with(&journal).session_tokens().start().await;
    world.sandbox.inject(Fault::status(StatusCode::UNAUTHORIZED).on_path("/execute"));
    drop(world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect("a new token"));
    let actions =
        world.sandbox.requests().iter().filter(|request| request.target.ends_with("/execute")).count();
    assert_eq!((actions, journal.intents().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_when_the_hook_fails() {
    let journal = Journal::that(Then::Refuse("the journal is full"));
    let world = with(&journal).start().await;
    for action in ["get_contact", "create_contact"] {
        let error = world.execute(action, json!({ "email": "a@b.example" })).await.expect_err("held back");
        let Error::HeldBack { reason, sent: Sent::No } = &error else { panic!("{action}: {error:?}") };
        assert_eq!(reason, "the journal is full");
        assert_eq!((error.actor(), error.is_retryable()), (Actor::Operator, true));
    }
    assert_eq!(journal.intents().len(), 2, "it is asked once for each");
    for request in world.audit.requests() {
        assert_eq!(request.result, "held back: the journal is full");
        assert_eq!((request.sent, request.attempts), (Sent::No, 0));
    }
    assert_eq!(world.audit.requests().len(), 2);
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_when_the_hook_hangs() {
    for action in ["get_contact", "create_contact"] {
        let journal = Journal::that(Then::Hang);
        let world = with(&journal).limits(|l| l.wall_time = Duration::from_millis(300)).start().await;
        let error = world.execute(action, json!({ "email": "a@b.example" })).await.expect_err("held back");
        assert!(matches!(&error, Error::HeldBack { sent: Sent::No, .. }), "{action}: {error:?}");
        assert_eq!(world.audit.call().sent, Sent::No);
        assert_eq!(world.audit.request().sent, Sent::No);
        world.assert_untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_when_the_hook_panics() {
    let journal = Journal::that(Then::Panic);
    let world = with(&journal).start().await;
    let error =
        world.execute("create_contact", json!({ "email": "a@b.example" })).await.expect_err("no hook");
    assert_eq!(error.sent(), Sent::No, "{error:?}");
    assert_eq!((world.audit.call().sent, world.audit.request().sent), (Sent::No, Sent::No));
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guest_learns_only_that_the_request_did_not_get_through() {
    let journal = Journal::that(Then::Refuse("because of the tenant's debts"));
    let world = World::builder().before_send(journal.clone()).start().await;
    let report = world.play(SEND, tricks::write()).await.expect("a report");
    assert_eq!(report["error"], "ErrorCode::DestinationUnavailable");
    assert!(!report.to_string().contains("debts"));
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_a_call_has_its_number() {
    let journal = Journal::that(Then::Agree);
    let world = World::builder().before_send(journal.clone()).start().await;
    world.play("request_at_once", json!({ "times": 4, "request": tricks::read() })).await.expect("a report");
    let mut numbers: Vec<_> = journal.intents().iter().map(|intent| intent.request).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let call = world.audit.call().call;
    assert!(journal.intents().iter().all(|intent| intent.call == call));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_never_reaches_the_hook() {
    let journal = Journal::that(Then::Agree);
    let world = World::builder().before_send(journal.clone()).start().await;
    let refused = [
        json!({ "authority": "evil.example" }),
        json!({ "path": "/api/v2/public/linked-account" }),
        tricks::execute("delete_contact", json!({ "contact_id": "1" })),
        json!({ "body": "{}" }),
        tricks::execute("create_contact", json!({ "linked_account_id": "globex@example.com" })),
    ];
    for request in &refused {
        let report = world.play(SEND, request.clone()).await.expect("a report");
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{request}");
    }
    assert!(journal.intents().is_empty(), "{:#?}", journal.intents());
    assert_eq!(world.audit.requests().len(), refused.len());
    world.assert_untouched();

    world.play(SEND, tricks::write()).await.expect("a report");
    assert_eq!(journal.intents().len(), 1, "what is not refused does reach it");
}
