//! The sandbox server, as a client sees it.

mod client;
mod errors;
mod faults;
mod hubspot;
mod isolation;
mod organisation;
mod rate;
mod requests;
mod salesforce;
mod sessions;
mod slack;
mod tls;
