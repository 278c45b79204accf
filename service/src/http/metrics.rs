//! The page for Prometheus, and what is counted of every request.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Asking, identify_by, key};
use crate::{caller::Role, service::Shared};

/// Shows the metrics to viewers and administrators. Prometheus sends their key as it sends tokens.
pub(super) async fn page(asking: Asking, State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Err((caller, why)) = identify_by(&shared, key(&headers), &[Role::Viewer, Role::Admin]) {
        return asking.reject(&shared, caller.as_ref(), why);
    }
    match shared.telemetry.metrics.page() {
        Ok(page) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response(),
        Err(error) => asking.refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "SERVICE_ERROR",
            &format!("the metrics: {error}"),
        ),
    }
}

/// Counts every request, by the pattern of its path: what strangers send is no label.
pub(super) async fn count(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    shared.telemetry.metrics.http(method, route, response.status().as_u16(), began.elapsed());
    response
}

/// Names a method as OpenTelemetry does, which has one name for all that are not known.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}
