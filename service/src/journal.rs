//! Between the host and the database: what is about to leave is written down before it does, and what the host tells
//! the audit is kept until its call has ended.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actionbox_host::{AuditEvent, AuditSink, BeforeSend, BoxFuture, Effect, RequestEvent, SendIntent, Sent};
use serde_json::{Value, json};

use crate::{
    chain::Entry,
    digest::sha256,
    writer::{Change, Done, Ended, Send, Writer},
};

/// Writes down what is about to leave.
pub(crate) struct Journal(pub(crate) Writer);

impl BeforeSend for Journal {
    fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            if intent.effect == Effect::Read {
                return Ok(());
            }
            let Some(execution) = &intent.correlation else {
                return Err("nobody has begun an execution for it".to_owned());
            };
            let send = Send {
                execution: execution.to_string(),
                request: i64::try_from(intent.request).unwrap_or(i64::MAX),
                app: intent.route.app().to_string(),
                action: intent.route.action().map_or_else(String::new, ToString::to_string),
                effect: intent.effect.as_str(),
                body_digest: sha256(&intent.body),
            };
            match self.0.make(Change::Send(send)).await {
                Ok(Done::Nothing) => Err("another process has taken this execution for lost".to_owned()),
                Ok(_) => Ok(()),
                Err(error) => Err(format!("the journal: {error}")),
            }
        })
    }
}

/// Keeps the events of each call that runs, by its correlation.
pub(crate) struct Collector {
    open: Mutex<HashMap<Arc<str>, Vec<AuditEvent>>>,
    writer: Writer,
}

impl Collector {
    pub(crate) fn new(writer: Writer) -> Self {
        Self { open: Mutex::default(), writer }
    }

    /// Keeps events of this name from now on, until they are taken.
    pub(crate) fn open(&self, correlation: &Arc<str>) {
        self.lock().insert(correlation.clone(), Vec::new());
    }

    pub(crate) fn take(&self, correlation: &str) -> Vec<AuditEvent> {
        self.lock().remove(correlation).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Vec<AuditEvent>>> {
        // Each change is one call: a panic leaves nothing half done.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditSink for Collector {
    fn record(&self, event: AuditEvent) {
        if let Some(name) = correlation(&event).cloned()
            && let Some(events) = self.lock().get_mut(&name)
        {
            return events.push(event);
        }
        // Nobody takes it: it belongs to no call, or comes after its end.
        self.writer.note_soon(vec![entry(&event)]);
    }
}

fn correlation(event: &AuditEvent) -> Option<&Arc<str>> {
    match event {
        AuditEvent::Call(call) => call.correlation.as_ref(),
        AuditEvent::Request(request) => request.correlation.as_ref(),
        AuditEvent::Token(token) => token.correlation.as_ref(),
        _ => None,
    }
}

/// Returns what became of the requests that may have changed something.
pub(crate) fn ended(events: &[AuditEvent]) -> Vec<Ended> {
    let ended = |request: &RequestEvent| Ended {
        request: i64::try_from(request.request).unwrap_or(i64::MAX),
        state: match request.sent {
            Sent::No => "not_sent",
            Sent::Unknown => "in_doubt",
            Sent::Yes => "answered",
        },
        status: request.status,
    };
    events.iter().filter_map(changing).map(ended).collect()
}

/// Tells whether nobody knows if something ran: by what left, whatever the plugin says.
pub(crate) fn is_in_doubt(events: &[AuditEvent]) -> bool {
    events.iter().filter_map(changing).any(|request| request.sent == Sent::Unknown)
}

/// Tells whether the gate refused a request.
pub(crate) fn is_refused(events: &[AuditEvent]) -> bool {
    events.iter().any(|event| matches!(event, AuditEvent::Request(request) if request.refusal.is_some()))
}

/// Returns whether anything left that may change something.
pub(crate) fn sent(events: &[AuditEvent]) -> Sent {
    events.iter().filter_map(changing).map(|request| request.sent).max().unwrap_or_default()
}

fn changing(event: &AuditEvent) -> Option<&RequestEvent> {
    match event {
        AuditEvent::Request(request) if request.effect > Some(Effect::Read) => Some(request),
        _ => None,
    }
}

/// Returns the line of the audit for an event.
pub(crate) fn entry(event: &AuditEvent) -> Entry {
    let (at, tenant, json) = match event {
        AuditEvent::Call(e) => (
            e.started,
            &e.tenant,
            json!({
                "kind": "call", "call": e.call, "plugin": e.plugin, "operation": e.operation.to_string(), "app": e.app,
                "action": e.action, "effect": e.effect, "result": e.result, "sent": e.sent, "requests": e.requests,
                "memory_bytes": e.memory_bytes, "queued_us": micros(e.queued),
                "instantiation_us": micros(e.instantiation), "cpu_us": micros(e.cpu_time),
                "duration_us": micros(e.duration),
            }),
        ),
        AuditEvent::Request(e) => (
            e.started,
            &e.tenant,
            json!({
                "kind": "request", "call": e.call, "request": e.request, "plugin": e.plugin, "target": e.target,
                "effect": e.effect, "rule": e.rule.map(|rule| rule.to_string()),
                "refusal": e.refusal.as_ref().map(ToString::to_string), "result": e.result, "status": e.status,
                "sent": e.sent, "attempts": e.attempts, "request_bytes": e.request_bytes,
                "response_bytes": e.response_bytes, "upstream_us": micros(e.upstream),
                "duration_us": micros(e.duration),
            }),
        ),
        AuditEvent::Token(e) => (
            e.started,
            &e.tenant,
            json!({
                "kind": "token", "call": e.call, "forced": e.forced, "result": e.result,
                "duration_us": micros(e.duration),
            }),
        ),
        AuditEvent::Quarantine(e) => (
            e.started,
            &e.who.tenant,
            json!({ "kind": "quarantine", "call": e.call, "plugin": e.who.plugin, "upstream": e.who.upstream }),
        ),
        // A newer host has events that this service does not know yet: told as the host shows them.
        other => {
            return Entry { at: crate::store::now(), tenant: None, correlation: None, event: unknown(other) };
        }
    };
    Entry {
        at: millis(at),
        tenant: Some(tenant.clone()),
        correlation: correlation(event).map(ToString::to_string),
        event: json,
    }
}

fn unknown(event: &AuditEvent) -> Value {
    json!({ "kind": "other", "event": format!("{event:?}") })
}

fn millis(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
