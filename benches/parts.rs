//! The parts of the gate that run in every request, with what they are given.

use std::sync::Arc;

use actionbox_benches::{
    client::{ACCOUNT, KEY},
    upstream::execution,
};
use actionbox_host::{
    ActionHost, ApiKey, AuditEvent, AuditSink, Credential, Effect, Grant, HostLimits, Limits, Reach, Route,
    SecretString, Upstream,
    bench::{self, UnderWay},
};
use bytes::Bytes;
use http::{Request, Response, header, request::Parts};

/// Does a part once.
pub(crate) type Work = Box<dyn FnMut()>;

/// One part.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// Prepares what it is given.
    make: Box<dyn Fn() -> anyhow::Result<Work>>,
}

/// When a part is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In every request with an answer of a kilobyte.
    Gate,
    /// In requests with large answers.
    Large,
    /// Never: it is what the gate is compared with.
    Beside,
}

impl Part {
    fn new<W: FnMut() + 'static>(
        place: Place,
        name: &'static str,
        make: impl Fn() -> anyhow::Result<W> + 'static,
    ) -> Self {
        Self { name, place, make: Box::new(move || Ok(Box::new(make()?))) }
    }

    pub(crate) fn make(&self) -> anyhow::Result<Work> {
        (self.make)()
    }
}

/// Returns all parts; a large answer has so many bytes.
pub(crate) fn parts(large: usize) -> Vec<Part> {
    // As what an app answers with JSON in a text.
    let escaped = move || serde_json::to_string(&execution(large / 10 * 9));
    vec![
        Part::new(Place::Gate, "route", route),
        Part::new(Place::Gate, "decide", decide),
        Part::new(Place::Gate, "budget", budget),
        Part::new(Place::Gate, "check the body", check_body),
        Part::new(Place::Gate, "rebuild", rebuild),
        Part::new(Place::Gate, "screen", || screen(execution(1 << 10))),
        Part::new(Place::Gate, "books and audit event", books),
        Part::new(Place::Beside, "copy", || Ok(copy(execution(1 << 10)))),
        Part::new(Place::Beside, "parse", || Ok(parse(execution(1 << 10)))),
        Part::new(Place::Large, "screen, large", move || screen(execution(large))),
        Part::new(Place::Large, "screen, large and escaped", move || screen(escaped()?)),
        Part::new(Place::Beside, "copy, large", move || Ok(copy(execution(large)))),
        Part::new(Place::Beside, "parse, large", move || Ok(parse(execution(large)))),
    ]
}

const PARAMETERS: &[u8] = br#"{"limit":"1"}"#;

/// The request as a plugin makes it.
fn request() -> anyhow::Result<(Parts, Route)> {
    let uri = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions/get_contact/execute";
    let request = Request::post(uri)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, PARAMETERS.len());
    let (parts, ()) = request.body(())?.into_parts();
    let route = Route::parse(Upstream::refold().authority(), &parts.method, &parts.uri)?;
    Ok((parts, route))
}

fn grant() -> anyhow::Result<Grant> {
    let grant = Grant::builder("tenant").upstream(Upstream::refold(), ApiKey::new(KEY, ACCOUNT)?);
    Ok(grant.allow_reads("hubspot").allow_action("hubspot", "create_contact").build()?)
}

fn credential() -> anyhow::Result<Credential> {
    Ok(Credential::api_key(&SecretString::from(KEY), ACCOUNT)?)
}

fn route() -> anyhow::Result<impl FnMut()> {
    let (upstream, (request, _)) = (Upstream::refold(), request()?);
    Ok(move || keep(Route::parse(upstream.authority(), &request.method, &request.uri)))
}

fn decide() -> anyhow::Result<impl FnMut()> {
    let (grant, (_, route)) = (grant()?, request()?);
    Ok(move || keep(grant.check_route(&route, Reach::Execute(Effect::Read))))
}

fn budget() -> anyhow::Result<impl FnMut()> {
    let limits = Limits::default();
    Ok(move || keep(bench::budget(&limits, PARAMETERS.len())))
}

fn check_body() -> anyhow::Result<impl FnMut()> {
    let (_, route) = request()?;
    Ok(move || keep(bench::check_body(&route, PARAMETERS)))
}

fn rebuild() -> anyhow::Result<impl FnMut()> {
    let (upstream, credential, (_, route)) = (Upstream::refold(), credential()?, request()?);
    Ok(move || keep(bench::rebuild(&route, &upstream, &credential, Bytes::from_static(PARAMETERS))))
}

fn screen(answer: String) -> anyhow::Result<impl FnMut()> {
    let credential = credential()?;
    let answer =
        Response::builder().header(header::CONTENT_TYPE, "application/json").body(Bytes::from(answer))?;
    Ok(move || keep(bench::screen(&credential, answer.clone())))
}

fn books() -> anyhow::Result<impl FnMut()> {
    // As small as can be: nothing is called.
    let host = ActionHost::builder()
        .host_limits(HostLimits { concurrent_calls: 1, ..HostLimits::default() })
        .limits(Limits { instances: 1, ..Limits::default() })
        .audit(Arc::new(Unheard))
        .build()?;
    let (under_way, (request, route)) = (UnderWay::new(&host, &grant()?), request()?);
    Ok(move || under_way.answer(&request, &route))
}

fn copy(answer: String) -> impl FnMut() {
    move || keep(answer.clone())
}

fn parse(answer: String) -> impl FnMut() {
    move || keep(serde_json::from_str::<serde_json::Value>(&answer))
}

/// Has the optimiser believe that something is looked at.
fn keep<T>(value: T) {
    std::hint::black_box(value);
}

/// Hears no audit event: what a sink does is its own cost.
struct Unheard;

impl AuditSink for Unheard {
    fn record(&self, _: AuditEvent) {}
}
