//! The steps of the gate one by one, for what measures them: each function calls the real ones.
//!
//! No part of the public API: there is no such module unless the benchmarks build this crate.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::Full;

use crate::{
    credential::Credential,
    effect::Effect,
    gate::{
        Context,
        books::{Books, Entry},
        budget::Budget,
        rebuild::{self, BadBody},
        route::Route,
        screen::{self, Withheld},
    },
    grant::{Grant, Reach},
    host::ActionHost,
    limits::{Exceeded, Limits},
    upstream::Upstream,
    usage::Usage,
};

/// Takes one request and its bytes from a new budget.
///
/// # Errors
///
/// [`Exceeded`] when it is spent.
pub fn budget(limits: &Limits, bytes: usize) -> Result<(), Exceeded> {
    let budget = Budget::new(limits);
    budget.take_request(limits)?;
    budget.take_request_bytes(bytes, limits)
}

/// Checks the body of a request.
///
/// # Errors
///
/// [`BadBody`] when it is not what the route takes.
pub fn check_body(route: &Route, body: &[u8]) -> Result<(), BadBody> {
    rebuild::check_body(route, Some(body.len() as u64), body)
}

/// Builds the request that leaves.
///
/// # Errors
///
/// When the upstream's URL takes no path.
pub fn rebuild(
    route: &Route,
    upstream: &Upstream,
    credential: &Credential,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, http::Error> {
    rebuild::rebuild(route, upstream, credential, body)
}

/// Screens an answer.
///
/// # Errors
///
/// [`Withheld`] when the guest must not see it.
pub fn screen(credential: &Credential, answer: Response<Bytes>) -> Result<Response<Bytes>, Withheld> {
    screen::screen(credential.screen(), Some(credential.account()), answer)
}

/// A call that is under way.
pub struct UnderWay(Arc<Context>);

impl UnderWay {
    /// Begins a call.
    pub fn new(host: &ActionHost, grant: &Grant) -> Self {
        let limits = host.limits().clone();
        Self(Arc::new(Context {
            call: 1,
            correlation: None,
            plugin: format!("sha256:{}", "0".repeat(64)).into(),
            grant: grant.clone(),
            reach: Reach::Execute(Effect::Read),
            budget: Budget::new(&limits),
            deadline: Instant::now() + limits.wall_time,
            limits,
            books: Books::default(),
            usage: Usage::default(),
            host: host.shared().clone(),
        }))
    }

    /// Keeps the books of a request that is answered at once, its audit event included.
    pub fn answer(&self, request: &Parts, route: &Route) {
        let mut entry = Entry::open(&self.0, request, self.0.books.count_request());
        entry.note(|event| event.target = route.to_string());
        entry.begin_try();
        entry.end_try(&Ok(Response::new(Bytes::new())));
        entry.answered();
    }
}
