//! The books of one call: what its requests were, what became of them, and the audit event of each.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use tokio::sync::Notify;

use crate::{
    audit::{self, AuditEvent, RequestEvent, guest_request, request_line},
    cassette::NotRecorded,
    credential::CredentialError,
    effect::Effect,
    error::Sent,
    gate::{Context, client::SendFailure, screen::Withheld},
    grant::Refusal,
    limits::Exceeded,
};

/// Why a request gave the guest no answer.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    Refused(Refusal),
    Exceeded(Exceeded),
    Credential(CredentialError),
    HeldBack(String),
    Failed(SendFailure),
    Withheld(Withheld),
    NotRecorded(NotRecorded),
    Internal(String),
}

/// What the requests of one call did, kept true by the host's own tasks.
#[derive(Default)]
pub(crate) struct Books {
    totals: Mutex<Totals>,
    /// How many requests are on their way, and who waits until there is none.
    pending: AtomicUsize,
    settled: Notify,
}

/// The sums of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    /// How many requests the guest wanted to make.
    pub(crate) requests: usize,
    /// What stopped the latest request; `None` when it was answered.
    pub(crate) stop: Option<Stop>,
    /// The first bound that was passed.
    pub(crate) exceeded: Option<Exceeded>,
    /// The first request that a recording had no answer to.
    pub(crate) not_recorded: Option<NotRecorded>,
    /// Whether there was a request beyond the number of them.
    beyond: bool,
    sent_reads: Sent,
    sent_others: Option<Sent>,
}

impl Totals {
    /// Returns whether the request that mattered left: see [`Sent`].
    pub(crate) fn sent(&self) -> Sent {
        self.sent_others.unwrap_or(self.sent_reads)
    }
}

impl Books {
    pub(crate) fn totals(&self) -> Totals {
        self.lock().clone()
    }

    /// Counts a request that the guest wants to make, and returns its number, from 1.
    pub(crate) fn count_request(&self) -> usize {
        let mut totals = self.lock();
        totals.requests += 1;
        totals.requests
    }

    /// Notes that a bound was passed. The first one is the one reported.
    pub(crate) fn exceed(&self, exceeded: Exceeded) {
        self.lock().exceeded.get_or_insert(exceeded);
    }

    /// Notes a request beyond the number of them, and tells whether it is the first.
    pub(crate) fn exceed_requests(&self, exceeded: Exceeded) -> bool {
        let mut totals = self.lock();
        totals.exceeded.get_or_insert(exceeded);
        !std::mem::replace(&mut totals.beyond, true)
    }

    /// Returns the bound that was passed, which ends the call.
    pub(crate) fn exceeded(&self) -> Option<Exceeded> {
        self.lock().exceeded
    }

    /// Waits until no request is on its way. Each ends by the deadline of the call.
    pub(crate) async fn settle(&self) {
        while !self.is_settled() {
            let settled = self.settled.notified();
            // Whoever settles them from here on is heard; whoever has before is seen.
            if self.is_settled() {
                return;
            }
            settled.await;
        }
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.pending.load(SeqCst) == 0
    }

    fn lock(&self) -> MutexGuard<'_, Totals> {
        // Each change is one assignment: a panic cannot leave the sums half changed.
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of one request. Whatever happens to the request, dropping the entry completes the books.
pub(crate) struct Entry {
    context: Arc<Context>,
    event: Option<RequestEvent>,
    began: Instant,
    stop: Option<Stop>,
    /// When the try that is on its way began.
    trying: Option<Instant>,
}

/// What becomes of a request whose entry is dropped before anything else was noted.
const ABANDONED: &str = "abandoned by the plugin before it was complete";

/// Tells the answers that come from before the action: not authenticated, or throttled.
fn proves_it_did_not_run(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
}

impl Entry {
    /// Opens the entry of a request as the guest made it.
    pub(crate) fn open(context: &Arc<Context>, parts: &Parts, number: usize) -> Self {
        context.books.pending.fetch_add(1, SeqCst);
        let event = RequestEvent {
            call: context.call,
            correlation: context.correlation.clone(),
            request: number,
            tenant: context.grant.tenant().to_owned(),
            plugin: context.plugin.to_string(),
            // Unless it turns out to be a route.
            target: String::new(),
            guest_request: guest_request(parts),
            effect: None,
            rule: None,
            refusal: None,
            // Unless something becomes of it.
            result: String::new(),
            status: None,
            sent: Sent::No,
            attempts: 0,
            request_bytes: 0,
            response_bytes: 0,
            started: SystemTime::now(),
            upstream: Duration::ZERO,
            duration: Duration::ZERO,
        };
        Self { context: context.clone(), event: Some(event), began: Instant::now(), stop: None, trying: None }
    }

