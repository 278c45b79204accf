//! The SDK for Rust in a host that is not ours: wasmtime's own `wasi:http`, and answers made to measure.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use actionbox_examples::REFOLD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use wasmtime::{
    Engine, Store,
    component::{Component, Instance, Linker, ResourceTable, Val},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

type SendFuture<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

/// What comes of an answer's body, piece by piece.
type Pieces = VecDeque<Result<Frame<Bytes>, Error>>;

/// An upstream that keeps the one request it gets.
#[derive(Default)]
struct Upstream {
    pieces: Pieces,
    received: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl WasiHttpHooks for Upstream {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: SendFuture<()>,
    ) -> SendFuture<(Response<WasiBody>, SendFuture<()>)> {
        let answer = Answer { pieces: std::mem::take(&mut self.pieces), waited: false };
        let received = self.received.clone();
        Box::new(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            received.lock().expect("no panic").push(Request::from_parts(parts, body));
            let done: SendFuture<()> = Box::new(async { Ok(()) });
            Ok((Response::new(answer.boxed_unsync()), done))
        })
    }
}

/// The pieces, none of which is there when it is asked for first.
struct Answer {
    pieces: Pieces,
    waited: bool,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.waited = !self.waited;
        if self.waited {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.pieces.pop_front())
    }
}

#[derive(Default)]
struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    upstream: Upstream,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.upstream }
    }
}

/// The reference plugin in such a host.
struct Guest {
    store: Store<State>,
    instance: Instance,
}

impl Guest {
    async fn start() -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, REFOLD).expect("a component");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI");
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("wasi:http");
        let mut store = Store::new(&engine, State::default());
        let instance = linker.instantiate_async(&mut store, &component).await.expect("an instance");
        Self { store, instance }
    }

    /// Executes an action whose answer has these pieces, and returns what came of it, and the request.
    async fn execute(&mut self, parameters: &str, pieces: Pieces) -> (String, Request<Bytes>) {
        self.call("execute-action", &["hubspot", "get_contact", parameters], pieces).await
    }

    async fn call(&mut self, name: &str, arguments: &[&str], pieces: Pieces) -> (String, Request<Bytes>) {
        self.store.data_mut().upstream.pieces = pieces;
        let actions = self.instance.get_export_index(&mut self.store, None, "actionbox:plugin/actions@0.1.0");
        let function = self.instance.get_export_index(&mut self.store, actions.as_ref(), name);
        let function = self.instance.get_func(&mut self.store, function.expect("an export"));
        let arguments: Vec<_> = arguments.iter().map(|text| Val::String((*text).to_owned())).collect();
        let mut results = [Val::Bool(false)];
        let function = function.expect("a function");
        function.call_async(&mut self.store, &arguments, &mut results).await.expect("no trap");
        let mut received = self.store.data().upstream.received.lock().expect("no panic");
        let request = received.pop().expect("a request");
        assert!(received.is_empty(), "{received:?}");
        (format!("{:?}", results[0]), request)
    }
}

const ANSWER: &str = r#"{"node_status":"Success","data":{"id":12345678901234567890123}}"#;

fn pieces(pieces: impl IntoIterator<Item = &'static str>) -> Pieces {
    pieces.into_iter().map(|piece| Ok(Frame::data(piece.into()))).collect()
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_wherever_it_does() {
    let mut guest = Guest::start().await;
    let (begin, end) = ANSWER.split_at(20);
    let is_whole =
        |ended: &str| ended.starts_with("Result(Ok(") && ended.contains("12345678901234567890123}");
    let (ended, _) = guest.execute("{}", pieces([begin, end])).await;
    assert!(is_whole(&ended), "{ended}");
    let mut with_trailers = pieces([begin, end]);
    with_trailers.push_back(Ok(Frame::trailers(HeaderMap::new())));
    let (ended, _) = guest.execute("{}", with_trailers).await;
    assert!(is_whole(&ended), "{ended}");

    for said in [vec![], vec![begin], vec![begin, end], vec![ANSWER]] {
        let mut broken = pieces(said.clone());
        broken.push_back(Err(Error::ConnectionTerminated));
        let (ended, _) = guest.execute("{}", broken).await;
        assert!(ended.starts_with("Result(Err("), "{said:?}: {ended}");
        assert!(ended.contains("connection-terminated") && ended.contains("unknown"), "{said:?}: {ended}");
    }
}

#[tokio::test]
async fn a_body_of_any_length_arrives_whole() {
    let mut guest = Guest::start().await;
    let shortest = r#"{"a":""}"#.len();
    for length in [shortest, 4_095, 4_096, 4_097, 8_192, 100_000, 3 << 20] {
        let parameters = format!(r#"{{"a":"{}"}}"#, "x".repeat(length - shortest));
        let (ended, request) = guest.execute(&parameters, pieces([ANSWER])).await;
        assert!(ended.starts_with("Result(Ok("), "{length}: {ended}");
        assert_eq!(request.body().len(), length);
        assert_eq!(request.body(), parameters.as_bytes());
        assert_eq!(request.headers()["content-length"], length.to_string());
    }
}

#[tokio::test]
async fn a_request_is_addressed_in_full() {
    let mut guest = Guest::start().await;
    let (_, executed) = guest.execute("{}", pieces([ANSWER])).await;
    let (ended, listed) = guest.call("list-actions", &["hubspot"], pieces(["[]"])).await;
    assert_eq!(ended, "Result(Ok(Some(List([]))))");
    let base = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions";
    let line = |request: &Request<Bytes>| format!("{} {}", request.method(), request.uri());
    assert_eq!(line(&executed), format!("POST {base}/get_contact/execute"));
    assert_eq!(line(&listed), format!("GET {base}"));
    for (request, names) in
        [(executed, &["accept", "content-length", "content-type", "host"][..]), (listed, &["accept", "host"])]
    {
        let mut sent: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
        sent.sort_unstable();
        assert_eq!(sent, names);
    }
}
