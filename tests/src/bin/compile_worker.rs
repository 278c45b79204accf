//! The process in which the suites have hostile components compiled, so that it can be stopped.

use std::process::ExitCode;

fn main() -> ExitCode {
    actionbox_host::CompileWorker::serve()
}
