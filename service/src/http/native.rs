//! The service's own API, for administrators: tenants, keys, plugins, credentials, grants, executions.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
    routing::{delete, get, post, put},
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Asking, Checked, body, identify, only};
use crate::{
    admin::{Admin, AdminError, NewCredential, NewKey},
    answer::{Answer, Problem},
    caller::{Caller, Role},
    definition::GrantDefinition,
    service::Shared,
    store,
};

/// The largest document in JSON.
const DOCUMENT: usize = 1 << 20;
/// The largest component; the host's own limit decides.
const COMPONENT: usize = 64 << 20;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/tenants", get(tenants))
        .route("/tenants/{tenant}", put(put_tenant))
        .route("/tenants/{tenant}/credentials/{name}", put(put_credential))
        .route("/tenants/{tenant}/grants/{app}", get(get_grant).put(put_grant))
        .route("/tenants/{tenant}/grants/{app}/roll-back/{version}", post(roll_back))
        .route("/keys", post(new_key))
        .route("/keys/{id}", delete(revoke_key))
        .route("/plugins", get(plugins).post(new_plugin))
        .route("/executions", get(executions))
        .route("/executions/{id}", get(execution))
        .route("/executions/{id}/settle", post(settle))
        .route("/audit", get(audit))
        .route("/audit/verify", get(verify))
}

/// Somebody who may look: a viewer, or an administrator.
struct Viewer {
    asking: Asking,
}

/// Somebody who may change things: an administrator.
struct Operator {
    asking: Asking,
    admin: Admin,
}

impl FromRequestParts<Arc<Shared>> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (asking, _) = admit(parts, shared, &[Role::Viewer, Role::Admin])?;
        Ok(Self { asking })
    }
}

impl FromRequestParts<Arc<Shared>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (asking, caller) = admit(parts, shared, &[Role::Admin])?;
        Ok(Self { asking, admin: Admin::new(shared.clone(), caller.name) })
    }
}

fn admit(parts: &Parts, shared: &Shared, roles: &[Role]) -> Result<(Asking, Caller), Response> {
    let asking = Asking::new(parts);
    match identify(shared, &parts.headers, roles) {
        Ok(caller) => Ok((asking, caller)),
        Err((caller, why)) => Err(asking.reject(shared, caller.as_ref(), why)),
    }
}

impl Asking {
    fn conclude(&self, done: Result<(StatusCode, Value), AdminError>) -> Response {
        match done {
            Ok((status, body)) => self.respond(Answer { status, ..Answer::ok(&body) }),
            Err(rejected) => self.respond(problem(&rejected).answer(&self.id)),
        }
    }
}

pub(super) fn problem(rejected: &AdminError) -> Problem<'static> {
    let (status, code) = match rejected {
        AdminError::Invalid(_) | AdminError::Component(_) => (StatusCode::BAD_REQUEST, "VALIDATION_ERROR"),
        AdminError::Unsigned(_) => (StatusCode::FORBIDDEN, "UNSIGNED"),
        AdminError::Unusable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "UNUSABLE"),
        AdminError::Missing(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        AdminError::Conflict(_) => (StatusCode::CONFLICT, "CONFLICT"),
        AdminError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "DATABASE"),
        AdminError::Sealed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "SERVICE_ERROR"),
    };
    Problem::new(status, code, rejected.to_string())
}

/// A body in JSON, refused in the same envelope as everything else. What is wrong with it is told without its values:
/// one of them may be a secret.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &Arc<Shared>) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let asking = Asking::new(&parts);
        let invalid = |message: &str| asking.refuse(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message);
        let bytes = body::read(&asking, body, DOCUMENT).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            invalid(&format!(
                "the body is not what this endpoint takes, at line {}, column {}: see the documentation",
                error.line(),
                error.column()
            ))
        })
    }
}

type Shares = State<Arc<Shared>>;

async fn tenants(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    let tenants = shared.store.tenants().await.map_err(AdminError::Store);
    asking.conclude(tenants.map(|tenants| (StatusCode::OK, json!({ "tenants": tenants }))))
}

async fn put_tenant(asker: Operator, Checked(Path(tenant)): Checked<Path<String>>) -> Response {
    let made = asker.admin.new_tenant(&tenant).await;
    let status = |made| if made { StatusCode::CREATED } else { StatusCode::OK };
    asker.asking.conclude(made.map(|made| (status(made), json!({ "tenant": tenant }))))
}

async fn put_credential(
    asker: Operator,
    Checked(Path((tenant, name))): Checked<Path<(String, String)>>,
    Body(new): Body<NewCredential>,
) -> Response {
    let stored = asker.admin.put_credential(&tenant, &name, new).await;
    asker.asking.conclude(stored.map(|()| (StatusCode::OK, json!({ "tenant": tenant, "credential": name }))))
}

