//! Granted actions as tools of the Model Context Protocol.
//!
//! A [`Source`] tells what is granted, and carries it out; a [`Server`] speaks the protocol, over whichever transport
//! it is served on. What decides is the host's grant: a tool is there because [`Grant::check_execute`] admits its
//! action, and its hints come from the effect of that decision, never from what a plugin says of itself.
//!
//! [`Grant::check_execute`]: actionbox_host::Grant::check_execute

#![deny(missing_docs)]

// A request from its arrival to its answer: `server` takes it, `catalogue` knows the tools, which `tool` makes of
// actions with names of `name` and words that `text` has cleaned, and `result` says how a call ended.
mod catalogue;
mod name;
mod result;
mod server;
mod source;
mod text;
mod tool;

#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use server::{IDEMPOTENCY_KEY, Server};
pub use source::{Asked, Granted, Refused, Source};
