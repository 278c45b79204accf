//! What can go wrong, grouped by who must act.

use std::{fmt, time::Duration};

use crate::{
    audit::escaped,
    cassette::NotRecorded,
    contract::Problem,
    credential::CredentialError,
    gate::{client::SendFailure, screen::Withheld},
    grant::Refusal,
    limits::Exceeded,
    name::InvalidName,
};

/// Whether the request that mattered left for the upstream.
///
/// A call may make several requests. If any of them may change something, the answer is about those;
/// otherwise it is about all of them.
///
/// ```
/// use actionbox_host::Sent;
///
/// /// Says what a person should know before they press the button again.
/// fn advice(sent: Sent) -> &'static str {
///     match sent {
///         Sent::No => "nothing was done",
///         Sent::Unknown => "it may have been done: look first",
///         Sent::Yes => "it was done, or the app refused it",
///     }
/// }
/// assert_eq!(advice(Sent::default()), "nothing was done");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sent {
    /// It provably did not run: it never left, or the upstream answered 401 or 429.
    #[default]
    No,
    /// It may have left: the connection broke, or the time ran out, before an answer came.
    Unknown,
    /// It left, and the upstream answered.
    Yes,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        })
    }
}

/// Who must act on an error.
///
/// ```
/// use actionbox_host::{Actor, Error, Sent};
///
/// /// Returns the status of an HTTP service that offers calls of plugins.
/// fn status(error: &Error) -> u16 {
///     match error.actor() {
///         Actor::Caller => 400,
///         Actor::Tenant => 403,
///         Actor::PluginAuthor | Actor::Upstream => 502,
///         _ => 500,
///     }
/// }
/// assert_eq!(status(&Error::UnknownApp { app: "hubspit".to_owned(), sent: Sent::Yes }), 400);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Actor {
    /// Whoever called the host: the arguments are not acceptable.
    Caller,
    /// The tenant: grant more, or connect the app again.
    Tenant,
    /// The author of the plugin.
    PluginAuthor,
    /// The upstream: wait and try again.
    Upstream,
    /// The operator of the host: credentials, network, limits, journal.
    Operator,
}

