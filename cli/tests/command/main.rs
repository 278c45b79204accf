//! The command as its users run it: the real binary, against a sandbox server.

mod book;
mod build;
#[cfg(unix)]
mod ci;
mod compile_cache;
mod compile_worker;
mod completions;
mod conformance;
mod credentials;
mod demo;
mod dev;
mod exit_codes;
mod explain;
mod harness;
mod inspect;
mod limits;
mod mcp;
mod mistakes;
mod network;
mod new;
mod output;
mod parameters;
mod pictures;
mod plugins;
mod recording;
mod serve;
mod server;
mod terminal;