    /// Changes the event that will be handed to the audit.
    pub(crate) fn note(&mut self, change: impl FnOnce(&mut RequestEvent)) {
        self.event.as_mut().map(change);
    }

    /// Returns the request's number within the call, from 1.
    pub(crate) fn number(&self) -> usize {
        self.event.as_ref().map_or(0, |event| event.request)
    }

    /// Notes that the request is about to leave. Until [`end_try`](Self::end_try), nobody knows.
    pub(crate) fn begin_try(&mut self) {
        self.trying = Some(Instant::now());
        self.note(|event| event.attempts += 1);
    }

    /// Notes what became of one try.
    pub(crate) fn end_try(&mut self, last: &Result<Response<Bytes>, SendFailure>) {
        let took = self.trying.take().map_or(Duration::ZERO, |began| began.elapsed());
        let sent = match last {
            Ok(answer) if proves_it_did_not_run(answer.status()) => Sent::No,
            Ok(_) => Sent::Yes,
            Err(failure) => failure.sent(),
        };
        self.note(|event| {
            event.upstream += took;
            event.sent = event.sent.max(sent);
        });
    }

    /// Ends the entry with what stopped the request.
    pub(crate) fn stopped(&mut self, stop: Stop) -> Stop {
        if let Stop::Exceeded(exceeded) = &stop {
            self.context.books.exceed(*exceeded);
        }
        self.note(|event| {
            if let Stop::Refused(refusal) = &stop {
                event.refusal = Some(refusal.clone());
            }
            event.result = stop.label();
        });
        self.stop = Some(stop.clone());
        self.close();
        stop
    }

    /// Ends the entry of a request whose answer the guest gets.
    pub(crate) fn answered(&mut self) {
        self.note(|event| event.result = "answered".to_owned());
        self.close();
    }

    /// Completes the books, once.
    fn close(&mut self) {
        let Some(mut event) = self.event.take() else { return };
        event.duration = self.began.elapsed();
        if event.target.is_empty() {
            event.target = request_line(&event.guest_request).to_owned();
        }
        if event.result.is_empty() {
            event.result = ABANDONED.to_owned();
        }
        if let Some(began) = self.trying {
            event.upstream += began.elapsed();
            event.sent = event.sent.max(Sent::Unknown);
        }
        {
            let mut totals = self.context.books.lock();
            match event.effect {
                None | Some(Effect::Read) => totals.sent_reads = totals.sent_reads.max(event.sent),
                Some(_) => totals.sent_others = totals.sent_others.max(Some(event.sent)),
            }
            if let Some(Stop::NotRecorded(request)) = &self.stop {
                totals.not_recorded.get_or_insert_with(|| request.clone());
            }
            totals.stop = self.stop.take();
        }
        audit::record(&*self.context.host.audit, AuditEvent::Request(event));
        let books = &self.context.books;
        if books.pending.fetch_sub(1, SeqCst) == 1 {
            books.settled.notify_waiters();
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.close();
    }
}

impl Stop {
    /// Returns what the audit says: the kind, and for people why.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Refused(_) => "refused".to_owned(),
            Self::Exceeded(exceeded) => format!("over the limit {exceeded}"),
            Self::Credential(error) => format!("no credential: {error}"),
            Self::HeldBack(reason) => format!("held back: {reason}"),
            Self::Failed(failure) => failure.to_string(),
            Self::Withheld(reason) => format!("answer withheld: {reason}"),
            Self::NotRecorded(_) => "not recorded".to_owned(),
            Self::Internal(reason) => format!("not built: {reason}"),
        }
    }

    /// Returns what the guest learns: that it was stopped, by code, and nothing of why.
    pub(crate) fn for_guest(&self) -> wasmtime_wasi_http::Error {
        use wasmtime_wasi_http::Error;
        match self {
            Self::Refused(_) => Error::HttpRequestDenied,
            Self::Exceeded(Exceeded::RequestBytes(_)) => Error::HttpRequestBodySize(None),
            Self::Exceeded(Exceeded::ResponseBytes(_)) | Self::Failed(SendFailure::TooLarge) => {
                Error::HttpResponseBodySize(None)
            }
            Self::Exceeded(_) => Error::ConnectionLimitReached,
            Self::Credential(_) | Self::HeldBack(_) => Error::DestinationUnavailable,
            Self::Failed(SendFailure::Connect(_)) => Error::ConnectionRefused,
            Self::Failed(SendFailure::Tls(_)) => Error::TlsProtocolError,
            Self::Failed(SendFailure::Timeout { .. }) => Error::HttpResponseTimeout,
            Self::Failed(SendFailure::Broken(_)) => Error::HttpResponseIncomplete,
            Self::Withheld(_) => Error::HttpProtocolError,
            Self::NotRecorded(_) => Error::DestinationNotFound,
            Self::Internal(_) => Error::InternalError(None),
        }
    }
}
