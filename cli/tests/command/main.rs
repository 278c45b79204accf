//! The command as its users run it: the real binary, against a sandbox server.

mod build;
mod compile_cache;
mod compile_worker;
mod completions;
mod conformance;
mod credentials;
mod demo;
mod dev;
mod exit_codes;
mod harness;
mod limits;
mod network;
mod new;
mod output;
mod parameters;
mod plugins;
mod server;
mod terminal;
