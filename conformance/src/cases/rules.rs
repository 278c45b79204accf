//! The well-behaved half of the wall: what a plugin need not ask for, because no plugin gets it.

use serde_json::json;

use super::cases;
use crate::{
    expect::{Played, check},
    sample,
    stage::{NO_ACTION, NO_APP, Stage},
};

cases! { "rules":
    "it asks for nothing that is no route of the upstream" => routes,
    "it sends no credential and names no account" => credentials,
    "it asks only to list and describe while it lists and describes" => discovering,
    "it makes no more requests than a few for one call" => few_requests,
}

/// Makes one call of every kind, honest and mistaken.
async fn make_calls(stage: &Stage) {
    // What comes of them is the matter of other cases.
    let _listed = stage.list(stage.app()).await;
    let _unknown = stage.list(NO_APP).await;
    let _unknown = stage.describe(NO_ACTION).await;
    for action in stage.subject.listed.iter().take(10) {
        let _described = stage.describe(&action.id).await;
    }
    for action in [stage.read(), stage.write()].into_iter().flatten() {
        let _executed = stage.execute(action, &json!({ "a": "1" })).await;
    }
    for action in &stage.subject.own {
        let Ok(described) = stage.describe(action).await else { continue };
        let _executed = stage.execute(action, &sample::parameters(&described)).await;
        let _executed = stage.execute(action, &json!({})).await;
    }
}

async fn routes(stage: &Stage) -> Played {
    make_calls(stage).await;
    for request in stage.events().requests {
        let found = request.refusal.as_ref().map(ToString::to_string).unwrap_or_default();
        check(
            request.refusal.is_none(),
            "a call of every kind",
            "routes of the grant",
            format!("{}: {found}", request.target),
        )?;
    }
    Ok(())
}

async fn credentials(stage: &Stage) -> Played {
    const THEIRS: [&str; 8] = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
        "linked_account_id",
        "linked-account-id",
        "x-linked-account-id",
    ];
    make_calls(stage).await;
    for request in stage.events().requests {
        for line in request.guest_request.lines().skip(1) {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            check(!THEIRS.contains(&name.as_str()), &request.target, "no header that is the host's", line)?;
        }
    }
    Ok(())
}

async fn discovering(stage: &Stage) -> Played {
    let _listed = stage.list(stage.app()).await;
    for action in stage.subject.listed.iter().take(10) {
        let _described = stage.describe(&action.id).await;
    }
    check(
        stage.executions() == 0,
        "listing and describing",
        "nothing executed",
        format!("{} executions", stage.executions()),
    )
}

async fn few_requests(stage: &Stage) -> Played {
    const FEW: usize = 20;
    make_calls(stage).await;
    for call in stage.events().calls {
        let tried = format!("{} {}", call.operation, call.action.as_deref().unwrap_or_default());
        check(call.requests <= FEW, tried, format!("at most {FEW} requests"), call.requests)?;
    }
    Ok(())
}
