//! What is told of a change, change by change.

use std::collections::BTreeMap;

use actionbox_host::{Effect, Parameter, ParameterKind, Producer, ProducerField};

use super::{
    Component, Report,
    compare::compare,
    side::{Described, Offered, Side},
    text::text,
};

/// A plugin with two upstream actions and one of its own.
fn plugin() -> Side {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let mut own = offered("Upsert", Some(Effect::Write));
    own.own = Some(Described::Takes(vec![parameter("email", true), parameter("phone", false)]));
    let hubspot = [
        ("get_contact", offered("Get", Some(Effect::Read))),
        ("create_contact", offered("Create", None)),
        ("upsert_contact", own),
    ];
    let hubspot = hubspot.into_iter().map(|(id, offered)| (id.to_owned(), offered)).collect();
    Side {
        imports: texts(&["wasi:http/types@0.2.4", "wasi:io/poll@0.2.4"]),
        exports: texts(&["actionbox:plugin/actions@0.1.0"]),
        producers: vec![producer("rustc", "1.94.0")],
        memory_bytes: 65_536,
        size: 100,
        apps: BTreeMap::from([
            ("hubspot".to_owned(), Ok(hubspot)),
            ("slack".to_owned(), Ok(BTreeMap::new())),
        ]),
    }
}

fn offered(name: &str, claimed_effect: Option<Effect>) -> Offered {
    Offered { name: name.to_owned(), description: "It does.".to_owned(), claimed_effect, own: None }
}

fn parameter(name: &str, required: bool) -> Parameter {
    Parameter { name: name.to_owned(), label: "A label".to_owned(), required, kind: ParameterKind::Text }
}

fn producer(name: &str, version: &str) -> Producer {
    Producer { field: ProducerField::ProcessedBy, name: name.to_owned(), version: version.to_owned() }
}

fn actions(side: &mut Side) -> &mut BTreeMap<String, Offered> {
    side.apps.get_mut("hubspot").and_then(|listed| listed.as_mut().ok()).expect("it is listed")
}

fn action<'a>(side: &'a mut Side, id: &str) -> &'a mut Offered {
    actions(side).get_mut(id).expect("it is there")
}

fn add(side: &mut Side, id: &str, offered: Offered) {
    actions(side).insert(id.to_owned(), offered);
}

