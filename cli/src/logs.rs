//! Log lines on stderr: quiet unless asked.

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::EnvFilter;

use crate::args::{Args, Command};

/// Starts logging: what `RUST_LOG` asks for, or else what `--verbose` shows, or else errors.
///
/// The sandbox server's log lines are its purpose, so they need not be asked for.
pub(crate) fn start(args: &Args) {
    let default = match &args.command {
        // The host's audit and the plugin's output, at targets below `actionbox::`, and the servers' log.
        _ if args.verbose => "actionbox=info",
        Command::Sandbox(_) => "actionbox_sandbox=info",
        _ => "error",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colour = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // It would be told on stderr, which is what failed; and that panics.
        .log_internal_errors(false)
        .init();
}
