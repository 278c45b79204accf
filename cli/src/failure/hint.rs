//! What to do next about an error.

use actionbox_host::{CredentialError, Effect, Error, LoadError, Refusal, SendFailure, Sent};
use actionbox_sandbox::Sandbox;

use super::mistake;

/// What the command was asked to do, so that advice can name it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) app: String,
    pub(crate) action: Option<String>,
    pub(crate) account: String,
    pub(crate) base_url: String,
    pub(crate) place: Place,
    /// Whether the upstream is a sandbox server in this process.
    pub(crate) sandbox: bool,
    /// Whether the call may have changed something.
    pub(crate) changes: bool,
}

/// Where the user is, so that advice can be typed there.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In a shell, with the options that name the same plugin and upstream again, each after a space.
    Shell { options: String },
    /// At the prompt of `dev`.
    Prompt,
}

impl Place {
    /// Returns what is typed there to run a subcommand.
    pub(crate) fn command(&self, words: &str) -> String {
        match self {
            Self::Shell { options } => format!("actionbox {words}{options}"),
            Self::Prompt => words.to_owned(),
        }
    }

    /// Says where the requests of a call and what the plugin printed are to be seen.
    fn more(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "-v shows what the plugin asked for and printed",
            Self::Prompt => "below is what the plugin asked for and printed",
        }
    }
}

impl Asked {
    fn action(&self) -> &str {
        self.action.as_deref().unwrap_or("ACTION")
    }
}

/// Says what to do about an error of a call; nothing where only its author or its upstream can.
pub(super) fn of_call(error: &Error, asked: &Asked) -> Option<String> {
    let (app, action, place) = (&asked.app, asked.action(), &asked.place);
    Some(match error {
        Error::UnknownApp { .. } if asked.sandbox => {
            format!(
                "the sandbox server has {}: {}",
                Sandbox::apps().join(", "),
                place.command("list hubspot")
            )
        }
        Error::UnknownApp { .. } => {
            format!("check the slug, such as hubspot: {}", place.command("list hubspot"))
        }
        Error::UnknownAction { .. } => {
            format!("see its actions: {}", place.command(&format!("list {app}")))
        }
        Error::InvalidParameters { .. } => {
            format!("see its parameters: {}", place.command(&format!("describe {app} {action}")))
        }
        Error::Denied { refusal, .. } => return of_refusal(refusal, asked),
        Error::ReauthorizationRequired { .. } => format!(
            "connect {app} again for the account {}; if the credentials are called invalid, check the API key",
            asked.account
        ),
        Error::Throttled { retry_after: Some(wait), .. } => format!("try again in {wait:?}"),
        Error::Throttled { .. } => "try again later".to_owned(),
        Error::Unreachable { failure: SendFailure::Connect(_), .. } => {
            format!("check that {} is the upstream and can be reached", asked.base_url)
        }
        Error::Unreachable { failure: SendFailure::Tls(_), .. } => format!(
            "check the certificate of {}; --ca FILE trusts a private authority, and nothing an expired one",
            asked.base_url
        ),
        Error::Credential { error: CredentialError::Refused { .. }, .. } => "check the API key".to_owned(),
        Error::Credential { error: CredentialError::UnknownAccount { .. }, .. } => {
            format!("check the account {}", asked.account)
        }
        Error::Credential { error: CredentialError::Exchange(_), .. } => {
            format!("check that {} is the upstream and can be reached", asked.base_url)
        }
        // What may have run must not be repeated without a look.
        _ if error.sent() == Sent::Unknown && asked.changes => {
            format!("it may have run: look at the data of {app} before you try again")
        }
        _ if error.sent() == Sent::Unknown => "it changes nothing: try again".to_owned(),
        _ if error.is_retryable() => "try again".to_owned(),
        Error::NotRecorded(_) => "record it anew: --record in place of --replay, and an upstream".to_owned(),
        Error::Contract { .. } => {
            "an outcome's data is JSON text, and text alone is a string in quotes: write it with the JSON \
             library of the plugin's language"
                .to_owned()
        }
        Error::Trapped { reason: words, .. } | Error::Plugin { message: words, .. } => {
            mistake::advice(words).unwrap_or(place.more()).to_owned()
        }
        Error::Limit { .. } => place.more().to_owned(),
        Error::Upstream { request_id: Some(id), .. } => {
            format!("tell the upstream's support of request {id}")
        }
        _ => return None,
    })
}

/// Names the option that would allow what was refused, and what that means.
pub(crate) fn of_refusal(refusal: &Refusal, asked: &Asked) -> Option<String> {
    Some(match refusal {
        Refusal::Action { app, action, effect: Some(Effect::Write) } if app.as_str() == asked.app => {
            format!("--allow-write allows the writes of {app}, --allow {app}/{action} this one alone")
        }
        Refusal::Action { app, action, effect: Some(Effect::Raw) } => {
            format!("--allow {app}/{action} allows it, and hands the plugin the whole connected account")
        }
        Refusal::Action { app, action, effect: Some(Effect::Destructive) } => {
            format!("--allow {app}/{action} allows it; what it does cannot be undone")
        }
        Refusal::Action { app, action, effect: None } => format!(
            "--allow {app}/{action} allows it; if it is the plugin's own, --own {app}/{action}=EFFECT"
        ),
        Refusal::Action { app, action, .. } => format!("--allow {app}/{action} allows it"),
        Refusal::App { app } => {
            format!("the plugin asked for {app}, not for {}; --allow {app}/ACTION reaches there", asked.app)
        }
        Refusal::AboveCall { effect, .. } => {
            let (app, action) = (&asked.app, asked.action());
            format!("if {app}/{action} is to do that: --own {app}/{action}={effect}")
        }
        Refusal::NotARoute(_) | Refusal::Body(_) => {
            "no option allows this: its author has to mend it; actionbox explain METHOD URL says how"
                .to_owned()
        }
        Refusal::Quarantined { upstream, .. } => {
            format!("find out why the answers of {upstream} hold the key: {}", asked.place.more())
        }
        _ => return None,
    })
}

/// Says what to do about a file that is not loaded.
pub(super) fn of_load(error: &LoadError) -> Option<&'static str> {
    Some(match error {
        LoadError::File { .. } => "check the path",
        LoadError::NotWasm => "build a component: cargo build --release --target wasm32-wasip2",
        LoadError::ForeignImports { imports }
            if imports.iter().any(|import| import.starts_with("jco:node/")) =>
        {
            "parts of Node.js were bundled, for what the plugin or a package of its uses: process, Buffer, \
             AbortController, timers or a module node:…; build it without"
        }
        LoadError::ForeignImports { .. } => {
            "a plugin reaches its upstream through wasi:http/outgoing-handler@0.2 or \
             actionbox:plugin/upstream@0.1 and nothing else: build it without what imports these"
        }
        LoadError::Exports { .. } => "build it against the world actionbox:plugin/plugin@0.1.0",
        _ => return None,
    })
}
