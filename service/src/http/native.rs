//! The service's own API, for administrators: tenants, keys, plugins, credentials, grants, executions.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Asking, Checked, body, identify, only,
    openapi::{APP, Refusals, TENANT},
};
use crate::{
    admin::{Admin, AdminError, NewKey},
    answer::{Answer, Problem},
    caller::{Caller, Role},
    chain::Head,
    credential::{GivenCredential, NewCredential},
    definition::GrantDefinition,
    service::Shared,
    store::{self, Execution, KeyRow, PluginRow},
    verdict::Verdict,
};

/// The largest document in JSON.
const DOCUMENT: usize = 1 << 20;
/// The largest component; the host's own limit decides.
const COMPONENT: usize = 64 << 20;

pub(super) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(tenants))
        .routes(routes!(put_tenant))
        .routes(routes!(put_credential))
        .routes(routes!(get_grant, put_grant))
        .routes(routes!(roll_back))
        .routes(routes!(keys, new_key))
        .routes(routes!(revoke_key))
        .routes(routes!(plugins, new_plugin))
        .routes(routes!(executions))
        .routes(routes!(execution))
        .routes(routes!(settle))
        .routes(routes!(settle_by_reading))
        .routes(routes!(audit))
        .routes(routes!(verify))
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
        let (asking, _) = admit(parts, shared, &[Role::Viewer, Role::Admin]).map_err(|refused| *refused)?;
        Ok(Self { asking })
    }
}

impl FromRequestParts<Arc<Shared>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (asking, caller) = admit(parts, shared, &[Role::Admin]).map_err(|refused| *refused)?;
        Ok(Self { asking, admin: Admin::new(shared.clone(), caller.name) })
    }
}

fn admit(parts: &Parts, shared: &Shared, roles: &[Role]) -> Result<(Asking, Caller), Box<Response>> {
    let asking = Asking::new(parts);
    match identify(shared, &parts.headers, roles) {
        Ok(caller) => Ok((asking, caller)),
        Err((caller, why)) => Err(asking.reject(shared, caller.as_ref(), why).into()),
    }
}

impl Asking {
    fn conclude<T: Serialize>(&self, done: Result<(StatusCode, T), AdminError>) -> Response {
        let answer = |(status, body): (StatusCode, T)| match serde_json::to_value(body) {
            Ok(body) => Answer { status, ..Answer::ok(&body) },
            Err(error) => problem(&AdminError::Conflict(error.to_string())).answer(&self.id),
        };
        self.respond(done.map_or_else(|rejected| problem(&rejected).answer(&self.id), answer))
    }

    /// Answers with what was found.
    fn show<T: Serialize>(&self, found: Result<T, AdminError>) -> Response {
        self.conclude(found.map(|found| (StatusCode::OK, found)))
    }
}

impl Operator {
    /// Answers, and has the audit say what was refused.
    fn conclude<T: Serialize>(&self, done: Result<(StatusCode, T), AdminError>) -> Response {
        if let Err(rejected) = &done {
            let Self { asking, admin } = self;
            asking.note_refusal(admin.shared(), Some(admin.by()), None, &rejected.to_string());
        }
        self.asking.conclude(done)
    }

    fn show<T: Serialize>(&self, done: Result<T, AdminError>) -> Response {
        self.conclude(done.map(|done| (StatusCode::OK, done)))
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

#[derive(Serialize, ToSchema)]
struct Tenants {
    tenants: Vec<String>,
}

/// List the tenants
#[utoipa::path(get, path = "/tenants", tag = "tenants", responses((status = OK, body = Tenants), Refusals))]
async fn tenants(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    let tenants = shared.store.tenants().await.map_err(AdminError::Store);
    asking.show(tenants.map(|tenants| Tenants { tenants }))
}

#[derive(Serialize, ToSchema)]
struct Tenant {
    tenant: String,
}

/// Make a tenant
#[utoipa::path(put, path = "/tenants/{tenant}", tag = "tenants", params(("tenant" = String, Path, description = TENANT)),
    responses((status = CREATED, body = Tenant), (status = OK, description = "It was there before.", body = Tenant), Refusals))]
