//! The upstream's API, served here: its paths, its headers, its shapes. `x-api-key` is a key of this service,
//! `linked_account_id` the name of a tenant.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Asking, Checked, Refused, body, identify, only,
    openapi::{APP, Refusals, TENANT},
};
use crate::{
    answer::Problem,
    caller::Role,
    run::{Ask, Call, run},
    service::Shared,
    telemetry,
};

/// The largest body of a request, as large as the host would send on by default.
const BODY: usize = 1 << 20;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(describe)).routes(routes!(execute))
}

/// An action, as the upstream shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only there to be described; src/answer.rs writes it")]
struct Action {
    action_id: String,
    name: String,
    description: String,
    tag: Option<String>,
}

/// A parameter, as the upstream shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only there to be described; src/answer.rs writes it")]
struct Parameter {
    /// The key in the body of an execution.
    name: String,
    label: String,
    required: bool,
    r#type: String,
}

/// What became of an execution, as the upstream shows it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only there to be described; src/answer.rs writes it")]
struct Done {
    /// `Success`, or what the app said.
    node_status: String,
    data: Value,
    /// The app's own status.
    http_status: Option<u16>,
}

/// Whoever may call on behalf of a tenant.
struct OnBehalf {
    asking: Asking,
    caller: String,
    tenant: String,
    idempotency_key: Result<Option<String>, ()>,
    trace: telemetry::Caller,
}

const NO_TENANT: Refused =
    Refused::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "linked_account_id is required, once");
/// As for a key that there is none of: whoever asks learns nothing of other tenants.
const ANOTHER_TENANT: Refused = Refused::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Invalid Credentials");

impl FromRequestParts<Arc<Shared>> for OnBehalf {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let asking = Asking::new(parts);
        let caller = match identify(shared, &parts.headers, &[Role::Caller]) {
            Ok(caller) => caller,
            Err((caller, why)) => return Err(asking.reject(shared, caller.as_ref(), why)),
        };
        let Some(tenant) = only(&parts.headers, "linked_account_id").filter(|tenant| !tenant.is_empty())
        else {
            return Err(asking.reject(shared, Some(&caller), NO_TENANT));
        };
        if !caller.may_speak_for(tenant) {
            return Err(asking.reject(shared, Some(&caller), ANOTHER_TENANT));
        }
        let idempotency_key = match parts.headers.contains_key("idempotency-key") {
            false => Ok(None),
            true => only(&parts.headers, "idempotency-key")
                .filter(|key| (1..=255).contains(&key.len()))
                .map(|key| Some(key.to_owned()))
                .ok_or(()),
        };
        let trace = telemetry::Caller::of(&parts.headers);
        Ok(Self { tenant: tenant.to_owned(), caller: caller.name, asking, idempotency_key, trace })
    }
}

impl OnBehalf {
    /// Calls the plugin that the tenant has for the app.
    async fn call(self, shared: &Arc<Shared>, app: String, ask: Ask) -> Response {
        let id = self.asking.id.clone();
        let Some(assigned) = shared.directory.assigned(&self.tenant, &app) else {
            let message = format!(
                "Application Authentication not found for linked_account_id {:?} and app {app:?}",
                self.tenant
            );
            self.asking.note_refusal(shared, Some(&self.caller), Some(&self.tenant), &message);
            return self.asking.refuse(StatusCode::NOT_FOUND, "NOT_FOUND", &message);
        };
        let (caller, tenant) = (self.caller.clone(), self.tenant.clone());
        let call = Call { id, caller, tenant, app, ask, assigned, trace: self.trace };
        match run(shared, call).await {
            Ok(answer) => self.asking.respond(answer),
            Err(full) => {
                let busy = Problem::busy(full);
                self.asking.note_refusal(shared, Some(&self.caller), Some(&self.tenant), &busy.message);
                self.asking.respond(busy.answer(&self.asking.id))
            }
        }
    }
}

/// List the actions of an app
#[utoipa::path(get, path = "/api/v2/integration-schema/{app}/actions", tag = "actions",
    params(("app" = String, Path, description = APP), ("linked_account_id" = String, Header, description = TENANT)),
    responses((status = OK, body = Vec<Action>), Refusals))]
async fn list(
    caller: OnBehalf,
    State(shared): State<Arc<Shared>>,
    Checked(Path(app)): Checked<Path<String>>,
) -> Response {
    caller.call(&shared, app, Ask::List).await
}

/// Describe the parameters of an action
#[utoipa::path(get, path = "/api/v2/integration-schema/{app}/actions/{action}", tag = "actions",
    params(("app" = String, Path, description = APP), ("action" = String, Path, description = "The id of an action."),
        ("linked_account_id" = String, Header, description = TENANT)),
    responses((status = OK, body = Vec<Parameter>), Refusals))]
async fn describe(
    caller: OnBehalf,
    State(shared): State<Arc<Shared>>,
    Checked(Path((app, action))): Checked<Path<(String, String)>>,
) -> Response {
    caller.call(&shared, app, Ask::Describe(action)).await
}

/// Execute an action
#[utoipa::path(post, path = "/api/v2/integration-schema/{app}/actions/{action}/execute", tag = "actions",
    params(("app" = String, Path, description = APP), ("action" = String, Path, description = "The id of an action."),
        ("linked_account_id" = String, Header, description = TENANT),
        ("idempotency-key" = Option<String>, Header,
            description = "1 to 255 characters. The same request under the same key is carried out once.")),
    request_body(content = Object, description = "The parameters, a key each."),
    responses((status = OK, body = Done), Refusals))]
async fn execute(
    caller: OnBehalf,
    State(shared): State<Arc<Shared>>,
    Checked(Path((app, action))): Checked<Path<(String, String)>>,
    body: Body,
) -> Response {
    let body = match body::read(&caller.asking, body, BODY).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let invalid = |message: &str| caller.asking.refuse(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message);
    let Ok(idempotency_key) = caller.idempotency_key.clone() else {
        return invalid("idempotency-key has 1 to 255 characters, and comes once");
    };
    let parameters: Value = match serde_json::from_slice(&body) {
        Ok(parameters @ Value::Object(_)) => parameters,
        Ok(_) => return invalid("the body has to be a JSON object, a key per parameter"),
        Err(error) => return invalid(&format!("the body is not JSON: {error}")),
    };
    caller.call(&shared, app, Ask::Execute { action, parameters, idempotency_key }).await
}
