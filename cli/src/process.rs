//! This process: it keeps its memory to itself, compiles plugins in another one that can be stopped, and
//! keeps their code in the user's cache.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use actionbox_host::{ActionHost, ActionHostBuilder, Actor, CompileCache, CompileWorker};

use crate::failure::{Exit, Failure};

/// The first argument of a process that only compiles.
const WORKER: &str = "compile-worker";

/// The second one, of a process that Ctrl-C does not reach: at a prompt that is meant for a call.
const APART: &str = "apart";

/// Tells whether this process is to compile a component and end.
pub(crate) fn is_compile_worker() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == WORKER)
}

/// Compiles a component.
pub(crate) fn compile_worker() -> ExitCode {
    #[cfg(unix)]
    if std::env::args_os().nth(2).is_some_and(|argument| argument == APART)
        && rustix::process::setpgid(None, None).is_err()
    {
        return ExitCode::FAILURE;
    }
    CompileWorker::serve()
}

/// Begins a host that compiles in a worker, and keeps code in the user's cache if it may.
///
/// # Errors
///
/// [`Failure`] when the system does not tell where this program is.
pub(crate) fn host(cached: bool) -> Result<ActionHostBuilder, Failure> {
    host_with(cached, &[WORKER])
}

/// Begins a host whose workers Ctrl-C does not stop.
///
/// # Errors
///
/// As [`host`].
pub(crate) fn host_of_prompt(cached: bool) -> Result<ActionHostBuilder, Failure> {
    host_with(cached, &[WORKER, APART])
}

fn host_with(cached: bool, worker: &[&str]) -> Result<ActionHostBuilder, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(Exit::Operator, "compile-worker", Actor::Operator, "no plugin can be compiled")
            .because(format!("this program cannot find itself: {error}"))
            .hint("start it by its whole path")
    })?;
    let host = ActionHost::builder().compile_in(CompileWorker::new(program, worker));
    let directory = cached.then(|| cache_directory(|variable| std::env::var_os(variable))).flatten();
    Ok(match directory {
        Some(directory) => host.compile_cache(CompileCache::at(directory)),
        None => host,
    })
}

/// Returns where this system's users have their caches, if the environment tells.
fn cache_directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let caches = absolute(&variable, "XDG_CACHE_HOME").or_else(|| match () {
        _ if cfg!(windows) => absolute(&variable, "LOCALAPPDATA"),
        _ if cfg!(target_os = "macos") => Some(absolute(&variable, "HOME")?.join("Library/Caches")),
        _ => Some(absolute(&variable, "HOME")?.join(".cache")),
    });
    Some(caches?.join("actionbox"))
}

/// Returns where programs keep what a user would not call data, such as a history, if the environment tells.
pub(crate) fn state_directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let states = absolute(&variable, "XDG_STATE_HOME").or_else(|| match cfg!(windows) {
        true => absolute(&variable, "LOCALAPPDATA"),
        false => Some(absolute(&variable, "HOME")?.join(".local/state")),
    });
    Some(states?.join("actionbox"))
}

/// Returns the path in a variable. A relative one is to be ignored, says the XDG specification.
fn absolute(variable: impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Returns what ends when the user, or a supervisor, asks to stop: from now on, not from the first poll.
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let terminate = terminate_signal()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            () = terminate => {}
        }
    })
}

/// Returns what ends when a supervisor asks to stop, where Ctrl-C means something else.
#[cfg(unix)]
pub(crate) fn terminate_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    Ok(async move {
        terminate.recv().await;
    })
}

#[cfg(not(unix))]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c().map_err(no_signals)?;
    Ok(async move { drop(ctrl_c.recv().await) })
}

#[cfg(not(unix))]
pub(crate) fn terminate_signal() -> Result<impl Future<Output = ()>, Failure> {
    Ok(std::future::pending())
}

fn no_signals(error: std::io::Error) -> Failure {
    Failure::new(Exit::Operator, "signal", Actor::Operator, "signals cannot be waited for").because(error)
}

/// Lets no other process of the same user read the key from this one's memory, and no crash write it down.
pub(crate) fn protect_memory() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        tracing::warn!(%error, "a debugger or a core dump could read the key from this process");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::Path;

    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    #[test]
    fn the_memory_is_not_dumpable() {
        protect_memory();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }

    #[test]
    fn the_cache_is_where_users_have_their_caches() {
        let directory = |xdg: Option<&str>, home: Option<&str>| {
            let value = |name: &str| if name == "HOME" { home } else { xdg };
            cache_directory(|name| value(name).map(OsString::from))
        };
        let table = [
            (Some("/var/me"), Some("/home/me"), Some("/var/me/actionbox")),
            (None, Some("/home/me"), Some("/home/me/.cache/actionbox")),
            (Some(""), Some("/home/me"), Some("/home/me/.cache/actionbox")),
            (Some("relative"), Some("/home/me"), Some("/home/me/.cache/actionbox")),
            (None, Some(""), None),
            (None, None, None),
        ];
        for (xdg, home, expected) in table {
            assert_eq!(directory(xdg, home).as_deref(), expected.map(Path::new), "{xdg:?} {home:?}");
        }
        let state = |name: &str| (name == "HOME").then(|| OsString::from("/home/me"));
        assert_eq!(state_directory(state).as_deref(), Some(Path::new("/home/me/.local/state/actionbox")));
    }
}