async fn put_tenant(asker: Operator, Checked(Path(tenant)): Checked<Path<String>>) -> Response {
    let made = asker.admin.new_tenant(&tenant).await;
    let status = |made| if made { StatusCode::CREATED } else { StatusCode::OK };
    asker.conclude(made.map(|made| (status(made), Tenant { tenant })))
}

#[derive(Serialize, ToSchema)]
struct StoredCredential {
    tenant: String,
    credential: String,
}

/// Store a credential, in place of the one of that name; it holds from the next call on
#[utoipa::path(put, path = "/tenants/{tenant}/credentials/{name}", tag = "tenants", request_body = GivenCredential,
    params(("tenant" = String, Path, description = TENANT), ("name" = String, Path, description = "What grants call it.")),
    responses((status = OK, body = StoredCredential), Refusals))]
async fn put_credential(
    asker: Operator,
    Checked(Path((tenant, name))): Checked<Path<(String, String)>>,
    Body(new): Body<NewCredential>,
) -> Response {
    let stored = asker.admin.put_credential(&tenant, &name, new).await;
    asker.show(stored.map(|()| StoredCredential { tenant, credential: name }))
}

#[derive(Serialize, ToSchema)]
struct HeldGrant {
    /// Counts up from 1.
    version: i64,
    definition: GrantDefinition,
}

/// Show the grant of a tenant for an app
#[utoipa::path(get, path = "/tenants/{tenant}/grants/{app}", tag = "grants",
    params(("tenant" = String, Path, description = TENANT), ("app" = String, Path, description = APP)),
    responses((status = OK, body = HeldGrant), Refusals))]
async fn get_grant(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Path((tenant, app))): Checked<Path<(String, String)>>,
) -> Response {
    let found = shared.store.grant(&tenant, &app, None).await.map_err(AdminError::Store);
    asking.show(found.and_then(|row| {
        let row = row.ok_or_else(|| AdminError::Missing("such grant".to_owned()))?;
        let definition =
            serde_json::from_str(&row.definition).map_err(|error| AdminError::Unusable(error.to_string()))?;
        Ok(HeldGrant { version: row.version, definition })
    }))
}

#[derive(Serialize, ToSchema)]
struct Version {
    /// Counts up from 1.
    version: i64,
}

/// Grant, from the next call on; calls that run keep the grant that they began under
#[utoipa::path(put, path = "/tenants/{tenant}/grants/{app}", tag = "grants", request_body = GrantDefinition,
    params(("tenant" = String, Path, description = TENANT), ("app" = String, Path, description = APP)),
    responses((status = OK, body = Version), Refusals))]
async fn put_grant(
    asker: Operator,
    Checked(Path((tenant, app))): Checked<Path<(String, String)>>,
    Body(definition): Body<GrantDefinition>,
) -> Response {
    let stored = asker.admin.put_grant(&tenant, &app, &definition).await;
    asker.show(stored.map(|version| Version { version }))
}

/// Grant again what an earlier version granted, as a new version
#[utoipa::path(post, path = "/tenants/{tenant}/grants/{app}/roll-back/{version}", tag = "grants",
    params(("tenant" = String, Path, description = TENANT), ("app" = String, Path, description = APP),
        ("version" = i64, Path, description = "The version to grant again.")),
    responses((status = OK, body = Version), Refusals))]
async fn roll_back(
    asker: Operator,
    Checked(Path((tenant, app, version))): Checked<Path<(String, String, i64)>>,
) -> Response {
    let stored = asker.admin.roll_back(&tenant, &app, version).await;
    asker.show(stored.map(|version| Version { version }))
}

#[derive(Serialize, ToSchema)]
struct Keys {
    keys: Vec<Key>,
}

/// A key, without what it opens doors with.
#[derive(Serialize, ToSchema)]
struct Key {
    /// The SHA-256 of the key, in hexadecimal digits.
    id: String,
    name: String,
    role: String,
    /// The only tenant that it speaks for; null means all.
    tenant: Option<String>,
}

