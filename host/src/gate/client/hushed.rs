//! Keeps the HTTP libraries from logging: HTTP/2 quotes what the peer says as it goes away, and the peer
//! knows the credentials.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tracing::dispatcher::{Dispatch, with_default};

/// A future none of whose log lines is heard, of its end neither.
pub(super) struct Hushed<F>(Option<Pin<Box<F>>>);

impl<F> Hushed<F> {
    pub(super) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future> Future for Hushed<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.0 {
            Some(future) => with_default(&Dispatch::none(), || future.as_mut().poll(cx)),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Hushed<F> {
    fn drop(&mut self) {
        with_default(&Dispatch::none(), || self.0 = None);
    }
}

/// Runs the connections of the client.
#[derive(Clone, Copy)]
pub(super) struct HushedExecutor;

impl<F> hyper::rt::Executor<F> for HushedExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, connection: F) {
        tokio::spawn(Hushed::new(connection));
    }
}
