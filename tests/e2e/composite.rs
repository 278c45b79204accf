//! The composite plugin: an action of its own, made of a search and a write.

use actionbox_examples::UPSERT_CONTACT;
use actionbox_host::{Effect, Error, Grant, Outcome, Refusal, SendFailure, Sent};
use actionbox_sandbox::Fault;
use actionbox_tests::world::{ACCOUNT, World};
use serde_json::{Value, json};

async fn world() -> World {
    World::builder().plugin(UPSERT_CONTACT).start().await
}

fn grant(world: &World) -> Grant {
    world
        .grant(ACCOUNT)
        .allow_reads("hubspot")
        .allow_writes("hubspot")
        .own_action("hubspot", "upsert_contact", Effect::Write)
        .build()
        .expect("a grant")
}

async fn upsert(world: &World, grant: &Grant, parameters: Value) -> Result<Outcome, Error> {
    world.plugin.execute_action(grant, "hubspot", "upsert_contact", &parameters).await
}

fn success(outcome: Result<Outcome, Error>) -> Value {
    outcome.expect("an outcome").into_result().expect("a success").data
}

fn executed(world: &World) -> Vec<String> {
    world.sandbox.executions().into_iter().map(|execution| execution.action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_created_then_updated_then_left_alone() {
    let world = world().await;
    let grant = grant(&world);
    let ada = json!({ "email": "ada@example.com", "first_name": "Ada" });
    assert_eq!(success(upsert(&world, &grant, ada).await)["result"], "created");
    let augusta = json!({ "email": "ADA@example.com", "first_name": "Augusta" });
    assert_eq!(success(upsert(&world, &grant, augusta).await)["result"], "updated");
    let only = json!({ "email": "ada@example.com" });
    assert_eq!(success(upsert(&world, &grant, only).await)["result"], "unchanged");
    assert_eq!(
        executed(&world),
        ["search_contacts", "create_contact", "search_contacts", "update_contact", "search_contacts"]
    );
    let contacts = world.sandbox.records(ACCOUNT, "hubspot", "contacts");
    let adas = contacts.iter().filter(|contact| {
        contact["properties"]["email"].as_str().is_some_and(|e| e.eq_ignore_ascii_case("ada@example.com"))
    });
    let adas: Vec<_> = adas.collect();
    assert_eq!(adas.len(), 1, "{contacts:?}");
    assert_eq!(adas[0]["properties"]["firstname"], "Augusta");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_write_is_unknown_and_not_repeated() {
    for (fault, wrote) in [
        (Fault::reset().after_execute(), true),
        (Fault::close().after_execute(), true),
        (Fault::truncated_body(), true),
        (Fault::reset(), false),
    ] {
        let world = world().await;
        let grant = grant(&world);
        world.sandbox.inject(fault.on_path("create_contact/execute"));
        let error = upsert(&world, &grant, json!({ "email": "ada@example.com", "first_name": "Ada" }))
            .await
            .expect_err("the answer is lost");
        let Error::Unreachable { failure: SendFailure::Broken(_), sent } = &error else {
            panic!("{error:?}")
        };
        assert_ne!(*sent, Sent::No);
        assert!(!error.is_retryable());
        let arrived = |action: &str| {
            world.sandbox.requests().iter().filter(|request| request.target.contains(action)).count()
        };
        assert_eq!((arrived("search_contacts"), arrived("create_contact")), (1, 1));
        let writes = executed(&world).iter().filter(|action| *action == "create_contact").count();
        assert_eq!(writes, usize::from(wrote));
        assert_eq!(world.audit.call().sent, *sent);

        // Whoever looks before trying again ends with one contact.
        drop(
            upsert(&world, &grant, json!({ "email": "ada@example.com", "first_name": "Ada" }))
                .await
                .expect("an outcome"),
        );
        let contacts = world.sandbox.records(ACCOUNT, "hubspot", "contacts");
        let adas =
            contacts.iter().filter(|contact| contact["properties"]["email"] == "ada@example.com").count();
        assert_eq!(adas, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_search_is_repeated() {
    let world = world().await;
    world.sandbox.inject(Fault::reset().on_path("search_contacts/execute").after_execute());
    let outcome =
        upsert(&world, &grant(&world), json!({ "email": "ada@example.com", "first_name": "Ada" })).await;
    assert_eq!(success(outcome)["result"], "created");
    assert_eq!(executed(&world), ["search_contacts", "search_contacts", "create_contact"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_action_does_no_more_than_its_effect_and_its_grant() {
    let world = world().await;
    let ada = || json!({ "email": "ada@example.com", "first_name": "Ada" });
    let above = world.grant(ACCOUNT).allow_reads("hubspot").allow_writes("hubspot");
    let above = above.own_action("hubspot", "upsert_contact", Effect::Read).build().expect("a grant");
    let error = upsert(&world, &above, ada()).await.expect_err("a write in a reading call");
    assert!(
        matches!(error, Error::Denied { refusal: Refusal::AboveCall { .. }, sent: Sent::Yes | Sent::No }),
        "{error:?}"
    );

    let reads =
        world.grant(ACCOUNT).allow_reads("hubspot").own_action("hubspot", "upsert_contact", Effect::Write);
    let error = upsert(&world, &reads.build().expect("a grant"), ada()).await.expect_err("no writes granted");
    assert!(matches!(error, Error::Denied { refusal: Refusal::Action { .. }, .. }), "{error:?}");
    assert_eq!(executed(&world), ["search_contacts", "search_contacts"]);

    let none = world.grant(ACCOUNT).allow_reads("hubspot").build().expect("a grant");
    let error = upsert(&world, &none, ada()).await.expect_err("its name says it writes");
    assert!(matches!(error, Error::Denied { refusal: Refusal::Action { .. }, sent: Sent::No }), "{error:?}");
    assert_eq!(executed(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_parameters_are_refused_before_anything_is_sent() {
    let world = world().await;
    let grant = grant(&world);
    for parameters in [
        json!({}),
        json!({ "email": "no address" }),
        json!({ "email": 7 }),
        json!({ "email": "a@b.example", "first_name": [] }),
    ] {
        let error = upsert(&world, &grant, parameters.clone()).await.expect_err("bad parameters");
        assert!(matches!(error, Error::InvalidParameters { sent: Sent::No, .. }), "{parameters}: {error:?}");
    }
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_action_is_listed_and_described_beside_the_upstreams() {
    let world = world().await;
    let grant = grant(&world);
    let actions = world.plugin.list_actions(&grant, "hubspot").await.expect("a listing");
    let own = actions.iter().find(|action| action.id == "upsert_contact").expect("listed");
    assert_eq!(own.effect, Some(Effect::Write));
    assert!(actions.iter().any(|action| action.id == "create_contact"));
    let parameters =
        world.plugin.describe_action(&grant, "hubspot", "upsert_contact").await.expect("a schema");
    assert!(parameters.iter().any(|parameter| parameter.name == "email" && parameter.required));
}
