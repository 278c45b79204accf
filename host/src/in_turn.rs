//! Lets the guests of one tenant run in turn.
//!
//! A guest that runs on gives way every few milliseconds, to the end of the runtime's queue. Were all guests of
//! a tenant in that queue, a call of another tenant would wait for each of them whenever it goes on; so there
//! are only as many as may run, and the others wait in a queue of their tenant's own.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

type Permit = Result<OwnedSemaphorePermit, AcquireError>;

/// A guest that is polled only with a permit, which it gives back after each poll.
pub(crate) struct InTurn<F> {
    guest: F,
    running: Arc<Semaphore>,
    waiting: Option<Pin<Box<dyn Future<Output = Permit> + Send>>>,
}

impl<F> InTurn<F> {
    pub(crate) fn new(guest: F, running: &Arc<Semaphore>) -> Self {
        Self { guest, running: running.clone(), waiting: None }
    }
}

impl<F: Future + Unpin> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        // Fails only when the semaphore is closed, which nobody does.
        let _permit = match (&mut this.waiting, this.running.clone().try_acquire_owned()) {
            (None, Ok(permit)) => Ok(permit),
            (None, Err(_)) => {
                let waiting = this.waiting.insert(Box::pin(this.running.clone().acquire_owned()));
                ready!(waiting.as_mut().poll(cx))
            }
            (Some(waiting), spare) => {
                // It has a place in the queue, which it keeps.
                drop(spare);
                ready!(waiting.as_mut().poll(cx))
            }
        };
        this.waiting = None;
        Pin::new(&mut this.guest).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        task::Waker,
    };

    use super::*;

    /// Wants to run that often, and tells how many ran at the same time as it did.
    async fn guest(times: usize, ran: &AtomicUsize) {
        for _ in 0..times {
            ran.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn guests_run_in_turn_and_all_of_them_end() {
        let (running, ran) = (Arc::new(Semaphore::new(1)), AtomicUsize::new(0));
        let in_turn = || InTurn::new(Box::pin(guest(100, &ran)), &running);
        tokio::join!(in_turn(), in_turn(), in_turn());
        assert_eq!((ran.load(SeqCst), running.available_permits()), (300, 1));
    }

    #[test]
    fn who_has_no_permit_does_not_run() {
        let (running, ran) = (Arc::new(Semaphore::new(1)), AtomicUsize::new(0));
        let taken = running.clone().try_acquire_owned().expect("a permit");
        let mut waiting = InTurn::new(Box::pin(guest(1, &ran)), &running);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut waiting).poll(&mut cx).is_pending());
        assert_eq!(ran.load(SeqCst), 0);
        drop(taken);
        assert!(Pin::new(&mut waiting).poll(&mut cx).is_pending(), "it gives way after its first run");
        assert_eq!((ran.load(SeqCst), running.available_permits()), (1, 1), "and keeps no permit");
        // Whoever is dropped while it waits leaves nothing behind.
        let taken = running.clone().try_acquire_owned().expect("a permit");
        assert!(Pin::new(&mut waiting).poll(&mut cx).is_pending());
        drop((waiting, taken));
        assert_eq!(running.available_permits(), 1);
    }
}
