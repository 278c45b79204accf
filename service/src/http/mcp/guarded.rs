//! The body of an answer that keeps a place as long as it is not told to its end.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::Answer;
use crate::room::Place;

pub(super) struct Guarded {
    body: Answer,
    _place: Place,
}

impl Guarded {
    pub(super) fn new(body: Answer, place: Place) -> Self {
        Self { body, _place: place }
    }
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
