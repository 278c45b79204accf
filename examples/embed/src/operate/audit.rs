//! An audit of one line per call and per request, written by a thread of its own.

use std::{sync::mpsc, thread};

use actionbox_host::{AuditEvent, AuditSink};

/// Hands events over: the host's tasks must not wait for a disk or a network.
pub(crate) struct Lines(mpsc::Sender<AuditEvent>);

impl Lines {
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, events) = mpsc::channel();
        thread::Builder::new().name("audit".to_owned()).spawn(move || {
            for event in events {
                eprintln!("{}", line(&event));
            }
        })?;
        Ok(Self(sender))
    }
}

impl AuditSink for Lines {
    fn record(&self, event: AuditEvent) {
        // Only a writer that panicked is not there: an audit that is lost ends the process.
        if self.0.send(event).is_err() {
            std::process::abort();
        }
    }
}

fn line(event: &AuditEvent) -> String {
    match event {
        AuditEvent::Call(e) => {
            format!("call {} {} {} {} sent={}", e.call, e.tenant, e.operation, e.result, e.sent)
        }
        AuditEvent::Request(e) => match &e.refusal {
            Some(refusal) => format!("request {}.{} {} refused: {refusal}", e.call, e.request, e.target),
            None => format!("request {}.{} {} {} sent={}", e.call, e.request, e.target, e.result, e.sent),
        },
        AuditEvent::Quarantine(e) => format!("quarantine {} {}", e.who.tenant, e.who.plugin),
        // What a later version adds is shown too.
        other => format!("{other:?}"),
    }
}