/// Why a call gave no outcome. An action that the connected app refused is no error: see
/// [`Outcome::Failed`](crate::Outcome::Failed).
///
/// The fields hold a plugin's words as they are; `Display` escapes and cuts them, so that they forge no
/// line of a log.
///
/// ```no_run
/// # use actionbox_host::{Error, Grant, Plugin};
/// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Error> {
/// match plugin.list_actions(&grant, "hubspot").await {
///     Ok(actions) => println!("{} actions", actions.len()),
///     Err(Error::Denied { refusal, .. }) => eprintln!("ask for a wider grant: {refusal}"),
///     Err(Error::ReauthorizationRequired { .. }) => eprintln!("connect HubSpot again"),
///     Err(error) if error.is_retryable() => eprintln!("later, perhaps: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The caller must act.
    /// A name of an app or an action is no such name.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// The upstream has no such app.
    #[error("there is no app \"{}\"", escaped(.app))]
    UnknownApp {
        /// The app, as the plugin reports it.
        app: String,
        /// Whether a request left.
        sent: Sent,
    },
    /// The app has no such action.
    #[error("the app \"{}\" has no action \"{}\"", escaped(.app), escaped(.action))]
    UnknownAction {
        /// The app, as the plugin reports it.
        app: String,
        /// The action, as the plugin reports it.
        action: String,
        /// Whether a request left.
        sent: Sent,
    },
    /// The parameters are not acceptable.
    #[error("the parameters are not acceptable: {}", Problem::join(.problems))]
    InvalidParameters {
        /// What is wrong, one by one.
        problems: Vec<Problem>,
        /// Whether a request left before.
        sent: Sent,
    },

    // The tenant must act.
    /// The grant does not allow the call, or a request that the plugin needs for it.
    #[error("denied: {refusal}")]
    Denied {
        /// What was refused, and by which rule.
        refusal: Refusal,
        /// Whether another request left.
        sent: Sent,
    },
    /// The plugin, or the upstream, says that it is not permitted.
    #[error("denied by the plugin or the upstream: {}", escaped(.reason))]
    DeniedByPlugin {
        /// The plugin's words.
        reason: String,
        /// Whether a request left.
        sent: Sent,
    },
    /// The tenant has to connect the app again, or for the first time.
    #[error("the app has to be connected again: {}", escaped(.reason))]
    ReauthorizationRequired {
        /// The plugin's words.
        reason: String,
        /// Whether a request left.
        sent: Sent,
    },

    // The upstream must act.
    /// The upstream takes no more requests for now.
    #[error("the upstream takes no more requests for now{}", Wait(.retry_after))]
    Throttled {
        /// How long to wait, when the upstream says so.
        retry_after: Option<Duration>,
        /// Whether a request left.
        sent: Sent,
    },
    /// The upstream failed.
    #[error("the upstream failed{}: {}", Status(.status), escaped(.message))]
    Upstream {
        /// The HTTP status, when there was an answer.
        status: Option<u16>,
        /// The upstream's code.
        code: Option<String>,
        /// The upstream's message.
        message: String,
        /// The upstream's name for the request.
        request_id: Option<String>,
        /// Whether the request left.
        sent: Sent,
    },
    /// The upstream gave no answer.
    #[error("the upstream gave no answer")]
    Unreachable {
        /// What happened on the way.
        #[source]
        failure: SendFailure,
        /// Whether the request left.
        sent: Sent,
    },
    /// The upstream answered, and the plugin was not shown the answer.
    #[error("the upstream's answer was withheld from the plugin: {reason}")]
    Withheld {
        /// Why.
        reason: Withheld,
        /// Whether the request left; yes, unless a later one was withheld too.
        sent: Sent,
    },

    // The author of the plugin must act.
    /// The plugin crashed.
    #[error("the plugin crashed: {reason}")]
    Trapped {
        /// The trap, and where it happened, with control characters escaped.
        reason: String,
        /// Whether a request left.
        sent: Sent,
    },
    /// The plugin returned what the contract does not allow.
    #[error("the plugin broke the contract: {detail}")]
    Contract {
        /// What it returned.
        detail: String,
        /// Whether a request left.
        sent: Sent,
    },
    /// The plugin reports a failure that the contract has no name for.
    #[error("the plugin failed: {}", escaped(.message))]
    Plugin {
        /// The plugin's words.
        message: String,
        /// Whether a request left.
        sent: Sent,
    },
    /// A recording is played in place of the upstream, and has no answer to a request of the plugin.
    #[error(transparent)]
    NotRecorded(NotRecorded),
    /// The call passed a bound.
    #[error("the call passed the limit {exceeded}")]
    Limit {
        /// The bound and its value.
        exceeded: Exceeded,
        /// Whether a request left.
        sent: Sent,
    },

    // The operator must act.
    /// There was no credential for a request.
    #[error("there is no credential for the request")]
    Credential {
        /// Why.
        #[source]
        error: CredentialError,
        /// Whether another request left.
        sent: Sent,
    },
    /// The embedder's `before_send` hook failed, so nothing was sent.
    #[error("the request was held back: {reason}")]
    HeldBack {
        /// The hook's words.
        reason: String,
        /// Whether another request left.
        sent: Sent,
    },
    /// The host could not carry out the call.
    #[error("the host could not carry out the call: {reason}")]
    Host {
        /// What happened.
        reason: String,
        /// Whether a request left.
        sent: Sent,
    },
}

/// Shows a wait that may be unknown.
struct Wait<'a>(&'a Option<Duration>);

impl fmt::Display for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wait) => write!(f, "; wait {wait:?}"),
            None => Ok(()),
        }
    }
}

