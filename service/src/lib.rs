//! Runs Actionbox for many tenants: a service that holds the credentials, the plugins and the grants, and offers one
//! safe place to list and execute actions.
//!
//! Callers use the upstream's own API: they change the base URL and the key, and name a tenant in
//! `linked_account_id`. Administrators use a small API beside it, under `/v1`.
//!
//! For a whole program, see `actionbox serve`; to start a service within another one, [`Service::start`].

// A request from its arrival to its answer: `http` finds out who asks, `directory` which plugin and grant that is, `run`
// makes the call, `journal` writes down what is about to leave, and `writer` commits it.
mod admin;
mod answer;
mod caller;
mod chain;
mod credential;
mod database;
mod definition;
mod digest;
mod directory;
mod error;
mod http;
mod journal;
mod judge;
mod rates;
mod refusals;
mod room;
mod run;
mod seal;
mod service;
mod settings;
mod settle;
mod signers;
mod store;
mod telemetry;
mod trail;
mod upkeep;
mod vault;
mod verdict;
mod views;
mod writer;

pub use admin::{Admin, AdminError, NewKey};
pub use caller::Role;
pub use chain::Broken;
pub use credential::{CredentialKind, NewCredential, NewSecret};
pub use database::Database;
pub use definition::{Allow, CallLimits, GrantDefinition, Named};
pub use error::{StartError, StoreError};
pub use seal::{Keyring, SealError};
pub use service::{Config, McpHosts, Service};
pub use settings::{MasterKey, Settings, SettingsError};
pub use settle::SettleBy;
pub use signers::{NoPublicKey, Signers, Unsigned};
pub use store::{Execution, State};
pub use trail::{End, Trail, TrailError, Wanted};
pub use vault::Vault;
pub use verdict::{Judge, Verdict};
