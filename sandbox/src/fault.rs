//! Faults: what a test has the server do instead of answering properly.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::envelope::{Refusal, json_answer};
use crate::record::RecordedRequest;

/// Something that goes wrong with one request, made by a constructor and narrowed by methods.
///
/// Faults are queued with [`Sandbox::inject`](crate::Sandbox::inject). A request takes the first queued
/// fault that it matches, and only that one. Unless narrowed, a fault matches every request; unless told
/// otherwise, it happens once, and *instead of* the request being carried out.
///
/// # Examples
///
/// A write that ran, but whose answer was lost, and then a gateway's error page for the next listing:
///
/// ```
/// use actionbox_sandbox::{Fault, StatusCode};
///
/// let lost = Fault::reset().on_path("/execute").after_execute();
/// let gateway = Fault::html_error(StatusCode::BAD_GATEWAY).on_method("GET");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    effect: Effect,
    after_execute: bool,
    headers: HeaderMap,
    method: Option<String>,
    path: Option<String>,
    /// How often it will still happen; `None` is for ever.
    times: Option<usize>,
}

#[derive(Debug, Clone)]
enum Effect {
    Latency(Duration),
    Hold(Arc<Semaphore>),
    Reset,
    Close,
    Hang,
    Status(StatusCode),
    Respond(Responder),
    Wire(Bytes),
    TruncatedBody,
    StalledBody,
    EndlessBody,
}

type Respond = dyn Fn(&RecordedRequest) -> Response<Bytes> + Send + Sync;

#[derive(Clone)]
struct Responder(Arc<Respond>);

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder")
    }
}

