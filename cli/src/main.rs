//! The command `actionbox`: lists, describes and executes actions through sandboxed plugins.
//!
//! It embeds the host as any other program would; what it adds is arguments, tables and advice. Its exit
//! codes are those of [`Exit`](failure::Exit).

mod action_name;
mod args;
mod commands;
mod connect;
mod failure;
mod key;
mod logs;
mod parameters;
mod show;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    logs::start(&args);
    let exit = match commands::run(&args).await {
        Ok(exit) => exit,
        Err(failure) => failure.report(args.json),
    };
    exit.into()
}
