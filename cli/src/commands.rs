//! The subcommands, one file each.

mod audit;
mod build;
mod completions;
mod demo;
mod describe;
mod dev;
mod execute;
mod explain;
mod inspect;
mod limits;
mod list;
mod mcp;
mod new;
mod sandbox;
mod serve;
mod test;

use crate::{
    args::{Args, Command},
    failure::{Exit, Failure},
    logs::PluginLines,
};

/// Runs the subcommand that was asked for.
pub(crate) async fn run(args: &Args, plugin_lines: PluginLines) -> Result<Exit, Failure> {
    match &args.command {
        Command::Demo => demo::run(args.json).await,
        Command::List(list) => list::run(list, args.json).await,
        Command::Describe(describe) => describe::run(describe, args.json).await,
        Command::Execute(execute) => execute::run(execute, args.json).await,
        Command::Explain(explain) => explain::run(explain, args.json),
        Command::New(new) => new::run(new, args.json),
        Command::Build(build) => build::run(build, args.json).await,
        Command::Dev(dev) => dev::run(dev, args.json, plugin_lines).await,
        Command::Inspect(inspect) => inspect::run(inspect, args.json).await,
        Command::Mcp(mcp) => mcp::run(mcp).await,
        Command::Limits => limits::run(args.json),
        Command::Sandbox(sandbox) => sandbox::run(sandbox, args.json).await,
        Command::Audit(audit) => audit::run(audit, args.json).await,
        Command::Serve(serve) => serve::run(serve, args.json).await,
        Command::Test(test) => test::run(test, args.json).await,
        Command::Completions(completions) => completions::run(completions),
    }
}
