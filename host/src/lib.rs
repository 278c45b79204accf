//! Runs untrusted action plugins without ever giving them your keys.
//!
//! A plugin is a WebAssembly component that lists and executes actions on connected apps. The host lends
//! it the right to make a few exact calls and adds the credentials itself, beyond the sandbox wall: a
//! plugin never sees a key, never reaches another tenant's account, and never calls what its grant does
//! not allow.
//!
//! ```no_run
//! use actionbox_host::{ActionHost, ApiKey, Grant, Upstream};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let plugin = ActionHost::builder().build()?.load_file("plugin.wasm").await?;
//!
//! let grant = Grant::builder("acme")
//!     .upstream(Upstream::refold(), ApiKey::new(std::env::var("REFOLD_API_KEY")?, "customer@example.com")?)
//!     .allow_reads("hubspot")
//!     .build()?;
//!
//! let outcome = plugin.execute_action(&grant, "hubspot", "get_contact", &json!({ "limit": "1" })).await?;
//! println!("{}", outcome.into_result()?.data);
//! # Ok(())
//! # }
//! ```
//!
//! The words used here (grant, effect, route, gate) are defined at [`Grant`], [`Effect`], [`Route`] and in
//! the project's `ARCHITECTURE.md`.

#![deny(missing_docs)]

mod account_check;
mod audit;
#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod bench;
mod cache;
mod call;
mod cassette;
mod compile;
mod component_file;
mod contract;
mod credential;
mod effect;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod gate;
mod grant;
mod host;
mod in_turn;
mod inspect;
mod kept;
mod last_words;
mod limits;
mod name;
mod outgoing;
mod output;
mod plugin;
mod precheck;
mod quarantine;
mod turns;
mod upstream;
mod usage;
mod worker;

pub use audit::{
    AuditEvent, AuditSink, CallEvent, Operation, QuarantineEvent, RequestEvent, TokenEvent, TracingSink,
};
pub use cache::CompileCache;
pub use cassette::{Cassette, CassetteError, Exchange, ExchangeOutcome, NotRecorded};
pub use contract::{Action, Failure, Outcome, Parameter, ParameterKind, Problem, Success};
pub use credential::{
    ApiKey, Credential, CredentialError, CredentialProvider, SessionToken, SessionTokens, TokenExchange,
};
pub use effect::Effect;
pub use error::{Actor, ConfigError, Error, LoadError, Sent};
pub use gate::{
    BeforeSend, SendIntent,
    client::SendFailure,
    rebuild::BadBody,
    route::{NotARoute, Route},
    screen::Withheld,
};
pub use grant::{Allowed, Grant, GrantBuilder, Reach, Refusal, Rule};
pub use host::{ActionHost, ActionHostBuilder};
pub use inspect::{Inspection, Producer, ProducerField};
pub use limits::{Bound, BoundValue, Exceeded, HostLimits, Limits, Rate};
pub use name::{ActionId, AppSlug, InvalidName};
pub use plugin::Plugin;
pub use quarantine::Quarantined;
pub use secrecy::SecretString;
pub use upstream::Upstream;
pub use worker::CompileWorker;

/// A boxed future, as the traits that embedders implement return it.
///
/// ```
/// use actionbox_host::{BeforeSend, BoxFuture, SendIntent};
///
/// struct Frozen;
///
/// impl BeforeSend for Frozen {
///     fn before_send<'a>(&'a self, _: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
///         Box::pin(async { Err("the service is being moved".to_owned()) })
///     }
/// }
/// ```
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The example of the README, which must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
