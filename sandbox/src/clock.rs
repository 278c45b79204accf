//! The sandbox's clock: the system's or a fixed one, which a test may advance.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// Where a deterministic sandbox's clock stands: 2026-01-01T09:00:00.000Z, in milliseconds.
const FIXED_START: u64 = 1_767_258_000_000;

/// Tells the time of day and, apart from it, how long the sandbox has been running.
#[derive(Debug)]
pub(crate) struct Clock {
    fixed: bool,
    started: Instant,
    /// How far [`Clock::advance`] has moved both readings, in milliseconds.
    advanced: AtomicU64,
}

/// A moment, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(u64);

impl Clock {
    pub(crate) fn new(fixed: bool) -> Self {
        Self { fixed, started: Instant::now(), advanced: AtomicU64::new(0) }
    }

    /// The time of day; in a deterministic sandbox it moves only by [`Clock::advance`].
    pub(crate) fn now(&self) -> Timestamp {
        let base = if self.fixed {
            FIXED_START
        } else {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(FIXED_START, millis)
        };
        Timestamp(base.saturating_add(self.advanced.load(Ordering::Relaxed)))
    }

    /// The time the sandbox has been running, which goes on even where the time of day is fixed: a
    /// rate limit that never refilled would be no stand-in for one.
    pub(crate) fn running(&self) -> Duration {
        self.started.elapsed() + Duration::from_millis(self.advanced.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.advanced.fetch_add(millis(by), Ordering::Relaxed);
    }
}

impl Timestamp {
    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub(crate) const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Formats as the connected apps do: `2026-01-01T09:00:00.000Z`.
    pub(crate) fn to_iso(self) -> String {
        let seconds = i64::try_from(self.as_secs()).unwrap_or(i64::MAX);
        let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            self.0 % 1000
        )
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_clock_stands_until_advanced() {
        let clock = Clock::new(true);
        assert_eq!(clock.now().to_iso(), "2026-01-01T09:00:00.000Z");
        clock.advance(Duration::from_millis(61_005));
        assert_eq!(clock.now().to_iso(), "2026-01-01T09:01:01.005Z");
    }
}
