//! What an operator does on the page: settles, rolls back, and tries actions.

use std::{collections::HashMap, sync::Arc};

use actionbox_host::{ActionId, AppSlug, Effect};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{guard::Operator, look::conclude};
use crate::{
    answer::{Answer, Problem},
    directory::Assigned,
    http::{Checked, native::Body},
    run::{Ask, Call, run},
    service::Shared,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    ran: bool,
    note: String,
}

pub(super) async fn settle(
    asker: Operator,
    Checked(Path(id)): Checked<Path<String>>,
    Body(verdict): Body<Verdict>,
) -> Response {
    let settled = asker.admin.settle(&id, verdict.ran, &verdict.note).await;
    conclude(&asker.asking, settled.map(|()| json!({ "id": id, "ran": verdict.ran })))
}

/// Settles by the action that the grant names for the purpose, which reads.
pub(super) async fn settle_by_reading(asker: Operator, Checked(Path(id)): Checked<Path<String>>) -> Response {
    let found = asker.admin.settle_by_reading(&id).await;
    conclude(&asker.asking, found.map(|ran| json!({ "id": id, "ran": ran })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    version: i64,
}

pub(super) async fn roll_back(
    asker: Operator,
    Checked(Path((tenant, app))): Checked<Path<(String, String)>>,
    Body(Version { version }): Body<Version>,
) -> Response {
    let stored = asker.admin.roll_back(&tenant, &app, version).await;
    conclude(&asker.asking, stored.map(|version| json!({ "version": version })))
}

/// What is tried, on behalf of a tenant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attempt {
    tenant: String,
    app: String,
    /// Without one, the actions are listed.
    action: Option<String>,
    /// Without them, the action is described.
    parameters: Option<Map<String, Value>>,
    idempotency_key: Option<String>,
    /// Whether the operator has said once more that it is to be done: needed for what destroys, and for raw calls.
    #[serde(default)]
    confirmed: bool,
}

/// Makes a call as a caller would, under the same grant, with the same limits and the same journal. The audit has it
/// under the operator's name.
pub(super) async fn attempt(
    asker: Operator,
    State(shared): State<Arc<Shared>>,
    Body(attempt): Body<Attempt>,
) -> Response {
    let Operator { asking, caller, .. } = asker;
    let Some(assigned) = shared.directory.assigned(&attempt.tenant, &attempt.app) else {
        let message = "nothing is granted to this tenant for this app, or the grant is not usable";
        return asking.refuse(StatusCode::NOT_FOUND, "NOT_FOUND", message);
    };
    let is_key = |key: &String| (1..=255).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
    if !attempt.idempotency_key.as_ref().is_none_or(is_key) {
        let message = "an idempotency key has 1 to 255 visible ASCII characters, without spaces";
        return asking.refuse(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message);
    }
    let ask = match (attempt.action, attempt.parameters) {
        (None, _) => Ask::List,
        (Some(action), None) => Ask::Describe(action),
        (Some(action), Some(parameters)) => {
            let effect = effect(&assigned, &attempt.app, &action);
            if effect.is_ok_and(|effect| effect >= Effect::Destructive) && !attempt.confirmed {
                let message = "this action destroys, or is a call of any kind: it has to be confirmed";
                return asking.refuse(StatusCode::CONFLICT, "CONFIRM", message);
            }
            let parameters = Value::Object(parameters);
            Ask::Execute { action, parameters, idempotency_key: attempt.idempotency_key }
        }
    };
    let is_listing = matches!(ask, Ask::List);
    let call = Call {
        id: asking.id.clone(),
        // No key has a space in its name.
        caller: format!("{} (console)", caller.name),
        tenant: attempt.tenant,
        app: attempt.app.clone(),
        ask,
        assigned: assigned.clone(),
        trace: Default::default(),
    };
    let answer = match run(&shared, call).await {
        Ok(answer) => answer,
        Err(full) => Problem::busy(full).answer(&asking.id),
    };
    // What a caller would have been answered is what is shown: an error of the call is none of this page's.
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    if is_listing && answer.status == StatusCode::OK {
        for action in body.as_array_mut().into_iter().flatten() {
            let id = action["action_id"].as_str().unwrap_or_default();
            match effect(&assigned, &attempt.app, id) {
                Ok(effect) => action["effect"] = json!(effect),
                Err(why) => action["refused"] = json!(why),
            }
        }
    }
    let shown = json!({ "id": &*asking.id, "status": answer.status.as_u16(), "body": body });
    asking.respond(Answer::ok(&shown))
}

impl Assigned {
    /// Returns the effect of each action that is granted by name.
    pub(super) fn effects(&self, app: &str) -> HashMap<String, Effect> {
        let named = self.definition.allow.iter().flat_map(|allow| &allow.actions);
        let effects =
            named.filter_map(|action| Some((action.id.clone(), effect(self, app, &action.id).ok()?)));
        effects.collect()
    }
}

/// Returns the effect that a grant has for an action, or why it refuses it.
fn effect(assigned: &Assigned, app: &str, action: &str) -> Result<Effect, String> {
    let app = AppSlug::parse(app).map_err(|error| error.to_string())?;
    let action = ActionId::parse(action).map_err(|error| error.to_string())?;
    assigned.grant.check_execute(&app, &action).map_err(|refusal| refusal.to_string())
}
