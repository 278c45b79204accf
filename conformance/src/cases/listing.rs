//! What a plugin lists.

use std::collections::HashSet;

use actionbox_host::{ActionId, Error};
use actionbox_sandbox::Fault;
use serde_json::{Value, json};

use super::cases;
use crate::{
    expect::{Played, broken, check, err, ok, told},
    stage::{NO_APP, Stage, code},
};

cases! { "listing":
    "every action has an id that can be called, a name, and no double" => ids,
    "a listing is the same every time" => again,
    "ids, names, descriptions and tags are passed on as they are, in any script" => as_they_are,
    "what is new in a listing is ignored, and what is missing is left out" => unknown_fields,
    "an app without actions is no error" => empty,
    "a listing of 3,000 actions is passed on whole" => long,
    "an app that does not exist is `unknown-app`" => unknown_app,
}

/// Has the upstream list this from now on.
fn lists(stage: &Stage, listing: &Value) {
    stage.always(Fault::json_body(code(200), listing.to_string()).on_path("/actions"));
}

async fn ids(stage: &Stage) -> Played {
    let tried = format!("list-actions({:?})", stage.app());
    let mut seen = HashSet::new();
    for action in ok(stage.list(stage.app()).await, &tried, "a list of actions")? {
        let id = &action.id;
        check(ActionId::parse(id).is_ok(), &tried, "an id that `execute-action` takes", format!("{id:?}"))?;
        check(!action.name.trim().is_empty(), &tried, format!("a name for {id}"), "none")?;
        check(seen.insert(id.clone()), &tried, format!("{id} once"), "twice")?;
    }
    Ok(())
}

async fn again(stage: &Stage) -> Played {
    let tried = format!("list-actions({:?}) twice", stage.app());
    let first = ok(stage.list(stage.app()).await, &tried, "a list of actions")?;
    let second = ok(stage.list(stage.app()).await, &tried, "a list of actions")?;
    check(first == second, &tried, "the same list", format!("{} and {} actions", first.len(), second.len()))
}

async fn as_they_are(stage: &Stage) -> Played {
    stage.passes_on()?;
    let rows = [
        ("get_alpha", "Get Alpha", "Gets an alpha, or \"none\" \\ at all.\nOver two lines.", Some("v2")),
        (
            "create-beta.v3",
            "Ünïcödé 日本語 🚀",
            "עברית · العربية · e\u{301} · \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            Some("βeta"),
        ),
        ("delete_gamma", "G", "", None),
    ];
    let listing: Vec<_> = rows
        .iter()
        .map(|(id, name, description, tag)| {
            let mut action = json!({ "action_id": id, "name": name, "description": description });
            tag.map(|tag| action["tag"] = tag.into());
            action
        })
        .collect();
    lists(stage, &listing.into());
    let tried = "a listing with texts in many scripts";
    let listed = ok(stage.list(stage.app()).await, tried, "a list of actions")?;
    for (id, name, description, tag) in rows {
        let Some(action) = listed.iter().find(|action| action.id == id) else {
            return Err(broken(tried, format!("{id} in the list"), "it is missing"));
        };
        check(action.name == name, tried, format!("the name {name:?}"), format!("{:?}", action.name))?;
        let found = &action.description;
        check(found == description, tried, format!("the description {description:?}"), format!("{found:?}"))?;
        check(action.tag.as_deref() == tag, tried, format!("the tag {tag:?}"), format!("{:?}", action.tag))?;
    }
    Ok(())
}

async fn unknown_fields(stage: &Stage) -> Played {
    stage.passes_on()?;
    lists(
        stage,
        &json!([
            { "action_id": "get_alpha", "name": "Get Alpha", "description": "a", "icon": { "url": [1] }, "deprecated": false },
            { "action_id": "get_beta", "name": "Get Beta", "description": null, "tag": null },
            { "action_id": "get_gamma", "name": "Get Gamma" },
        ]),
    );
    let tried = "a listing with fields too many and too few";
    let listed = ok(stage.list(stage.app()).await, tried, "a list of actions")?;
    for (id, description) in [("get_alpha", "a"), ("get_beta", ""), ("get_gamma", "")] {
        let found = listed.iter().find(|action| action.id == id);
        let found = found.map(|action| (action.description.as_str(), action.tag.as_deref()));
        check(
            found == Some((description, None)),
            tried,
            format!("{id} with {description:?} and no tag"),
            format!("{found:?}"),
        )?;
    }
    Ok(())
}

async fn empty(stage: &Stage) -> Played {
    stage.passes_on()?;
    lists(stage, &json!([]));
    let listed = ok(stage.list(stage.app()).await, "an empty listing", "a list")?;
    let foreign = listed.iter().find(|action| !stage.subject.own.contains(&action.id));
    check(foreign.is_none(), "an empty listing", "none of the upstream's actions", format!("{foreign:?}"))
}

async fn long(stage: &Stage) -> Played {
    stage.passes_on()?;
    const COUNT: usize = 3_000;
    let action = |n| json!({ "action_id": format!("get_thing_{n}"), "name": format!("Thing {n}"), "description": "x".repeat(60) });
    lists(stage, &(0..COUNT).map(action).collect::<Vec<_>>().into());
    let tried = format!("a listing of {COUNT} actions");
    let listed = ok(stage.list(stage.app()).await, &tried, "all of them")?;
    let found = listed.iter().filter(|action| action.id.starts_with("get_thing_")).count();
    check(found == COUNT, &tried, "all of them", found)
}

async fn unknown_app(stage: &Stage) -> Played {
    let tried = format!("list-actions({NO_APP:?})");
    let expected = format!("unknown-app({NO_APP:?})");
    match err(stage.list(NO_APP).await, &tried, &expected)? {
        Error::UnknownApp { app, .. } if app == NO_APP => Ok(()),
        other => Err(broken(tried, expected, told(&other))),
    }
}
