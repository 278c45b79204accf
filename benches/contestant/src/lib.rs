//! How a contestant takes part in the benchmark of calls: the one call that all of them make, and the
//! lines by which the conductor starts a round and learns what it showed.
//!
//! A contestant is a process of its own, in whatever language. Its first argument is the base URL of the
//! upstream; its second the file of the plugin that it runs, when it runs one. For every line of its input,
//! an [`Order`], it calls for that time with so many calls at once, and prints a line, a [`Showing`].

mod call;
mod round;

use std::{
    env,
    io::{BufRead as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

pub use call::{ACCOUNT, ACTION, APP, KEY, PATH, check, parameters};
pub use round::{AsyncCall, BlockingCall};

/// What the conductor asks for, one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// How many calls are made at once.
    pub concurrency: usize,
    /// How long.
    pub millis: u64,
}

/// What a round showed, one line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Showing {
    /// How many calls ended.
    pub calls: u64,
    /// How long the round took, until its last call ended.
    pub seconds: f64,
    /// The processor time that the process used meanwhile, with that of the kernel for it.
    pub cpu_seconds: f64,
    /// How long the calls took.
    pub latencies_us: Latencies,
}

/// How long calls took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// The median.
    pub p50: f64,
    /// One call in 10 took longer.
    pub p90: f64,
    /// One call in 100 took longer.
    pub p99: f64,
    /// One call in 1,000 took longer.
    pub p999: f64,
}

/// What a contestant is given to begin with.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The base URL of the upstream, without a slash at the end.
    pub upstream: String,
    /// The file of the plugin.
    pub plugin: Option<PathBuf>,
}

impl Invitation {
    /// Reads it from the arguments of the process, of which so many are the contestant's own.
    ///
    /// # Errors
    ///
    /// When there is no upstream among them.
    pub fn from_arguments(own: usize) -> anyhow::Result<Self> {
        let mut arguments = env::args_os().skip(1 + own);
        let upstream = arguments.next().and_then(|upstream| upstream.into_string().ok());
        let upstream = upstream.context("the base URL of the upstream is missing")?;
        Ok(Self { upstream, plugin: arguments.next().map(PathBuf::from) })
    }

    /// Returns the URL of the one call.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.upstream)
    }

    /// Reads the plugin.
    ///
    /// # Errors
    ///
    /// When none was given, or it cannot be read.
    pub fn read_plugin(&self) -> anyhow::Result<Vec<u8>> {
        let path = self.plugin.as_ref().context("the file of the plugin is missing")?;
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    }
}

/// Takes part with calls that are futures, all on one worker thread.
///
/// # Errors
///
/// When a call fails, or a line is no order.
pub fn take_part<C: AsyncCall>(make: impl AsyncFnOnce() -> anyhow::Result<C>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let call = std::sync::Arc::new(runtime.block_on(make())?);
    answer_orders(|order| runtime.block_on(round::of_futures(order, &call)))
}

/// Takes part with calls that block: each of those at once has a thread.
///
/// # Errors
///
/// When a call fails, or a line is no order.
pub fn take_part_blocking<C: BlockingCall>(call: &C) -> anyhow::Result<()> {
    answer_orders(|order| round::of_threads(order, call))
}

fn answer_orders(mut round: impl FnMut(Order) -> anyhow::Result<Showing>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let order = serde_json::from_str(&line).with_context(|| format!("no order: {line}"))?;
        writeln!(out, "{}", serde_json::to_string(&round(order)?)?)?;
        out.flush()?;
    }
    Ok(())
}
