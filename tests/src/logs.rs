//! Listens to every log line, span and panic of every library, at the level TRACE, for the rest of the
//! process. Only the compiler is not heard: it sees the component and nothing else, and says millions of
//! lines of it.
//!
//! Suites run side by side in one process, so a line is searched for what any test's secret looks like,
//! and only what looks like one is kept. Each test then looks there for its own.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{LazyLock, Mutex, Once, PoisonError},
};

use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

use crate::canary::{self, encodings};

/// What a panic is heard as.
pub const PANIC: &str = "a panic";

/// How a session token of the sandbox server begins.
const TOKEN_PREFIX: &str = "eyJhbGciOiJIUzI1NiIs";

static HEARD: Mutex<Heard> = Mutex::new(Heard { lines: BTreeMap::new(), suspicious: Vec::new() });

struct Heard {
    /// How many lines came from each target.
    lines: BTreeMap<String, usize>,
    suspicious: Vec<String>,
}

/// Begins to listen, once in a process.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Listener);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens in this process");
        log::set_logger(&Listener).expect("nobody else listens in this process");
        log::set_max_level(log::LevelFilter::Trace);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            hear(PANIC, panic.to_string());
            before(panic);
        }));
    });
}

/// Returns the lines so far that may hold a secret of some test.
pub fn suspicious() -> Vec<String> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner).suspicious.clone()
}

/// Returns how many lines a library has logged so far.
pub fn lines_from(target: &str) -> usize {
    let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    heard.lines.iter().filter(|(its, _)| its.starts_with(target)).map(|(_, count)| count).sum()
}

fn hear(target: &str, text: String) {
    static PREFIXES: LazyLock<aho_corasick::AhoCorasick> = LazyLock::new(|| {
        let needles =
            [canary::PREFIX, TOKEN_PREFIX].into_iter().flat_map(|prefix| encodings(prefix.as_bytes()));
        let needles: Vec<_> = needles.map(|(_, needle)| needle).collect();
        aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(needles).expect("few needles")
    });
    let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    *heard.lines.entry(target.to_owned()).or_default() += 1;
    if PREFIXES.is_match(&text) {
        heard.suspicious.push(format!("{target}: {text}"));
    }
}

/// Tells the compiler's own parts.
fn is_compiler(target: &str) -> bool {
    ["cranelift", "regalloc2", "wasmtime_environ", "wasmtime_internal_cranelift"]
        .iter()
        .any(|part| target.starts_with(part))
}

struct Listener;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        !is_compiler(metadata.target())
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut text = Text::default();
        attributes.record(&mut text);
        hear(attributes.metadata().target(), text.0);
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        values.record(&mut text);
        hear("a span's record", text.0);
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        hear(event.metadata().target(), text.0);
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{field}={value:?} ");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{field}={value} ");
    }
}

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        !is_compiler(metadata.target())
    }

    fn log(&self, record: &log::Record<'_>) {
        if !is_compiler(record.target()) {
            hear(record.target(), record.args().to_string());
        }
    }

    fn flush(&self) {}
}
