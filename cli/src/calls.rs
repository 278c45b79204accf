//! What calls did: kept from the audit, which is logged as well.

use std::sync::{Mutex, PoisonError};

use actionbox_host::{AuditEvent, AuditSink, CallEvent, Effect, Operation, RequestEvent, TracingSink};

/// A call that ended, and the requests that it wanted to make.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) call: CallEvent,
    pub(crate) requests: Vec<RequestEvent>,
}

impl Made {
    /// Returns the requests that got no answer.
    pub(crate) fn stopped(&self) -> impl Iterator<Item = &RequestEvent> {
        self.requests.iter().filter(|request| !is_answered(request))
    }

    /// Tells whether the call was one that may have changed something.
    pub(crate) fn may_change(&self) -> bool {
        self.call.operation == Operation::Execute && self.call.effect != Some(Effect::Read)
    }

    /// Returns the requests that brought nothing: stopped, or answered with the status of an error.
    pub(crate) fn fruitless(&self) -> impl Iterator<Item = &RequestEvent> {
        self.requests.iter().filter(|request| !is_answered(request) || request.status >= Some(400))
    }
}

/// Tells whether the plugin was shown an answer. The audit has a word for it.
pub(crate) fn is_answered(request: &RequestEvent) -> bool {
    request.result == "answered"
}

/// Says which request it was, and what became of it.
pub(crate) fn what_became(request: &RequestEvent) -> String {
    let reason = match (&request.refusal, request.status) {
        (Some(refusal), _) => format!("refused: {refusal}"),
        (None, Some(status)) if is_answered(request) => format!("answered with status {status}"),
        (None, _) => request.result.clone(),
    };
    format!("request {}, {}: {reason}", request.request, request.target)
}

/// Keeps calls as they end, until they are taken.
#[derive(Default)]
pub(crate) struct Calls(Mutex<State>);

#[derive(Default)]
struct State {
    ended: Vec<Made>,
    /// Requests of calls that go on.
    requests: Vec<RequestEvent>,
}

impl AuditSink for Calls {
    fn record(&self, event: AuditEvent) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &event {
            AuditEvent::Request(request) => state.requests.push(request.clone()),
            AuditEvent::Call(call) => {
                let requests = state.requests.extract_if(.., |request| request.call == call.call).collect();
                state.ended.push(Made { call: call.clone(), requests });
            }
            _ => {}
        }
        drop(state);
        TracingSink.record(event);
    }
}

impl Calls {
    /// Takes the calls that have ended, in the order in which they did.
    pub(crate) fn take(&self) -> Vec<Made> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).ended)
    }

    /// Takes the calls that have ended and were made for a reason: see `Plugin::correlated`.
    pub(crate) fn take_of(&self, reason: &str) -> Vec<Made> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended.extract_if(.., |made| made.call.correlation.as_deref() == Some(reason)).collect()
    }
}
