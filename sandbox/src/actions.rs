//! The three endpoints of a linked account: list, describe, execute.
//!
//! They check in the same order: credentials (401), rate (429), app and action (404), account (400),
//! and then the body (400).

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::auth::{self, Caller};
use crate::catalogue::{Action, App};
use crate::envelope::{Refusal, json_answer, node_answer};
use crate::record::RecordedRequest;
use crate::state::State;

pub(crate) fn list(state: &State, request: &RecordedRequest, app: &str) -> Result<Response<Bytes>, Refusal> {
    let caller = admit(state, request)?;
    let app = find_app(app)?;
    check_account_exists(state, &caller, app)?;
    Ok(json_answer(StatusCode::OK, &json!(app.actions)))
}

pub(crate) fn describe(
    state: &State,
    request: &RecordedRequest,
    app: &str,
    action: &str,
) -> Result<Response<Bytes>, Refusal> {
    let caller = admit(state, request)?;
    let (app, action) = find_action(app, action)?;
    check_account_exists(state, &caller, app)?;
    Ok(json_answer(StatusCode::OK, &json!(action.parameters)))
}

pub(crate) fn execute(
    state: &State,
    request: &RecordedRequest,
    app: &str,
    action: &str,
) -> Result<Response<Bytes>, Refusal> {
    let caller = admit(state, request)?;
    let (app, action) = find_action(app, action)?;
    // The organisation itself has no connected apps to execute against.
    let Caller::Account(account) = caller else {
        return Err(Refusal::validation("linked_account_id is required"));
    };
    if !state.accounts.connected(&account, app.slug) {
        return Err(Refusal::not_connected(&account, app.slug));
    }
    let parameters = read_object(request)?;
    let given = crate::apps::Parameters::new(parameters.clone());
    if let Some(name) = given.first_missing(action) {
        return Err(Refusal::validation(format!("Required parameter '{name}' is missing")));
    }
    let now = state.clock.now();
    let outcome = state
        .accounts
        .execute(request.seq, &account, app, action, parameters, now)
        .ok_or_else(|| Refusal::not_connected(&account, app.slug))?;
    Ok(node_answer(outcome.node_status, outcome.data, outcome.http_status))
}

fn admit(state: &State, request: &RecordedRequest) -> Result<Caller, Refusal> {
    let caller = auth::caller(state, request)?;
    state.check_rate(&caller)?;
    Ok(caller)
}

fn find_app(slug: &str) -> Result<&'static App, Refusal> {
    App::named(slug).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, format!("Application app_type '{slug}' not found"))
    })
}

fn find_action(slug: &str, id: &str) -> Result<(&'static App, &'static Action), Refusal> {
    let app = find_app(slug)?;
    let action = app.action(id).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, format!("Action {id} not found in Application {slug}"))
    })?;
    Ok((app, action))
}

/// The catalogue is open to every account there is, connected or not.
fn check_account_exists(state: &State, caller: &Caller, app: &App) -> Result<(), Refusal> {
    match caller {
        Caller::Account(id) if !state.accounts.exists(id) => Err(Refusal::not_connected(id, app.slug)),
        Caller::Account(_) | Caller::Organisation => Ok(()),
    }
}

/// Reads a body that must be one JSON object.
pub(crate) fn read_object(request: &RecordedRequest) -> Result<Map<String, Value>, Refusal> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::validation("Content-Type must be application/json"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::validation("Request body must be a JSON object")),
        Err(_) => Err(Refusal::validation("Request body is not valid JSON")),
    }
}
