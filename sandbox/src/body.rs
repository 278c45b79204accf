//! The body of an answer, which a fault may cut off, stall or never end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// What an endless body is made of: white space, so that it could still become JSON.
static BLANK: [u8; 16 * 1024] = [b' '; 16 * 1024];

#[derive(Debug)]
pub(crate) struct AnswerBody {
    first: Option<Bytes>,
    end: End,
    /// Whether the HTTP library may know the length: it checks a promise it can compare.
    sized: bool,
}

/// What comes after the first and only piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Proper,
    /// The connection breaks, once what went before has been written out.
    Broken {
        flushed: bool,
    },
    Never,
    Endless,
}

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self { first: Some(bytes), end: End::Proper, sized: true }
    }

    /// A body whose answer has a `content-length` of its own, true or not.
    pub(crate) fn promised(bytes: Bytes, length: Option<usize>) -> Self {
        let end = if length > Some(bytes.len()) { End::Broken { flushed: false } } else { End::Proper };
        Self { first: Some(bytes), end, sized: false }
    }

    pub(crate) fn broken(first: Bytes) -> Self {
        Self { first: Some(first), end: End::Broken { flushed: false }, sized: false }
    }

    pub(crate) fn stalled(first: Bytes) -> Self {
        Self { first: Some(first), end: End::Never, sized: false }
    }

    pub(crate) fn endless() -> Self {
        Self { first: None, end: End::Endless, sized: false }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match self.end {
            End::Proper => Poll::Ready(None),
            End::Broken { flushed: true } => {
                Poll::Ready(Some(Err(io::Error::other("the answer was cut off on purpose"))))
            }
            End::Broken { flushed: false } => {
                // The HTTP library writes out what it has whenever a body makes it wait.
                self.end = End::Broken { flushed: true };
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            End::Never => Poll::Pending,
            End::Endless => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&BLANK))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.end == End::Proper && self.first.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.first.as_ref().map_or(0, |first| first.len() as u64);
        if self.sized { SizeHint::with_exact(length) } else { SizeHint::default() }
    }
}
