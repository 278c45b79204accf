//! The body of a request, whole: how large it may be, and how long a client may take for it.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::StatusCode,
    response::Response,
};

use super::Asking;

/// How long a client may take.
const TIME: Duration = Duration::from_secs(60);

/// Reads a body to its end.
///
/// # Errors
///
/// An answer that says what is wrong with it.
pub(super) async fn read(asking: &Asking, body: Body, most: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(TIME, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let message = format!("the body is larger than {most} bytes, or broke off");
            Err(asking.refuse(StatusCode::PAYLOAD_TOO_LARGE, "BODY", &message))
        }
        Err(_) => Err(asking.refuse(StatusCode::REQUEST_TIMEOUT, "BODY", "the body took too long")),
    }
}
