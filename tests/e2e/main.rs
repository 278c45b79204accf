//! What the whole does, through real components and real sockets.

mod account_check;
mod bad_input;
mod before_send;
mod composite;
mod documents;
mod errors;
mod routes;
mod sessions;
mod tenants;
mod wit;
