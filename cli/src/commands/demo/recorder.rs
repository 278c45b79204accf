//! The audit of the demonstration, kept in memory.

use std::sync::{Mutex, PoisonError};

use actionbox_host::{AuditEvent, AuditSink, RequestEvent};

/// Keeps the events of all requests.
#[derive(Default)]
pub(super) struct Recorder(Mutex<Vec<RequestEvent>>);

impl AuditSink for Recorder {
    fn record(&self, event: AuditEvent) {
        if let AuditEvent::Request(event) = event {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        }
    }
}

impl Recorder {
    /// Returns the latest request. The event is there when the call that made it returns.
    pub(super) fn last(&self) -> Option<RequestEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    /// Returns every request as the guest built it.
    pub(super) fn requests(&self) -> Vec<String> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|event| event.guest_request.clone()).collect()
    }
}
