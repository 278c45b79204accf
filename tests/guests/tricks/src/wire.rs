//! One request at the level of `wasi:http`, described by JSON and reported as JSON.
//!
//! A request is `{"method","scheme","authority","path","headers":[[name,value]…],"body","length",
//! "trailers","patience"}`. What is left out has the value of an honest listing; `null` is set to nothing;
//! `body_hex` is a body that need not be text. What could not be set is named in the report's `unset`.

use serde_json::{Value, json};

use crate::wasi::{
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody,
            OutgoingRequest, RequestOptions, Scheme,
        },
    },
    io::streams::StreamError,
};

/// Describes an honest execute.
pub fn execute(action: &str, body: &str) -> Value {
    json!({
        "method": "POST",
        "path": format!("/api/v2/integration-schema/hubspot/actions/{action}/execute"),
        "headers": [["content-type", "application/json"]],
        "body": body,
    })
}

/// A request that has been handed to the host.
pub struct Sent {
    pub future: FutureIncomingResponse,
    /// What could not be set.
    pub unset: Vec<String>,
    pub upload: Result<(), String>,
}

/// The requests that the options name, or the one that they are.
pub fn requests(options: &Value) -> Vec<Value> {
    match options.get("requests") {
        Some(Value::Array(requests)) => requests.clone(),
        _ => vec![options.clone()],
    }
}

/// Sends a request, reads its answer and reports both.
pub fn exchange(request: &Value) -> Value {
    match start(request) {
        Err(report) => report,
        Ok(sent) => {
            let mut report = answer(&sent.future);
            report["unset"] = json!(sent.unset);
            if let Err(error) = sent.upload {
                report["upload"] = json!(error);
            }
            report
        }
    }
}

/// Hands a request to the host, body and all.
pub fn start(request: &Value) -> Result<Sent, Value> {
    let body = body(request);
    let mut unset = Vec::new();
    let headers = headers(request, body.as_deref(), &mut unset);
    let outgoing = OutgoingRequest::new(headers);
    build(&outgoing, request, &mut unset);
    let upload = match &body {
        Some(_) => match outgoing.body() {
            Ok(body) => Some(body),
            Err(()) => return Err(json!({ "error": "no-body", "unset": unset })),
        },
        None => None,
    };
    let options = request["patience"].as_u64().map(|nanoseconds| {
        let options = RequestOptions::new();
        let _ = options.set_first_byte_timeout(Some(nanoseconds));
        options
    });
    let future = outgoing_handler::handle(outgoing, options)
        .map_err(|error| json!({ "error": name(&error), "unset": unset }))?;
    let upload = match (upload, body) {
        (Some(upload), Some(body)) => write(upload, &body, trailers(request)),
        _ => Ok(()),
    };
    Ok(Sent { future, unset, upload })
}

/// Waits for the answer and reports it.
pub fn answer(future: &FutureIncomingResponse) -> Value {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(answer))) => read(answer),
        Some(Ok(Err(error))) => json!({ "error": name(&error) }),
        _ => json!({ "error": "no-answer" }),
    }
}

fn build(outgoing: &OutgoingRequest, request: &Value, unset: &mut Vec<String>) {
    let text = |key: &str, default: &str| match request.get(key) {
        None => Some(default.to_owned()),
        Some(value) => value.as_str().map(str::to_owned),
    };
    let method = match text("method", "GET").as_deref() {
        Some("GET") | None => Method::Get,
        Some("POST") => Method::Post,
        Some(other) => Method::Other(other.to_owned()),
    };
    let scheme = text("scheme", "https").map(|scheme| match scheme.as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    });
    let authority = text("authority", "app.refold.ai");
    let path = text("path", "/api/v2/integration-schema/hubspot/actions");
    for (what, set) in [
        ("method", outgoing.set_method(&method)),
        ("scheme", outgoing.set_scheme(scheme.as_ref())),
        ("authority", outgoing.set_authority(authority.as_deref())),
        ("path", outgoing.set_path_with_query(path.as_deref())),
    ] {
        if set.is_err() {
            unset.push(what.to_owned());
        }
    }
}

fn headers(request: &Value, body: Option<&[u8]>, unset: &mut Vec<String>) -> Fields {
    let fields = Fields::new();
    if let Some(body) = body
        && request.get("length") != Some(&Value::Null)
    {
        let length = request["length"].as_u64().unwrap_or(body.len() as u64);
        let _ = fields.set("content-length", &[length.to_string().into_bytes()]);
    }
    for (name, value) in pairs(&request["headers"]) {
        if let Err(error) = fields.append(&name, value.as_bytes()) {
            unset.push(format!("{name}: {error:?}"));
        }
    }
    fields
}

fn trailers(request: &Value) -> Option<Fields> {
    let trailers = pairs(request.get("trailers")?);
    let fields = Fields::new();
    for (name, value) in trailers {
        let _ = fields.append(&name, value.as_bytes());
    }
    Some(fields)
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    value.as_array().into_iter().flatten().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn body(request: &Value) -> Option<Vec<u8>> {
    if let Some(hex) = request["body_hex"].as_str() {
        return Some(unhex(hex));
    }
    request["body"].as_str().map(|body| body.as_bytes().to_vec())
}

pub fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().map(|b| (b as char).to_digit(16).unwrap_or(0) as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect()
}

/// Writes a body and finishes it.
pub fn write(outgoing: OutgoingBody, mut rest: &[u8], trailers: Option<Fields>) -> Result<(), String> {
    let stream = outgoing.write().map_err(|()| "no stream".to_owned())?;
    let result = loop {
        if rest.is_empty() {
            break stream.blocking_flush();
        }
        match stream.check_write() {
            Ok(0) => stream.subscribe().block(),
            Ok(permit) => {
                let (now, later) = rest.split_at(rest.len().min(permit as usize));
                if let Err(error) = stream.write(now) {
                    break Err(error);
                }
                rest = later;
            }
            Err(error) => break Err(error),
        }
    };
    drop(stream);
    result.map_err(|error| format!("{error:?}"))?;
    OutgoingBody::finish(outgoing, trailers).map_err(|error| name(&error))
}

fn read(answer: IncomingResponse) -> Value {
    let headers: Vec<_> =
        answer.headers().entries().into_iter().map(|(name, value)| show(&name, &value)).collect();
    let mut report = json!({ "status": answer.status(), "headers": headers });
    let Ok(body) = answer.consume() else { return report };
    match bytes(&body) {
        Ok(bytes) => report["body"] = json!(String::from_utf8_lossy(&bytes)),
        Err(error) => report["broken"] = json!(error),
    }
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    if let Some(Ok(Ok(Some(fields)))) = trailers.get() {
        let shown: Vec<_> = fields.entries().iter().map(|(name, value)| show(name, value)).collect();
        report["trailers"] = json!(shown);
    }
    report
}

fn bytes(body: &IncomingBody) -> Result<Vec<u8>, String> {
    let stream = body.stream().map_err(|()| "no stream".to_owned())?;
    let mut whole = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(part) => whole.extend(part),
            Err(StreamError::Closed) => return Ok(whole),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}

pub fn show(name: &str, value: &[u8]) -> Value {
    json!([name, String::from_utf8_lossy(value)])
}

/// The code's name as Rust has it, with its details.
pub fn name(error: &ErrorCode) -> String {
    format!("{error:?}")
}
