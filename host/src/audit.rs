//! What was asked, decided and done: one event per call, one per outgoing request, and what the host did of itself.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    effect::Effect,
    error::Sent,
    grant::{Refusal, Rule},
    quarantine::Quarantined,
};

/// Receives audit events. Called on the host's own tasks: hand the event over, do not block.
///
/// An event never holds a secret, and every text in it that a guest chose is escaped and cut.
///
/// ```
/// use actionbox_host::{AuditEvent, AuditSink};
/// use std::sync::{Arc, mpsc::{SyncSender, sync_channel}};
///
/// /// Hands events to whoever writes them down, and drops what is too much rather than wait.
/// struct Queue(SyncSender<AuditEvent>);
///
/// impl AuditSink for Queue {
///     fn record(&self, event: AuditEvent) {
///         if self.0.try_send(event).is_err() {
///             tracing::error!("an audit event is lost: the queue is full");
///         }
///     }
/// }
///
/// let (sender, events) = sync_channel(1000);
/// let sink: Arc<dyn AuditSink> = Arc::new(Queue(sender));
/// ```
pub trait AuditSink: Send + Sync + 'static {
    /// Takes one event.
    ///
    /// ```
    /// # use actionbox_host::{AuditEvent, AuditSink};
    /// # struct Refusals;
    /// # impl AuditSink for Refusals {
    /// fn record(&self, event: AuditEvent) {
    ///     if let AuditEvent::Request(request) = event
    ///         && let Some(refusal) = request.refusal
    ///     {
    ///         tracing::warn!(tenant = request.tenant, target = request.target, %refusal, "refused");
    ///     }
    /// }
    /// # }
    /// ```
    fn record(&self, event: AuditEvent);
}

/// One thing that happened. Decided when it began, complete when it is handed over.
///
/// ```
/// use actionbox_host::AuditEvent;
///
/// fn tenant(event: &AuditEvent) -> Option<&str> {
///     match event {
///         AuditEvent::Call(call) => Some(&call.tenant),
///         AuditEvent::Request(request) => Some(&request.tenant),
///         AuditEvent::Token(token) => Some(&token.tenant),
///         AuditEvent::Quarantine(quarantine) => Some(&quarantine.who.tenant),
///         _ => None,
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AuditEvent {
    /// The host itself asked an upstream for a session token.
    Token(TokenEvent),
    /// A plugin is kept away from an upstream from now on.
    Quarantine(QuarantineEvent),
    /// A call of a plugin ended.
    Call(CallEvent),
    /// A request that a plugin wanted to make ended, or was refused.
    Request(RequestEvent),
}

/// What the host was asked to do.
///
/// ```
/// use actionbox_host::{CallEvent, Operation};
///
/// /// Returns a name for the counter of such calls; those that execute are told apart by their effect.
/// fn counter(call: &CallEvent) -> String {
///     match (call.operation, call.effect) {
///         (Operation::Execute, Some(effect)) => format!("calls_execute_{effect}"),
///         (operation, _) => format!("calls_{operation}"),
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `list-actions`.
    List,
    /// `describe-action`.
    Describe,
    /// `execute-action`.
    Execute,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "list",
            Self::Describe => "describe",
            Self::Execute => "execute",
        })
    }
}

/// The end of a call.
///
/// ```
/// use actionbox_host::{CallEvent, Operation};
/// use std::time::Duration;
///
/// /// Tells calls whose plugin worked for long: not the upstream, and not others that were first.
/// fn is_slow(call: &CallEvent) -> bool {
///     call.operation == Operation::Execute && call.cpu_time > Duration::from_millis(500)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct CallEvent {
    /// The call; its requests carry the same number. Unique within a host.
    pub call: u64,
    /// What the embedder calls the reason of the call: see [`Plugin::correlated`](crate::Plugin::correlated).
    pub correlation: Option<Arc<str>>,
    /// The tenant of the grant.
    pub tenant: String,
    /// The plugin's digest, `sha256:…`.
    pub plugin: String,
    /// What was asked.
    pub operation: Operation,
    /// The app that was asked, escaped.
    pub app: String,
    /// The action that was asked, escaped.
    pub action: Option<String>,
    /// The effect that the host resolved; `None` when the call was refused before.
    pub effect: Option<Effect>,
    /// How it ended: `ok`, `failed` (the app refused), or the error, without the tenant's data.
    pub result: String,
    /// Whether a request that mattered left.
    pub sent: Sent,
    /// How many requests the plugin wanted to make. Of those beyond the limit only the first has an event.
    pub requests: usize,
    /// Bytes of linear memory that it had in the end.
    pub memory_bytes: usize,
    /// How long it waited for its turn: see [`HostLimits`](crate::HostLimits).
    pub queued: Duration,
    /// How long it took to make the guest's instance, once it had its turn; zero when it was kept from an earlier
    /// call.
    pub instantiation: Duration,
    /// How long the guest was running, as opposed to waiting; its instantiation included.
    pub cpu_time: Duration,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
}

