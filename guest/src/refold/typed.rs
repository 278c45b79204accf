//! Asks for the endpoints by the import `actionbox:plugin/upstream`: one call of the host each.

use http::{HeaderValue, Response, StatusCode, header::RETRY_AFTER};

use super::route::Route;
use crate::{
    Error,
    bindings::actionbox::plugin::upstream::{self, Answer, ErrorCode},
    client::SendError,
};

/// Asks for an endpoint; an execute request has parameters.
pub(super) fn send(route: &Route<'_>, parameters: &str) -> Result<Response<Vec<u8>>, Error> {
    route.check_names()?;
    let answer = match route {
        Route::List { app } => upstream::list_actions(app),
        Route::Describe { app, action } => upstream::describe_action(app, action),
        Route::Execute { app, action } => upstream::execute_action(app, action, parameters),
    };
    Ok(response(answer.map_err(|code| SendError::of_code(name(code)))?)?)
}

fn response(answer: Answer) -> Result<Response<Vec<u8>>, SendError> {
    let unreadable = || SendError::NoAnswer { code: "http-protocol-error" };
    let mut response = Response::new(answer.body.into_bytes());
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| unreadable())?;
    if let Some(wait) = answer.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::try_from(wait).map_err(|_| unreadable())?);
    }
    Ok(response)
}

/// Returns the name of a code, which is that of the same code of `wasi:http`.
fn name(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::HttpRequestDenied => "http-request-denied",
        ErrorCode::HttpRequestBodySize => "http-request-body-size",
        ErrorCode::HttpResponseBodySize => "http-response-body-size",
        ErrorCode::ConnectionLimitReached => "connection-limit-reached",
        ErrorCode::DestinationUnavailable => "destination-unavailable",
        ErrorCode::ConnectionRefused => "connection-refused",
        ErrorCode::TlsProtocolError => "tls-protocol-error",
        ErrorCode::HttpResponseTimeout => "http-response-timeout",
        ErrorCode::HttpResponseIncomplete => "http-response-incomplete",
        ErrorCode::HttpProtocolError => "http-protocol-error",
        ErrorCode::DestinationNotFound => "destination-not-found",
        ErrorCode::InternalError => "internal-error",
    }
}
