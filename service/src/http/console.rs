//! The operator's console: a page that the service itself serves, and the API of that page alone.
//!
//! A browser holds a session, not a key, and can be made to send requests by any page that it shows. So the page's API
//! is apart from `/v1`, which knows no sessions, and each of its requests has to come from the console's own page: see
//! [`guard`].

mod act;
mod files;
mod guard;
mod look;
mod session;
mod sign_in;

pub(crate) use session::Sessions;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn},
    response::{Redirect, Response},
    routing::{get, post},
};
use serde_json::Value;

use crate::service::Shared;

/// What the console keeps in memory.
#[derive(Default)]
pub(crate) struct Console {
    pub(crate) sessions: Sessions,
    /// What is known of each plugin that was looked at, by its digest.
    inspections: Mutex<HashMap<String, Arc<Value>>>,
}

/// Scripts and styles come from the service, nothing comes from elsewhere, nobody frames the page, and no text becomes
/// markup: browsers that know trusted types refuse the functions that would make it so.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

pub(super) fn routes() -> Router<Arc<Shared>> {
    // Whole paths, and no nested router: the audit tells the path that was asked.
    Router::new()
        .route("/", get(async || Redirect::temporary("/console/")))
        .route("/console", get(async || Redirect::temporary("/console/")))
        .route("/console/", get(files::index))
        .route("/console/{file}", get(files::file))
        .route("/console/api/session", get(sign_in::session))
        .route("/console/api/sign-in", post(sign_in::sign_in))
        .route("/console/api/sign-out", post(sign_in::sign_out))
        .route("/console/api/overview", get(look::overview))
        .route("/console/api/rates", get(look::rates))
        .route("/console/api/tenants", get(look::tenants))
        .route("/console/api/tenants/{tenant}", get(look::tenant))
        .route("/console/api/grants", get(look::grants))
        .route("/console/api/grants/{tenant}/{app}", get(look::grant))
        .route("/console/api/grants/{tenant}/{app}/roll-back", post(act::roll_back))
        .route("/console/api/plugins", get(look::plugins))
        .route("/console/api/plugins/{digest}", get(look::plugin))
        .route("/console/api/executions", get(look::executions))
        .route("/console/api/executions/{id}/settle", post(act::settle))
        .route("/console/api/executions/{id}/settle-by-reading", post(act::settle_by_reading))
        .route("/console/api/calls/{id}", get(look::call))
        .route("/console/api/audit", get(look::audit))
        .route("/console/api/try", post(act::attempt))
        .layer(from_fn(protect))
}

/// Adds to each answer what keeps it where it belongs.
async fn protect(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // How long the service took, in milliseconds: what a browser's own tools show beside the network's part.
    let took = format!("app;dur={:.2}", began.elapsed().as_secs_f64() * 1e3);
    if let Ok(took) = HeaderValue::from_str(&took) {
        headers.insert("server-timing", took);
    }
    response
}
