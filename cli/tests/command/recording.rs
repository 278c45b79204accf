//! `--record` and `--replay`: the same outcome without a server, a key or an account.

use actionbox_sandbox::Fault;

use crate::harness::{Folder, KEY, actionbox, sandbox};

#[tokio::test]
async fn what_was_recorded_is_replayed_without_a_server_a_key_or_an_account() {
    let (sandbox, folder) = (sandbox().start().await.expect("a server"), Folder::new());
    let cassette = folder.path().join("contacts.json");
    let table = [
        "list hubspot",
        "describe hubspot create_contact --json",
        "execute hubspot get_contact limit=2 --json",
        "execute hubspot create_contact email=ada@example.com --allow-write",
        "execute hubspot get_contact_by_id contact_id=nobody",
    ];
    for arguments in table {
        let live = actionbox(arguments).on(&sandbox).arg("--record").arg(&cassette).done().await;
        let text = std::fs::read_to_string(&cassette).expect("a cassette");
        assert!(!text.contains(KEY) && !text.contains("x-api-key"), "{text}");
        assert!(!text.contains(&sandbox.base_url()) && !text.contains("linked_account_id"), "{text}");

        let received = sandbox.requests().len();
        let played = actionbox(arguments).arg("--replay").arg(&cassette).done().await;
        assert_eq!((played.code, &played.stdout), (live.code, &live.stdout), "{arguments}");
        assert_eq!(sandbox.requests().len(), received, "{arguments}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn a_request_that_is_not_recorded_is_6_and_told_with_the_nearest() {
    let folder = Folder::new();
    let cassette = folder.path().join("one.json");
    let record = actionbox("execute hubspot get_contact limit=1 --sandbox --record").arg(&cassette);
    record.done().await.exits(0);
    let replay = |arguments: &str| actionbox(arguments).arg("--replay").arg(&cassette);
    let done = replay("execute hubspot get_contact limit=2").done().await.exits(6);
    done.says("the nearest is number 1")
        .says("limit is \"2\", recorded is \"1\"")
        .says("--record")
        .says("note: 1 recorded requests were not made");
    let error = replay("execute hubspot get_contact limit=2 --json").done().await.exits(6).json();
    assert_eq!((&error["kind"], &error["actor"]), (&"not-recorded".into(), &"plugin-author".into()));
    // A grant is asked first, as always.
    replay("execute hubspot delete_contact contact_id=1")
        .done()
        .await
        .exits(4)
        .says("--allow hubspot/delete");
}

#[tokio::test]
async fn an_answer_that_holds_the_key_is_not_in_a_cassette() {
    let (sandbox, folder) = (sandbox().start().await.expect("a server"), Folder::new());
    let cassette = folder.path().join("leak.json");
    sandbox.inject(Fault::echo_headers().always());
    actionbox("list hubspot").on(&sandbox).arg("--record").arg(&cassette).done().await.exits(5);
    let text = std::fs::read_to_string(&cassette).expect("a cassette");
    assert!(text.contains("it held a credential") && !text.contains(KEY), "{text}");
}

#[tokio::test]
async fn what_is_no_cassette_is_2_and_what_cannot_be_written_7_before_anything_is_sent() {
    let folder = Folder::new();
    let other = folder.write("other.json", "{\"name\":1}");
    actionbox("list hubspot --replay nowhere.json")
        .done()
        .await
        .exits(2)
        .says("cannot be read")
        .says("--record");
    let done = actionbox("list hubspot --replay").arg(&other).done().await.exits(2);
    done.says("is no cassette").says("unknown field `name`").says("line 1");

    // A file moved there would be /dev/null for everyone.
    let device = actionbox("list hubspot --sandbox --record /dev/null").done().await.exits(7);
    device.says("cannot be written").says("no ordinary file");

    let sandbox = sandbox().start().await.expect("a server");
    let create = "execute hubspot create_contact email=ada@example.com --allow-write --record";
    let run = actionbox(create).arg(folder.path().join("no/such/folder.json")).on(&sandbox);
    run.done().await.exits(7).says("cannot be written");
    assert_eq!(sandbox.connections(), 0);
}
