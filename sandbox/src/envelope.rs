//! Answers: JSON bodies, and the one error envelope of every refusal.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

/// A refusal, not yet written as an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The name of the field that holds `code`: most services say `error_code`, some `error`.
    code_field: &'static str,
    header: Option<Hint>,
}

/// A header that tells the client what to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    Allow(&'static str),
    RetryAfter(u64),
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, code: "SERVER_ERROR", message: message.into(), code_field: "error_code", header: None }
    }

    /// A parameter or a body that is not what the action asks for.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self { code: "VALIDATION_ERROR", ..Self::new(StatusCode::BAD_REQUEST, message) }
    }

    pub(crate) fn invalid_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid Credentials")
    }

    pub(crate) fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        Self { header: Some(Hint::Allow(allow)), ..refusal }
    }

    pub(crate) fn throttled(retry_after_seconds: u64) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests, please try again later");
        Self { header: Some(Hint::RetryAfter(retry_after_seconds)), ..refusal }
    }

    pub(crate) fn not_connected(account: &str, app: &str) -> Self {
        let message =
            format!("Application Authentication not found for linked_account_id {account} and app {app}");
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// Writes the code as `error`, as the session service does.
    pub(crate) fn in_error_field(self) -> Self {
        Self { code_field: "error", ..self }
    }

    pub(crate) fn into_answer(self, request_id: String) -> Response<Bytes> {
        let mut envelope = Map::new();
        envelope.insert("status_code".into(), self.status.as_u16().into());
        envelope.insert("http_error_type".into(), error_type(self.status).into());
        envelope.insert(self.code_field.into(), self.code.into());
        envelope.insert("message".into(), self.message.into());
        envelope.insert("request_id".into(), request_id.into());
        let mut answer = json_answer(self.status, &Value::Object(envelope));
        let headers = answer.headers_mut();
        match self.header {
            Some(Hint::Allow(methods)) => drop(headers.insert(ALLOW, HeaderValue::from_static(methods))),
            Some(Hint::RetryAfter(seconds)) => drop(headers.insert(RETRY_AFTER, seconds.into())),
            None => {}
        }
        answer
    }
}

/// `NOT_FOUND` for 404, and so on: the reason phrase as a constant's name.
fn error_type(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("Unknown Error").to_uppercase().replace([' ', '-'], "_")
}

pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}

/// The answer of an execute that reached the connected app, whatever the app made of it.
pub(crate) fn node_answer(node_status: &str, data: Value, http_status: u16) -> Response<Bytes> {
    let body = json!({ "node_status": node_status, "data": data, "http_status": http_status });
    json_answer(StatusCode::OK, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(refusal: Refusal) -> Value {
        serde_json::from_slice(refusal.into_answer("r".into()).body()).unwrap()
    }

    #[test]
    fn envelope_has_the_documented_fields() {
        assert_eq!(
            body(Refusal::new(StatusCode::NOT_FOUND, "gone")),
            json!({"status_code": 404, "http_error_type": "NOT_FOUND", "error_code": "SERVER_ERROR",
                   "message": "gone", "request_id": "r"})
        );
    }

    #[test]
    fn session_service_says_error_instead_of_error_code() {
        let body = body(Refusal::validation("no").in_error_field());
        assert_eq!(body["error"], "VALIDATION_ERROR");
        assert!(body.get("error_code").is_none());
    }
}
