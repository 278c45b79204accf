//! The service on the network: who asks, and which of the two APIs answers.

mod body;
pub(crate) mod console;
mod mcp;
mod metrics;
mod native;
mod openapi;
mod patient;
mod server;
mod upstream;

pub(crate) use mcp::Mcp;
pub(crate) use server::serve;

use std::{sync::Arc, time::Instant};

use crate::{
    answer::{Answer, Problem},
    caller::{self, Caller, Role},
    chain::Entry,
    service::Shared,
    store::now,
};
use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

fn router(shared: Arc<Shared>, mcp: Arc<Mcp>) -> Router {
    let (described, description) = OpenApiRouter::with_openapi(openapi::Description::openapi())
        .merge(upstream::routes())
        .nest("/v1", native::routes())
        .split_for_parts();
    // Written once: it is the same for everybody.
    let description = openapi::text(description);
    described
        .merge(console::routes())
        .merge(mcp::routes(mcp))
        .route("/openapi.json", get(async move || openapi::page(description)))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .fallback(async |asking: Asking| {
            asking.refuse(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such endpoint")
        })
        .method_not_allowed_fallback(async |asking: Asking| {
            asking.refuse(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "this endpoint has other methods",
            )
        })
        .route("/metrics", get(metrics::page))
        .layer(middleware::from_fn_with_state(shared.clone(), metrics::count))
        .with_state(shared)
}

/// Tells whether calls would be served: the database answers.
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    match shared.store.head().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// A request that has an id, and nothing more yet.
pub(crate) struct Asking {
    pub(super) id: Arc<str>,
    method: Method,
    uri: Uri,
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::new(parts))
    }
}

/// What is read from a path or a query, refused in the same envelope as everything else.
pub(super) struct Checked<E>(pub(super) E);

impl<S, E> FromRequestParts<S> for Checked<E>
where
    S: Sync,
    E: FromRequestParts<S, Rejection: std::fmt::Display>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        E::from_request_parts(parts, state).await.map(Self).map_err(|rejection| {
            Asking::new(parts).refuse(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", &rejection.to_string())
        })
    }
}

impl Asking {
    fn new(parts: &Parts) -> Self {
        Self::of(parts.method.clone(), parts.uri.clone())
    }

    fn of(method: Method, uri: Uri) -> Self {
        let id = format!("req_{:032x}", fastrand::u128(..)).into();
        Self { id, method, uri }
    }

    pub(super) fn refuse(&self, status: StatusCode, code: &str, message: &str) -> Response {
        self.respond(Problem::new(status, code, message).answer(&self.id))
    }

    /// Sends an answer, with the id of the request.
    pub(super) fn respond(&self, answer: Answer) -> Response {
        let mut response = Response::new(Body::from(answer.body));
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert("x-request-id", id);
        }
        if let Some(wait) = answer.retry_after {
            // Whole seconds (RFC 9110, 10.2.3), and no less than asked.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// Refuses a request, and has the audit say so.
    pub(super) fn reject(&self, shared: &Shared, caller: Option<&Caller>, why: Refused) -> Response {
        let tenant = caller.and_then(|caller| caller.tenant.as_deref());
        shared.telemetry.metrics.refusal(why.status.as_u16());
        self.note_refusal(shared, caller.map(|caller| &*caller.name), tenant, why.message);
        self.refuse(why.status, why.code, why.message)
    }

    /// Has the audit say that a request was refused, and why.
    pub(crate) fn note_refusal(
        &self,
        shared: &Shared,
        caller: Option<&str>,
        tenant: Option<&str>,
        why: &str,
    ) {
        let Some(untold) = shared.refusals.count(Instant::now()) else { return };
        let event = json!({
            "kind": "refused",
            "method": self.method.as_str(),
            // Cut, and escaped by JSON: it is whatever a stranger sends.
            "path": self.uri.path().chars().take(200).collect::<String>(),
            "caller": caller,
            "why": why,
            "untold_before": untold,
        });
        let (tenant, correlation) = (tenant.map(str::to_owned), Some(self.id.to_string()));
        shared.writer.note_soon(vec![Entry { at: now(), tenant, correlation, event }]);
    }
}

/// Why a request is refused before it means anything.
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Refused {
    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }
}

const NO_KEY: Refused = Refused::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Invalid Credentials");
const ANOTHER_ROLE: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "FORBIDDEN",
    "this key is for something else: callers execute, viewers look, administrators change",
);

/// Returns the only value of a header; nothing when there is none, or when there are several.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

/// Returns the key: the one in `x-api-key`, or the one that bears `authorization`. With two nobody knows who asks.
pub(super) fn key(headers: &HeaderMap) -> Option<&str> {
    let (has_key, bears) =
        (headers.contains_key("x-api-key"), headers.contains_key(header::AUTHORIZATION.as_str()));
    match (has_key, bears) {
        (true, false) => only(headers, "x-api-key"),
        (false, true) => {
            let (scheme, key) = only(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        }
        _ => None,
    }
}

/// Finds out who asks: the key is in `x-api-key`, as for the upstream.
fn identify(
    shared: &Shared,
    headers: &HeaderMap,
    roles: &[Role],
) -> Result<Caller, (Option<Caller>, Refused)> {
    identify_by(shared, only(headers, "x-api-key"), roles)
}

/// Finds out who has a key.
fn identify_by(
    shared: &Shared,
    key: Option<&str>,
    roles: &[Role],
) -> Result<Caller, (Option<Caller>, Refused)> {
    match key.and_then(|key| shared.directory.caller(&caller::digest(key))) {
        None => Err((None, NO_KEY)),
        Some(caller) if !roles.contains(&caller.role) => Err((Some(caller), ANOTHER_ROLE)),
        Some(caller) => Ok(caller),
    }
}
