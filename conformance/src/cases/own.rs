//! What holds of an action that the plugin adds, whatever it does: it is known by its description alone.

use actionbox_host::{Error, Outcome};
use actionbox_sandbox::Fault;
use serde_json::{Value, json};

use super::cases;
use crate::{
    expect::{Played, broken, check, ok, told},
    sample,
    stage::{Stage, code},
};

cases! { "own actions":
    "parameters that are missing are `invalid-parameters`, before anything is written" => missing,
    "it reaches the app with plausible parameters" => reaches,
    "when every step fails, it is no success" => every_step_fails,
    "when every step is `Errored`, it is no success" => every_step_errored,
    "when every answer is lost, it is no success, and no write is repeated" => answers_lost,
    "what the grant refuses, it does not hide" => refused,
    "it does not crash on parameters of the wrong type" => wrong_types,
}

/// Returns plausible parameters of an action.
async fn plausible(stage: &Stage, action: &str) -> Result<Value, crate::Verdict> {
    let described = stage.describe(action).await;
    Ok(sample::parameters(&ok(described, format!("describing {action}"), "its parameters")?))
}

/// Checks that an error is one of the contract's with a case of its own.
fn is_told_properly(error: &Error) -> bool {
    !matches!(
        error,
        Error::Trapped { .. } | Error::Contract { .. } | Error::Plugin { .. } | Error::Host { .. }
    )
}

async fn missing(stage: &Stage) -> Played {
    for action in stage.own()? {
        let described = ok(stage.describe(action).await, format!("describing {action}"), "its parameters")?;
        if !described.iter().any(|parameter| parameter.required) {
            continue;
        }
        stage.sandbox.clear_requests();
        let tried = format!("{action} with {{}}");
        let expected = "invalid-parameters, with a problem for each";
        match stage.execute(action, &json!({})).await {
            Err(Error::InvalidParameters { problems, .. }) if !problems.is_empty() => {}
            Err(other) => return Err(broken(tried, expected, told(&other))),
            Ok(outcome) => return Err(broken(tried, expected, format!("{outcome:?}"))),
        }
        check(
            stage.executions() == 0,
            tried,
            "nothing executed",
            format!("{} executions", stage.executions()),
        )?;
    }
    Ok(())
}

async fn reaches(stage: &Stage) -> Played {
    for action in stage.own()? {
        let parameters = plausible(stage, action).await?;
        let tried = format!("{action} with {parameters}");
        match stage.execute(action, &parameters).await {
            // What is plausible to the kit need not be to the action.
            Ok(_) | Err(Error::InvalidParameters { .. } | Error::Upstream { .. }) => {}
            Err(other) => return Err(broken(tried, "an outcome", told(&other))),
        }
    }
    Ok(())
}

/// Executes an own action while a fault lasts, and checks that no success comes of it.
async fn no_success(stage: &Stage, name: &str, fault: impl Fn() -> Fault) -> Played {
    for action in stage.own()? {
        stage.sandbox.clear_faults();
        let parameters = plausible(stage, action).await?;
        stage.sandbox.clear_requests();
        stage.always(fault().on_path("/execute"));
        let tried = format!("{action} with {parameters}, while {name}");
        let found = match stage.execute(action, &parameters).await {
            // It may not need the upstream at all.
            _ if stage.executions() == 0 => continue,
            Ok(Outcome::Failed(_)) => continue,
            Err(error) if is_told_properly(&error) => continue,
            Err(error) => told(&error),
            Ok(outcome) => format!("{outcome:?}"),
        };
        return Err(broken(tried, "a failure, or an error that has a case of its own", found));
    }
    Ok(())
}

async fn every_step_fails(stage: &Stage) -> Played {
    no_success(stage, "the upstream answers 500", || Fault::status(code(500))).await?;
    no_success(stage, "a gateway answers HTML", || Fault::html_error(code(502))).await
}

async fn every_step_errored(stage: &Stage) -> Played {
    let body = json!({ "node_status": "Errored", "data": { "error": "no" } }).to_string();
    no_success(stage, "every step is Errored", || Fault::json_body(code(200), body.clone())).await
}

async fn answers_lost(stage: &Stage) -> Played {
    no_success(stage, "every answer is lost", || Fault::reset().after_execute()).await?;
    for (number, request) in stage.sandbox.requests().iter().enumerate() {
        let earlier = &stage.sandbox.requests()[..number];
        let is_read = ["get", "list", "search", "find"]
            .iter()
            .any(|verb| request.target.contains(&format!("/{verb}_")));
        let repeated =
            earlier.iter().any(|other| other.target == request.target && other.body == request.body);
        check(
            is_read || !repeated,
            "a write whose answer is lost",
            "one request",
            format!("{} again", request.target),
        )?;
    }
    Ok(())
}

async fn refused(stage: &Stage) -> Played {
    for action in stage.own()? {
        let parameters = plausible(stage, action).await?;
        let before = stage.events().requests.len();
        let tried = format!("{action} under a grant that may only read");
        let result = stage.execute_reading(action, &parameters).await;
        let refused = stage.events().requests.iter().skip(before).any(|request| request.refusal.is_some());
        if let (true, Ok(outcome)) = (refused, &result) {
            let success = matches!(outcome, Outcome::Succeeded(_));
            check(!success, tried, "an error, as a request of it was refused", format!("{outcome:?}"))?;
        }
    }
    Ok(())
}

async fn wrong_types(stage: &Stage) -> Played {
    for action in stage.own()? {
        let described = ok(stage.describe(action).await, format!("describing {action}"), "its parameters")?;
        for wrong in [
            json!(null),
            json!(7),
            json!(true),
            json!([]),
            json!([1, [2]]),
            json!({ "a": {} }),
            json!(""),
            json!("\u{0}🚀"),
        ] {
            let parameters: serde_json::Map<_, _> =
                described.iter().map(|parameter| (parameter.name.clone(), wrong.clone())).collect();
            let tried = format!("{action} with {wrong} for every parameter");
            if let Err(error) = stage.execute(action, &parameters.into()).await {
                check(is_told_properly(&error), tried, "an outcome, or invalid-parameters", told(&error))?;
            }
        }
    }
    Ok(())
}
