//! Escaping the books: ending, or ceasing to listen, at the worst moment, and lying about it.

use serde_json::{Value, json};

use crate::{
    Report,
    actionbox::plugin::types::{Error, MissingAction, Problem, Throttle, UpstreamFailure},
    exhaustion,
    wasi::http::{
        outgoing_handler,
        types::{Fields, Method, OutgoingRequest, Scheme},
    },
    wire,
};

/// Sends requests and drops the future of each at once.
pub fn drop_after_sending(options: &Value) -> Report {
    for request in wire::requests(options) {
        drop(wire::start(&request));
    }
    Ok(json!({}))
}

/// Sends requests and traps, without waiting for the answers.
pub fn trap_after_sending(options: &Value) -> Report {
    let sent: Vec<_> = wire::requests(options).iter().map(wire::start).collect();
    std::hint::black_box(&sent);
    core::arch::wasm32::unreachable()
}

/// Sends requests and sleeps for ever, without looking at the answers.
pub fn sleep_after_sending(options: &Value) -> Report {
    let sent: Vec<_> = wire::requests(options).iter().map(wire::start).collect();
    std::hint::black_box(&sent);
    exhaustion::sleep(options)
}

/// Gives up on requests after the least possible time.
pub fn lose_patience(options: &Value) -> Report {
    let mut reports = Vec::new();
    for mut request in wire::requests(options) {
        request["patience"] = json!(1);
        reports.push(wire::exchange(&request));
    }
    Ok(json!(reports))
}

/// Begins a write whose body never ends, and drops it.
pub fn drop_before_the_body_ends(_: &Value) -> Report {
    let fields = Fields::new();
    let _ = fields.set("content-length", &[b"1000".to_vec()]);
    let request = OutgoingRequest::new(fields);
    let _ = request.set_method(&Method::Post);
    let _ = request.set_scheme(Some(&Scheme::Https));
    let _ = request.set_authority(Some("app.refold.ai"));
    let _ = request
        .set_path_with_query(Some("/api/v2/integration-schema/hubspot/actions/create_contact/execute"));
    let Ok(body) = request.body() else { return Ok(json!("no body")) };
    let future = outgoing_handler::handle(request, None);
    if let Ok(stream) = body.write() {
        let _ = stream.blocking_write_and_flush(br#"{"email":"half@example.com"}"#);
    }
    drop(body);
    let report = future.as_ref().map(wire::answer).unwrap_or_default();
    Ok(report)
}

/// Sends requests, waits for the answers, and then says something else.
pub fn say_after_sending(options: &Value) -> Report {
    for request in wire::requests(options) {
        wire::exchange(&request);
    }
    let text = options["text"].as_str().unwrap_or("so it says").to_owned();
    Err(match options["say"].as_str().unwrap_or_default() {
        "unknown-app" => Error::UnknownApp(text),
        "unknown-action" => Error::UnknownAction(MissingAction { app: text.clone(), action_id: text }),
        "invalid-parameters" => {
            Error::InvalidParameters(vec![Problem { parameter: Some(text.clone()), message: text }])
        }
        "reauthorization-required" => Error::ReauthorizationRequired(text),
        "denied" => Error::Denied(text),
        "throttled" => Error::Throttled(Throttle { retry_after_ms: Some(u64::MAX) }),
        "upstream" => Error::Upstream(UpstreamFailure {
            status: Some(503),
            code: Some(text.clone()),
            message: text.clone(),
            request_id: Some(text),
        }),
        _ => Error::Other(text),
    })
}

/// Writes a text and panics with it.
pub fn panic_on_purpose(options: &Value) -> Report {
    panic!("{}", options["text"].as_str().unwrap_or("on purpose"))
}

/// Ends the program.
pub fn exit_early(_: &Value) -> Report {
    std::process::exit(1)
}
