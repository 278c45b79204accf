//! Write Actionbox plugins in Rust.
//!
//! A plugin lists and executes actions on connected apps. It runs in a sandbox and never holds a key: it
//! calls its upstream by the public name, and the host adds the credentials on the far side of the wall.
//!
//! Implement [`Plugin`] and [`export!`] it. This one passes on everything that Refold offers:
//!
//! ```
//! use actionbox_guest::{Action, Error, Outcome, Parameter, Parameters, Plugin, export, refold};
//!
//! struct Thin;
//!
//! impl Plugin for Thin {
//!     fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
//!         refold::list_actions(app)
//!     }
//!
//!     fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
//!         refold::describe_action(app, action)
//!     }
//!
//!     fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
//!         refold::execute_action(app, action, &parameters)
//!     }
//! }
//!
//! export!(Thin);
//! # fn main() {}
//! ```
//!
//! Build it as a `cdylib` with `cargo build --release --target wasm32-wasip2`; the `.wasm` file is the
//! plugin. On other targets everything compiles, and what makes no request runs: unit tests need no
//! sandbox. A request made there panics.
//!
//! - [`refold`] calls the upstream's three endpoints, as typed functions. With the feature `upstream` each is one host
//!   call, and a plugin that uses nothing else imports no `wasi:http`.
//! - [`client`] sends any [`http::Request`]; the host decides which ones leave.
//! - [`Parameters`] are what an action is executed with, [`Outcome`] is what became of it in the app with
//!   the [`Data`] that the app answered, and [`Error`] is why there is no outcome.

#![deny(missing_docs)]

mod action;
mod bindings;
pub mod client;
mod data;
mod error;
mod outcome;
mod parameters;
mod plugin;
pub mod refold;
mod wire;

pub use http;
pub use serde_json;

pub use self::{
    action::{Action, Effect, Parameter, ParameterKind},
    data::Data,
    error::{Error, Problem, UpstreamFailure},
    outcome::{Failure, Outcome, Success},
    parameters::Parameters,
    plugin::Plugin,
};

/// The example of the README, which must compile as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What [`export!`] expands to. No part of the public API.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::bindings::{export_actions, exports};
    pub use crate::wire::Exported;
}
