//! Which processor runs what: a benchmark that leaves it to the scheduler measures that as well.

use std::{ffi::OsStr, fs, process::Command};

use anyhow::{Context as _, bail, ensure};

/// Two processors that this process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The one of the upstream, and of whoever conducts.
    pub upstream: usize,
    /// The one of what is measured.
    pub contestant: usize,
}

/// Returns two processors that are as far apart as may be.
///
/// # Errors
///
/// When there is only one.
pub fn pair() -> anyhow::Result<Pair> {
    let status = fs::read_to_string("/proc/self/status")?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let numbers = allowed.context("the kernel does not tell the processors")?.trim();
    let mut numbers = numbers.split([',', '-']).map(str::parse);
    let first = numbers.next().context("no processor")??;
    let Some(last) = numbers.next_back() else { bail!("two processors are needed") };
    Ok(Pair { upstream: first, contestant: last? })
}

/// Moves this process to a processor; threads that it has already stay where they are.
///
/// # Errors
///
/// When there is no `taskset`, or it fails.
pub fn move_to(processor: usize) -> anyhow::Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--pid", "--cpu-list", &processor.to_string(), &std::process::id().to_string()]);
    let output = taskset.output().context("there is no `taskset`: util-linux has it")?;
    ensure!(output.status.success(), "taskset: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Returns a command that runs a program on a processor.
pub fn command_on(processor: usize, program: impl AsRef<OsStr>) -> Command {
    let mut taskset = Command::new("taskset");
    taskset.args(["--cpu-list", &processor.to_string()]).arg(program);
    taskset
}
