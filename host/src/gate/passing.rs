//! One request on its way through the gate: route, decide, budget, rebuild, send, screen.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use http::{Response, StatusCode, header, request::Parts};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use wasmtime_wasi_http::WasiBody;

use super::{
    Context, SendIntent,
    books::{Entry, Stop},
    client::SendFailure,
    pieces::Pieces,
    rebuild::{BadBody, check_body, rebuild},
    retry,
    route::Route,
    screen::{self, Withheld},
};
use crate::{
    audit::{self, AuditEvent, QuarantineEvent},
    cassette::Cassette,
    credential::{Credential, CredentialError, CredentialProvider, TokenExchange},
    effect::Effect,
    grant::{Allowed, Refusal},
    limits::Exceeded,
    quarantine::Quarantined,
    upstream::Upstream,
};

/// A request that the grant has admitted, on its way.
pub(super) struct Passing {
    context: Arc<Context>,
    entry: Entry,
    route: Route,
    effect: Effect,
    upstream: Upstream,
    credentials: Arc<dyn CredentialProvider>,
    declared: Option<u64>,
}

impl Passing {
    /// Parses and decides. Touches no credential and opens no connection.
    pub(super) fn admit(context: &Arc<Context>, parts: &Parts) -> Result<Box<Self>, Stop> {
        let number = context.books.count_request();
        let within = context.budget.take_request(&context.limits);
        // The first request beyond the limit is on the books; the call ends before there are many more.
        if let Err(exceeded) = within
            && !context.books.exceed_requests(exceeded)
        {
            return Err(Stop::Exceeded(exceeded));
        }
        let mut entry = Entry::open(context, parts, number);
        if let Err(exceeded) = within {
            return Err(entry.stopped(Stop::Exceeded(exceeded)));
        }
        let decided = context.grant.upstream_and_credentials().and_then(|(upstream, credentials)| {
            let route = Route::parse(upstream.authority(), &parts.method, &parts.uri)?;
            entry.note(|event| event.target = route.to_string());
            let allowed = context.grant.check_route(&route, context.reach)?;
            check_quarantine(context, upstream)?;
            Ok((route, allowed, upstream.clone(), credentials.clone()))
        });
        let (route, Allowed { effect, rule }, upstream, credentials) = match decided {
            Ok(decided) => decided,
            Err(refusal) => {
                let stop = Stop::Refused(refusal);
                if let Some(cassette) = &context.host.recording {
                    cassette.record_stopped(parts, &stop);
                }
                return Err(entry.stopped(stop));
            }
        };
        entry.note(|event| (event.effect, event.rule) = (Some(effect), Some(rule)));
        let declared = parts.headers.get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Box::new(Self { context: context.clone(), entry, route, effect, upstream, credentials, declared }))
    }

    /// Reads the body from the guest, then goes on in a task of the host's, which no guest can stop.
    pub(super) async fn run(mut self: Box<Self>, body: WasiBody) -> Result<Response<Bytes>, Stop> {
        let body = match self.read(body).await {
            Ok(body) => body,
            Err(stop) => {
                self.record(&Bytes::new(), &Err(stop.clone()));
                return Err(self.entry.stopped(stop));
            }
        };
        self.entry.note(|event| {
            event.request_bytes = body.len();
            event.result = "the host stopped before the request was complete".to_owned();
        });
        let (answered, answer) = oneshot::channel();
        // Boxed, or the runtime moves all of it several times.
        tokio::spawn(Box::pin(async move {
            let exchanged = self.exchange(&body).await;
            self.record(&body, &exchanged);
            let result = match exchanged {
                Ok(response) => {
                    self.entry.answered();
                    Ok(response)
                }
                Err(stop) => Err(self.entry.stopped(stop)),
            };
            // Nobody waits when the guest is gone; the books are complete all the same.
            let _nobody_waits = answered.send(result);
        }));
        answer.await.unwrap_or_else(|_| Err(Stop::Internal("the host's task ended early".to_owned())))
    }

    /// Reads and checks the body, within the budget.
    async fn read(&self, mut body: WasiBody) -> Result<Bytes, Stop> {
        let context = &self.context;
        let mut whole = Pieces::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Stop::Refused(BadBody::Incomplete.into()))?;
            // Trailers are dropped like all other headers of the guest.
            let Ok(data) = frame.into_data() else { continue };
            context.budget.take_request_bytes(data.len(), &context.limits).map_err(Stop::Exceeded)?;
            whole.push(data);
        }
        let whole = whole.join();
        check_body(&self.route, self.declared, &whole).map_err(|bad| Stop::Refused(bad.into()))?;
        Ok(whole)
    }

    /// Sends until there is an answer for the guest, and screens it.
    async fn exchange(&mut self, body: &Bytes) -> Result<Response<Bytes>, Stop> {
        let context = self.context.clone();
        if let Some(cassette) = &context.host.replaying {
            return self.replay(cassette, body);
        }
        let turn = self.in_time(context.budget.at_once.acquire()).await;
        // Fails only when the time is over, or the semaphore is closed, which nobody does.
        let Some(Ok(_turn)) = turn else {
            return Err(Stop::Exceeded(Exceeded::WallTime(context.limits.wall_time)));
        };
        let mut credential = self.credential().await?;
        self.ask_before_send(body).await?;
        let mut renewed = false;
        for attempt in 1.. {
            let request = rebuild(&self.route, &self.upstream, &credential, body.clone())
                .map_err(|error| Stop::Internal(error.to_string()))?;
            self.wait_for_the_pace(&credential).await?;
            self.entry.begin_try();
            let client = &context.host.client;
            let last = client.send(request, &context.budget.response_bytes, context.deadline).await;
            self.entry.end_try(&last);

            if !renewed && is_unauthorized(&last) && self.may_renew(&credential).await {
                renewed = true;
                self.forget(last);
                credential = self.credential().await?;
                continue;
            }
            if attempt < context.limits.attempts
                && let Some(wait) =
                    retry::wait(self.effect, attempt, &last, fastrand::f64(), SystemTime::now())
                && Instant::now() + wait < context.deadline
            {
                self.forget(last);
                tokio::time::sleep(wait).await;
                continue;
            }
            let screened = self.screen(&credential, last).await;
            if let Err(Stop::Withheld(Withheld::Secret)) = screened {
                self.count_leak();
            }
            return screened;
        }
        unreachable!("the range has no end")
    }

    fn record(&self, body: &Bytes, exchanged: &Result<Response<Bytes>, Stop>) {
        if let Some(cassette) = &self.context.host.recording {
            cassette.record(&self.upstream, &self.route, body, exchanged);
        }
    }

    /// Takes the answer from a recording, in place of the upstream. What was recorded had been screened; whoever
    /// edits a recording is bound by the same rules, but for the secrets, which nobody knows here.
    fn replay(&mut self, cassette: &Cassette, body: &Bytes) -> Result<Response<Bytes>, Stop> {
        let answer = cassette.play(&self.upstream, &self.route, body)?;
        let context = &self.context;
        if !context.budget.response_bytes.take(answer.body().len()) {
            return Err(Stop::Exceeded(Exceeded::ResponseBytes(context.limits.response_bytes)));
        }
        self.note_answer(&answer);
        screen::screen(&screen::Screen::new([]), None, answer).map_err(Stop::Withheld)
    }

    /// Asks the provider whether another credential may fare better than the one that was refused.
    async fn may_renew(&self, credential: &Credential) -> bool {
        self.in_time(self.credentials.rejected(credential)).await.unwrap_or(false)
    }

    /// Waits until the linked account may send again.
    async fn wait_for_the_pace(&self, credential: &Credential) -> Result<(), Stop> {
        let context = &self.context;
        let (upstream, account) = (&self.upstream, credential.account());
        let wait = context.host.pace.take(upstream, account, Instant::now(), context.deadline);
        let wait = wait.map_err(|rate| Stop::Exceeded(Exceeded::AccountRate(rate)))?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Drops an answer that the guest will not get, and gives its bytes back.
    fn forget(&self, last: Result<Response<Bytes>, SendFailure>) {
        if let Ok(answer) = last {
            self.context.budget.response_bytes.give_back(answer.body().len());
        }
    }

    /// Obtains the credential, within the call's wall time.
    async fn credential(&self) -> Result<Credential, Stop> {
        let exchange = TokenExchange::new(&self.context, &self.upstream);
        match self.in_time(self.credentials.credential(&exchange)).await {
            Some(result) => result.map_err(Stop::Credential),
            None => Err(Stop::Credential(CredentialError::Provider(
                "it took longer than the call may".to_owned(),
            ))),
        }
    }

    async fn ask_before_send(&self, body: &Bytes) -> Result<(), Stop> {
        let Some(hook) = &self.context.host.before_send else { return Ok(()) };
        let intent = SendIntent {
            call: self.context.call,
            correlation: self.context.correlation.clone(),
            request: self.entry.number(),
            tenant: self.context.grant.tenant().to_owned(),
            route: self.route.clone(),
            effect: self.effect,
            body: body.clone(),
        };
        match self.in_time(hook.before_send(&intent)).await {
            Some(result) => result.map_err(Stop::HeldBack),
            None => Err(Stop::HeldBack("the hook took longer than the call may".to_owned())),
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.context.deadline.into(), work).await.ok()
    }

    /// Counts an answer that held a credential.
    fn count_leak(&self) {
        let context = &self.context;
        let who = Quarantined::new(context.grant.tenant(), &context.plugin, &self.upstream);
        if context.host.quarantine.count_leak(who.clone()) {
            let event = QuarantineEvent { call: context.call, who, started: SystemTime::now() };
            audit::record(&*context.host.audit, AuditEvent::Quarantine(event));
        }
    }

    fn note_answer(&mut self, answer: &Response<Bytes>) {
        self.entry.note(|event| {
            event.status = Some(answer.status().as_u16());
            event.response_bytes = answer.body().len();
        });
    }

    /// Decides what of the answer the guest sees.
    async fn screen(
        &mut self,
        credential: &Credential,
        last: Result<Response<Bytes>, SendFailure>,
    ) -> Result<Response<Bytes>, Stop> {
        let context = &self.context;
        let answer = last.map_err(|failure| match failure {
            // The bound is on all answers of the call together, whatever was left of it for this one.
            SendFailure::TooLarge => Stop::Exceeded(Exceeded::ResponseBytes(context.limits.response_bytes)),
            failure => Stop::Failed(failure),
        })?;
        self.note_answer(&answer);
        if answer.body().len() < LARGE {
            return screen::screen(credential.screen(), Some(credential.account()), answer)
                .map_err(Stop::Withheld);
        }
        // Takes long enough to hold up others, and copies: on a thread of its own, and few at once.
        let context = self.context.clone();
        let credential = credential.clone();
        let work = async move {
            let _turn = context.host.screening.acquire().await;
            let screened = move || screen::screen(credential.screen(), Some(credential.account()), answer);
            tokio::task::spawn_blocking(screened).await
        };
        match self.in_time(work).await {
            Some(Ok(screened)) => screened.map_err(Stop::Withheld),
            Some(Err(_)) => Err(Stop::Internal("the answer could not be screened".to_owned())),
            None => Err(Stop::Exceeded(Exceeded::WallTime(self.context.limits.wall_time))),
        }
    }
}

/// An answer of as many bytes is screened apart.
const LARGE: usize = 256 << 10;

/// Refuses a plugin whose answers have held a credential too often.
fn check_quarantine(context: &Context, upstream: &Upstream) -> Result<(), Refusal> {
    match context.host.quarantine.leaks(context.grant.tenant(), &context.plugin, upstream) {
        Some(leaks) => Err(Refusal::Quarantined { upstream: upstream.base_url(), leaks }),
        None => Ok(()),
    }
}

fn is_unauthorized(last: &Result<Response<Bytes>, SendFailure>) -> bool {
    matches!(last, Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED)
}
