//! Sends HTTP requests through `wasi:http`.
//!
//! The host decides which requests leave, rebuilds them and adds the credentials; a plugin names the
//! upstream by its public authority and sets no credential of its own.

pub(crate) mod code;
mod exchange;

use std::fmt;

pub(crate) use self::exchange::{Outgoing, exchange};

use crate::{
    bindings::wasi::http::types::ErrorCode,
    error::{Error, UpstreamFailure},
};

/// Sends a request and reads the whole answer.
///
/// A `content-length` is always set when there is a body. Nothing is sent twice. The upstream's refusals
/// are answers, not errors: look at the status.
///
/// # Errors
///
/// [`SendError`] when there is no answer; it tells whether the request may have been carried out.
///
/// # Panics
///
/// On targets other than WebAssembly, where there is no host to send anything.
///
/// # Examples
///
/// ```no_run
/// use actionbox_guest::{client, http::Request};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let request = Request::get("https://app.refold.ai/api/v2/integration-schema/hubspot/actions").body(vec![])?;
/// let response = client::send(request)?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub fn send(request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, SendError> {
    let (parts, body) = request.into_parts();
    exchange(Outgoing::from_parts(&parts, &body)?, |_| true)
}

/// Why a request has no answer.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Error, client::SendError};
///
/// let lost = SendError::NoAnswer { code: "http-response-timeout" };
/// assert!(lost.to_string().ends_with("whether the request was carried out is unknown"));
///
/// // As an error of the plugin it keeps what is known: a write that was lost is not to be repeated.
/// assert!(Error::from(lost).may_have_run());
/// assert!(!Error::from(SendError::NotSent { code: "connection-refused" }).may_have_run());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The request cannot be sent as it is. Carries the reason.
    InvalidRequest(String),
    /// The host does not let it out. It does not tell why; the operator's audit does.
    Denied,
    /// Nothing left, or not enough to act on.
    NotSent {
        /// The code of `wasi:http`, such as `connection-refused`.
        code: &'static str,
    },
    /// No usable answer came back. Whether the request was carried out is unknown.
    NoAnswer {
        /// The code of `wasi:http`, such as `http-response-timeout`.
        code: &'static str,
    },
}

impl From<ErrorCode> for SendError {
    fn from(error: ErrorCode) -> Self {
        Self::of_code(code::name(&error))
    }
}

impl SendError {
    /// Tells what the name of a code says about the request.
    pub(crate) fn of_code(code: &'static str) -> Self {
        match code {
            code::DENIED => Self::Denied,
            code if code::is_not_sent(code) => Self::NotSent { code },
            code => Self::NoAnswer { code },
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        let message = error.to_string();
        match error {
            SendError::InvalidRequest(_) => Self::Other(message),
            SendError::Denied => Self::Denied(message),
            SendError::NotSent { code } | SendError::NoAnswer { code } => {
                UpstreamFailure::new(message).code(code).into()
            }
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(reason) => write!(f, "the request cannot be sent: {reason}"),
            Self::Denied => f.write_str("the host does not let this request out"),
            Self::NotSent { code } => write!(f, "the request was not sent: {}", code::words(code)),
            Self::NoAnswer { code } => write!(
                f,
                "no usable answer came back ({}); whether the request was carried out is unknown",
                code::words(code)
            ),
        }
    }
}

impl std::error::Error for SendError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_host_is_denied() {
        let error = Error::from(SendError::from(ErrorCode::HttpRequestDenied));
        assert_eq!(error, Error::Denied("the host does not let this request out".into()));
        assert!(!error.may_have_run());
    }

    #[test]
    fn a_lost_answer_says_that_nobody_knows() {
        let error = Error::from(SendError::from(ErrorCode::HttpResponseTimeout));
        let Error::Upstream(failure) = &error else { panic!("{error:?}") };
        assert_eq!((failure.status, failure.code.as_deref()), (None, Some("http-response-timeout")));
        assert!(failure.message.contains("whether the request was carried out is unknown"));
        assert!(error.may_have_run());
    }

    #[test]
    fn a_refused_connection_says_that_nothing_was_sent() {
        let error = Error::from(SendError::from(ErrorCode::ConnectionRefused));
        let Error::Upstream(failure) = &error else { panic!("{error:?}") };
        assert_eq!(failure.message, "the request was not sent: connection refused");
        assert!(!error.may_have_run());
    }
}
