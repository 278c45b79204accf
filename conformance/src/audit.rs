//! What the host says of the calls of each case.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actionbox_host::{AuditEvent, AuditSink, CallEvent, RequestEvent};

/// The events of a host by tenant: each case is a tenant of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit(Arc<Mutex<HashMap<String, Events>>>);

/// The events of one case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    pub(crate) calls: Vec<CallEvent>,
    pub(crate) requests: Vec<RequestEvent>,
}

impl Audit {
    /// Returns what happened in a case so far.
    pub(crate) fn of(&self, tenant: &str) -> Events {
        self.lock().get(tenant).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Events>> {
        // Each change is one push: a panic leaves nothing half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditSink for Audit {
    fn record(&self, event: AuditEvent) {
        let mut tenants = self.lock();
        match event {
            AuditEvent::Call(call) => tenants.entry(call.tenant.clone()).or_default().calls.push(call),
            AuditEvent::Request(request) => {
                tenants.entry(request.tenant.clone()).or_default().requests.push(request);
            }
            _ => {}
        }
    }
}
