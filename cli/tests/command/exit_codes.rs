//! Each exit code, each error's advice, and whether a request was sent.

use actionbox_sandbox::{Fault, StatusCode};

use crate::harness::{ACCOUNT, actionbox, sandbox};

#[tokio::test]
async fn done_is_0() {
    let sandbox = sandbox().start().await.expect("a server");
    let done = actionbox("execute hubspot get_contact limit=1 --json").on(&sandbox).done().await.exits(0);
    assert_eq!(done.json()["outcome"], "succeeded");
    assert_eq!(sandbox.executions().len(), 1);
}

#[tokio::test]
async fn an_app_that_refuses_is_1_and_shows_its_answer() {
    let create = "execute hubspot create_contact email=x --allow-write --sandbox";
    let done = actionbox(create).done().await.exits(1);
    assert_eq!(done.stdout, "");
    done.says("failed: the connected app answered \"Errored\" with status 400")
        .says("Email address x is invalid")
        .says("sent: yes");

    let done = actionbox(create).arg("--json").done().await.exits(1);
    let outcome = done.json();
    assert_eq!((&outcome["outcome"], &outcome["http_status"]), (&"failed".into(), &400.into()));
    assert_eq!(done.stderr, "");
}

#[tokio::test]
async fn wrong_usage_is_2() {
    for wrong in [
        "",
        "list",
        "list hubspot --no-such-option",
        "list hubspot --sandbox --allow create_contact",
        "list hubspot --sandbox --own hubspot/upsert_contact=everything",
        "list hubspot --sandbox --base-url http://127.0.0.1:1",
        "list hubspot --base-url http://example.com",
        "sandbox --ca-out ca.pem",
        "execute hubspot get_contact limit --sandbox",
    ] {
        actionbox(wrong).done().await.exits(2);
    }
}

#[tokio::test]
async fn what_the_caller_gets_wrong_is_3_and_names_the_way_to_find_out() {
    let table = [
        ("list hubspott", "there is no app \"hubspott\"", "actionbox list hubspot --sandbox"),
        ("execute hubspott get_contact", "there is no app", "hubspot, salesforce, slack"),
        ("execute hubspot get_nothing", "has no action", "actionbox list hubspot --sandbox"),
        ("describe hubspot get_nothing", "has no action", "actionbox list hubspot --sandbox"),
        ("execute hubspot get_contact_by_id", "contact_id", "actionbox describe hubspot get_contact_by_id"),
        ("list HubSpot", "is not the slug of an app", "such as hubspot"),
    ];
    for (arguments, message, hint) in table {
        actionbox(arguments).arg("--sandbox").done().await.exits(3).says(message).says(hint);
    }
}

#[tokio::test]
async fn what_is_not_granted_is_4_and_names_the_option_that_would_allow_it() {
    let table = [
        ("create_contact", "--allow-write allows the writes of hubspot"),
        ("delete_contact", "--allow hubspot/delete_contact allows it; what it does cannot be undone"),
        ("httprequest", "--allow hubspot/httprequest allows it, and hands the plugin the whole"),
        ("frobnicate", "--own hubspot/frobnicate=EFFECT"),
    ];
    let sandbox = sandbox().start().await.expect("a server");
    for (action, hint) in table {
        let run = actionbox(&format!("execute hubspot {action}")).on(&sandbox);
        run.done().await.exits(4).says("the grant does not allow").says(hint).says("sent: no");
    }
    assert_eq!(sandbox.connections(), 0, "nothing was sent");
}

#[tokio::test]
async fn the_named_option_does_allow_it() {
    for (action, option) in [
        ("create_contact email=ada@example.com", "--allow-write"),
        ("create_contact email=ada@example.com", "--allow hubspot/create_contact"),
        ("delete_contact contact_id=51", "--allow hubspot/delete_contact"),
        ("httprequest method=GET url=/crm/v3/objects/contacts", "--allow hubspot/httprequest"),
    ] {
        actionbox(&format!("execute hubspot {action} {option} --sandbox")).done().await.exits(0);
    }
}

#[tokio::test]
async fn an_app_that_is_not_connected_is_4() {
    let sandbox = sandbox().account_with_apps(ACCOUNT, &["slack"]).start().await.expect("a server");
    let run = actionbox("execute hubspot get_contact").on(&sandbox);
    run.done().await.exits(4).says("connect hubspot again for the account customer-42");
}

#[tokio::test]
async fn an_upstream_that_fails_is_5() {
    let sandbox = sandbox().start().await.expect("a server");
    sandbox.inject(Fault::status(StatusCode::SERVICE_UNAVAILABLE).always());
    let create = "execute hubspot create_contact email=ada@example.com --allow-write";
    let done = actionbox(create).on(&sandbox).done().await.exits(5);
    done.says("status 503").says("sent: yes");

    let done = actionbox(create).on(&sandbox).arg("--json").done().await.exits(5);
    let error = done.json();
    for (name, value) in [("outcome", "error"), ("kind", "upstream"), ("actor", "upstream"), ("sent", "yes")]
    {
        assert_eq!(error[name], value, "{name}");
    }
    assert_eq!((&error["status"], &error["retryable"]), (&503.into(), &false.into()));
}

#[tokio::test]
async fn a_lost_answer_is_5_and_says_that_it_may_have_run() {
    let sandbox = sandbox().start().await.expect("a server");
    sandbox.inject(Fault::reset().on_path("/execute").after_execute());
    let run = actionbox("execute hubspot create_contact email=ada@example.com --allow-write").on(&sandbox);
    run.done().await.exits(5).says("it may have run: look at the data of hubspot").says("sent: unknown");
    assert_eq!(sandbox.executions().len(), 1, "it was not sent twice");
}

#[tokio::test]
async fn an_answer_that_echoes_the_key_is_withheld_and_5() {
    let sandbox = sandbox().start().await.expect("a server");
    sandbox.inject(Fault::echo_headers().always());
    for json in ["", "--json"] {
        let run = actionbox(&format!("execute hubspot get_contact {json}")).on(&sandbox);
        let done = run.done().await.exits(5);
        assert!(format!("{done:?}").contains("it held a credential"), "{done:#?}");
    }
}

#[tokio::test]
async fn what_is_no_plugin_is_6() {
    let text = crate::harness::file("exit.txt", "hello");
    actionbox("list hubspot --sandbox --plugin").arg(text).done().await.exits(6);
}

#[tokio::test]
async fn what_the_operator_must_mend_is_7() {
    actionbox("list hubspot --account x").done().await.exits(7).says("there is no API key");
}
