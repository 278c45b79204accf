//! Keeps the HTTP libraries from logging: HTTP/2 quotes what the peer says as it goes away, and the peer
//! knows the credentials.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tracing::dispatcher::{Dispatch, with_default};

pin_project! {
    /// A future none of whose log lines is heard, of its end neither.
    pub(super) struct Hushed<F> {
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Hushed<F> {
        fn drop(this: Pin<&mut Self>) {
            with_default(&Dispatch::none(), || this.project().future.set(None));
        }
    }
}

impl<F> Hushed<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for Hushed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().future.as_pin_mut() {
            Some(future) => with_default(&Dispatch::none(), || future.poll(cx)),
            None => Poll::Pending,
        }
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
        // Boxed: as large as it is, the runtime would move all of it several times.
        tokio::spawn(Box::pin(Hushed::new(connection)));
    }
}
