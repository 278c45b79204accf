//! What a plugin makes of an upstream that does not answer, or not in time.

use std::time::Duration;

use actionbox_host::{Error, Sent};
use actionbox_sandbox::Fault;
use serde_json::json;

use super::cases;
use crate::{
    expect::{Played, check, err, ok, told},
    stage::{Stage, code},
};

cases! { "network":
    "a connection that breaks before the answer is an error, and the write is not repeated" => reset,
    "a connection that breaks in the middle of the answer is an error" => truncated,
    "a slow answer is waited for" => slow,
    "an answer that is withheld is an error, never a success" => withheld,
    "a redirect is an error, and is not followed" => redirect,
    "an answer without end is an error" => endless,
}

/// Executes a write against a fault, and checks that it ends in an error of the network.
async fn fails(stage: &Stage, tried: &str, fault: Fault) -> Result<Error, crate::Verdict> {
    let action = stage.write()?;
    stage.always(fault.on_path("/execute"));
    let error = err(stage.execute(action, &json!({})).await, tried, "an error")?;
    check(stage.executions() == 1, tried, "one request", stage.executions())?;
    Ok(error)
}

async fn reset(stage: &Stage) -> Played {
    for (tried, fault) in [
        ("a connection that is reset", Fault::reset()),
        ("a connection that is closed", Fault::close()),
        ("a connection that is reset after the write was done", Fault::reset().after_execute()),
    ] {
        stage.sandbox.clear_requests();
        let error = fails(stage, tried, fault).await?;
        let held = matches!(&error, Error::Unreachable { .. } | Error::Upstream { status: None, .. })
            && error.sent() == Sent::Unknown;
        check(held, tried, "the network's error: the write may have happened", told(&error))?;
    }
    Ok(())
}

async fn truncated(stage: &Stage) -> Played {
    let tried = "half an answer";
    let error = fails(stage, tried, Fault::truncated_body()).await?;
    let held = matches!(&error, Error::Unreachable { .. } | Error::Upstream { status: None, .. });
    check(held, tried, "the network's error", told(&error))
}

async fn slow(stage: &Stage) -> Played {
    let action = stage.read()?;
    stage.always(Fault::latency(Duration::from_millis(300)).on_path("/execute"));
    ok(stage.execute(action, &json!({})).await, "an answer after 300 ms", "an outcome").map(drop)
}

async fn withheld(stage: &Stage) -> Played {
    let tried = "an answer that the host withholds, because it holds a credential";
    let error = fails(stage, tried, Fault::echo_headers()).await?;
    check(matches!(error, Error::Withheld { .. }), tried, "an error", told(&error))
}

async fn redirect(stage: &Stage) -> Played {
    let tried = "a redirect to another host";
    let error = fails(stage, tried, Fault::redirect("https://example.com/")).await?;
    check(
        matches!(error, Error::Withheld { .. }),
        tried,
        "an error, as the host follows none",
        told(&error),
    )?;
    let refused = stage.events().requests.into_iter().find(|request| request.refusal.is_some());
    check(refused.is_none(), tried, "no request to there", format!("{refused:?}"))
}

async fn endless(stage: &Stage) -> Played {
    let tried = "an answer without end";
    let error = fails(stage, tried, Fault::endless_body()).await?;
    check(matches!(error, Error::Limit { .. }), tried, "the end of the call", told(&error))?;
    // What comes after is not disturbed.
    stage.always(
        Fault::json_body(code(200), json!({ "node_status": "Success", "data": 1 }).to_string())
            .on_path("/execute"),
    );
    ok(stage.execute(stage.write()?, &json!({})).await, "a call after that", "a success").map(drop)
}
