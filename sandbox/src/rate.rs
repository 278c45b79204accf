//! The rate limit: one token bucket for each linked account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many requests one caller may make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimit {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Duration,
}

/// Every caller's bucket.
#[derive(Debug)]
pub(crate) struct Buckets {
    limit: Option<RateLimit>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Buckets {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, buckets: Mutex::default() }
    }

    /// Takes one request from the caller's bucket, or tells the whole seconds until there is one.
    pub(crate) fn take(&self, caller: &str, now: Duration) -> Result<(), u64> {
        let Some(limit) = self.limit else { return Ok(()) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket =
            buckets.entry(caller.to_owned()).or_insert(Bucket { tokens: limit.burst, filled_at: now });
        let gained = now.saturating_sub(bucket.filled_at).as_secs_f64() * limit.per_second;
        bucket.tokens = (bucket.tokens + gained).min(limit.burst);
        bucket.filled_at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::try_from_secs_f64((1.0 - bucket.tokens) / limit.per_second);
        // `Retry-After` counts whole seconds: rounding down would invite a second refusal.
        Err(wait.map_or(u64::MAX, |wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    fn buckets() -> Buckets {
        Buckets::new(Some(RateLimit { per_second: 2.0, burst: 3.0 }))
    }

    #[test]
    fn burst_is_served_then_refused_then_refilled() {
        let buckets = buckets();
        for _ in 0..3 {
            assert_eq!(buckets.take("a", START), Ok(()));
        }
        assert_eq!(buckets.take("a", START), Err(1));
        assert_eq!(buckets.take("a", Duration::from_millis(499)), Err(1));
        assert_eq!(buckets.take("a", Duration::from_millis(500)), Ok(()));
        assert_eq!(buckets.take("a", Duration::from_millis(500)), Err(1));
    }

    #[test]
    fn one_account_does_not_use_up_another() {
        let buckets = buckets();
        for _ in 0..4 {
            let _ = buckets.take("a", START);
        }
        assert_eq!(buckets.take("b", START), Ok(()));
    }

    #[test]
    fn a_rest_does_not_save_up_more_than_the_burst() {
        let buckets = buckets();
        assert_eq!(buckets.take("a", START), Ok(()));
        let later = Duration::from_secs(3600);
        let served = (0..10).filter(|_| buckets.take("a", later).is_ok()).count();
        assert_eq!(served, 3);
    }
}
