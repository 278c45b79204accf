//! The request log: what arrived, byte for byte.

use actionbox_sandbox::{BodyState, Fault, Method, SANDBOX_API_KEY, StatusCode, Version};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{ACCOUNT, Call, create_contact, exchange, quiet};

#[tokio::test]
async fn without_a_request_no_connection_was_opened() {
    let sandbox = quiet().start().await.unwrap();
    assert_eq!(sandbox.connections(), 0);
    assert!(sandbox.raw_connections().is_empty());
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn request_is_recorded_as_it_was_on_the_wire() {
    let sandbox = quiet().start().await.unwrap();
    let bytes = b"GET /api/v2/%70ublic/?a=b%20c HTTP/1.1\r\nHoSt: x\r\nX-B: 1\r\nx-a:2\r\nx-b: \xff\r\nConnection: close\r\n\r\n";
    exchange(&sandbox, bytes).await.unwrap();
    let [request] = sandbox.requests().try_into().unwrap();
    assert_eq!(request.seq, 1);
    assert_eq!(request.connection, 0);
    assert_eq!(request.method, Method::GET);
    assert_eq!(request.target, "/api/v2/%70ublic/?a=b%20c");
    assert_eq!(request.version, Version::HTTP_11);
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let expected: [(&str, &[u8]); 5] =
        [("HoSt", b"x"), ("X-B", b"1"), ("x-a", b"2"), ("x-b", b"\xff"), ("Connection", b"close")];
    assert_eq!(headers, expected);
    assert_eq!(request.header("X-B").as_deref(), Some("1, \u{fffd}"));
    assert_eq!(request.raw.as_ref(), bytes);
    assert_eq!(request.answered, Some(404));
    assert_eq!(sandbox.raw_connections(), [bytes.to_vec()]);
}

#[tokio::test]
async fn requests_of_one_connection_are_told_apart() {
    let sandbox = quiet().start().await.unwrap();
    let first = b"POST /one HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello";
    let second = b"GET /two HTTP/1.1\r\nhost: x\r\n\r\n";
    let third = b"POST /three HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    exchange(&sandbox, &[&first[..], second, third].concat()).await.unwrap();
    let requests = sandbox.requests();
    let raw: Vec<_> = requests.iter().map(|request| request.raw.as_ref()).collect();
    assert_eq!(raw, [&first[..], second, third]);
    let bodies: Vec<_> = requests.iter().map(|request| request.body.as_ref()).collect();
    assert_eq!(bodies, [&b"hello"[..], b"", b"abc"]);
    assert!(requests.iter().all(|request| request.connection == 0 && request.body_state == BodyState::Whole));
    assert_eq!(sandbox.connections(), 1);
}

#[tokio::test]
async fn what_never_became_a_request_is_among_the_raw_bytes() {
    let sandbox = quiet().start().await.unwrap();
    let answer = exchange(&sandbox, b"no HTTP at all\r\n\r\n").await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400 "), "{}", answer.escape_ascii());
    assert!(sandbox.requests().is_empty());
    assert_eq!(sandbox.raw_connections(), [b"no HTTP at all\r\n\r\n"]);
}

#[tokio::test]
async fn request_whose_body_fails_is_recorded_with_its_head() {
    let sandbox = quiet().start().await.unwrap();
    let mut tcp = TcpStream::connect(sandbox.addr()).await.unwrap();
    let bytes = b"POST /half HTTP/1.1\r\nhost: x\r\nx-mark: 1\r\ncontent-length: 10\r\n\r\nhalf";
    tcp.write_all(bytes).await.unwrap();
    sandbox.wait_until(|sandbox| !sandbox.requests().is_empty()).await;
    assert_eq!(sandbox.requests()[0].body_state, BodyState::Arriving);
    drop(tcp);
    sandbox.request_arrived(1).await;
    let [request] = sandbox.requests().try_into().unwrap();
    assert_eq!(request.body_state, BodyState::Cut);
    assert_eq!(request.body.as_ref(), b"half");
    assert_eq!(request.header("x-mark").as_deref(), Some("1"));
    assert_eq!(request.raw.as_ref(), bytes);
}

#[tokio::test]
async fn refused_and_faulty_requests_are_recorded_too() {
    let sandbox = quiet().start().await.unwrap();
    Call::new(Method::GET, "/api/v2/public/webhook").send(&sandbox).await;
    sandbox.inject(Fault::close());
    Call::get(ACCOUNT, "hubspot/actions").try_send(&sandbox).await.unwrap_err();
    let requests = sandbox.requests();
    assert_eq!(requests[0].answered, Some(401));
    assert_eq!(requests[1].answered, None);
    assert_eq!(requests[1].header("x-api-key").as_deref(), Some(SANDBOX_API_KEY));
    sandbox.clear_requests();
    assert!(sandbox.requests().is_empty());
    assert_eq!(sandbox.connections(), 2, "connections are not forgotten");
}

#[tokio::test]
async fn bodies_are_recorded_as_json_too() {
    let sandbox = quiet().start().await.unwrap();
    create_contact(&sandbox, ACCOUNT, "a@b.example").await;
    assert_eq!(sandbox.requests()[0].json(), Some(json!({ "email": "a@b.example" })));
}

#[tokio::test]
async fn without_a_log_nothing_is_kept() {
    let sandbox = quiet().without_request_log().start().await.unwrap();
    create_contact(&sandbox, ACCOUNT, "a@b.example").await;
    assert!(sandbox.requests().is_empty());
    assert!(sandbox.raw_connections().is_empty());
    assert!(sandbox.executions().is_empty());
    assert_eq!(sandbox.connections(), 1);
    assert_eq!(sandbox.records(ACCOUNT, "hubspot", "contacts").len(), 4, "the write was done all the same");
}

#[tokio::test]
async fn stopped_server_closes_its_port_and_its_connections() {
    let sandbox = quiet().start().await.unwrap();
    let addr = sandbox.addr();
    sandbox.inject(Fault::hang());
    let pending = tokio::spawn(Call::get(ACCOUNT, "hubspot/actions").head_only(sandbox.base_url()));
    sandbox.request_arrived(1).await;
    sandbox.stop().await;
    assert!(pending.await.unwrap().is_err());
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn taken_address_is_an_error() {
    let sandbox = quiet().start().await.unwrap();
    let error = quiet().listen(sandbox.addr()).start().await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {}", sandbox.addr()));
    assert_eq!(Call::get(ACCOUNT, "hubspot/actions").send(&sandbox).await.status, StatusCode::OK);
}
