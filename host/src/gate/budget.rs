//! Third step of the gate: what one call may still spend. Shared by all requests of the call.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::Semaphore;

use crate::limits::{Exceeded, Limits};

/// A number of something that may be used up, by many at once.
#[derive(Debug)]
pub(crate) struct Allowance(AtomicUsize);

impl Allowance {
    pub(crate) fn new(count: usize) -> Self {
        Self(AtomicUsize::new(count))
    }

    /// Takes all of it or nothing, and tells which.
    #[must_use]
    pub(crate) fn take(&self, count: usize) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(count)).is_ok()
    }

    /// Gives back what was taken and is no longer used.
    pub(crate) fn give_back(&self, count: usize) {
        self.0.fetch_add(count, Relaxed);
    }

    pub(crate) fn left(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// What is left of a call's outgoing budget.
#[derive(Debug)]
pub(crate) struct Budget {
    requests: Allowance,
    request_bytes: Allowance,
    /// Taken while answers arrive: many at once must not each use all that is left.
    pub(crate) response_bytes: Allowance,
    /// Turns of the requests that are on their way.
    pub(crate) at_once: Semaphore,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            requests: Allowance::new(limits.requests),
            request_bytes: Allowance::new(limits.request_bytes),
            response_bytes: Allowance::new(limits.response_bytes),
            at_once: Semaphore::new(limits.requests_at_once.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    /// Takes one request.
    pub(crate) fn take_request(&self, limits: &Limits) -> Result<(), Exceeded> {
        self.requests.take(1).then_some(()).ok_or(Exceeded::Requests(limits.requests))
    }

    /// Takes the bytes of a part of a request body.
    pub(crate) fn take_request_bytes(&self, count: usize, limits: &Limits) -> Result<(), Exceeded> {
        self.request_bytes.take(count).then_some(()).ok_or(Exceeded::RequestBytes(limits.request_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_exactly() {
        let limits = Limits { requests: 2, request_bytes: 10, ..Limits::default() };
        let budget = Budget::new(&limits);
        assert!(budget.take_request(&limits).is_ok() && budget.take_request(&limits).is_ok());
        assert_eq!(budget.take_request(&limits), Err(Exceeded::Requests(2)));
        assert_eq!(budget.take_request_bytes(11, &limits), Err(Exceeded::RequestBytes(10)));
        assert!(budget.take_request_bytes(10, &limits).is_ok());
        assert_eq!(budget.take_request_bytes(1, &limits), Err(Exceeded::RequestBytes(10)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let allowance = Allowance::new(5);
        assert!(!allowance.take(6) && allowance.take(5) && !allowance.take(1));
        allowance.give_back(2);
        assert_eq!(allowance.left(), 2);
        assert!(allowance.take(2) && !allowance.take(usize::MAX));
    }
}
