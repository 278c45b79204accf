//! The server: accepts connections, reads requests, and ends each as it is to be ended.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::body::AnswerBody;
use crate::envelope::Refusal;
use crate::fault::Ending;
use crate::record::{BodyState, Connection, RecordedRequest};
use crate::routes;
use crate::state::State;
use crate::tee::{Socket, Tee};

/// The longest body that is read; a longer one is answered 413.
const MAX_BODY: usize = 5 * 1024 * 1024;

/// How long to wait when no connection can be accepted, for want of file descriptors for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Accepts connections until it is dropped, which ends them all.
pub(crate) async fn run(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, peer)) => {
                    connections.spawn(serve(tcp, peer, tls.clone(), Arc::clone(&state)));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(tcp: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let connection = state.log.connect(peer);
    state.changed();
    let _open = Open(Arc::clone(&state));
    // A small answer is not to wait for the acknowledgement of the one before.
    let _ = tcp.set_nodelay(true);
    let (socket, http2) = match tls {
        None => (Socket::Plain(tcp), false),
        Some(tls) => match tls.accept(tcp).await {
            Ok(tls) => {
                let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
                (Socket::Tls(Box::new(tls)), http2)
            }
            Err(error) => {
                tracing::debug!(%error, "a client gave up the TLS handshake");
                return;
            }
        },
    };
    let tee = Tee::new(socket, Arc::clone(&connection));
    if http2 { serve_http2(tee, connection, state).await } else { serve_http1(tee, connection, state).await }
}

/// Counts a connection as open until it is dropped, however it ends.
struct Open(Arc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.log.disconnect();
        self.0.changed();
    }
}

/// The end of a connection that has no answer, in place of the HTTP library's.
#[derive(Debug)]
enum Finale {
    Reset,
    Close,
    Write(Bytes),
}

/// Tells the HTTP library that there will be no answer.
#[derive(Debug, thiserror::Error)]
#[error("there is no answer on purpose")]
struct NoAnswer;

async fn serve_http1(tee: Tee, connection: Arc<Connection>, state: Arc<State>) {
    let finale = Arc::new(Mutex::new(None));
    let mut served = http1::Builder::new().auto_date_header(!state.deterministic).serve_connection(
        TokioIo::new(tee),
        service_fn(|request| {
            let (connection, state, finale) =
                (Arc::clone(&connection), Arc::clone(&state), Arc::clone(&finale));
            Box::pin(async move {
                let (answer, its_finale) = end(receive(state, &connection, request).await).await;
                *finale.lock().unwrap_or_else(PoisonError::into_inner) = its_finale;
                answer
            })
        }),
    );
    let result = poll_fn(|cx| served.poll_without_shutdown(cx)).await;
    let mut tee = served.into_parts().io.into_inner();
    let finale = finale.lock().unwrap_or_else(PoisonError::into_inner).take();
    match finale {
        Some(Finale::Reset) => return tee.reset(),
        Some(Finale::Write(bytes)) => drop(tee.write_all(&bytes).await),
        Some(Finale::Close) => {}
        None => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection broke");
            }
        }
    }
    // The client may be gone, and need not hear of it.
    let _ = tee.shutdown().await;
}

async fn serve_http2(tee: Tee, connection: Arc<Connection>, state: Arc<State>) {
    let served =
        http2::Builder::new(TokioExecutor::new()).auto_date_header(!state.deterministic).serve_connection(
            TokioIo::new(tee),
            service_fn(|request| {
                let (connection, state) = (Arc::clone(&connection), Arc::clone(&state));
                async move { end(receive(state, &connection, request).await).await.0 }
            }),
        );
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Reads a request into the log, and decides how it ends.
async fn receive(state: Arc<State>, connection: &Connection, request: Request<Incoming>) -> Ending {
    let (parts, body) = request.into_parts();
    let mut request = state.log.arrive(connection, &parts);
    state.changed();
    let too_long = read_body(body, &mut request).await;
    state.log.end(connection, &mut request);
    state.changed();

    let ending = match request.body_state {
        BodyState::Whole => decide(&state, &request).await,
        _ if too_long => {
            let refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large");
            Ending::Answer(refusal.into_answer(state.ids.next()))
        }
        _ => Ending::Close,
    };
    request.answered = ending.status();
    tracing::info!(method = %request.method, target = %request.target, status = request.answered, "request");
    state.log.note(&request);
    state.changed();
    ending
}

/// Reads the body as far as it comes; tells whether it was too long.
async fn read_body(mut body: Incoming, request: &mut RecordedRequest) -> bool {
    let mut read = BytesMut::new();
    let mut too_long = false;
    request.body_state = loop {
        match body.frame().await {
            None => break BodyState::Whole,
            Some(Err(_)) => break BodyState::Cut,
            Some(Ok(frame)) => {
                read.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                too_long = read.len() > MAX_BODY;
                if too_long {
                    break BodyState::Cut;
                }
            }
        }
    };
    request.body = read.freeze();
    too_long
}

/// Answers a request that arrived whole, unless a fault happens to it.
///
/// It goes on in a task of its own: as with the real service, what has been sent is carried out even if
/// the client does not wait for the answer.
async fn decide(state: &Arc<State>, request: &RecordedRequest) -> Ending {
    let Some(fault) = state.faults.take(request) else {
        return Ending::Answer(routes::answer(state, request));
    };
    let (state, request) = (Arc::clone(state), request.clone());
    let happening = tokio::spawn(async move {
        let mut stopped = state.stopped.subscribe();
        let carry_out = || routes::answer(&state, &request);
        tokio::select! {
            ending = fault.happen(&request, state.ids.next(), carry_out) => ending,
            _ = stopped.wait_for(|stopped| *stopped) => Ending::Reset,
        }
    });
    // A fault's own code may panic: `Fault::respond_with` runs a function of the test's.
    happening.await.unwrap_or(Ending::Reset)
}

/// Turns an ending into what the HTTP library is told, and what is done once it lets go.
async fn end(ending: Ending) -> (Result<Response<AnswerBody>, NoAnswer>, Option<Finale>) {
    match ending {
        Ending::Answer(answer) => (Ok(whole(answer)), None),
        Ending::Truncated(answer) => (Ok(half(answer, AnswerBody::broken)), None),
        Ending::Stalled(answer) => (Ok(half(answer, AnswerBody::stalled)), None),
        Ending::Endless(answer) => (Ok(answer.map(|_| AnswerBody::endless())), None),
        Ending::Reset => (Err(NoAnswer), Some(Finale::Reset)),
        Ending::Close => (Err(NoAnswer), Some(Finale::Close)),
        Ending::Wire(bytes) => (Err(NoAnswer), Some(Finale::Write(bytes))),
        Ending::Hang => match pending::<Infallible>().await {},
    }
}

/// Gives the body whole, under whatever `content-length` the answer has set itself.
fn whole(answer: Response<Bytes>) -> Response<AnswerBody> {
    match answer.headers().get(header::CONTENT_LENGTH) {
        None => answer.map(AnswerBody::whole),
        Some(length) => {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            answer.map(|body| AnswerBody::promised(body, length))
        }
    }
}

/// Promises the whole body and gives half of it.
fn half(answer: Response<Bytes>, body: fn(Bytes) -> AnswerBody) -> Response<AnswerBody> {
    let (mut parts, whole) = answer.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    Response::from_parts(parts, body(whole.slice(..whole.len() / 2)))
}
