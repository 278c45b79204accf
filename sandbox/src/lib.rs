//! A stateful stand-in for Refold's action API, on a port of this machine.
//!
//! It answers the three endpoints that list, describe and execute actions, issues session tokens, and
//! keeps a small world behind them: linked accounts whose contacts, deals and messages are created,
//! found, changed and deleted by the calls that do so in the real one. Quick starts run against it
//! without an account anywhere, plugin authors try their plugins on it, and tests look at what arrived,
//! byte for byte, and make it fail in every way a service can.
//!
//! # Examples
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use actionbox_sandbox::{Fault, SANDBOX_API_KEY, Sandbox};
//!
//! let sandbox = Sandbox::builder().account("acme").start().await?;
//! println!("{} answers to {SANDBOX_API_KEY}", sandbox.base_url());
//!
//! // The next write will be carried out, and its answer lost.
//! sandbox.inject(Fault::reset().on_path("/execute").after_execute());
//!
//! // … the client under test does its work …
//!
//! assert!(sandbox.executions().is_empty());
//! assert_eq!(sandbox.connections(), 0, "no connection was even opened");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # How true it is
//!
//! The sandbox was made from the vendor's public documentation and what integrators reported, not from
//! the service itself. Paths, headers, error messages and the shapes of answers are those documented;
//! the connected apps behind them are small imitations. Where the documentation is silent, it decides
//! as follows, and nobody should depend on it:
//!
//! - Checks come in this order: path (404), method (405), credentials (401), rate (429), app and action
//!   (404), account (400), body (400).
//! - If a session token is present, the key and `linked_account_id` beside it are not looked at.
//! - With the key alone, listing and describing answer, and execute is 400 `linked_account_id is required`.
//! - An account that does not exist is refused by all three endpoints like one that is not connected, with
//!   400; one that exists but has not connected the app may still list and describe.
//! - A required parameter that is null or `""` counts as missing. Parameters the action does not know are
//!   ignored.
//! - The code of an error other than `VALIDATION_ERROR` and `INVALID_LINKED_ACCOUNT_ID` is `SERVER_ERROR`.
//! - Only requests with valid credentials count against the rate; organisation-level ones share a limit.
//! - `force_refresh` leaves the earlier token valid until it expires. Nothing redeems a refresh token.
//! - Ids of records are taken in `contact_id`, `account_id`, `user`, `channel` and `ts`.
//!
//! It errs on the side of letting things through, as an unknown proxy might: paths are decoded, their
//! `..` resolved and double slashes joined before they are matched. A request that should never have been
//! sent is to show in a test, not to be stopped here by luck.
//!
//! # Security
//!
//! The key is public and the data made up. Nothing here is fit to protect anything.

#![deny(missing_docs)]

mod accounts;
mod actions;
mod apps;
mod auth;
mod body;
mod builder;
mod catalogue;
mod clock;
mod envelope;
mod error;
mod fault;
mod ids;
mod org;
mod rate;
mod record;
mod routes;
mod sandbox;
mod seed;
mod server;
mod session;
mod state;
mod store;
mod target;
mod tee;
mod tls;

pub use accounts::Execution;
pub use builder::SandboxBuilder;
pub use error::SandboxError;
pub use fault::Fault;
pub use http::{Method, Response, StatusCode, Version};
pub use record::{BodyState, RecordedRequest};
pub use sandbox::Sandbox;

/// The API key a sandbox server accepts unless told otherwise: a test key, as its `tk_` says.
pub const SANDBOX_API_KEY: &str = "tk_sandbox_5c1f0e9a7b3d48269e04";

/// The linked accounts every sandbox server has, each connected to every app.
pub const DEFAULT_ACCOUNTS: [&str; 2] = ["demo-user-1", "customer@example.com"];
