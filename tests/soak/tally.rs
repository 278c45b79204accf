//! An audit sink that keeps nothing but sums, and checks them as they come: one event for every call and
//! every request, none after its call's, none twice.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actionbox_host::{AuditEvent, AuditSink};
use tokio::sync::watch;

/// How many requests each call of the soak may make.
pub(crate) const REQUESTS: usize = 6;

/// Longer than any call may take.
const LONG: Duration = Duration::from_secs(60);

/// The events of a host, summed up.
#[derive(Default)]
pub(crate) struct Tally {
    sums: Mutex<Sums>,
    calls: watch::Sender<u64>,
}

/// The sums.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sums {
    pub(crate) requests: u64,
    pub(crate) attempts: u64,
    pub(crate) tokens: u64,
    /// What does not add up.
    pub(crate) wrong: Vec<String>,
    /// The numbers of the requests of calls that have not ended.
    open: HashMap<u64, Vec<usize>>,
    /// Whether a call of this number has ended.
    ended: Vec<bool>,
}

impl Tally {
    /// Waits until that many calls have ended, and returns the sums.
    pub(crate) async fn ended(&self, calls: u64) -> Sums {
        let mut changes = self.calls.subscribe();
        let all = tokio::time::timeout(LONG, changes.wait_for(|ended| *ended >= calls)).await.is_ok();
        assert!(all, "of {calls} calls {} have ended after {LONG:?}", *self.calls.borrow());
        let sums = self.lock().clone();
        assert_eq!(sums.wrong, Vec::<String>::new(), "each call and each request has one event");
        assert_eq!(*self.calls.borrow(), calls, "events of calls that nobody made");
        assert!(sums.open.is_empty(), "requests without a call: {:?}", sums.open);
        assert!(sums.ended.iter().skip(1).all(|ended| *ended), "the calls are numbered from 1");
        sums
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sums {
    fn has_ended(&self, call: u64) -> bool {
        self.ended.get(call as usize).is_some_and(|ended| *ended)
    }

    fn end(&mut self, call: u64, requests: usize) {
        let mut seen = self.open.remove(&call).unwrap_or_default();
        seen.sort_unstable();
        // Of the requests beyond the limit only the first has an event.
        let expected = 1..=requests.min(REQUESTS + 1);
        if self.has_ended(call) || !seen.iter().copied().eq(expected) {
            self.wrong.push(format!("call {call} ended with {requests} requests and the events {seen:?}"));
        }
        let number = call as usize;
        if self.ended.len() <= number {
            self.ended.resize(number + 1, false);
        }
        self.ended[number] = true;
    }
}

impl AuditSink for Tally {
    fn record(&self, event: AuditEvent) {
        let mut sums = self.lock();
        match event {
            AuditEvent::Call(call) => {
                sums.end(call.call, call.requests);
                drop(sums);
                self.calls.send_modify(|ended| *ended += 1);
            }
            AuditEvent::Request(request) => {
                sums.requests += 1;
                sums.attempts += u64::from(request.attempts);
                if sums.has_ended(request.call) {
                    sums.wrong.push(format!("a request after its call: {request:?}"));
                }
                sums.open.entry(request.call).or_default().push(request.request);
            }
            AuditEvent::Token(token) => {
                sums.tokens += 1;
                if sums.has_ended(token.call) {
                    sums.wrong.push(format!("a request for a token after its call: {token:?}"));
                }
            }
            // What else there is to say of a call has no number to keep.
            _ => {}
        }
    }
}
