//! What the whole does, through real components and real sockets.

mod account_check;
mod another_host;
mod bad_input;
mod before_send;
mod cassette;
#[cfg(unix)]
mod compile_cache;
mod composite;
mod documents;
mod errors;
mod routes;
mod sessions;
mod sync;
mod tenants;
mod typed;
mod wit;
