//! Audit sinks that keep everything.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use actionbox_host::{AuditEvent, AuditSink, CallEvent, RequestEvent, TokenEvent};
use tokio::sync::watch;

/// Every event of a host, in order.
#[derive(Debug, Clone, Default)]
pub struct Audit(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    events: Mutex<Vec<AuditEvent>>,
    count: watch::Sender<usize>,
}

impl Audit {
    /// Returns all events so far.
    pub fn events(&self) -> Vec<AuditEvent> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the ends of calls so far.
    pub fn calls(&self) -> Vec<CallEvent> {
        let call = |event| if let AuditEvent::Call(call) = event { Some(call) } else { None };
        self.events().into_iter().filter_map(call).collect()
    }

    /// Returns the ends of requests so far.
    pub fn requests(&self) -> Vec<RequestEvent> {
        let request = |event| if let AuditEvent::Request(request) = event { Some(request) } else { None };
        self.events().into_iter().filter_map(request).collect()
    }

    /// Returns the requests for session tokens so far.
    pub fn tokens(&self) -> Vec<TokenEvent> {
        let token = |event| if let AuditEvent::Token(token) = event { Some(token) } else { None };
        self.events().into_iter().filter_map(token).collect()
    }

    /// Returns the only call's end.
    ///
    /// # Panics
    ///
    /// Panics when there are more calls, or none.
    pub fn call(&self) -> CallEvent {
        let calls = self.calls();
        assert_eq!(calls.len(), 1, "one event per call: {calls:#?}");
        calls.into_iter().next().expect("one")
    }

    /// Returns the only request's end.
    ///
    /// # Panics
    ///
    /// Panics when there are more requests, or none.
    pub fn request(&self) -> RequestEvent {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "one event per request: {requests:#?}");
        requests.into_iter().next().expect("one")
    }

    /// Waits until that many calls have ended.
    pub async fn calls_ended(&self, count: usize) {
        let mut changes = self.0.count.subscribe();
        while self.calls().len() < count {
            changes.changed().await.expect("the sender lives as long as this");
        }
    }
}

impl AuditSink for Audit {
    fn record(&self, event: AuditEvent) {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        self.0.count.send_modify(|count| *count += 1);
    }
}

/// The events of a host, by tenant: for hosts whose tenants are many tests.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashMap<String, Vec<AuditEvent>>>);

impl Ledger {
    /// Returns the events of a tenant so far, in order.
    pub fn events(&self, tenant: &str) -> Vec<AuditEvent> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(tenant).cloned().unwrap_or_default()
    }
}

impl AuditSink for Ledger {
    fn record(&self, event: AuditEvent) {
        let tenant = match &event {
            AuditEvent::Call(event) => &event.tenant,
            AuditEvent::Request(event) => &event.tenant,
            AuditEvent::Token(event) => &event.tenant,
            AuditEvent::Quarantine(event) => &event.who.tenant,
            other => panic!("an event of another kind: {other:?}"),
        };
        let tenant = tenant.clone();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().push(event);
    }
}