/// Shows a status that may be unknown.
struct Status<'a>(&'a Option<u16>);

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => write!(f, " with status {status}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// Returns whether the request that mattered left for the upstream.
    ///
    /// ```
    /// use actionbox_host::{Error, SendFailure, Sent};
    ///
    /// let failure = SendFailure::Broken("connection reset".to_owned());
    /// let error = Error::Unreachable { failure, sent: Sent::Unknown };
    /// assert_eq!(error.sent(), Sent::Unknown, "if it was a write, look before you repeat it");
    /// ```
    pub fn sent(&self) -> Sent {
        match self {
            Self::InvalidName(_) | Self::NotRecorded(_) => Sent::No,
            Self::UnknownApp { sent, .. }
            | Self::UnknownAction { sent, .. }
            | Self::InvalidParameters { sent, .. }
            | Self::Denied { sent, .. }
            | Self::DeniedByPlugin { sent, .. }
            | Self::ReauthorizationRequired { sent, .. }
            | Self::Throttled { sent, .. }
            | Self::Upstream { sent, .. }
            | Self::Unreachable { sent, .. }
            | Self::Withheld { sent, .. }
            | Self::Trapped { sent, .. }
            | Self::Contract { sent, .. }
            | Self::Plugin { sent, .. }
            | Self::Limit { sent, .. }
            | Self::Credential { sent, .. }
            | Self::HeldBack { sent, .. }
            | Self::Host { sent, .. } => *sent,
        }
    }

    /// Returns who must act.
    ///
    /// ```
    /// use actionbox_host::{Actor, Error, Exceeded, Rate, Sent};
    ///
    /// let of_plugin = Error::Limit { exceeded: Exceeded::Memory(128 << 20), sent: Sent::No };
    /// assert_eq!(of_plugin.actor(), Actor::PluginAuthor);
    ///
    /// let rate = Rate { per_second: 20, burst: 5 };
    /// let of_host = Error::Limit { exceeded: Exceeded::AccountRate(rate), sent: Sent::No };
    /// assert_eq!(of_host.actor(), Actor::Operator);
    /// ```
    pub fn actor(&self) -> Actor {
        match self {
            Self::InvalidName(_)
            | Self::UnknownApp { .. }
            | Self::UnknownAction { .. }
            | Self::InvalidParameters { .. } => Actor::Caller,
            // No grant allows these: the request itself is wrong.
            Self::Denied { refusal: Refusal::NotARoute(_) | Refusal::Body(_), .. } => Actor::PluginAuthor,
            Self::Denied { refusal: Refusal::Quarantined { .. }, .. } => Actor::Operator,
            Self::Denied { .. } | Self::DeniedByPlugin { .. } | Self::ReauthorizationRequired { .. } => {
                Actor::Tenant
            }
            Self::Throttled { .. } | Self::Upstream { .. } | Self::Withheld { .. } => Actor::Upstream,
            Self::Unreachable { failure: SendFailure::Tls(_) | SendFailure::Connect(_), .. } => {
                Actor::Operator
            }
            Self::Unreachable { .. } => Actor::Upstream,
            Self::Limit { exceeded, .. } if exceeded.is_of_host() => Actor::Operator,
            Self::Trapped { .. }
            | Self::Contract { .. }
            | Self::Plugin { .. }
            | Self::NotRecorded(_)
            | Self::Limit { .. } => Actor::PluginAuthor,
            Self::Credential { .. } | Self::HeldBack { .. } | Self::Host { .. } => Actor::Operator,
        }
    }

    /// Tells whether the same call may be made again: the reason may pass, and no write can be doubled.
    ///
    /// ```
    /// use actionbox_host::{Error, Sent};
    ///
    /// let throttled = |sent| Error::Throttled { retry_after: None, sent };
    /// assert!(throttled(Sent::No).is_retryable());
    /// // An earlier request of the call has changed something.
    /// assert!(!throttled(Sent::Yes).is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { sent, .. } => *sent == Sent::No,
            Self::Upstream { status, sent, .. } => {
                *sent == Sent::No && status.is_none_or(|status| status >= 500 || status == 429)
            }
            Self::Unreachable { failure, sent } => *sent == Sent::No && failure.is_transient(),
            Self::Credential { error, sent } => {
                *sent == Sent::No && matches!(error, CredentialError::Exchange(_))
            }
            Self::Limit { exceeded, sent } => *sent == Sent::No && exceeded.is_of_host(),
            Self::HeldBack { sent, .. } | Self::Host { sent, .. } => *sent == Sent::No,
            _ => false,
        }
    }
}