/// How a request comes to its end.
#[derive(Debug)]
pub(crate) enum Ending {
    Answer(Response<Bytes>),
    /// Half of the body, and then the connection breaks.
    Truncated(Response<Bytes>),
    /// Half of the body, and then nothing.
    Stalled(Response<Bytes>),
    /// The head, and then a body without end.
    Endless(Response<Bytes>),
    Reset,
    Close,
    Hang,
    Wire(Bytes),
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self {
            effect,
            after_execute: false,
            headers: HeaderMap::new(),
            method: None,
            path: None,
            times: Some(1),
        }
    }

    /// Waits before the request is carried out, or [after](Fault::after_execute), and answers properly.
    pub fn latency(duration: Duration) -> Self {
        Self::new(Effect::Latency(duration))
    }

    /// Waits for a permit before the request is carried out, or [after](Fault::after_execute), and answers
    /// properly: latency for tests that do not sleep.
    ///
    /// Start with `Semaphore::new(0)` and let one request go on by `add_permits(1)`; each uses up its
    /// permit. A closed semaphore lets every request go on.
    pub fn hold(permits: Arc<Semaphore>) -> Self {
        Self::new(Effect::Hold(permits))
    }

    /// Resets the connection without an answer: the client's next read fails.
    pub fn reset() -> Self {
        Self::new(Effect::Reset)
    }

    /// Closes the connection without an answer, in good order.
    pub fn close() -> Self {
        Self::new(Effect::Close)
    }

    /// Never answers, and keeps the connection open until the client goes.
    pub fn hang() -> Self {
        Self::new(Effect::Hang)
    }

    /// Answers a status, with the service's envelope.
    pub fn status(status: StatusCode) -> Self {
        Self::new(Effect::Status(status))
    }

    /// Answers 429 with the service's envelope and the given `Retry-After`, which need not be sensible.
    ///
    /// # Panics
    ///
    /// Panics if `retry_after` cannot be a header's value.
    pub fn throttled(retry_after: &str) -> Self {
        Self::status(StatusCode::TOO_MANY_REQUESTS).with_header("retry-after", retry_after)
    }

    /// Answers a status with an HTML page, as a gateway in between does.
    pub fn html_error(status: StatusCode) -> Self {
        Self::respond_with(move |_| {
            let page =
                format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
            respond(status, "text/html", page.into())
        })
    }

    /// Answers a status without a body.
    pub fn empty_body(status: StatusCode) -> Self {
        Self::respond_with(move |_| {
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = status;
            answer
        })
    }

    /// Answers 200 with all headers of the request in `data`, credentials included.
    pub fn echo_headers() -> Self {
        Self::respond_with(|request| {
            let data = json!({ "headers": header_object(request) });
            json_answer(
                StatusCode::OK,
                &json!({ "node_status": "Success", "data": data, "http_status": 200 }),
            )
        })
    }

    /// Answers 200 with all headers of the request, credentials included, in headers named
    /// `x-echo-` and their name.
    pub fn echo_headers_in_headers() -> Self {
        Self::respond_with(|request| {
            let mut answer = json_answer(StatusCode::OK, &json!({ "node_status": "Success", "data": {} }));
            for (name, value) in &request.headers {
                let name = HeaderName::try_from(format!("x-echo-{}", name.to_lowercase()));
                if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                    answer.headers_mut().append(name, value);
                }
            }
            answer
        })
    }

    /// Answers a 307 redirect, which keeps method and body, to any address.
    ///
    /// # Panics
    ///
    /// Panics if `location` cannot be a header's value.
    pub fn redirect(location: &str) -> Self {
        Self::empty_body(StatusCode::TEMPORARY_REDIRECT).with_header("location", location)
    }

    /// Answers a status with any JSON, or what says that it is JSON, as the body.
    pub fn json_body(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self::respond_with(move |_| respond(status, "application/json", body.clone()))
    }

    /// Answers what a function makes of the request: an echo in another encoding, for example.
    ///
    /// A `content-length` it sets is sent as it is.
    pub fn respond_with(
        respond: impl Fn(&RecordedRequest) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Effect::Respond(Responder(Arc::new(respond))))
    }

    /// Writes bytes to the connection as they are, whether HTTP or not, and closes it. A connection of
    /// HTTP/2 is reset instead.
    pub fn wire(bytes: impl Into<Bytes>) -> Self {
        Self::new(Effect::Wire(bytes.into()))
    }

    /// Carries the request out and answers half of the body that its `content-length` promises, and then
    /// breaks the connection.
    pub fn truncated_body() -> Self {
        Self::new(Effect::TruncatedBody)
    }

    /// Carries the request out and answers half of the body that its `content-length` promises, and then
    /// keeps silent until the client goes.
    pub fn stalled_body() -> Self {
        Self::new(Effect::StalledBody)
    }

    /// Answers 200 and a body of white space without end.
    pub fn endless_body() -> Self {
        Self::new(Effect::EndlessBody)
    }

    /// Happens after the request was carried out: a write has been done, whatever the answer says.
    pub fn after_execute(mut self) -> Self {
        self.after_execute = true;
        self
    }

    /// Adds a header to the answer, if the fault answers at all.
    ///
    /// # Panics
    ///
    /// Panics if the name or the value cannot be in a header; [`Fault::wire`] can send such things.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a valid header name");
        let value = HeaderValue::try_from(value).expect("a valid header value");
        self.headers.append(name, value);
        self
    }

    /// Happens only to requests of this method.
    pub fn on_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Happens only to requests whose target, undecoded, contains this text.
    pub fn on_path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Happens that many times.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Happens until [`Sandbox::clear_faults`](crate::Sandbox::clear_faults).
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn matches(&self, request: &RecordedRequest) -> bool {
        let method = self.method.as_deref().is_none_or(|method| request.method.as_str() == method);
        method && self.path.as_deref().is_none_or(|part| request.target.contains(part))
    }

    /// Lets the fault happen to a request that `carry_out` would answer properly.
    pub(crate) async fn happen(
        self,
        request: &RecordedRequest,
        request_id: String,
        carry_out: impl FnOnce() -> Response<Bytes>,
    ) -> Ending {
        let mut carry_out = Some(carry_out);
        let mut proper = |now: bool| carry_out.take_if(|_| now).map(|carry_out| carry_out());
        let done = proper(self.after_execute);
        let ending = match self.effect {
            Effect::Latency(duration) => {
                tokio::time::sleep(duration).await;
                Ending::Answer(done.or_else(|| proper(true)).unwrap_or_default())
            }
            Effect::Hold(permits) => {
                if let Ok(permit) = permits.acquire().await {
                    permit.forget();
                }
                Ending::Answer(done.or_else(|| proper(true)).unwrap_or_default())
            }
            Effect::TruncatedBody => Ending::Truncated(done.or_else(|| proper(true)).unwrap_or_default()),
            Effect::StalledBody => Ending::Stalled(done.or_else(|| proper(true)).unwrap_or_default()),
            Effect::EndlessBody => Ending::Endless(respond(StatusCode::OK, "application/json", Bytes::new())),
            Effect::Status(status) => {
                let message = status.canonical_reason().unwrap_or("Unknown Error");
                Ending::Answer(Refusal::new(status, message).into_answer(request_id))
            }
            Effect::Respond(Responder(respond)) => Ending::Answer(respond(request)),
            Effect::Reset => Ending::Reset,
            Effect::Close => Ending::Close,
            Effect::Hang => Ending::Hang,
            Effect::Wire(bytes) => Ending::Wire(bytes),
        };
        ending.with_headers(self.headers)
    }
}

impl Ending {
    fn with_headers(mut self, headers: HeaderMap) -> Self {
        if let Self::Answer(answer)
        | Self::Truncated(answer)
        | Self::Stalled(answer)
        | Self::Endless(answer) = &mut self
        {
            answer.headers_mut().extend(headers);
        }
        self
    }

    /// The status of the answer, if there is one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(answer)
            | Self::Truncated(answer)
            | Self::Stalled(answer)
            | Self::Endless(answer) => Some(answer.status().as_u16()),
            Self::Reset | Self::Close | Self::Hang | Self::Wire(_) => None,
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, fault: Fault) {
        self.queue().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.queue().clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.queue().len()
    }

    /// Takes the first fault that matches a request, once.
    pub(crate) fn take(&self, request: &RecordedRequest) -> Option<Fault> {
        let mut queue = self.queue();
        queue.retain(|fault| fault.times != Some(0));
        let fault = queue.iter_mut().find(|fault| fault.matches(request))?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        let taken = fault.clone();
        queue.retain(|fault| fault.times != Some(0));
        Some(taken)
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

fn header_object(request: &RecordedRequest) -> Map<String, Value> {
    let names = request.headers.iter().map(|(name, _)| name);
    names.map(|name| (name.clone(), request.header(name).into())).collect()
}
