//! What else the organisation's key opens: sessions for any account, and the organisation itself.
//!
//! A few of the vendor's many endpoints, with simple but real answers, so that a test can show what a
//! key in the wrong hands means.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::actions::read_object;
use crate::auth;
use crate::catalogue::{APPS, App};
use crate::envelope::{Refusal, json_answer};
use crate::record::RecordedRequest;
use crate::state::State;
use crate::target::Target;

/// `POST /api/v2/public/session-token`: a token for any account there is.
pub(crate) fn session_token(
    state: &State,
    request: &RecordedRequest,
    force_refresh: bool,
) -> Result<Response<Bytes>, Refusal> {
    auth::check_key(state, request).map_err(Refusal::in_error_field)?;
    // A body that is no JSON object names no account either.
    let body = read_object(request).unwrap_or_default();
    let account = text(&body, "linked_account_id")
        .ok_or_else(|| Refusal::validation("linked_account_id is required").in_error_field())?;
    if !state.accounts.exists(account) {
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, "Invalid linked_account_id");
        return Err(refusal.with_code("INVALID_LINKED_ACCOUNT_ID").in_error_field());
    }
    let session = state.sessions.issue(account, force_refresh, state.clock.now(), &state.ids);
    Ok(json_answer(StatusCode::OK, &json!(session)))
}

/// The rest of `/api/v2/public`.
pub(crate) fn public(
    state: &State,
    request: &RecordedRequest,
    path: &[&str],
    target: &Target,
) -> Result<Response<Bytes>, Refusal> {
    match (path, &request.method) {
        (["linked-account"], &Method::GET) => authorised(state, request, || Ok(customers(state))),
        (["linked-account"], &Method::POST) => authorised(state, request, || create(state, request)),
        (["linked-account"], &Method::DELETE) => authorised(state, request, || {
            delete(state, target.query("linked_account_id").unwrap_or_default())
        }),
        (["linked-account", id], &Method::DELETE) => authorised(state, request, || delete(state, id)),
        (["linked-account", "integration", "save-key-credentials", app], &Method::POST | &Method::PUT) => {
            authorised(state, request, || connect(state, request, app))
        }
        (["migrate-token"], &Method::POST) => authorised(state, request, || Ok(json!({ "migrated": true }))),
        (["webhook"], &Method::GET | &Method::POST) => authorised(state, request, || Ok(webhooks())),
        (["env", "values"], &Method::GET) => authorised(state, request, || Ok(environment())),
        (["workflow", ..], &Method::GET) => authorised(state, request, || Ok(workflows())),
        (["tables", ..], &Method::GET) => authorised(state, request, || Ok(tables())),
        (["mcp-servers", ..], &Method::GET) => authorised(state, request, || Ok(mcp_servers())),
        (["linked-account"], _) => Err(Refusal::method_not_allowed("GET, POST, DELETE")),
        (["linked-account", _], _) => Err(Refusal::method_not_allowed("DELETE")),
        (["linked-account", "integration", "save-key-credentials", _], _) => {
            Err(Refusal::method_not_allowed("POST, PUT"))
        }
        (["migrate-token"], _) => Err(Refusal::method_not_allowed("POST")),
        (["webhook"], _) => Err(Refusal::method_not_allowed("GET, POST")),
        (["env", "values"] | ["workflow" | "tables" | "mcp-servers", ..], _) => {
            Err(Refusal::method_not_allowed("GET"))
        }
        _ => Err(Refusal::unknown_path()),
    }
}

/// `GET /api/v1/workflow/public/scheduled`.
pub(crate) fn scheduled(state: &State, request: &RecordedRequest) -> Result<Response<Bytes>, Refusal> {
    if request.method != Method::GET {
        return Err(Refusal::method_not_allowed("GET"));
    }
    authorised(state, request, || {
        Ok(json!([{ "schedule_id": "sch_1", "workflow_id": "wf_1", "cron": "0 6 * * *", "enabled": true }]))
    })
}

/// Only the key opens these: a session token is bound to one account.
fn authorised(
    state: &State,
    request: &RecordedRequest,
    answer: impl FnOnce() -> Result<Value, Refusal>,
) -> Result<Response<Bytes>, Refusal> {
    auth::check_key(state, request)?;
    Ok(json_answer(StatusCode::OK, &answer()?))
}

fn customers(state: &State) -> Value {
    let show = |(id, apps): (String, Vec<String>)| json!({ "linked_account_id": id, "connected_apps": apps });
    state.accounts.list().into_iter().map(show).collect()
}

fn create(state: &State, request: &RecordedRequest) -> Result<Value, Refusal> {
    let body = read_object(request)?;
    let id = text(&body, "linked_account_id")
        .ok_or_else(|| Refusal::validation("linked_account_id is required"))?;
    let created = state.accounts.create(id, APPS.iter().map(|app| app.slug.to_owned()));
    Ok(json!({ "linked_account_id": id, "created": created }))
}

fn delete(state: &State, id: &str) -> Result<Value, Refusal> {
    if state.accounts.delete(id) {
        Ok(json!({ "linked_account_id": id, "deleted": true }))
    } else {
        Err(Refusal::new(StatusCode::NOT_FOUND, format!("Linked account {id} not found")))
    }
}

fn connect(state: &State, request: &RecordedRequest, app: &str) -> Result<Value, Refusal> {
    let id = request.header("linked_account_id").unwrap_or_default();
    if App::named(app).is_none() {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("Application app_type '{app}' not found")));
    }
    if state.accounts.connect(&id, app) {
        Ok(json!({ "success": true }))
    } else {
        Err(Refusal::validation("linked_account_id is required"))
    }
}

fn webhooks() -> Value {
    json!([{ "webhook_id": "wh_1", "url": "https://customer.example/hooks/refold", "events": ["*"] }])
}

fn environment() -> Value {
    json!([{ "key": "BILLING_DATABASE_URL", "value": "postgres://billing:sandbox-only@db.internal/billing" }])
}

fn workflows() -> Value {
    json!([{ "workflow_id": "wf_1", "name": "Nightly contact sync", "slug": "nightly-contact-sync" }])
}

fn tables() -> Value {
    json!([{ "table_id": "tb_1", "name": "Field mappings", "rows": 12 }])
}

fn mcp_servers() -> Value {
    json!([{ "server_id": "mcp_1", "name": "Support desk", "apps": ["hubspot", "slack"] }])
}

fn text<'a>(body: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
