//! One recorded request, and what became of it.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, request::Parts};
use serde_json::Value;

use crate::{
    audit::escaped,
    error::Sent,
    gate::{books::Stop, client::SendFailure, route::Route},
    upstream::Upstream,
};

/// A request that a plugin made, and what became of it.
///
/// ```
/// use actionbox_host::{Cassette, Exchange};
///
/// /// Returns the parameters of every action that was executed.
/// fn executed(cassette: &Cassette) -> Vec<String> {
///     cassette.exchanges().into_iter().filter_map(|Exchange { body, .. }| body).collect()
/// }
/// assert!(executed(&Cassette::new()).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The URL, under the name by which plugins know the upstream.
    pub url: String,
    /// The body, JSON text; `None` of a request without one.
    pub body: Option<String>,
    /// What became of it.
    pub outcome: ExchangeOutcome,
}

/// What became of a recorded request.
///
/// ```
/// use actionbox_host::ExchangeOutcome;
///
/// fn show(outcome: &ExchangeOutcome) -> String {
///     match outcome {
///         ExchangeOutcome::Answered { status, body, .. } => format!("{status}, {} bytes", body.len()),
///         ExchangeOutcome::Stopped(reason) => format!("stopped by the host: {reason}"),
///         other => format!("no answer: {other:?}"),
///     }
/// }
/// assert_eq!(show(&ExchangeOutcome::TimedOut), "no answer: TimedOut");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExchangeOutcome {
    /// The plugin was shown an answer.
    Answered {
        /// The status.
        status: u16,
        /// The headers that a plugin is shown.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// No connection came about.
    Unconnected(String),
    /// No secure connection came about.
    Unsecured(String),
    /// No answer came in time.
    TimedOut,
    /// The connection broke before the answer was complete.
    Broken(String),
    /// The host stopped it, for this reason. It is not played: what a grant allows is decided anew.
    Stopped(String),
}

impl Exchange {
    /// Begins an exchange with what was asked, as [`ExchangeOutcome::TimedOut`].
    pub(super) fn asked(upstream: &Upstream, route: &Route, body: &Bytes) -> Self {
        // The gate has checked that it is a JSON object, so it is UTF-8.
        let body = (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned());
        Self {
            method: route.method().to_string(),
            url: format!("https://{}{}", upstream.authority(), route.path()),
            body,
            outcome: ExchangeOutcome::TimedOut,
        }
    }

    pub(super) fn stopped(parts: &Parts, stop: &Stop) -> Self {
        Self {
            method: escaped(parts.method.as_str()),
            url: escaped(&parts.uri.to_string()),
            body: None,
            outcome: ExchangeOutcome::Stopped(reason(stop)),
        }
    }

    /// Tells whether two requests are the same. How their bodies are spelled does not matter.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        (&self.method, &self.url) == (&other.method, &other.url) && self.body_value() == other.body_value()
    }

    pub(super) fn is_playable(&self) -> bool {
        !matches!(self.outcome, ExchangeOutcome::Stopped(_))
    }

    /// Returns the body as a value; `null` stands for none, which no request has for a body.
    pub(super) fn body_value(&self) -> Value {
        self.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }
}

impl ExchangeOutcome {
    pub(super) fn of(result: &Result<Response<Bytes>, Stop>) -> Self {
        match result {
            Ok(answer) => {
                let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
                let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
                Self::Answered {
                    status: answer.status().as_u16(),
                    headers: headers.collect(),
                    // The screen has checked that it is UTF-8.
                    body: String::from_utf8_lossy(answer.body()).into_owned(),
                }
            }
            Err(Stop::Failed(SendFailure::Connect(reason))) => Self::Unconnected(reason.clone()),
            Err(Stop::Failed(SendFailure::Tls(reason))) => Self::Unsecured(reason.clone()),
            Err(Stop::Failed(SendFailure::Timeout { .. })) => Self::TimedOut,
            Err(Stop::Failed(SendFailure::Broken(reason))) => Self::Broken(reason.clone()),
            Err(stop) => Self::Stopped(reason(stop)),
        }
    }

    pub(super) fn play(&self) -> Result<Response<Bytes>, Stop> {
        let failure = match self {
            Self::Answered { status, headers, body } => return answer(*status, headers, body),
            Self::Unconnected(reason) => SendFailure::Connect(reason.clone()),
            Self::Unsecured(reason) => SendFailure::Tls(reason.clone()),
            // Nothing leaves while a recording is played.
            Self::TimedOut => SendFailure::Timeout { sent: Sent::No },
            Self::Broken(reason) => SendFailure::Broken(reason.clone()),
            Self::Stopped(reason) => return Err(Stop::Internal(reason.clone())),
        };
        Err(Stop::Failed(failure))
    }
}

fn reason(stop: &Stop) -> String {
    match stop {
        Stop::Refused(refusal) => format!("refused: {refusal}"),
        stop => stop.label(),
    }
}

/// Makes a recorded answer one again. Whoever edits recordings may have written what is none.
fn answer(status: u16, headers: &[(String, String)], body: &str) -> Result<Response<Bytes>, Stop> {
    let mut answer =
        Response::builder().status(StatusCode::from_u16(status).map_err(|_| unusable("status"))?);
    for (name, value) in headers {
        answer = answer.header(name, value);
    }
    answer.body(Bytes::copy_from_slice(body.as_bytes())).map_err(|_| unusable("headers"))
}

fn unusable(what: &str) -> Stop {
    Stop::Internal(format!("the {what} of a recorded answer cannot be used"))
}
