//! The way out of the sandbox, and the only one.
//!
//! One request [passes](passing) in this order: [`route`] parses it, the [grant](crate::grant) decides,
//! [`budget`] counts, [`rebuild`] makes a new request, [`client`] sends it, [`screen`] reads the answer. What
//! stops it on the way is a [`Stop`](books::Stop); what became of it is in the [`books`].

pub(crate) mod books;
pub(crate) mod budget;
pub(crate) mod client;
pub(crate) mod pace;
mod passing;
mod pieces;
pub(crate) mod rebuild;
pub(crate) mod retry;
pub(crate) mod route;
pub(crate) mod screen;
pub(crate) mod typed;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use self::{books::Books, budget::Budget, passing::Passing, route::Route};
use crate::{
    BoxFuture,
    effect::Effect,
    grant::{Grant, Reach},
    host::Shared,
    limits::Limits,
    usage::Usage,
};

/// What a request is about to do, shown to [`BeforeSend`].
///
/// ```
/// use actionbox_host::{Effect, SendIntent};
///
/// /// Returns what the journal notes of a request, if it is one that may change something.
/// fn entry(intent: &SendIntent) -> Option<String> {
///     let SendIntent { tenant, route, body, .. } = intent;
///     (intent.effect > Effect::Read).then(|| format!("{tenant}: {route}, {} bytes", body.len()))
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SendIntent {
    /// The call it belongs to, as in the audit.
    pub call: u64,
    /// What the embedder calls the reason of the call: see [`Plugin::correlated`](crate::Plugin::correlated).
    pub correlation: Option<Arc<str>>,
    /// Its number within the call, from 1.
    pub request: usize,
    /// The tenant of the grant.
    pub tenant: String,
    /// The route.
    pub route: Route,
    /// The effect of the route.
    pub effect: Effect,
    /// The body: the parameters of an execute request, empty otherwise.
    pub body: Bytes,
}

/// Is asked before a request leaves, once per request and before its first try: a service's journal.
///
/// ```
/// use actionbox_host::{BeforeSend, BoxFuture, Effect, SendIntent};
/// use std::{fs::File, io::Write, sync::Mutex};
///
/// /// Notes each request that may change something before it leaves, whatever becomes of it.
/// struct Journal(Mutex<File>);
///
/// impl BeforeSend for Journal {
///     fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
///         Box::pin(async move {
///             if intent.effect == Effect::Read {
///                 return Ok(());
///             }
///             let mut file = self.0.lock().map_err(|error| error.to_string())?;
///             writeln!(file, "{} {}", intent.tenant, intent.route).map_err(|error| error.to_string())?;
///             file.sync_data().map_err(|error| error.to_string())
///         })
///     }
/// }
/// ```
pub trait BeforeSend: Send + Sync + 'static {
    /// Takes note of the intent. Nothing is sent before it returns, and nothing at all when it fails.
    ///
    /// # Errors
    ///
    /// A reason for the operator; it must not hold a secret.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actionbox_host::{BeforeSend, BoxFuture, Effect, SendIntent};
    /// # struct OfficeHours(fn() -> bool);
    /// # impl BeforeSend for OfficeHours {
    /// fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
    ///     let held_back = intent.effect >= Effect::Destructive && !(self.0)();
    ///     Box::pin(async move {
    ///         if held_back { Err("nothing is deleted outside office hours".to_owned()) } else { Ok(()) }
    ///     })
    /// }
    /// # }
    /// ```
    fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>>;
}

/// Everything that the requests of one call share.
pub(crate) struct Context {
    pub(crate) call: u64,
    pub(crate) correlation: Option<Arc<str>>,
    pub(crate) plugin: Arc<str>,
    pub(crate) grant: Grant,
    pub(crate) reach: Reach,
    pub(crate) limits: Limits,
    pub(crate) budget: Budget,
    pub(crate) deadline: Instant,
    pub(crate) books: Books,
    pub(crate) usage: Usage,
    pub(crate) host: Arc<Shared>,
}

/// The gate of one call, asked by every request of its guest. Between two calls of an instance that
/// is kept it belongs to none, and is shut.
pub(crate) struct Gate(Option<Arc<Context>>);

impl Gate {
    pub(crate) fn of(context: &Arc<Context>) -> Self {
        Self(Some(context.clone()))
    }

    pub(crate) fn shut() -> Self {
        Self(None)
    }

    /// Returns the call that it belongs to.
    pub(crate) fn call(&self) -> Option<&Arc<Context>> {
        self.0.as_ref()
    }

    /// Takes a request of the guest's, over whatever interface it comes: decides at once, and answers in time.
    ///
    /// What it returns is boxed, as is what has been admitted: wasmtime moves futures around, and this one is large.
    fn pass(
        &self,
        request: Request<WasiBody>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, wasmtime_wasi_http::Error>> {
        let (parts, body) = request.into_parts();
        let passing = self.call().map(|context| Passing::admit(context, &parts));
        Box::pin(async move {
            let passing = passing.ok_or(wasmtime_wasi_http::Error::HttpRequestDenied)?;
            let passing = passing.map_err(|stop| stop.for_guest())?;
            passing.run(body).await.map_err(|stop| stop.for_guest())
        })
    }
}

type SendFuture<T> = Box<dyn Future<Output = Result<T, wasmtime_wasi_http::Error>> + Send>;
type Exchange = (Response<WasiBody>, SendFuture<()>);

impl WasiHttpHooks for Gate {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: SendFuture<()>,
    ) -> SendFuture<Exchange> {
        let answer = self.pass(request);
        // A guest may give up earlier than the call does; the request itself goes on.
        let patience = options.and_then(|options| options.first_byte_timeout);
        Box::new(async move {
            let answer = match patience {
                None => answer.await?,
                Some(patience) => tokio::time::timeout(patience, answer)
                    .await
                    .map_err(|_| wasmtime_wasi_http::Error::ConnectionReadTimeout)??,
            };
            let nothing_left_to_do: SendFuture<()> = Box::new(async { Ok(()) });
            Ok((answer.map(|body| Full::new(body).map_err(Into::into).boxed_unsync()), nothing_left_to_do))
        })
    }

    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    /// A guest may hold many requests that it never sends, each with two chunks of a body.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        16 << 10
    }
}

/// Tells headers that a guest must not even build: they are the host's. None of a guest's headers is
/// forwarded anyway; this tells its author early.
fn is_forbidden(name: &HeaderName) -> bool {
    const OURS: [&str; 6] =
        ["authorization", "cookie", "linked_account_id", "set-cookie", "x-api-key", "linked-account-id"];
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || OURS.contains(&name.as_str())
}