/// The end of an outgoing request.
///
/// ```
/// use actionbox_host::{Effect, RequestEvent, Sent};
///
/// /// Tells requests of which somebody has to find out whether they changed anything.
/// fn is_in_doubt(request: &RequestEvent) -> bool {
///     request.sent == Sent::Unknown && request.effect > Some(Effect::Read)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct RequestEvent {
    /// The call it belongs to.
    pub call: u64,
    /// What the embedder calls the reason of the call: see [`Plugin::correlated`](crate::Plugin::correlated).
    pub correlation: Option<Arc<str>>,
    /// Its number within the call, from 1.
    pub request: usize,
    /// The tenant of the grant.
    pub tenant: String,
    /// The plugin's digest, `sha256:…`.
    pub plugin: String,
    /// What the guest asked for: the route, or, of a request that is none, its method and URI, escaped.
    pub target: String,
    /// The request as the guest built it: its line and its headers, one a line, each escaped and cut. It
    /// is what a guest can show of its request; the one that leaves is another.
    pub guest_request: String,
    /// The effect of the route; `None` when it was refused.
    pub effect: Option<Effect>,
    /// The rule of the grant that allows the route; `None` when it was refused.
    pub rule: Option<Rule>,
    /// Why it was refused, when it was.
    pub refusal: Option<Refusal>,
    /// How it ended: `answered`, `refused`, or what went wrong.
    pub result: String,
    /// The upstream's status, when it answered.
    pub status: Option<u16>,
    /// Whether it left.
    pub sent: Sent,
    /// How often it was tried.
    pub attempts: u32,
    /// Bytes of the body that was sent.
    pub request_bytes: usize,
    /// Bytes of the body that was received.
    pub response_bytes: usize,
    /// When it began.
    pub started: SystemTime,
    /// How long the upstream took, over all tries: from handing over a request to the last byte of the answer.
    pub upstream: Duration,
    /// How long it took in all: beside the upstream's time, what the guest took for its body, the pace, waits
    /// between tries, and the gate's own work.
    pub duration: Duration,
}

/// The end of a request for a session token, which the host makes with the API key of a grant.
///
/// ```
/// use actionbox_host::TokenEvent;
///
/// fn alarm(token: &TokenEvent) -> Option<String> {
///     (token.result != "ok").then(|| format!("{} has no session token: {}", token.tenant, token.result))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct TokenEvent {
    /// The call that needed the token.
    pub call: u64,
    /// What the embedder calls the reason of the call: see [`Plugin::correlated`](crate::Plugin::correlated).
    pub correlation: Option<Arc<str>>,
    /// The tenant of the grant.
    pub tenant: String,
    /// Whether a new token was asked for, though the earlier one had not expired.
    pub forced: bool,
    /// How it ended: `ok`, or what went wrong.
    pub result: String,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
}

/// The beginning of a quarantine: answers to a plugin have held a credential as often as
/// [`HostLimits::leaks`](crate::HostLimits::leaks) permits.
///
/// ```
/// use actionbox_host::QuarantineEvent;
///
/// fn alarm(event: &QuarantineEvent) -> String {
///     let who = &event.who;
///     format!("{} is kept away from {} on behalf of {}", who.plugin, who.upstream, who.tenant)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct QuarantineEvent {
    /// The call with the last of these answers.
    pub call: u64,
    /// Who is kept away from where: what [`ActionHost::release`](crate::ActionHost::release) takes.
    pub who: Quarantined,
    /// When it began.
    pub started: SystemTime,
}

