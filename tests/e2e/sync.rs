//! The largest example: contacts brought from one app to another, in steps, twice, and through failures.

use std::collections::HashSet;

use actionbox_examples::{REFOLD, SYNC_CONTACTS};
use actionbox_host::{Effect, Error, Grant, Refusal, Sent};
use actionbox_sandbox::Fault;
use actionbox_tests::world::{ACCOUNT, World};
use serde_json::{Value, json};

async fn world() -> World {
    World::builder().plugin(SYNC_CONTACTS).start().await
}

fn grant(world: &World) -> Grant {
    world
        .grant(ACCOUNT)
        .allow_action("salesforce", "get_entity_with_soql")
        .allow_reads("hubspot")
        .allow_writes("hubspot")
        .own_action("hubspot", "sync_contacts", Effect::Write)
        .build()
        .expect("a grant")
}

async fn sync(world: &World, parameters: Value) -> Result<Value, Error> {
    let outcome = world.plugin.execute_action(&grant(world), "hubspot", "sync_contacts", &parameters).await?;
    Ok(outcome.into_result().expect("a success").data)
}

/// Calls until there is no more, and returns every report.
async fn sync_all(world: &World, mut cursor: Value, limit: usize) -> Vec<Value> {
    let mut reports = Vec::new();
    loop {
        let report = sync(world, json!({ "cursor": cursor, "limit": limit })).await.expect("a report");
        cursor = report["cursor"].clone();
        let more = report["more"] == true;
        reports.push(report);
        assert!(reports.len() < 100, "it goes on");
        if !more {
            return reports;
        }
    }
}

/// Adds contacts to the source, as whoever works there would.
async fn add(world: &World, names: impl IntoIterator<Item = String>) {
    let refold = world.host.load(REFOLD).await.expect("a plugin");
    let grant = world.grant(ACCOUNT).allow_action("salesforce", "create_contact").build().expect("a grant");
    for name in names {
        let contact = json!({ "LastName": name, "Email": format!("{name}@example.com") });
        let outcome = refold.execute_action(&grant, "salesforce", "create_contact", &contact).await;
        outcome.expect("an outcome").into_result().expect("a contact");
    }
}

fn emails(world: &World, app: &str) -> Vec<String> {
    let contacts = world.sandbox.records(ACCOUNT, app, "contacts");
    let email = |contact: &Value| {
        let email = if app == "hubspot" { &contact["properties"]["email"] } else { &contact["Email"] };
        email.as_str().map(str::to_lowercase)
    };
    contacts.iter().filter_map(email).collect()
}

fn writes(world: &World) -> usize {
    let writes = ["create_contact", "update_contact"];
    let executed = world.sandbox.executions();
    executed.iter().filter(|one| one.app == "hubspot" && writes.contains(&one.action.as_str())).count()
}

fn sum(reports: &[Value], key: &str) -> u64 {
    reports.iter().filter_map(|report| report[key].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_copied_in_steps_and_nothing_twice() {
    let world = world().await;
    add(&world, (0..7).map(|n| format!("new{n}"))).await;
    let reports = sync_all(&world, Value::Null, 3).await;
    assert!(reports.len() > 2, "in steps: {reports:#?}");
    let source: HashSet<_> = emails(&world, "salesforce").into_iter().collect();
    let target = emails(&world, "hubspot");
    assert!(source.iter().all(|email| target.contains(email)), "{source:?} {target:?}");
    assert_eq!(target.len(), target.iter().collect::<HashSet<_>>().len(), "no double: {target:?}");

    // Again, from the very beginning: nothing is left to write.
    let wrote = writes(&world);
    let again = sync_all(&world, Value::Null, 3).await;
    assert_eq!((writes(&world), sum(&again, "created") + sum(&again, "updated")), (wrote, 0), "{again:#?}");

    // And from the cursor: only what is new since.
    let cursor = again.last().expect("a report")["cursor"].clone();
    add(&world, ["later".to_owned()]).await;
    let later = sync_all(&world, cursor, 3).await;
    assert_eq!((sum(&later, "created"), sum(&later, "unchanged")), (1, 0), "{later:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_stops_it_and_the_next_call_finds_out() {
    for fault in [Fault::reset(), Fault::reset().after_execute()] {
        let world = world().await;
        add(&world, (0..4).map(|n| format!("new{n}"))).await;
        world.sandbox.inject(fault.on_path("/hubspot/actions/create_contact/execute"));
        let first = match sync(&world, json!({})).await {
            Ok(report) => report,
            // It was the very first write.
            Err(error) => {
                assert_eq!(error.sent(), Sent::Unknown, "{error:?}");
                json!({ "cursor": null, "stopped": error.to_string() })
            }
        };
        assert!(first["stopped"].is_string(), "{first}");
        sync_all(&world, first["cursor"].clone(), 20).await;
        let target = emails(&world, "hubspot");
        for n in 0..4 {
            let count = target.iter().filter(|email| **email == format!("new{n}@example.com")).count();
            assert_eq!(count, 1, "new{n} of {target:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reaches_no_further_than_its_grant() {
    let world = world().await;
    let blind = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
    let blind = blind.own_action("hubspot", "sync_contacts", Effect::Write).build().expect("a grant");
    let error = world.plugin.execute_action(&blind, "hubspot", "sync_contacts", &json!({})).await;
    let error = error.expect_err("it may not read the source");
    assert!(matches!(error, Error::Denied { refusal: Refusal::App { .. }, sent: Sent::No }), "{error:?}");
    world.assert_untouched();
}
