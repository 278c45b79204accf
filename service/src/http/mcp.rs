//! The Model Context Protocol over HTTP, at `/mcp`: who asks, and whose session that is. What the protocol is, `rmcp`
//! knows; what the tools are, `actionbox_mcp` does.

mod client;
mod guarded;
mod sessions;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actionbox_mcp::{Catalogue, Server};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
    routing::any,
};
use http_body_util::Full;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};

use self::{client::Client, guarded::Guarded, sessions::Sessions};
use super::{Asking, NO_KEY, Refused, body, identify_by, key, only};
use crate::{
    answer::Problem,
    caller::{self, Caller, Role},
    room::Room,
    service::{McpHosts, Shared},
};

/// The largest message, as large as the host would send on by default.
const MESSAGE: usize = 1 << 20;
/// How many requests may be answered at once, those included on whose answers a client listens for changes; and how
/// many of one tenant.
const REQUESTS: usize = 1024;
const REQUESTS_OF_TENANT: usize = 128;
/// How often a stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const SESSION: &str = "mcp-session-id";
/// The headers that the protocol knows. No other is passed on, and so no key.
const HEADERS: [&str; 7] =
    ["accept", "content-type", "last-event-id", SESSION, "mcp-protocol-version", "mcp-method", "mcp-name"];
const PARAMETERS: &str = "mcp-param-";

const FOREIGN: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "FORBIDDEN",
    "this Host or Origin is not answered: the operator can add it to the hosts or origins of the configuration",
);
const NO_TENANT: Refused = Refused::new(
    StatusCode::BAD_REQUEST,
    "VALIDATION_ERROR",
    "this key is for all tenants: name one in linked_account_id, once",
);
/// As for a key that there is none of: whoever asks learns nothing of other tenants.
const ANOTHER_TENANT: Refused = NO_KEY;
/// As for one that has ended: whoever presents it learns nothing of it, and a client begins anew.
const ANOTHER_SESSION: Refused =
    Refused::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such session: begin a new one");

/// Whoever asks, and for whom. What a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Holder {
    /// The digest of the key.
    key: Arc<str>,
    tenant: Arc<str>,
}

/// Everything that clients of the protocol share.
pub(crate) struct Mcp {
    shared: Arc<Shared>,
    catalogue: Arc<Catalogue>,
    sessions: Arc<Sessions>,
    room: Arc<Room>,
    is_ending: Arc<AtomicBool>,
    /// For requests that are answered, and for those on whose answers a client only listens: each has an end of its own.
    answering: StreamableHttpServerConfig,
    listening: StreamableHttpServerConfig,
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>(mcp: Arc<Mcp>) -> Router<S> {
    Router::new().route("/mcp", any(serve)).with_state(mcp)
}

impl Mcp {
    pub(crate) fn new(shared: Arc<Shared>, address: SocketAddr, hosts: &McpHosts) -> Arc<Self> {
        let config = || {
            let config = StreamableHttpServerConfig::default()
                .with_max_request_body_bytes(MESSAGE)
                .with_sse_keep_alive(Some(KEEP_ALIVE))
                .with_allowed_origins(&hosts.origins)
                .enforce_origin_validation();
            match (hosts.hosts.is_empty(), address.ip().is_loopback()) {
                (false, _) => config.with_allowed_hosts(&hosts.hosts),
                // Those of loopback.
                (true, true) => config,
                (true, false) => config.disable_allowed_hosts(),
            }
        };
        let sessions = Arc::new(Sessions::new());
        tokio::spawn(sessions.clone().end_with_their_keys(shared.clone()));
        Arc::new(Self {
            shared,
            catalogue: Arc::default(),
            sessions,
            room: Arc::new(Room::new(REQUESTS, REQUESTS_OF_TENANT, Default::default())),
            is_ending: Arc::default(),
            answering: config(),
            listening: config(),
        })
    }

    /// Ends what clients only listen on. What is being answered goes on.
    pub(crate) fn hang_up(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.shared.directory.tell_of_change();
        self.listening.cancellation_token.cancel();
    }

    /// Ends all sessions.
    pub(crate) fn end(&self) {
        self.answering.cancellation_token.cancel();
        self.sessions.end();
    }

    /// Finds out who asks.
    fn admit(&self, headers: &HeaderMap) -> Result<(Caller, Holder), (Option<Caller>, Refused)> {
        let key = key(headers).ok_or((None, NO_KEY))?;
        let caller = identify_by(&self.shared, Some(key), &[Role::Caller])?;
        let tenant = match headers.contains_key("linked_account_id") {
            true => only(headers, "linked_account_id").filter(|tenant| !tenant.is_empty()),
            false => caller.tenant.as_deref(),
        };
        let Some(tenant) = tenant else { return Err((Some(caller), NO_TENANT)) };
        if !caller.may_speak_for(tenant) || !self.shared.directory.has_tenant(tenant) {
            return Err((Some(caller), ANOTHER_TENANT));
        }
        let holder = Holder { key: caller::digest(key).into(), tenant: tenant.into() };
        Ok((caller, holder))
    }

