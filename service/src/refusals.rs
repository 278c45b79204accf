//! Requests that the service itself refuses leave a line in the audit each, but not without bound: whoever has no key
//! must not be able to fill the disk.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many lines a second.
const MOST: u32 = 10;

/// Counts refusals.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Option<Second>>);

struct Second {
    began: Instant,
    told: u32,
    untold: u64,
}

impl Refusals {
    /// Tells whether one more may have a line; then also how many had none since the last that had.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = second.get_or_insert(Second { began: now, told: 0, untold: 0 });
        if now.duration_since(second.began) >= Duration::from_secs(1) {
            second.began = now;
            second.told = 0;
        }
        if second.told == MOST {
            second.untold += 1;
            return None;
        }
        second.told += 1;
        Some(std::mem::take(&mut second.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_few_lines_and_is_counted() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let told = (0..1000).filter(|_| refusals.count(now).is_some()).count();
        assert_eq!(told, 10);
        assert_eq!(refusals.count(now + Duration::from_secs(1)), Some(990));
        assert_eq!(refusals.count(now + Duration::from_secs(1)), Some(0));
    }
}
