//! What an ended call leaves: its result, its audit and the logs, searched for secrets and for what could
//! forge a line.

use std::{error::Error as _, sync::Arc};

use actionbox_host::{AuditEvent, CallEvent, Error, RequestEvent};
use actionbox_tests::{audit::Ledger, canary::Finder, logs};

/// The traces of one tenant.
pub(crate) struct Traces {
    tenant: String,
    finder: Arc<Finder>,
    ledger: Arc<Ledger>,
}

impl Traces {
    pub(crate) fn new(tenant: &str, finder: Arc<Finder>, ledger: Arc<Ledger>) -> Self {
        Self { tenant: tenant.to_owned(), finder, ledger }
    }

    /// Looks around in everything that an ended call left.
    pub(crate) fn look_around<T: std::fmt::Debug>(&self, ended: Result<T, Error>) -> Result<T, Error> {
        self.assert_clean("what the embedder got", format!("{ended:?} {ended:#?}"));
        if let Err(error) = &ended {
            let mut shown = error.to_string();
            let mut source = error.source();
            while let Some(inner) = source {
                shown = format!("{shown}: {inner}");
                source = inner.source();
            }
            self.assert_clean("the error", &shown);
            assert!(!shown.contains(forges_a_line), "an error that forges lines: {shown:?}");
        }
        let events = self.events();
        self.assert_clean("the audit", format!("{events:?}"));
        for text in events.iter().flat_map(texts) {
            assert!(!text.contains(forges_a_line), "an event that forges lines: {text:?}");
        }
        for line in logs::suspicious() {
            self.assert_clean("a log line", line);
        }
        ended
    }

    /// Asserts that no part of a secret is in something that can be shown.
    pub(crate) fn assert_clean(&self, what: &str, shown: impl AsRef<[u8]>) {
        self.finder.assert_absent(what, shown);
    }

    /// Returns the audit's events so far.
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        self.ledger.events(&self.tenant)
    }

    /// Returns the audit's events of the requests so far.
    pub(crate) fn request_events(&self) -> Vec<RequestEvent> {
        let request = |event| if let AuditEvent::Request(event) = event { Some(event) } else { None };
        self.events().into_iter().filter_map(request).collect()
    }

    /// Returns the audit's event of the latest call.
    pub(crate) fn last_call(&self) -> CallEvent {
        let call = |event| if let AuditEvent::Call(event) = event { Some(event) } else { None };
        self.events().into_iter().filter_map(call).next_back().expect("an event of the call")
    }
}

/// The texts of an event that go to a log as one line each.
fn texts(event: &AuditEvent) -> Vec<&str> {
    match event {
        AuditEvent::Call(event) => {
            let mut texts = vec![event.result.as_str(), &event.app, &event.plugin];
            texts.extend(event.action.as_deref());
            texts
        }
        AuditEvent::Request(event) => {
            let mut texts = vec![event.result.as_str(), &event.target, &event.plugin];
            texts.extend(event.guest_request.lines());
            texts
        }
        AuditEvent::Token(event) => vec![event.result.as_str()],
        other => panic!("an event of another kind: {other:?}"),
    }
}

/// Tells what ends a line, moves the cursor, or turns the direction of the text.
pub(crate) fn forges_a_line(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
