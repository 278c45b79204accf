//! The service, as its users meet it: over HTTP, with a real database and a real upstream.

mod client;
mod console;
mod crash;
mod gone;
mod harness;
mod idempotency;
mod journal;
mod lifecycle;
mod main_job;
mod mcp;
mod openapi;
mod operator;
mod refused;
mod secrets;
mod shared;
mod telemetry;