/// List the keys that are not revoked
#[utoipa::path(get, path = "/keys", tag = "keys", responses((status = OK, body = Keys), Refusals))]
async fn keys(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    let keys = shared.store.keys().await.map_err(AdminError::Store);
    let key = |row: KeyRow| Key { id: row.hash, name: row.name, role: row.role, tenant: row.tenant };
    asking.show(keys.map(|keys| Keys { keys: keys.into_iter().map(key).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskedKey {
    /// What the audit calls whoever has it.
    name: String,
    role: Role,
    /// The only tenant that it is to speak for; without one, all. Of callers alone.
    #[serde(default)]
    tenant: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MadeKey {
    id: String,
    /// The key, shown this once.
    key: String,
}

/// Make a key
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = AskedKey,
    responses((status = CREATED, body = MadeKey), Refusals))]
async fn new_key(asker: Operator, Body(asked): Body<AskedKey>) -> Response {
    let made = asker.admin.new_key(&asked.name, asked.role, asked.tenant.as_deref()).await;
    let shown = |made: NewKey| MadeKey { id: made.id, key: made.key.expose_secret().to_owned() };
    asker.conclude(made.map(|made| (StatusCode::CREATED, shown(made))))
}

#[derive(Serialize, ToSchema)]
struct RevokedKey {
    id: String,
    revoked: bool,
}

/// Have a key open nothing from now on
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", params(("id" = String, Path, description = "The id of the key.")),
    responses((status = OK, body = RevokedKey), Refusals))]
async fn revoke_key(asker: Operator, Checked(Path(id)): Checked<Path<String>>) -> Response {
    let revoked = asker.admin.revoke_key(&id).await;
    asker.show(revoked.map(|()| RevokedKey { id, revoked: true }))
}

#[derive(Serialize, ToSchema)]
struct Plugins {
    /// Oldest first.
    plugins: Vec<Plugin>,
}

#[derive(Serialize, ToSchema)]
struct Plugin {
    /// Its digest, `sha256:…`.
    plugin: String,
    /// The public key that it was signed with, where that is asked for.
    signer: Option<String>,
    /// What was found when it was tried; null while it is not.
    verdict: Option<Verdict>,
    /// Milliseconds since 1970.
    uploaded_at: i64,
}

/// List the plugins
#[utoipa::path(get, path = "/plugins", tag = "plugins", responses((status = OK, body = Plugins), Refusals))]
async fn plugins(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    let plugins = shared.store.plugins().await.map_err(AdminError::Store);
    let plugin = |row: PluginRow| Plugin {
        plugin: row.digest,
        signer: row.signer,
        verdict: row.verdict,
        uploaded_at: row.created_at,
    };
    asking.show(plugins.map(|plugins| Plugins { plugins: plugins.into_iter().map(plugin).collect() }))
}

#[derive(Serialize, ToSchema)]
struct UploadedPlugin {
    /// Its digest, `sha256:…`.
    plugin: String,
}

/// Upload a plugin: a WebAssembly component
#[utoipa::path(post, path = "/plugins", tag = "plugins",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component."),
    params(("x-plugin-signature" = Option<String>, Header,
        description = "Ed25519 over the bytes of the component, in base64; needed where the service has signers.")),
    responses((status = CREATED, body = UploadedPlugin), Refusals))]
async fn new_plugin(asker: Operator, headers: HeaderMap, component: axum::body::Body) -> Response {
    let signature = only(&headers, "x-plugin-signature");
    let component = match body::read(&asker.asking, component, COMPONENT).await {
        Ok(component) => component,
        Err(refused) => return refused,
    };
    let kept = asker.admin.new_signed_plugin(&component, signature).await;
    asker.conclude(kept.map(|plugin| (StatusCode::CREATED, UploadedPlugin { plugin })))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of one tenant.
    tenant: Option<String>,
    /// In one state.
    state: Option<store::State>,
    /// How many: 1 to 1,000, 100 by default.
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
struct Executions {
    executions: Vec<Execution>,
}

/// List the newest executions that may have changed something, or that carry an idempotency key
#[utoipa::path(get, path = "/executions", tag = "executions", params(Which),
    responses((status = OK, body = Executions), Refusals))]
async fn executions(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<Which>>,
) -> Response {
    let limit = i64::from(which.limit.unwrap_or(100).clamp(1, 1000));
    let found = shared.store.executions(which.tenant.as_deref(), which.state, limit).await;
    asking.show(found.map(|executions| Executions { executions }).map_err(AdminError::Store))
}

/// Show an execution
#[utoipa::path(get, path = "/executions/{id}", tag = "executions",
    params(("id" = String, Path, description = "Its id, which is the request id of its caller.")),
    responses((status = OK, body = Execution), Refusals))]
