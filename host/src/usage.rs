//! What a call has used: linear memory, time spent running, and time spent before it could.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// What one call has used so far.
#[derive(Default)]
pub(crate) struct Usage {
    memory: AtomicUsize,
    spent: AtomicU64,
    /// When the current stretch of running began, in nanoseconds from [`nanos`]'s origin; 0 while the guest
    /// waits.
    since: AtomicU64,
    queued: AtomicU64,
    instantiation: AtomicU64,
}

impl Usage {
    /// Returns the bytes of linear memory.
    pub(crate) fn memory(&self) -> usize {
        self.memory.load(Relaxed)
    }

    pub(crate) fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes, Relaxed);
    }

    /// Returns how long the guest has been running, as opposed to waiting.
    pub(crate) fn cpu_time(&self) -> Duration {
        let running = match self.since.load(Relaxed) {
            0 => 0,
            since => nanos().saturating_sub(since),
        };
        Duration::from_nanos(self.spent.load(Relaxed) + running)
    }

    /// Returns how long the call waited for its turn.
    pub(crate) fn queued(&self) -> Duration {
        Duration::from_nanos(self.queued.load(Relaxed))
    }

    pub(crate) fn set_queued(&self, time: Duration) {
        self.queued.store(whole_nanos(time), Relaxed);
    }

    /// Returns how long it took to make the instance.
    pub(crate) fn instantiation(&self) -> Duration {
        Duration::from_nanos(self.instantiation.load(Relaxed))
    }

    pub(crate) fn set_instantiation(&self, time: Duration) {
        self.instantiation.store(whole_nanos(time), Relaxed);
    }

    /// The guest runs from now on.
    pub(crate) fn run(&self) {
        self.since.store(nanos().max(1), Relaxed);
    }

    /// The guest waits from now on.
    pub(crate) fn rest(&self) {
        let since = self.since.swap(0, Relaxed);
        self.spent.fetch_add(nanos().saturating_sub(since), Relaxed);
    }
}

fn nanos() -> u64 {
    static ORIGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    whole_nanos(ORIGIN.elapsed())
}

fn whole_nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
