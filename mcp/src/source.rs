//! What is behind the tools: who grants, and who carries out.

use std::{sync::Arc, time::Duration};

use actionbox_host::{Action, ActionId, AppSlug, Grant, Outcome, Parameter, Sent};
use serde_json::Value;
use tokio::sync::watch;

/// What one client may use, as it is at the moment.
///
/// A clone is cheap, and stands for the same client.
pub trait Source: Clone + Send + Sync + 'static {
    /// Returns what is granted now, app by app.
    fn granted(&self) -> Vec<Granted>;

    /// Returns what tells that something may have changed. It may tell so when nothing has.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Tells whether the client may still ask. What it is subscribed to ends when it may not.
    fn is_open(&self) -> bool {
        true
    }

    /// Lists the actions of an app.
    ///
    /// # Errors
    ///
    /// [`Refused`]; so for those that follow.
    fn actions(&self, of: &Granted) -> impl Future<Output = Result<Vec<Action>, Refused>> + Send;

    /// Describes the parameters of an action.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    fn parameters(
        &self,
        of: &Granted,
        action: &ActionId,
    ) -> impl Future<Output = Result<Vec<Parameter>, Refused>> + Send;

    /// Executes an action. Whether it is granted is for the source to decide, at that moment.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    fn execute(&self, asked: Asked) -> impl Future<Output = Result<Outcome, Refused>> + Send;
}

/// What is granted of one app.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The app.
    pub app: AppSlug,
    /// What decides.
    pub grant: Grant,
    /// Whose grant this is, its version and its plugin, as one text. What a plugin has told is kept as long as this is
    /// the same, and a client is told of a change when it is another.
    pub version: Arc<str>,
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The app.
    pub app: AppSlug,
    /// The action.
    pub action: ActionId,
    /// One JSON object.
    pub parameters: Value,
    /// By which the same call is known when it is made again.
    pub idempotency_key: Option<String>,
    /// The trace that it is part of, as the client says: a `traceparent` of W3C Trace Context, unchecked.
    pub traceparent: Option<String>,
}

/// Why there is no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What it is called, for programs.
    pub code: String,
    /// What happened, and why.
    pub message: String,
    /// What to change.
    pub next: Option<String>,
    /// Whether anything left for the app.
    pub sent: Sent,
    /// Whether the same call may be made again.
    pub retryable: bool,
    /// How long to wait before that.
    pub retry_after: Option<Duration>,
}

impl Refused {
    /// Says that nothing was sent, and that the same call would be refused again.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { code, message, next: None, sent: Sent::No, retryable: false, retry_after: None }
    }

    /// Says what to change.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}