    /// Has the protocol answer, for one holder.
    async fn answer(
        &self,
        holder: Holder,
        caller: Arc<str>,
        request: Request<Full<Bytes>>,
    ) -> Response<Answer> {
        let config = if request.method() == Method::GET { &self.listening } else { &self.answering };
        let client =
            Client { shared: self.shared.clone(), holder, caller, is_ending: self.is_ending.clone() };
        let catalogue = self.catalogue.clone();
        let server = move || Ok(Server::new(client.clone(), catalogue.clone()));
        let service: StreamableHttpService<_, LocalSessionManager> =
            StreamableHttpService::new(server, self.sessions.manager.clone(), config.clone());
        service.handle(request).await
    }
}

/// What `rmcp` answers with.
type Answer = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

/// Returns what the protocol is to see of a request: no key, and nothing that it does not know.
fn stripped(parts: &Parts, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    let known = |name: &str| HEADERS.contains(&name) || name.starts_with(PARAMETERS);
    let kept = parts
        .headers
        .iter()
        .filter(|(name, _)| known(name.as_str()) || *name == header::HOST || *name == header::ORIGIN);
    for (name, value) in kept {
        request.headers_mut().append(name, value.clone());
    }
    request
}

async fn serve(State(mcp): State<Arc<Mcp>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asking = Asking::new(&parts);
    let shared = &mcp.shared;
    let (caller, holder) = match mcp.admit(&parts.headers) {
        Ok(admitted) => admitted,
        Err((caller, why)) => return challenge(asking.reject(shared, caller.as_ref(), why)),
    };
    let refuse = |why: Refused| {
        asking.note_refusal(shared, Some(&caller.name), Some(&holder.tenant), why.message);
        asking.refuse(why.status, why.code, why.message)
    };
    let place = match mcp.room.enter(&holder.tenant) {
        Ok(place) => place,
        Err(full) => {
            let busy = Problem::busy(full);
            asking.note_refusal(shared, Some(&caller.name), Some(&holder.tenant), &busy.message);
            return asking.respond(busy.answer(&asking.id));
        }
    };
    let is_new = !parts.headers.contains_key(SESSION);
    let session = only(&parts.headers, SESSION);
    if !is_new && !session.is_some_and(|session| mcp.sessions.are_of(session, &holder)) {
        return refuse(ANOTHER_SESSION);
    }
    let body = match parts.method {
        Method::POST => match body::read(&asking, body, MESSAGE).await {
            Ok(body) => body,
            Err(refused) => return refused,
        },
        // Nothing else has one.
        _ => Bytes::new(),
    };
    let request = stripped(&parts, body);
    // Of its own: whoever hangs up leaves no session that nobody knows of.
    let answered = tokio::spawn({
        let (mcp, holder, caller) = (mcp.clone(), holder.clone(), Arc::from(&*caller.name));
        async move {
            let response = mcp.answer(holder.clone(), caller, request).await;
            let begun = response.headers().get(SESSION).filter(|_| is_new);
            match begun.and_then(|id| id.to_str().ok()) {
                Some(id) => mcp.sessions.begin(id, holder).await.map(|()| response),
                None => Ok(response),
            }
        }
    });
    let response = match answered.await {
        Ok(Ok(response)) => response,
        Ok(Err(full)) => return asking.respond(Problem::busy(full).answer(&asking.id)),
        Err(error) => {
            tracing::error!(%error, "an answer is lost");
            let message = "the answer is lost";
            return asking.refuse(StatusCode::INTERNAL_SERVER_ERROR, "SERVICE_ERROR", message);
        }
    };
    // The only reason that the protocol has for it.
    if response.status() == StatusCode::FORBIDDEN {
        return refuse(FOREIGN);
    }
    let mut response = response.map(|body| Body::new(Guarded::new(body, place)));
    // Nothing is left to be done about a session that has ended, and some clients ask no less.
    if parts.method == Method::DELETE && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&asking.id) {
        headers.insert("x-request-id", id);
    }
    response
}

/// Says which kind of key there has to be, as RFC 9110 (15.5.2) asks.
fn challenge(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Parts {
        let mut request = Request::new(Body::empty());
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        request.into_parts().0
    }

    #[test]
    fn a_key_is_in_one_place() {
        for (headers, expected) in [
            (&[("x-api-key", "a")][..], Some("a")),
            (&[("authorization", "Bearer a")], Some("a")),
            (&[("authorization", "bearer a")], Some("a")),
            (&[("authorization", "Basic a")], None),
            (&[("authorization", "a")], None),
            (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], None),
            (&[("x-api-key", "a"), ("authorization", "Bearer a")], None),
            (&[("x-api-key", "a"), ("x-api-key", "b")], None),
            (&[], None),
        ] {
            assert_eq!(key(&request(headers).headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_protocol_sees_no_key() {
        let parts = request(&[
            ("authorization", "Bearer a"),
            ("x-api-key", "a"),
            ("cookie", "a"),
            ("proxy-authorization", "a"),
            ("linked_account_id", "a"),
            ("x-forwarded-for", "a"),
            ("host", "localhost"),
            ("mcp-session-id", "a"),
            ("mcp-param-x", "a"),
        ]);
        let request = stripped(&parts, Bytes::new());
        let mut names: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["host", "mcp-param-x", "mcp-session-id"]);
    }
}
