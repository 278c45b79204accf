//! Log lines on stderr: quiet unless asked. What plugins print is kept beside, for whoever shows it.

mod plugin_lines;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

pub(crate) use plugin_lines::PluginLines;

use crate::args::{Args, Command};

/// Starts logging: what `RUST_LOG` asks for, or else what `--verbose` shows, or else errors.
///
/// The sandbox server's log lines are its purpose, so they need not be asked for. Returns where the lines of
/// plugins will be, for a command that shows them by itself.
pub(crate) fn start(args: &Args) -> PluginLines {
    let default = match &args.command {
        // The host's audit and the plugin's output, at targets below `actionbox::`, and the servers' log.
        _ if args.verbose => "actionbox=info",
        Command::Sandbox(_) => "actionbox_sandbox=info",
        Command::Serve(_) => "actionbox_service=info",
        _ => "error",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colour = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    let on_stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // It would be told on stderr, which is what failed; and that panics.
        .log_internal_errors(false);
    let is_for_programs = args.json && matches!(args.command, Command::Serve(_));
    let on_stderr = match is_for_programs {
        true => on_stderr.with_ansi(false).json().flatten_event(true).boxed(),
        false => on_stderr.boxed(),
    };
    let on_stderr = on_stderr.with_filter(filter);
    let lines = PluginLines::default();
    let of_plugins = Targets::new().with_target(plugin_lines::TARGET, tracing::Level::INFO);
    let kept = matches!(args.command, Command::Dev(_)).then(|| lines.clone().with_filter(of_plugins));
    tracing_subscriber::registry().with(on_stderr).with(kept).init();
    lines
}