/// Hands an event to a sink. A sink that panics loses the event, and nothing else.
pub(crate) fn record(sink: &dyn AuditSink, event: AuditEvent) {
    let recorded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sink.record(event)));
    if recorded.is_err() {
        tracing::error!(target: "actionbox::audit", "the audit sink panicked; an event is lost");
    }
}

/// The sink of a host that was given none: `tracing`, target `actionbox::audit`.
///
/// ```
/// use actionbox_host::{AuditEvent, AuditSink, TracingSink};
///
/// /// Counts the requests that were refused, and logs everything.
/// struct Counted(std::sync::atomic::AtomicUsize);
///
/// impl AuditSink for Counted {
///     fn record(&self, event: AuditEvent) {
///         if matches!(&event, AuditEvent::Request(request) if request.refusal.is_some()) {
///             self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         }
///         TracingSink.record(event);
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingSink;

impl AuditSink for TracingSink {
    fn record(&self, event: AuditEvent) {
        match event {
            AuditEvent::Call(e) => tracing::info!(
                target: "actionbox::audit",
                call = e.call, correlation = e.correlation.as_deref(), tenant = ?e.tenant, plugin = e.plugin, operation = %e.operation, app = e.app,
                action = e.action, effect = e.effect.map(Effect::as_str), result = e.result, sent = %e.sent,
                requests = e.requests, memory = e.memory_bytes, queued = ?e.queued, instantiation = ?e.instantiation,
                cpu = ?e.cpu_time, duration = ?e.duration, "call",
            ),
            AuditEvent::Request(e) => tracing::info!(
                target: "actionbox::audit",
                call = e.call, correlation = e.correlation.as_deref(), request = e.request, tenant = ?e.tenant, target = e.target,
                effect = e.effect.map(Effect::as_str), rule = e.rule.map(|r| r.to_string()),
                refusal = e.refusal.map(|r| r.to_string()), result = e.result, status = e.status, sent = %e.sent,
                attempts = e.attempts, upstream = ?e.upstream, duration = ?e.duration, "request",
            ),
            AuditEvent::Token(e) => tracing::info!(
                target: "actionbox::audit",
                call = e.call, correlation = e.correlation.as_deref(), tenant = ?e.tenant, forced = e.forced, result = e.result, duration = ?e.duration,
                "token",
            ),
            AuditEvent::Quarantine(e) => tracing::warn!(
                target: "actionbox::audit",
                call = e.call, tenant = ?e.who.tenant, plugin = e.who.plugin, upstream = e.who.upstream, "quarantine",
            ),
        }
    }
}

/// Returns the request line (RFC 9112, section 3) of a request that is shown.
pub(crate) fn request_line(guest_request: &str) -> &str {
    guest_request.lines().next().unwrap_or_default()
}

/// Shows a request as a guest built it, in a bounded number of bytes.
pub(crate) fn guest_request(parts: &http::request::Parts) -> String {
    const BYTES: usize = 4096;
    let mut line = format!("{} {}", parts.method, parts.uri);
    let mut shown = escaped(&line);
    for (name, value) in &parts.headers {
        if shown.len() > BYTES {
            shown.push_str("\n…");
            break;
        }
        line.clear();
        line.push_str(name.as_str());
        line.push_str(": ");
        line.push_str(&String::from_utf8_lossy(value.as_bytes()));
        shown.push('\n');
        escape_into(&mut shown, &line);
    }
    shown
}

/// How many characters are shown of a text that a guest chose.
const SHOWN: usize = 200;

/// Escapes and cuts text that a guest chose, so that it cannot forge a line or flood a log.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN));
    escape_into(&mut out, text);
    out
}

fn escape_into(out: &mut String, text: &str) {
    // Most text is plain, and the loop below is slow.
    if text.len() <= SHOWN && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\') {
        return out.push_str(text);
    }
    for c in text.chars().take(SHOWN) {
        match c {
            // Harmless on a line, and frequent in messages.
            '\'' | '"' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
}
