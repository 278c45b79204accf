//! This process: it keeps its memory to itself, and compiles plugins in another one that can be stopped.

use actionbox_host::{ActionHost, ActionHostBuilder, Actor, CompileWorker};

use crate::failure::{Exit, Failure};

/// The first argument of a process that only compiles.
const WORKER: &str = "compile-worker";

/// Tells whether this process is to compile a component and end.
pub(crate) fn is_compile_worker() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == WORKER)
}

/// Begins a host that compiles in a worker.
///
/// # Errors
///
/// [`Failure`] when the system does not tell where this program is.
pub(crate) fn host() -> Result<ActionHostBuilder, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(Exit::Operator, "compile-worker", Actor::Operator, "no plugin can be compiled")
            .because(format!("this program cannot find itself: {error}"))
            .hint("start it by its whole path")
    })?;
    Ok(ActionHost::builder().compile_in(CompileWorker::new(program, [WORKER])))
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
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn the_memory_is_not_dumpable() {
        super::protect_memory();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
