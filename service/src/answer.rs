//! What a caller of the upstream's API is answered: its shapes, and its envelope for errors.

use std::time::Duration;

use actionbox_host::{Action, Actor, Error, Outcome, Parameter, Sent};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::room::Full;

/// An answer that can be given again.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) retry_after: Option<Duration>,
}

/// An error in the upstream's envelope. Two fields come on top: `sent`, which says whether anything left for the app,
/// and `retryable`.
pub(crate) struct Problem<'a> {
    pub(crate) status: StatusCode,
    pub(crate) code: &'a str,
    pub(crate) message: String,
    pub(crate) sent: Sent,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<Duration>,
}

impl<'a> Problem<'a> {
    /// An error before anything was sent.
    pub(crate) fn new(status: StatusCode, code: &'a str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), sent: Sent::No, retryable: false, retry_after: None }
    }

    /// That there is no room for the call now, and that it may be made again.
    pub(crate) fn busy(full: Full) -> Self {
        let (status, of) = match full {
            Full::Service => (StatusCode::SERVICE_UNAVAILABLE, "the service"),
            Full::Tenant => (StatusCode::TOO_MANY_REQUESTS, "this tenant"),
        };
        let busy = Self::new(status, "BUSY", format!("{of} has as many calls running as it may; try again"));
        Self { retryable: true, retry_after: Some(Duration::from_secs(1)), ..busy }
    }

    pub(crate) fn answer(&self, request_id: &str) -> Answer {
        let reason = self.status.canonical_reason().unwrap_or("ERROR");
        let body = json!({
            "status_code": self.status.as_u16(),
            "http_error_type": reason.to_uppercase().replace(' ', "_"),
            "error_code": self.code,
            "message": self.message,
            "request_id": request_id,
            "sent": self.sent,
            "retryable": self.retryable,
        });
        Answer { status: self.status, body: body.to_string(), retry_after: self.retry_after }
    }

    /// Tells what a call ended with. The words of plugins are escaped and cut by the host.
    pub(crate) fn of(error: &Error) -> Problem<'static> {
        let (status, code) = status(error);
        let message = match error {
            // As the upstream says it.
            Error::UnknownApp { app, .. } => format!("Application app_type '{app}' not found"),
            Error::UnknownAction { app, action, .. } => {
                format!("Action {action} not found in Application {app}")
            }
            other => causes(other),
        };
        let retry_after = match error {
            Error::Throttled { retry_after, .. } => *retry_after,
            _ => None,
        };
        Problem { status, code, message, sent: error.sent(), retryable: error.is_retryable(), retry_after }
    }
}

fn status(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::InvalidName(_) | Error::UnknownApp { .. } | Error::UnknownAction { .. } => {
            (StatusCode::NOT_FOUND, "NOT_FOUND")
        }
        Error::InvalidParameters { .. } => (StatusCode::BAD_REQUEST, "VALIDATION_ERROR"),
        Error::Denied { .. } | Error::DeniedByPlugin { .. } => (StatusCode::FORBIDDEN, "DENIED"),
        Error::ReauthorizationRequired { .. } => (StatusCode::FORBIDDEN, "REAUTH_REQUIRED"),
        Error::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "THROTTLED"),
        Error::Limit { sent: Sent::No, .. } if error.actor() == Actor::Operator => {
            (StatusCode::TOO_MANY_REQUESTS, "LIMIT")
        }
        Error::Limit { .. } => (StatusCode::BAD_GATEWAY, "LIMIT"),
        Error::Unreachable { .. } => (StatusCode::BAD_GATEWAY, "UNREACHABLE"),
        Error::Withheld { .. } => (StatusCode::BAD_GATEWAY, "WITHHELD"),
        Error::Upstream { .. } => (StatusCode::BAD_GATEWAY, "UPSTREAM_ERROR"),
        Error::HeldBack { .. } => (StatusCode::SERVICE_UNAVAILABLE, "JOURNAL"),
        other => match other.actor() {
            Actor::Operator => (StatusCode::INTERNAL_SERVER_ERROR, "SERVICE_ERROR"),
            _ => (StatusCode::BAD_GATEWAY, "PLUGIN_ERROR"),
        },
    }
}

/// Tells an error and what caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        told.push_str(": ");
        told.push_str(&cause.to_string());
        next = cause.source();
    }
    told
}

impl Answer {
    pub(crate) fn ok(body: &Value) -> Self {
        Self { status: StatusCode::OK, body: body.to_string(), retry_after: None }
    }

    pub(crate) fn actions(actions: &[Action]) -> Self {
        let action = |action: &Action| {
            let mut json = json!({
                "action_id": action.id, "name": action.name, "description": action.description,
            });
            if let Some(tag) = &action.tag {
                json["tag"] = json!(tag);
            }
            json
        };
        Self::ok(&actions.iter().map(action).collect())
    }

    pub(crate) fn parameters(parameters: &[Parameter]) -> Self {
        let parameter = |parameter: &Parameter| {
            json!({
                "name": parameter.name, "label": parameter.label, "required": parameter.required,
                "type": parameter.kind.to_string(),
            })
        };
        Self::ok(&parameters.iter().map(parameter).collect())
    }

    pub(crate) fn outcome(outcome: &Outcome) -> Self {
        let (node_status, data, http_status) = match outcome {
            Outcome::Succeeded(success) => ("Success", &success.data, success.http_status),
            Outcome::Failed(failure) => (failure.node_status.as_str(), &failure.data, failure.http_status),
        };
        let mut json = json!({ "node_status": node_status, "data": data });
        if let Some(status) = http_status {
            json["http_status"] = json!(status);
        }
        Self::ok(&json)
    }
}