/// Why a component is not loaded.
///
/// ```
/// use actionbox_host::{ActionHost, LoadError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let host = ActionHost::builder().build()?;
/// # let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// match host.load(b"\0asm\x01\0\0\0").await {
///     Err(LoadError::CoreModule) => println!("built for wasm32-wasip1: build it for wasm32-wasip2"),
///     Err(error) => println!("{error}"),
///     Ok(plugin) => println!("{}", plugin.digest()),
/// }
/// # assert!(matches!(host.load(b"\0asm\x01\0\0\0").await, Err(LoadError::CoreModule)));
/// # });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the file {path} cannot be read")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The component is larger than [`HostLimits::component_bytes`](crate::HostLimits::component_bytes).
    #[error("the component is larger than {limit} bytes, the limit component_bytes of this host")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The bytes are a core module.
    #[error(
        "this is a core WebAssembly module, not a component; build it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// The bytes are precompiled code, which a host only runs when it compiled it itself.
    #[error(
        "this is native or precompiled code, which is never loaded; give the component it was compiled from"
    )]
    Precompiled,
    /// The bytes are no WebAssembly at all.
    #[error("this is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00")]
    NotWasm,
    /// The component imports what the host does not offer.
    #[error("the component imports what no plugin is given: {}", .imports.join(", "))]
    ForeignImports {
        /// The imports, by name; of very many the first, and how many more there are.
        imports: Vec<String>,
    },
    /// The component would be too much work to compile.
    #[error("the component is too much work to compile: {found} {what}, and the limit is {limit}")]
    TooMuchWork {
        /// What there is too much of: a limit of [`HostLimits`](crate::HostLimits).
        what: &'static str,
        /// How much there is.
        found: usize,
        /// The bound.
        limit: usize,
    },
    /// The compiler took longer than [`HostLimits::compile_time`](crate::HostLimits::compile_time).
    #[error("the component took longer to compile than {0:?}")]
    CompileTime(Duration),
    /// The compiler failed on the component, or needed more memory than it has.
    #[error("the compiler failed on the component, or needed more memory than it has")]
    Compiler,
    /// The worker that compiles components cannot be started.
    #[error("the worker that compiles components cannot be started")]
    Worker(#[source] std::io::Error),
    /// The component does not export the functions of the contract. One of another type is noticed only when
    /// it is called: the call ends with [`Error::Trapped`], and nothing is sent.
    #[error("the component does not export actionbox:plugin/actions@0.1.0 as the contract has it: {detail}")]
    Exports {
        /// What is missing or different.
        detail: String,
    },
    /// The component is not valid, or imports an interface in another shape.
    #[error("the component is not valid: {detail}")]
    Invalid {
        /// What is wrong.
        detail: String,
    },
}

/// Why a host or a grant cannot be built.
///
/// ```
/// use actionbox_host::{ActionHost, ConfigError, HostLimits};
///
/// let limits = HostLimits { concurrent_calls: 0, ..HostLimits::default() };
/// let error = ActionHost::builder().host_limits(limits).build().unwrap_err();
/// assert!(matches!(error, ConfigError::Limit { name: "concurrent_calls", .. }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A base URL is not one.
    #[error("{base_url:?} is no base URL: {reason}")]
    BaseUrl {
        /// What was given, without user-info.
        base_url: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A base URL would carry credentials in clear text.
    #[error(
        "{base_url:?} would carry credentials in clear text; use https (http is accepted for loopback only)"
    )]
    PlainHttp {
        /// What was given.
        base_url: String,
    },
    /// The name of an app or an action is not valid.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// A root certificate cannot be read.
    #[error("a root certificate cannot be used: {0}")]
    Certificate(String),
    /// A limit of the host is none that a host can keep.
    #[error("the limit {name} cannot be kept: {reason}")]
    Limit {
        /// The limit.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The WebAssembly engine cannot be set up.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
}