/// Returns what people read, without styles and without the two files.
fn told(old: &Side, new: &Side) -> Vec<String> {
    let difference = compare(old, new);
    let component = |file| Component { file, digest: "sha256:0" };
    let report = Report { old: component("old"), new: component("new"), difference: &difference };
    let shown = anstream::adapter::strip_str(&text(&report)).to_string();
    assert_eq!(
        shown.lines().count() == 4 && shown.ends_with("no differences\n"),
        difference.is_none(),
        "{shown}"
    );
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    shown.lines().skip(2).map(words).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_change_is_told_and_nothing_else() {
    type Edit = fn(&mut Side);
    let table: [(Edit, &[&str]); 24] = [
        (|_| {}, &["no differences"]),
        (
            |new| new.imports.push("wasi:sockets/tcp@0.2.4".to_owned()),
            &["asks for more", "+ import wasi:sockets/tcp@0.2.4 (there only to deny)"],
        ),
        (
            |new| new.imports.push("wasi:random/random@0.2.4".to_owned()),
            &["asks for more", "+ import wasi:random/random@0.2.4"],
        ),
        (|new| drop(new.imports.pop()), &["also changed", "- import wasi:io/poll@0.2.4"]),
        (
            |new| new.imports[0] = "wasi:http/types@0.2.12".to_owned(),
            &["also changed", "~ import wasi:http/types 0.2.4 → 0.2.12"],
        ),
        (
            |new| new.imports.push("wasi:io/poll@0.2.6".to_owned()),
            &["also changed", "~ import wasi:io/poll 0.2.4 → 0.2.4, 0.2.6"],
        ),
        (|new| new.exports.push("init".to_owned()), &["also changed", "+ export init"]),
        (|new| new.exports.clear(), &["also changed", "- export actionbox:plugin/actions@0.1.0"]),
        (
            |new| add(new, "search_contacts", offered("Search", None)),
            &[
                "asks for more",
                "+ action hubspot/search_contacts read granted by allow_action or allow_reads",
            ],
        ),
        (
            |new| add(new, "update_contact", offered("Update", Some(Effect::Read))),
            &[
                "asks for more",
                "+ action hubspot/update_contact write, says read granted by allow_action or allow_writes",
            ],
        ),
        (
            |new| add(new, "delete_contact", offered("Delete", None)),
            &["asks for more", "+ action hubspot/delete_contact destructive granted by allow_action"],
        ),
        (
            |new| add(new, "frobnicate", offered("Frobnicate", None)),
            &["asks for more", "+ action hubspot/frobnicate unknown effect granted by allow_action"],
        ),
        (
            |new| {
                add(
                    new,
                    "merge_contacts",
                    Offered { own: Some(Described::Takes(vec![])), ..offered("Merge", None) },
                )
            },
            &[
                "asks for more",
                "+ action hubspot/merge_contacts write, its own granted by own_action or allow_writes",
            ],
        ),
        (
            |new| {
                add(
                    new,
                    "purge_all",
                    Offered { own: Some(Described::Takes(vec![])), ..offered("Purge", None) },
                )
            },
            &["asks for more", "+ action hubspot/purge_all destructive, its own granted by own_action"],
        ),
        (
            |new| {
                add(
                    new,
                    "a/b\u{1b}[2J",
                    Offered { own: Some(Described::Takes(vec![])), ..offered("Get", None) },
                )
            },
            &[
                "asks for more",
                r"+ action hubspot/a/b\u{1b}[2J unknown effect, its own no grant allows it: that is no action id",
            ],
        ),
        (|new| drop(actions(new).remove("get_contact")), &["also changed", "- action hubspot/get_contact"]),
        (
            |new| action(new, "get_contact").claimed_effect = Some(Effect::Destructive),
            &["asks for more", "~ claim hubspot/get_contact says destructive, said read"],
        ),
        (
            |new| action(new, "create_contact").claimed_effect = Some(Effect::Read),
            &["also changed", "~ claim hubspot/create_contact says read, said nothing"],
        ),
        (
            |new| action(new, "get_contact").name = "Get\nit".to_owned(),
            &["also changed", r#"~ name hubspot/get_contact "Get" → "Get\nit""#],
        ),
        (
            |new| action(new, "get_contact").description = "It does more.".to_owned(),
            &["also changed", r#"~ description hubspot/get_contact "It does." → "It does more.""#],
        ),
        (
            |new| {
                action(new, "upsert_contact").own =
                    Some(Described::Takes(vec![parameter("email", false), parameter("fax", true)]));
            },
            &[
                "also changed",
                r#"~ parameter hubspot/upsert_contact email (text, required) "A label" → email (text) "A label""#,
                r#"+ parameter hubspot/upsert_contact fax (text, required) "A label""#,
                r#"- parameter hubspot/upsert_contact phone (text) "A label""#,
            ],
        ),
        (|new| new.memory_bytes = 131_072, &["also changed", "~ memory 65536 → 131072 bytes to begin with"]),
        (|new| new.size = 99, &["also changed", "~ size 100 → 99 bytes"]),
        (
            |new| new.producers = vec![producer("rustc", "1.95.0")],
            &[
                "also changed",
                "+ made by rustc 1.95.0 (says the component)",
                "- made by rustc 1.94.0 (says the component)",
            ],
        ),
    ];
    for (edit, expected) in table {
        let mut new = plugin();
        edit(&mut new);
        assert_eq!(told(&plugin(), &new), expected);
    }
}

#[test]
fn what_is_not_told_is_told_of_either_and_hides_nothing_else() {
    let mut silent = plugin();
    silent.apps.insert("hubspot".to_owned(), Err("the plugin crashed".to_owned()));
    let not_told =
        |which| format!("! app hubspot the {which} plugin does not list its actions: the plugin crashed");
    assert_eq!(told(&plugin(), &silent), ["not compared", &not_told("new")]);
    assert_eq!(told(&silent, &plugin()), ["not compared", &not_told("old")]);
    assert_eq!(told(&silent, &silent), ["not compared", &not_told("old"), &not_told("new")]);

    let mut mute = plugin();
    action(&mut mute, "upsert_contact").own = Some(Described::Failed("x".repeat(1_000)));
    add(&mut mute, "delete_contact", offered("Delete", None));
    for id in ["upsert_a", "upsert_b"] {
        add(&mut mute, id, Offered { own: Some(Described::NotAsked), ..offered("Upsert", None) });
    }
    let told = told(&plugin(), &mute);
    let (not_described, too_many) = (&told[5], &told[6]);
    assert_eq!(told.len(), 7, "{told:?}");
    assert_eq!((told[0].as_str(), told[4].as_str()), ("asks for more", "not compared"));
    let action = "! action hubspot/upsert_contact the new plugin does not describe this action: xxx";
    assert!(not_described.starts_with(action) && not_described.ends_with("xxx…"), "{not_described}");
    let app = "! app hubspot the new plugin has too many actions of its own: 2 were not described";
    assert_eq!(too_many, app);
}

#[test]
fn what_asks_for_more_comes_first() {
    let mut new = plugin();
    new.size = 1;
    new.apps.insert("slack".to_owned(), Err("no".to_owned()));
    new.imports.push("wasi:random/random@0.2.4".to_owned());
    let told = told(&plugin(), &new);
    let at = |title: &str| told.iter().position(|line| line == title).expect("a title");
    assert!(at("asks for more") < at("not compared") && at("not compared") < at("also changed"), "{told:?}");
}
