//! What went wrong, why, what to do next, and the exit code that says so.

#[cfg(test)]
mod book;
mod hint;
mod kind;
pub(crate) mod meant;
mod mistake;

use std::{fmt::Display, process::ExitCode};

use actionbox_host::{Actor, ConfigError, CredentialError, Error, LoadError, Sent};
use actionbox_sandbox::SandboxError;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use hint::{Asked, Place, of_refusal};

use crate::show::{self, escape, style};

/// The exit codes of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The connected app was reached, and refused or failed.
    Failed = 1,
    /// Wrong usage, or parameters that cannot be read.
    Usage = 2,
    /// The caller must act: unknown app or action, or parameters not accepted.
    Caller = 3,
    /// The tenant must act: not granted, or the app has to be connected again.
    Tenant = 4,
    /// The upstream must act: throttled, failed, or gave no answer.
    Upstream = 5,
    /// The plugin is at fault: not loadable, crashed, or broke a rule or a limit.
    Plugin = 6,
    /// The operator must act: key, network, certificate, host.
    Operator = 7,
}

impl Exit {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Caller,
        Self::Tenant,
        Self::Upstream,
        Self::Plugin,
        Self::Operator,
    ];

    fn of(actor: Actor) -> Self {
        match actor {
            Actor::Caller => Self::Caller,
            Actor::Tenant => Self::Tenant,
            Actor::Upstream => Self::Upstream,
            Actor::PluginAuthor => Self::Plugin,
            _ => Self::Operator,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the command did not do what was asked. Serialises to what `--json` prints.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename = "error")]
pub(crate) struct Failure {
    /// The error's name, for programs.
    pub(crate) kind: &'static str,
    /// Who must act.
    pub(crate) actor: Actor,
    /// What happened.
    pub(crate) message: String,
    /// Why, from the nearest cause to the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
    /// Whether a request left for the upstream.
    pub(crate) sent: Sent,
    /// Whether the same command may be repeated.
    pub(crate) retryable: bool,
    /// What else is known, by name.
    #[serde(flatten)]
    pub(crate) details: Map<String, Value>,
    #[serde(skip)]
    pub(crate) exit: Exit,
    /// Whether people want to know if a request left.
    #[serde(skip)]
    in_a_call: bool,
}

impl Failure {
    /// Begins a failure of the command's own, before any call.
    pub(crate) fn new(exit: Exit, kind: &'static str, actor: Actor, message: impl Into<String>) -> Self {
        Self {
            kind,
            actor,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            sent: Sent::No,
            retryable: false,
            details: Map::new(),
            exit,
            in_a_call: false,
        }
    }

    /// Adds a cause.
    pub(crate) fn because(mut self, cause: impl Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Says what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Explains why a call gave no outcome.
    pub(crate) fn of_call(error: Error, asked: &Asked) -> Self {
        Self {
            causes: causes(&error),
            hint: hint::of_call(&error, asked),
            sent: error.sent(),
            retryable: error.is_retryable(),
            details: kind::details(&error),
            in_a_call: true,
            ..Self::new(Exit::of(error.actor()), kind::of_call(&error), error.actor(), error.to_string())
        }
    }

    /// Explains why a file is not loaded as a plugin.
    pub(crate) fn of_load(error: &LoadError) -> Self {
        let mut message = error.to_string();
        let mut hint = hint::of_load(error).map(str::to_owned);
        // These two say what to do in the same breath.
        if let LoadError::CoreModule | LoadError::Precompiled = error
            && let Some((what, next)) = message.split_once("; ")
        {
            (message, hint) = (what.to_owned(), Some(next.to_owned()));
        }
        let (exit, actor) = match error {
            LoadError::File { .. } => (Exit::Usage, Actor::Caller),
            LoadError::Worker(_) => (Exit::Operator, Actor::Operator),
            _ => (Exit::Plugin, Actor::PluginAuthor),
        };
        Self { causes: causes(error), hint, ..Self::new(exit, kind::of_load(error), actor, message) }
    }

    /// Tells the user, and returns the exit code.
    pub(crate) fn report(&self, json: bool) -> Exit {
        // Nobody is left to be told when this fails too.
        let _nobody_listens = match json {
            true => show::json(self),
            false => show::print_error(&self.text()),
        };
        self.exit
    }

    /// Returns what people are told.
    pub(crate) fn text(&self) -> String {
        let error = style::BAD;
        let mut text = format!("{error}error:{error:#} {}\n", escape::text(&self.message));
        let mut line = |label, value: &str| {
            let dim = style::DIM;
            text.push_str(&format!("  {dim}{label}{dim:#} {}\n", escape::text(value)));
        };
        for cause in &self.causes {
            line("why: ", cause);
        }
        if let Some(hint) = &self.hint {
            line("next:", hint);
        }
        if self.in_a_call {
            line("sent:", &self.sent.to_string());
        }
        text
    }
}

/// Collects what an error says of its sources.
pub(crate) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect()
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let (exit, kind, actor) = match &error {
            ConfigError::InvalidName(_) => (Exit::Caller, "invalid-name", Actor::Caller),
            ConfigError::BaseUrl { .. } | ConfigError::PlainHttp { .. } => {
                (Exit::Usage, "base-url", Actor::Caller)
            }
            ConfigError::Certificate(_) => (Exit::Operator, "certificate", Actor::Operator),
            _ => (Exit::Operator, "host", Actor::Operator),
        };
        Self::new(exit, kind, actor, error.to_string())
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        let culprit = match &error {
            CredentialError::NotAHeader(what) => what,
            _ => "API key",
        };
        Self::new(Exit::Operator, "credential", Actor::Operator, "the credentials cannot be used")
            .because(&error)
            .hint(format!("check the {culprit}"))
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        Self {
            causes: causes(&error),
            ..Self::new(Exit::Operator, "sandbox", Actor::Operator, error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked {
            app: "hubspot".to_owned(),
            action: Some("create_contact".to_owned()),
            account: "acme".to_owned(),
            base_url: "https://app.refold.ai".to_owned(),
            place: Place::Shell { options: String::new() },
            sandbox: false,
            changes: true,
        }
    }

    #[test]
    fn a_crash_is_the_plugins_fault() {
        let failure =
            Failure::of_call(Error::Trapped { reason: "unreachable".into(), sent: Sent::No }, &asked());
        assert_eq!((failure.exit, failure.kind), (Exit::Plugin, "trapped"));
        assert!(failure.hint.is_some_and(|hint| hint.contains("-v")));
    }

    #[test]
    fn what_may_have_run_is_not_to_be_repeated_blindly() {
        let failure =
            Failure::of_call(Error::Trapped { reason: "unreachable".into(), sent: Sent::Unknown }, &asked());
        assert!(!failure.retryable);
        assert!(failure.hint.is_some_and(|hint| hint.contains("it may have run")));
        let reading = Asked { changes: false, ..asked() };
        let failure =
            Failure::of_call(Error::Trapped { reason: "unreachable".into(), sent: Sent::Unknown }, &reading);
        assert_eq!(failure.hint.as_deref(), Some("it changes nothing: try again"));
    }

    #[test]
    fn text_for_a_terminal_is_harmless() {
        let failure =
            Failure::new(Exit::Usage, "x", Actor::Caller, "a\u{1b}[2J").because("b\nc").hint("d\re");
        let text = anstream::adapter::strip_str(&failure.text()).to_string();
        assert_eq!(text, "error: a\\u{1b}[2J\n  why:  b\\nc\n  next: d\\re\n");
    }
}
