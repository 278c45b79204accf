//! The command `actionbox`: lists, describes and executes actions through sandboxed plugins.
//!
//! It embeds the host as any other program would; what it adds is arguments, tables and advice. Its exit
//! codes are those of [`Exit`](failure::Exit).

mod action_name;
mod args;
mod calls;
mod commands;
mod connect;
mod during;
mod failure;
mod key;
mod language;
mod logs;
mod parameters;
mod process;
mod project;
mod recording;
mod show;
mod whole_file;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;

fn main() -> ExitCode {
    if process::is_compile_worker() {
        return process::compile_worker();
    }
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    let args = Args::parse();
    let plugin_lines = logs::start(&args);
    process::protect_memory();
    let exit = match commands::run(&args, plugin_lines).await {
        Ok(exit) => exit,
        Err(failure) => failure.report(args.json),
    };
    exit.into()
}
