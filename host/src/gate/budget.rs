//! Third step of the gate: what one call may still spend. Shared by all requests of the call.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::limits::{Exceeded, Limits};

/// What is left of a call's outgoing budget.
#[derive(Debug)]
pub(crate) struct Budget {
    requests: AtomicUsize,
    request_bytes: AtomicUsize,
    response_bytes: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            requests: AtomicUsize::new(limits.requests),
            request_bytes: AtomicUsize::new(limits.request_bytes),
            response_bytes: AtomicUsize::new(limits.response_bytes),
        }
    }

    /// Takes one request.
    pub(crate) fn take_request(&self, limits: &Limits) -> Result<(), Exceeded> {
        take(&self.requests, 1).ok_or(Exceeded::Requests(limits.requests))
    }

    /// Takes the bytes of a part of a request body.
    pub(crate) fn take_request_bytes(&self, count: usize, limits: &Limits) -> Result<(), Exceeded> {
        take(&self.request_bytes, count).ok_or(Exceeded::RequestBytes(limits.request_bytes))
    }

    /// Returns how many bytes an answer may have.
    pub(crate) fn response_bytes_left(&self) -> usize {
        self.response_bytes.load(Relaxed)
    }

    /// Takes the bytes of an answer.
    pub(crate) fn take_response_bytes(&self, count: usize, limits: &Limits) -> Result<(), Exceeded> {
        take(&self.response_bytes, count).ok_or(Exceeded::ResponseBytes(limits.response_bytes))
    }
}

fn take(left: &AtomicUsize, count: usize) -> Option<()> {
    left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(count)).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_exactly() {
        let limits = Limits { requests: 2, request_bytes: 10, response_bytes: 5, ..Limits::default() };
        let budget = Budget::new(&limits);
        assert!(budget.take_request(&limits).is_ok() && budget.take_request(&limits).is_ok());
        assert_eq!(budget.take_request(&limits), Err(Exceeded::Requests(2)));
        assert_eq!(budget.take_request_bytes(11, &limits), Err(Exceeded::RequestBytes(10)));
        assert!(budget.take_request_bytes(10, &limits).is_ok());
        assert_eq!(budget.take_request_bytes(1, &limits), Err(Exceeded::RequestBytes(10)));
        assert_eq!(budget.take_response_bytes(6, &limits), Err(Exceeded::ResponseBytes(5)));
        assert_eq!(budget.response_bytes_left(), 5);
    }
}
