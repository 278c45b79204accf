//! What it means when an endpoint does not answer 2xx.

use std::time::Duration;

use http::{Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;

use super::route::Route;
use crate::{Error, Problem, UpstreamFailure};

/// What the error envelope says, as far as there is one: a gateway in between answers as it likes.
#[derive(Default)]
struct Envelope {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

/// Reads an answer that is no success.
pub(super) fn refusal(route: &Route<'_>, answer: &Response<Vec<u8>>) -> Error {
    let status = answer.status();
    let Envelope { code, message, request_id } = Envelope::read(answer.body());
    let said = message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let message = message.unwrap_or_else(|| format!("it answered {status} without a message"));

    if status == StatusCode::TOO_MANY_REQUESTS {
        return Error::Throttled { retry_after: retry_after(answer) };
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        || said.starts_with("application authentication not found")
        || mentions_reauthorization(answer.body())
    {
        return Error::ReauthorizationRequired(message);
    }
    if status == StatusCode::NOT_FOUND {
        if said.starts_with("application app_type") {
            return Error::unknown_app(route.app());
        }
        if let Some(action) = route.action()
            && said.starts_with("action ")
            && said.contains(" not found")
        {
            return Error::unknown_action(route.app(), action);
        }
    }
    if status == StatusCode::BAD_REQUEST
        && code.as_deref() == Some("VALIDATION_ERROR")
        && matches!(route, Route::Execute { .. })
    {
        return Problem { parameter: quoted(&message).map(str::to_owned), message }.into();
    }
    UpstreamFailure { status: Some(status.as_u16()), code, message, request_id }.into()
}

impl Envelope {
    fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(envelope)) = serde_json::from_slice(body) else { return Self::default() };
        let text = |key: &str| envelope.get(key).and_then(text);
        Self {
            code: text("error_code").or_else(|| text("error")),
            message: text("message"),
            request_id: text("request_id"),
        }
    }
}

/// Reads a string that says something, or a list of them.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The word may be the code, in the message, or in a field of its own.
fn mentions_reauthorization(body: &[u8]) -> bool {
    const WORD: &[u8] = b"reauth_required";
    body.windows(WORD.len()).any(|window| window.eq_ignore_ascii_case(WORD))
}

/// Reads the seconds to wait. A date is ignored: the sandbox has no clock that it should be trusted with.
fn retry_after(answer: &Response<Vec<u8>>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns the first name in single quotes, as in `Required parameter 'email' is missing`.
fn quoted(message: &str) -> Option<&str> {
    let name = message.split('\'').nth(1)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIST: Route<'_> = Route::List { app: "hubspot" };
    const DESCRIBE: Route<'_> = Route::Describe { app: "hubspot", action: "get_x" };
    const EXECUTE: Route<'_> = Route::Execute { app: "hubspot", action: "get_x" };
    const ALL: [Route<'_>; 3] = [LIST, DESCRIBE, EXECUTE];

    fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
        Response::builder().status(status).body(body.into()).expect("an answer")
    }

    fn envelope(status: u16, code: &str, message: &str) -> Response<Vec<u8>> {
        let body = json!({"status_code": status, "http_error_type": "X", "error_code": code, "message": message, "request_id": "r1"});
        answer(status, body.to_string())
    }

    fn upstream(error: Error) -> UpstreamFailure {
        match error {
            Error::Upstream(failure) => failure,
            other => panic!("no failure of the upstream: {other:?}"),
        }
    }

    #[test]
    fn an_unknown_app_is_told_from_an_unknown_action() {
        let app = envelope(404, "SERVER_ERROR", "Application app_type 'hubspot' not found");
        for route in ALL {
            assert_eq!(refusal(&route, &app), Error::unknown_app("hubspot"));
        }
        let action = envelope(404, "SERVER_ERROR", "Action get_x not found in Application hubspot");
        for route in [DESCRIBE, EXECUTE] {
            assert_eq!(refusal(&route, &action), Error::unknown_action("hubspot", "get_x"));
        }
        assert_eq!(upstream(refusal(&LIST, &action)).status, Some(404));
    }

    #[test]
    fn a_404_of_another_kind_is_no_unknown_action() {
        for body in ["", "<html>404</html>", r#"{"message":"Not Found"}"#, r#"{"message":"Actions are off"}"#]
        {
            for route in ALL {
                assert_eq!(upstream(refusal(&route, &answer(404, body))).status, Some(404), "{body}");
            }
        }
    }

    #[test]
    fn a_missing_parameter_is_named() {
        let missing = envelope(400, "VALIDATION_ERROR", "Required parameter 'email' is missing");
        let expected = Error::invalid("email", "Required parameter 'email' is missing");
        assert_eq!(refusal(&EXECUTE, &missing), expected);
        let vague = envelope(400, "VALIDATION_ERROR", "Body isn't what it should be, isn't it");
        assert_eq!(
            refusal(&EXECUTE, &vague),
            Problem::with_all("Body isn't what it should be, isn't it").into()
        );
        // Nothing was given that could be invalid.
        assert_eq!(upstream(refusal(&LIST, &missing)).status, Some(400));
        // Another code is another thing.
        assert_eq!(upstream(refusal(&EXECUTE, &envelope(400, "SERVER_ERROR", "no"))).status, Some(400));
    }

    #[test]
    fn the_code_may_be_called_error() {
        let body =
            r#"{"status_code":400,"error":"VALIDATION_ERROR","message":"Required parameter 'a' is missing"}"#;
        assert!(matches!(refusal(&EXECUTE, &answer(400, body)), Error::InvalidParameters(_)));
        let failure = upstream(refusal(&EXECUTE, &answer(500, r#"{"error":"BOOM","message":"m"}"#)));
        assert_eq!((failure.code.as_deref(), failure.request_id), (Some("BOOM"), None));
    }

    #[test]
    fn the_tenant_is_asked_to_connect_again() {
        let not_connected = "Application Authentication not found for linked_account_id x and app hubspot";
        for answer in [
            envelope(401, "SERVER_ERROR", "Invalid Credentials"),
            envelope(403, "SERVER_ERROR", "no"),
            answer(401, ""),
            envelope(400, "SERVER_ERROR", not_connected),
            envelope(404, "SERVER_ERROR", not_connected),
            envelope(400, "reauth_required", "token expired"),
            envelope(422, "SERVER_ERROR", "REAUTH_REQUIRED: token expired"),
            answer(400, r#"{"details":{"reason":"reauth_required"}}"#),
        ] {
            for route in ALL {
                let error = refusal(&route, &answer);
                assert!(matches!(error, Error::ReauthorizationRequired(_)), "{answer:?}: {error:?}");
            }
        }
    }

    #[test]
    fn being_throttled_carries_the_wait() {
        for (value, expected) in [
            (Some("3"), Some(3)),
            (Some(" 0 "), Some(0)),
            (Some("-1"), None),
            (Some("soon"), None),
            (Some("Wed, 21 Oct 2026 07:28:00 GMT"), None),
            (None, None),
        ] {
            let mut answer = answer(429, "<html>slow down</html>");
            if let Some(value) = value {
                answer.headers_mut().insert(RETRY_AFTER, value.parse().expect("a value"));
            }
            let retry_after = expected.map(Duration::from_secs);
            assert_eq!(refusal(&EXECUTE, &answer), Error::Throttled { retry_after }, "{value:?}");
        }
    }

    #[test]
    fn a_failure_keeps_what_was_said() {
        let failure = upstream(refusal(&EXECUTE, &envelope(503, "SERVER_ERROR", "try later")));
        let expected = UpstreamFailure {
            status: Some(503),
            code: Some("SERVER_ERROR".into()),
            message: "try later".into(),
            request_id: Some("r1".into()),
        };
        assert_eq!(failure, expected);
        let listed =
            upstream(refusal(&EXECUTE, &answer(500, r#"{"message":["a is bad","b too"],"error":{}}"#)));
        assert_eq!((listed.message.as_str(), listed.code), ("a is bad; b too", None));
    }

    #[test]
    fn a_body_that_is_no_envelope_is_not_repeated() {
        for body in
            ["", "<html>Bad Gateway</html>", "null", "[]", "\"x\"", "{", r#"{"message":7}"#, "\u{0}\u{1}"]
        {
            let failure = upstream(refusal(&EXECUTE, &answer(502, body)));
            assert_eq!(failure.message, "it answered 502 Bad Gateway without a message", "{body}");
        }
    }

    #[test]
    fn a_redirect_is_a_failure() {
        assert_eq!(upstream(refusal(&LIST, &answer(302, ""))).status, Some(302));
    }
}