async fn execution(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Path(id)): Checked<Path<String>>,
) -> Response {
    let found = shared.store.execution(&id).await.map_err(AdminError::Store);
    let missing = || AdminError::Missing("such execution".to_owned());
    asking.show(found.and_then(|found| found.ok_or_else(missing)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settling {
    /// Whether it ran.
    ran: bool,
    /// How that was found out.
    note: String,
}

#[derive(Serialize, ToSchema)]
struct Settled {
    id: String,
    ran: bool,
}

/// Say whether an execution that is in doubt ran: somebody has found out
#[utoipa::path(post, path = "/executions/{id}/settle", tag = "executions", request_body = Settling,
    params(("id" = String, Path, description = "The id of the execution.")),
    responses((status = OK, body = Settled), Refusals))]
async fn settle(
    asker: Operator,
    Checked(Path(id)): Checked<Path<String>>,
    Body(settling): Body<Settling>,
) -> Response {
    let settled = asker.admin.settle(&id, settling.ran, &settling.note).await;
    asker.show(settled.map(|()| Settled { id, ran: settling.ran }))
}

#[derive(Serialize, ToSchema)]
struct Found {
    id: String,
    /// Whether it ran; null when the action does not tell, and nothing is settled.
    ran: Option<bool>,
}

/// Settle an execution that is in doubt by the action that its grant names for the purpose, which reads
#[utoipa::path(post, path = "/executions/{id}/settle-by-reading", tag = "executions",
    params(("id" = String, Path, description = "The id of the execution.")),
    responses((status = OK, body = Found), Refusals))]
async fn settle_by_reading(asker: Operator, Checked(Path(id)): Checked<Path<String>>) -> Response {
    let found = asker.admin.settle_by_reading(&id).await;
    asker.show(found.map(|ran| Found { id, ran }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Lines {
    /// Of one request, by its id.
    correlation: Option<String>,
    /// Of one tenant.
    tenant: Option<String>,
    /// How many: 1 to 1,000, 100 by default.
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
struct AuditLines {
    /// The newest, oldest first.
    lines: Vec<Value>,
}

/// Show the newest lines of the audit trail
#[utoipa::path(get, path = "/audit", tag = "audit", params(Lines), responses((status = OK, body = AuditLines), Refusals))]
async fn audit(
    Viewer { asking }: Viewer,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<Lines>>,
) -> Response {
    let limit = i64::from(which.limit.unwrap_or(100).clamp(1, 1000));
    let found = shared.store.trail(which.correlation.as_deref(), which.tenant.as_deref(), limit).await;
    asking.show(found.map_err(AdminError::Store).and_then(|lines| {
        let lines: Result<Vec<Value>, _> =
            lines.iter().map(|line| serde_json::from_str(&line.text)).collect();
        let lines = lines.map_err(|error| AdminError::Conflict(format!("a line is damaged: {error}")))?;
        Ok(AuditLines { lines })
    }))
}

/// The end of a trail that is as it was written.
#[derive(Serialize, ToSchema)]
struct TrailEnd {
    lines: i64,
    /// Of the last line: SHA-256, in hexadecimal digits. Keep it elsewhere.
    hash: String,
}

/// Where a trail is not as it was written.
#[derive(Serialize, ToSchema)]
struct BrokenTrail {
    broken: String,
    /// The number of the last good line.
    after: i64,
}

/// Check the whole audit trail
#[utoipa::path(get, path = "/audit/verify", tag = "audit", responses((status = OK, body = TrailEnd),
    (status = CONFLICT, description = "Somebody has changed it.", body = BrokenTrail), Refusals))]
async fn verify(Viewer { asking }: Viewer, State(shared): Shares) -> Response {
    match shared.store.verify().await.map_err(AdminError::Store) {
        Ok(Ok(Head { sequence, hash })) => asking.show(Ok(TrailEnd { lines: sequence, hash })),
        Ok(Err(broken)) => {
            let told = BrokenTrail { broken: broken.to_string(), after: broken.after };
            asking.conclude(Ok((StatusCode::CONFLICT, told)))
        }
        Err(error) => asking.show(Err::<TrailEnd, _>(error)),
    }
}
