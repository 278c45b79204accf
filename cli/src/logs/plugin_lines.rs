//! What plugins print, kept by call.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

/// The target under which the host logs it.
pub(super) const TARGET: &str = "actionbox::plugin";

/// Lines of plugins, each with its call, until they are taken. The host bounds what one call may print.
#[derive(Debug, Clone, Default)]
pub(crate) struct PluginLines(Arc<Mutex<Vec<(u64, String)>>>);

impl PluginLines {
    /// Takes the lines of all calls, in the order in which they were printed.
    pub(crate) fn take(&self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for PluginLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if let Line { call: Some(call), text } = line {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((call, text));
        }
    }
}

/// One line, as its fields are visited.
#[derive(Default)]
struct Line {
    call: Option<u64>,
    text: String,
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "call" {
            self.call = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.text = format!("{value:?}");
        }
    }
}
