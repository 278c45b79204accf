//! Sends no faster than the upstream lets a linked account, over all of its plugins and calls.
//!
//! The generic cell rate algorithm: one instant per account says when its requests so far are paid for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{limits::Rate, upstream::Upstream};

/// The pace of every account of a host.
pub(crate) struct Pace {
    rate: Option<Rate>,
    accounts: Mutex<Accounts>,
}

struct Accounts {
    /// When the requests so far are paid for.
    paid: HashMap<(Upstream, Arc<str>), Instant>,
    /// At how many accounts those that have been idle are forgotten.
    sweep_at: usize,
}

impl Pace {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, accounts: Mutex::new(Accounts { paid: HashMap::new(), sweep_at: 256 }) }
    }

    /// Takes one request, and returns how long to wait before it may leave; or, when that is longer than
    /// there is time, takes none and returns the rate.
    pub(crate) fn take(
        &self,
        upstream: &Upstream,
        account: &Arc<str>,
        now: Instant,
        deadline: Instant,
    ) -> Result<Duration, Rate> {
        let Some(rate) = self.rate else { return Ok(Duration::ZERO) };
        let interval = Duration::from_secs(1) / rate.per_second;
        let tolerance = interval * (rate.burst - 1);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.paid.len() >= accounts.sweep_at {
            accounts.paid.retain(|_, paid| *paid > now);
            accounts.sweep_at = (2 * accounts.paid.len()).max(256);
        }
        let paid = accounts.paid.entry((upstream.clone(), account.clone())).or_insert(now);
        let begin = (*paid).max(now);
        let wait = begin.saturating_duration_since(now).saturating_sub(tolerance);
        if now + wait >= deadline {
            return Err(rate);
        }
        *paid = begin + interval;
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn waits(pace: &Pace, account: &str, now: Instant, count: usize) -> Vec<u128> {
        let (upstream, account, far) = (Upstream::refold(), account.into(), now + Duration::from_secs(60));
        (0..count).map(|_| pace.take(&upstream, &account, now, far).expect("time").as_millis()).collect()
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_the_rate() {
        let pace = Pace::new(Some(Rate { per_second: 20, burst: 5 }));
        let now = Instant::now();
        assert_eq!(waits(&pace, "a", now, 8), [0, 0, 0, 0, 0, 50, 100, 150]);
        assert_eq!(waits(&pace, "b", now, 1), [0], "another account has a pace of its own");
        assert_eq!(waits(&pace, "a", now + 1000 * MS, 7), [0, 0, 0, 0, 0, 50, 100], "rest is not saved up");
    }

    #[test]
    fn what_would_come_too_late_is_not_taken() {
        let rate = Rate { per_second: 1, burst: 1 };
        let pace = Pace::new(Some(rate));
        let (now, upstream, account) = (Instant::now(), Upstream::refold(), "a".into());
        let take = |time| pace.take(&upstream, &account, now, now + time);
        assert_eq!(take(500 * MS), Ok(Duration::ZERO));
        assert_eq!(take(500 * MS), Err(rate));
        assert_eq!(take(5000 * MS), Ok(1000 * MS));
    }

    #[test]
    fn idle_accounts_are_forgotten() {
        let pace = Pace::new(Some(Rate { per_second: 20, burst: 5 }));
        let mut now = Instant::now();
        for account in 0..10_000 {
            now += 60 * MS;
            assert_eq!(waits(&pace, &account.to_string(), now, 1), [0]);
        }
        assert!(pace.accounts.lock().expect("no panic").paid.len() <= 256);
    }

    #[test]
    fn no_rate_is_no_wait() {
        let pace = Pace::new(None);
        assert_eq!(waits(&pace, "a", Instant::now(), 3), [0, 0, 0]);
    }
}