async fn get_grant(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Path((tenant, app))): Checked<Path<(String, String)>>,
) -> Response {
    let found = shared.store.grant(&tenant, &app, None).await.map_err(AdminError::Store);
    asking.conclude(found.and_then(|row| {
        let row = row.ok_or_else(|| AdminError::Missing("such grant".to_owned()))?;
        let definition: Value =
            serde_json::from_str(&row.definition).map_err(|error| AdminError::Unusable(error.to_string()))?;
        Ok((StatusCode::OK, json!({ "version": row.version, "definition": definition })))
    }))
}

async fn put_grant(
    asker: Operator,
    Checked(Path((tenant, app))): Checked<Path<(String, String)>>,
    Body(definition): Body<GrantDefinition>,
) -> Response {
    let stored = asker.admin.put_grant(&tenant, &app, &definition).await;
    asker.asking.conclude(stored.map(|version| (StatusCode::OK, json!({ "version": version }))))
}

async fn roll_back(
    asker: Operator,
    Checked(Path((tenant, app, version))): Checked<Path<(String, String, i64)>>,
) -> Response {
    let stored = asker.admin.roll_back(&tenant, &app, version).await;
    asker.asking.conclude(stored.map(|version| (StatusCode::OK, json!({ "version": version }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedKey {
    name: String,
    role: Role,
    #[serde(default)]
    tenant: Option<String>,
}

async fn new_key(asker: Operator, Body(asked): Body<AskedKey>) -> Response {
    let made = asker.admin.new_key(&asked.name, asked.role, asked.tenant.as_deref()).await;
    let shown = |made: NewKey| json!({ "id": made.id, "key": made.key.expose_secret() });
    asker.asking.conclude(made.map(|made| (StatusCode::CREATED, shown(made))))
}

async fn revoke_key(asker: Operator, Checked(Path(id)): Checked<Path<String>>) -> Response {
    let revoked = asker.admin.revoke_key(&id).await;
    asker.asking.conclude(revoked.map(|()| (StatusCode::OK, json!({ "id": id, "revoked": true }))))
}

async fn plugins(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    let plugins = shared.store.plugins().await.map_err(AdminError::Store);
    asking.conclude(plugins.map(|plugins| (StatusCode::OK, json!({ "plugins": plugins }))))
}

async fn new_plugin(asker: Operator, headers: HeaderMap, component: axum::body::Body) -> Response {
    let signature = only(&headers, "x-plugin-signature");
    let component = match body::read(&asker.asking, component, COMPONENT).await {
        Ok(component) => component,
        Err(refused) => return refused,
    };
    let kept = asker.admin.new_signed_plugin(&component, signature).await;
    asker.asking.conclude(kept.map(|digest| (StatusCode::CREATED, json!({ "plugin": digest }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    tenant: Option<String>,
    state: Option<store::State>,
    limit: Option<u16>,
}

async fn executions(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<Which>>,
) -> Response {
    let limit = i64::from(which.limit.unwrap_or(100).clamp(1, 1000));
    let found = shared.store.executions(which.tenant.as_deref(), which.state, limit).await;
    let found = found.map_err(AdminError::Store);
    asking.conclude(found.map(|found| (StatusCode::OK, json!({ "executions": found }))))
}

async fn execution(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Path(id)): Checked<Path<String>>,
) -> Response {
    let found = shared.store.execution(&id).await.map_err(AdminError::Store);
    asking.conclude(found.and_then(|found| {
        let found = found.ok_or_else(|| AdminError::Missing("such execution".to_owned()))?;
        Ok((StatusCode::OK, json!(found)))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    /// Whether it ran.
    ran: bool,
    /// How that was found out.
    note: String,
}

async fn settle(
    asker: Operator,
    Checked(Path(id)): Checked<Path<String>>,
    Body(verdict): Body<Verdict>,
) -> Response {
    let settled = asker.admin.settle(&id, verdict.ran, &verdict.note).await;
    asker.asking.conclude(settled.map(|()| (StatusCode::OK, json!({ "id": id, "ran": verdict.ran }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    correlation: Option<String>,
    tenant: Option<String>,
    limit: Option<u16>,
}

async fn audit(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<Lines>>,
) -> Response {
    let limit = i64::from(which.limit.unwrap_or(100).clamp(1, 1000));
    let found = shared.store.trail(which.correlation.as_deref(), which.tenant.as_deref(), limit).await;
    asking.conclude(found.map_err(AdminError::Store).and_then(|lines| {
        let lines: Result<Vec<Value>, _> =
            lines.iter().map(|line| serde_json::from_str(&line.text)).collect();
        let lines = lines.map_err(|error| AdminError::Conflict(format!("a line is damaged: {error}")))?;
        Ok((StatusCode::OK, json!({ "lines": lines })))
    }))
}

async fn verify(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    let verified = shared.store.verify().await.map_err(AdminError::Store);
    asking.conclude(verified.map(|trail| match trail {
        Ok(head) => (StatusCode::OK, json!({ "lines": head.sequence, "hash": head.hash })),
        Err(broken) => (StatusCode::CONFLICT, json!({ "broken": broken.to_string(), "after": broken.after })),
    }))
}
