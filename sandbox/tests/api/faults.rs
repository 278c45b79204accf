//! Faults: each does what it says, once, and to the request it was meant for.

use std::sync::Arc;
use std::time::Duration;

use actionbox_sandbox::{Fault, Response, SANDBOX_API_KEY, Sandbox, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::client::{ACCOUNT, Answer, Call, exchange, quiet};

fn create() -> Call {
    Call::execute(ACCOUNT, "hubspot", "create_contact", json!({ "email": "a@b.example" }))
}

/// Sends one create under a fault; answers it, and how many executes ran.
async fn under(fault: Fault) -> (Result<Answer, String>, usize) {
    let sandbox = quiet().start().await.unwrap();
    sandbox.inject(fault);
    let answer = create().try_send(&sandbox).await.map_err(|error| error.to_string());
    assert_eq!(sandbox.pending_faults(), 0);
    let ran = sandbox.executions().len();
    let next = Call::get(ACCOUNT, "hubspot/actions").send(&sandbox).await;
    assert_eq!(next.status, StatusCode::OK, "the next request is answered properly");
    (answer, ran)
}

#[tokio::test]
async fn lost_answers_ran_only_if_told_so() {
    for (why, fault, expected) in [
        ("reset before", Fault::reset(), 0),
        ("reset after", Fault::reset().after_execute(), 1),
        ("close before", Fault::close(), 0),
        ("close after", Fault::close().after_execute(), 1),
        ("truncated body", Fault::truncated_body(), 1),
        ("no HTTP", Fault::wire("SSH-2.0-x\r\n"), 0),
        ("no HTTP, after", Fault::wire("SSH-2.0-x\r\n").after_execute(), 1),
    ] {
        let (answer, ran) = under(fault).await;
        assert!(answer.is_err(), "{why}: {answer:?}");
        assert_eq!(ran, expected, "{why}");
    }
}

#[tokio::test]
async fn error_answers_ran_only_if_told_so() {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    for (why, fault, status, expected) in [
        ("status", Fault::status(unavailable), 503, 0),
        ("status after", Fault::status(unavailable).after_execute(), 503, 1),
        ("throttled", Fault::throttled("7"), 429, 0),
        ("html", Fault::html_error(StatusCode::BAD_GATEWAY), 502, 0),
        ("empty", Fault::empty_body(StatusCode::OK), 200, 0),
        ("redirect", Fault::redirect("http://127.0.0.1:1/"), 307, 0),
        ("json", Fault::json_body(StatusCode::OK, "{\"half\":"), 200, 0),
        ("echo", Fault::echo_headers(), 200, 0),
        ("echo in headers", Fault::echo_headers_in_headers(), 200, 0),
        ("latency", Fault::latency(Duration::from_millis(1)), 200, 1),
        ("latency after", Fault::latency(Duration::from_millis(1)).after_execute(), 200, 1),
    ] {
        let (answer, ran) = under(fault).await;
        assert_eq!(answer.unwrap().status.as_u16(), status, "{why}");
        assert_eq!(ran, expected, "{why}");
    }
}

#[tokio::test]
async fn answers_are_made_as_described() {
    let status = under(Fault::status(StatusCode::BAD_GATEWAY).with_header("x-extra", "1")).await.0.unwrap();
    assert_eq!(status.json()["http_error_type"], "BAD_GATEWAY");
    assert_eq!(status.headers["x-extra"], "1");

    assert_eq!(under(Fault::throttled("soon")).await.0.unwrap().headers["retry-after"], "soon");

    let html = under(Fault::html_error(StatusCode::BAD_GATEWAY)).await.0.unwrap();
    assert_eq!(html.headers["content-type"], "text/html");
    assert!(html.body.starts_with(b"<html>"));

    assert!(under(Fault::empty_body(StatusCode::BAD_GATEWAY)).await.0.unwrap().body.is_empty());
    let redirect = under(Fault::redirect("https://elsewhere.example/x")).await.0.unwrap();
    assert_eq!(redirect.headers["location"], "https://elsewhere.example/x");
}

#[tokio::test]
async fn echoes_hold_the_key() {
    let body = under(Fault::echo_headers()).await.0.unwrap().json();
    assert_eq!(body["data"]["headers"]["x-api-key"], SANDBOX_API_KEY);
    let answer = under(Fault::echo_headers_in_headers()).await.0.unwrap();
    assert_eq!(answer.headers["x-echo-x-api-key"], SANDBOX_API_KEY);
    let upper = Fault::respond_with(|request| {
        Response::new(request.header("x-api-key").unwrap_or_default().to_uppercase().into())
    });
    assert_eq!(under(upper).await.0.unwrap().body, SANDBOX_API_KEY.to_uppercase());
}

#[tokio::test]
async fn untrue_content_length_is_sent_as_it_is() {
    let sandbox = quiet().start().await.unwrap();
    for (promised, fails) in [("2", false), ("5", false), ("9", true)] {
        sandbox.inject(Fault::json_body(StatusCode::OK, "12345").with_header("content-length", promised));
        let answer = create().try_send(&sandbox).await;
        assert_eq!(answer.is_err(), fails, "{promised}: {answer:?}");
    }
}

#[tokio::test]
async fn panic_of_a_test_function_ends_only_its_request() {
    let (answer, ran) = under(Fault::respond_with(|_| panic!("on purpose"))).await;
    assert!(answer.is_err());
    assert_eq!(ran, 0);
}

#[tokio::test]
async fn wire_bytes_arrive_unchanged() {
    let sandbox = quiet().start().await.unwrap();
    let bytes = b"HTTP/1.1 200 OK\r\nx: \x01\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}".as_slice();
    sandbox.inject(Fault::wire(bytes));
    assert_eq!(exchange(&sandbox, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap(), bytes);
}

#[tokio::test]
async fn reset_is_seen_as_a_reset_and_close_as_an_end() {
    let sandbox = quiet().start().await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    sandbox.inject(Fault::reset());
    let error = exchange(&sandbox, request).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    sandbox.inject(Fault::close());
    assert!(exchange(&sandbox, request).await.unwrap().is_empty());
}

#[tokio::test]
async fn truncated_body_breaks_after_the_half_it_sent() {
    let sandbox = quiet().start().await.unwrap();
    sandbox.inject(Fault::truncated_body());
    let answer = exchange(&sandbox, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(body.len(), promised.parse::<usize>().unwrap() / 2);
}

#[tokio::test]
async fn stalled_and_endless_bodies_begin() {
    let sandbox = quiet().start().await.unwrap();
    sandbox.inject(Fault::stalled_body());
    sandbox.inject(Fault::endless_body());
    for _ in 0..2 {
        let answer = create().head_only(sandbox.base_url()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let first = answer.into_body().frame().await.unwrap().unwrap();
        assert!(!first.into_data().unwrap().is_empty());
    }
    assert_eq!(sandbox.executions().len(), 1, "the stalled one ran");
}

#[tokio::test]
async fn held_request_is_carried_out_even_if_the_client_has_gone() {
    let sandbox = quiet().start().await.unwrap();
    let permits = Arc::new(Semaphore::new(0));
    sandbox.inject(Fault::hold(Arc::clone(&permits)));
    let client = tokio::spawn(create().head_only(sandbox.base_url()));
    sandbox.request_arrived(1).await;
    assert!(sandbox.executions().is_empty());
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    sandbox.wait_until(|sandbox| sandbox.open_connections() == 0).await;
    permits.add_permits(1);
    sandbox.executed(1).await;
}

#[tokio::test]
async fn answer_is_held_after_the_execute() {
    let sandbox = quiet().start().await.unwrap();
    let permits = Arc::new(Semaphore::new(0));
    sandbox.inject(Fault::hold(Arc::clone(&permits)).after_execute());
    let client = tokio::spawn(create().head_only(sandbox.base_url()));
    sandbox.executed(1).await;
    assert_eq!(sandbox.requests()[0].answered, None);
    permits.add_permits(1);
    assert_eq!(client.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn hanging_request_ends_with_its_client() {
    let sandbox = quiet().start().await.unwrap();
    sandbox.inject(Fault::hang());
    let client = tokio::spawn(create().head_only(sandbox.base_url()));
    sandbox.request_arrived(1).await;
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    sandbox.wait_until(|sandbox| sandbox.open_connections() == 0).await;
    assert!(sandbox.executions().is_empty());
}

#[tokio::test]
async fn fault_waits_for_the_request_it_matches() {
    let sandbox = quiet().start().await.unwrap();
    let teapot = StatusCode::IM_A_TEAPOT;
    sandbox.inject(Fault::status(teapot).on_method("POST").on_path("/create_contact/").times(2));
    sandbox.inject(Fault::status(StatusCode::BAD_GATEWAY).on_path("/salesforce/").always());
    let list = async |app: &str| Call::get(ACCOUNT, &format!("{app}/actions")).send(&sandbox).await.status;
    assert_eq!(list("hubspot").await, StatusCode::OK);
    assert_eq!(create().send(&sandbox).await.status, teapot);
    assert_eq!(list("salesforce").await, StatusCode::BAD_GATEWAY);
    assert_eq!(create().send(&sandbox).await.status, teapot);
    assert_eq!(create().send(&sandbox).await.status, StatusCode::OK);
    assert_eq!(list("salesforce").await, StatusCode::BAD_GATEWAY);
    assert_eq!(sandbox.pending_faults(), 1);
    sandbox.clear_faults();
    assert_eq!(list("salesforce").await, StatusCode::OK);
}

#[tokio::test]
async fn faults_happen_whatever_the_credentials() {
    let sandbox: Sandbox = quiet().start().await.unwrap();
    sandbox.inject(Fault::json_body(StatusCode::OK, Bytes::from_static(b"1")));
    let answer = Call::anonymous_execute("hubspot", "get_contact", json!({})).send(&sandbox).await;
    assert_eq!(answer.body, "1");
}
