//! How a plugin describes parameters.

use std::collections::HashSet;

use actionbox_host::{Error, ParameterKind};
use actionbox_sandbox::Fault;
use serde_json::json;

use super::cases;
use crate::{
    expect::{Played, broken, check, err, ok, told},
    stage::{NO_ACTION, Stage, code},
};

cases! { "describing":
    "every action that is listed can be described" => all,
    "a description is the same every time" => again,
    "every kind of parameter is told, and an unknown one by its word" => kinds,
    "what is new in a description is ignored, and what is missing is left out" => unknown_fields,
    "an action without parameters is no error" => empty,
    "the order of parameters is kept" => order,
    "an action that does not exist is `unknown-action`" => unknown_action,
}

async fn all(stage: &Stage) -> Played {
    /// Enough to see that it works, however many there are.
    const MOST: usize = 50;
    for action in stage.subject.listed.iter().take(MOST) {
        let tried = format!("describe-action({:?}, {:?})", stage.app(), action.id);
        let mut seen = HashSet::new();
        for parameter in ok(stage.describe(&action.id).await, &tried, "a list of parameters")? {
            let name = &parameter.name;
            check(!name.is_empty(), &tried, "a name for every parameter", "an empty one")?;
            check(!parameter.label.is_empty(), &tried, format!("a label for {name}"), "an empty one")?;
            check(seen.insert(name.clone()), &tried, format!("{name} once"), "twice")?;
        }
    }
    Ok(())
}

async fn again(stage: &Stage) -> Played {
    let Some(action) = stage.subject.listed.first() else { return Ok(()) };
    let tried = format!("describe-action({:?}, {:?}) twice", stage.app(), action.id);
    let first = ok(stage.describe(&action.id).await, &tried, "a list of parameters")?;
    let second = ok(stage.describe(&action.id).await, &tried, "a list of parameters")?;
    check(first == second, tried, "the same list", "another")
}

async fn kinds(stage: &Stage) -> Played {
    let action = stage.read()?;
    let kinds = [
        ("text", ParameterKind::Text),
        ("email", ParameterKind::Email),
        ("number", ParameterKind::Number),
        ("textarea", ParameterKind::Textarea),
        ("url", ParameterKind::Url),
        ("json", ParameterKind::Json),
        ("datetime", ParameterKind::Other("datetime".to_owned())),
        ("other", ParameterKind::Other("other".to_owned())),
    ];
    let described: Vec<_> = kinds
        .iter()
        .map(|(word, _)| json!({ "name": format!("p_{word}"), "label": format!("Ein {word} 🙂"), "required": *word == "email", "type": word }))
        .collect();
    stage.always(Fault::json_body(code(200), json!(described).to_string()).on_path(action));
    let tried = "a description with every type, and one that nobody knows";
    let parameters = ok(stage.describe(action).await, tried, "a list of parameters")?;
    for (word, kind) in kinds {
        let name = format!("p_{word}");
        let Some(found) = parameters.iter().find(|parameter| parameter.name == name) else {
            return Err(broken(tried, format!("the parameter {name}"), "it is missing"));
        };
        check(found.kind == kind, tried, format!("{name} of the kind {kind}"), format!("{:?}", found.kind))?;
        check(found.required == (word == "email"), tried, "`required` as it is", format!("{found:?}"))?;
        check(found.label == format!("Ein {word} 🙂"), tried, "the label as it is", format!("{found:?}"))?;
    }
    Ok(())
}

async fn unknown_fields(stage: &Stage) -> Played {
    let action = stage.read()?;
    let body = json!([
        { "name": "a", "label": "A", "required": true, "type": "text", "options": [{ "x": 1 }], "default": null },
        { "name": "b" },
        { "name": "c", "label": null, "required": null, "type": null },
    ]);
    stage.always(Fault::json_body(code(200), body.to_string()).on_path(action));
    let tried = "a description with fields too many and too few";
    let parameters = ok(stage.describe(action).await, tried, "a list of parameters")?;
    let found: Vec<_> =
        parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.required)).collect();
    let expected = [("a", true), ("b", false), ("c", false)];
    check(found == expected, tried, format!("{expected:?} (name, required)"), format!("{found:?}"))
}

async fn empty(stage: &Stage) -> Played {
    let action = stage.read()?;
    stage.always(Fault::json_body(code(200), "[]").on_path(action));
    let parameters = ok(stage.describe(action).await, "a description without parameters", "an empty list")?;
    check(
        parameters.is_empty(),
        "a description without parameters",
        "an empty list",
        format!("{parameters:?}"),
    )
}

async fn order(stage: &Stage) -> Played {
    let action = stage.read()?;
    let names: Vec<_> = (0..40).rev().map(|n| format!("p{n}")).collect();
    let body: Vec<_> = names
        .iter()
        .map(|name| json!({ "name": name, "label": name, "required": false, "type": "text" }))
        .collect();
    stage.always(Fault::json_body(code(200), json!(body).to_string()).on_path(action));
    let parameters = ok(stage.describe(action).await, "forty parameters", "all of them")?;
    let found: Vec<_> = parameters.into_iter().map(|parameter| parameter.name).collect();
    check(found == names, "forty parameters", "the upstream's order", format!("{found:?}"))
}

async fn unknown_action(stage: &Stage) -> Played {
    let tried = format!("describe-action({:?}, {NO_ACTION:?})", stage.app());
    let expected = format!("unknown-action of {NO_ACTION:?}");
    match err(stage.describe(NO_ACTION).await, &tried, &expected)? {
        Error::UnknownAction { action, .. } if action == NO_ACTION => Ok(()),
        other => Err(broken(tried, expected, told(&other))),
    }
}
