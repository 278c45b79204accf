//! The process that compiles plugins: stopped when it takes too long or too much, and no risk to its parent.

use std::{path::PathBuf, time::Duration};

use actionbox_host::{ActionHost, CompileWorker, HostLimits, LoadError};

fn host(worker: CompileWorker, limits: HostLimits) -> ActionHost {
    ActionHost::builder().compile_in(worker).host_limits(limits).build().expect("a host")
}

fn worker() -> CompileWorker {
    CompileWorker::new(env!("CARGO_BIN_EXE_actionbox"), ["compile-worker"])
}

/// Reserves little address space: these hosts run no call.
fn limits() -> HostLimits {
    HostLimits { concurrent_calls: 1, ..HostLimits::default() }
}

/// A component that is valid, small, and much work.
fn bomb() -> Vec<u8> {
    wat::parse_str(format!("(component (core module {}))", "(func)".repeat(90_000))).expect("valid text")
}

#[tokio::test]
async fn a_plugin_is_compiled_and_found_to_be_one() {
    let plugin = host(worker(), limits()).load(actionbox_examples::REFOLD).await.expect("a plugin");
    let here = ActionHost::builder().host_limits(limits()).build().expect("a host");
    let here = here.load(actionbox_examples::REFOLD).await.expect("a plugin");
    assert_eq!(plugin.digest(), here.digest());
}

#[tokio::test]
async fn what_takes_too_long_is_stopped() {
    let time = Duration::from_millis(100);
    let error = host(worker(), HostLimits { compile_time: time, ..limits() }).load(bomb()).await;
    assert!(matches!(error, Err(LoadError::CompileTime(given)) if given == time), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_takes_too_much_memory_ends_the_worker_and_nothing_else() {
    let host = host(worker(), HostLimits { compile_bytes: 48 << 20, ..limits() });
    let error = host.load(bomb()).await;
    assert!(matches!(error, Err(LoadError::Compiler)), "{error:?}");
    host.load(actionbox_examples::REFOLD).await.expect("the next one is loaded");
}

#[tokio::test]
async fn what_is_too_much_work_is_refused_before_it_is_compiled() {
    let error = host(worker(), HostLimits { functions: 89_999, ..limits() }).load(bomb()).await;
    assert!(matches!(error, Err(LoadError::TooMuchWork { found: 90_000, .. })), "{error:?}");
}

#[tokio::test]
async fn the_reason_of_a_worker_arrives() {
    let mut broken = actionbox_examples::REFOLD.to_vec();
    broken.truncate(broken.len() / 2);
    let error = host(worker(), limits()).load(broken).await;
    assert!(matches!(error, Err(LoadError::Invalid { .. })), "{error:?}");
}

#[tokio::test]
async fn a_program_that_is_no_worker_gives_no_code() {
    let silent = CompileWorker::new(env!("CARGO_BIN_EXE_actionbox"), ["completions", "bash"]);
    let error = host(silent, limits()).load(actionbox_examples::REFOLD).await;
    assert!(matches!(error, Err(LoadError::Compiler | LoadError::Worker(_))), "{error:?}");

    let missing = CompileWorker::new(PathBuf::from("no-such-program"), ["x"]);
    let error = host(missing, limits()).load(actionbox_examples::REFOLD).await;
    assert!(matches!(error, Err(LoadError::Worker(_))), "{error:?}");
}
