//! One exchange over `wasi:http` 0.2: build → hand over → write → wait → read.
//!
//! Resources are children of one another and must be dropped child first, or the component traps. Each
//! step is a function whose scope ends in that order.

use std::slice;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_LENGTH,
    uri::Scheme,
};

use super::SendError;
use crate::bindings::wasi::{
    http::{
        outgoing_handler::{self, FutureIncomingResponse, OutgoingRequest},
        types::{
            ErrorCode, Fields, HeaderError, IncomingResponse, Method as WasiMethod, OutgoingBody,
            Scheme as WasiScheme, http_error_code,
        },
    },
    io::streams::{InputStream, OutputStream, StreamError},
};

/// How many bytes of an answer are asked for at once.
const READ: u64 = 64 * 1024;

/// How many bytes may be written without asking for a permit: more traps.
const WRITE: usize = 4096;

pub(super) fn exchange(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, SendError> {
    let (parts, body) = request.into_parts();
    let request = build(parts, body.len())?;
    // Without a body there is none to finish; what is never taken counts as empty.
    let outgoing = if body.is_empty() { None } else { Some(take_body(&request)?) };
    // Handed over first: the host reads a body while it is written, and holds only a part of it.
    let future = outgoing_handler::handle(request, None)?;
    let written = outgoing.map_or(Ok(()), |outgoing| write(outgoing, &body));
    // A host that refuses a request stops reading its body. Why is said here.
    let response = wait(&future)?;
    written?;
    read(response)
}

/// Builds the request without its body.
fn build(mut parts: http::request::Parts, length: usize) -> Result<OutgoingRequest, SendError> {
    // A host must tell a complete body from that of a plugin that died while writing. A GET without a
    // body declares none (RFC 9110, 8.6).
    if length > 0 || !matches!(parts.method, Method::GET | Method::HEAD) {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let request = OutgoingRequest::new(fields(&parts.headers)?);
    let invalid = |what: &'static str| {
        move |()| SendError::InvalidRequest(format!("the host does not take its {what}"))
    };
    let authority = parts.uri.authority().ok_or_else(|| {
        SendError::InvalidRequest(format!(
            "its URI has no authority: {} should begin with https://",
            parts.uri
        ))
    })?;
    // GET is what a request begins with.
    if parts.method != Method::GET {
        request.set_method(&method(&parts.method)).map_err(invalid("method"))?;
    }
    request.set_scheme(Some(&scheme(parts.uri.scheme()))).map_err(invalid("scheme"))?;
    request.set_authority(Some(authority.as_str())).map_err(invalid("authority"))?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    request.set_path_with_query(Some(path)).map_err(invalid("path"))?;
    Ok(request)
}

type Header = (String, Vec<u8>);

fn fields(headers: &HeaderMap) -> Result<Fields, SendError> {
    let header = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), value.as_bytes().to_owned());
    let headers: Vec<Header> = headers.iter().map(header).collect();
    Fields::from_list(&headers).map_err(|error| refused(&headers, error))
}

/// Finds the header that the host refused, which it does not name.
fn refused(headers: &[Header], error: HeaderError) -> SendError {
    let alone = |header| Fields::from_list(slice::from_ref(header)).err().map(|error| (header, error));
    let (which, error) = match headers.iter().find_map(alone) {
        Some(((name, _), error)) => (format!("its header {name}"), error),
        None => ("one of its headers".to_owned(), error),
    };
    let why = match error {
        HeaderError::Forbidden => "is the host's to set, not a plugin's",
        HeaderError::InvalidSyntax => "has a value that the host does not take",
        HeaderError::Immutable => "cannot be set",
    };
    SendError::InvalidRequest(format!("{which} {why}"))
}

fn method(method: &Method) -> WasiMethod {
    match *method {
        Method::GET => WasiMethod::Get,
        Method::HEAD => WasiMethod::Head,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        Method::DELETE => WasiMethod::Delete,
        Method::CONNECT => WasiMethod::Connect,
        Method::OPTIONS => WasiMethod::Options,
        Method::TRACE => WasiMethod::Trace,
        Method::PATCH => WasiMethod::Patch,
        ref other => WasiMethod::Other(other.to_string()),
    }
}

fn scheme(scheme: Option<&Scheme>) -> WasiScheme {
    match scheme.map(Scheme::as_str) {
        None | Some("https") => WasiScheme::Https,
        Some("http") => WasiScheme::Http,
        Some(other) => WasiScheme::Other(other.to_owned()),
    }
}

fn take_body(request: &OutgoingRequest) -> Result<OutgoingBody, SendError> {
    request.body().map_err(|()| SendError::InvalidRequest("the host gave it no body".to_owned()))
}

/// Writes the body and finishes it.
fn write(outgoing: OutgoingBody, body: &[u8]) -> Result<(), SendError> {
    let stream = outgoing.write().map_err(|()| SendError::NoAnswer { code: "internal-error" })?;
    let written = write_all(&stream, body);
    // The stream is the body's child: it has to go first.
    drop(stream);
    written?;
    Ok(OutgoingBody::finish(outgoing, None)?)
}

/// Writes as much as the host permits at a time, and the last part, mostly the only one, in one step.
fn write_all(stream: &OutputStream, body: &[u8]) -> Result<(), SendError> {
    let (mut rest, last) = body.split_at(body.len().saturating_sub(WRITE));
    while !rest.is_empty() {
        let permit = stream.check_write().map_err(failed)?;
        if permit == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = rest.split_at(rest.len().min(usize::try_from(permit).unwrap_or(usize::MAX)));
        stream.write(now).map_err(failed)?;
        rest = later;
    }
    stream.blocking_write_and_flush(last).map_err(failed)
}

/// Waits for status and headers.
fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, SendError> {
    future.subscribe().block();
    match future.get() {
        Some(Ok(answer)) => Ok(answer?),
        // Not ready after waiting, or taken already: neither happens with a correct host.
        Some(Err(())) | None => Err(SendError::NoAnswer { code: "internal-error" }),
    }
}

/// Reads the answer to its end: only then was it complete.
fn read(incoming: IncomingResponse) -> Result<Response<Vec<u8>>, SendError> {
    let unreadable = || SendError::NoAnswer { code: "http-protocol-error" };
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::from_u16(incoming.status()).map_err(|_| unreadable())?;
    for (name, value) in incoming.headers().entries() {
        let name = http::HeaderName::try_from(name).map_err(|_| unreadable())?;
        response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| unreadable())?);
    }
    let body = incoming.consume().map_err(|()| unreadable())?;
    let stream = body.stream().map_err(|()| unreadable())?;
    let read = read_all(&stream, response.body_mut());
    drop(stream);
    read?;
    Ok(response)
}

/// An answer that breaks off is an error of its stream; a stream that says that it is closed was whole.
/// Nobody waits for trailers: they have no use here.
fn read_all(stream: &InputStream, body: &mut Vec<u8>) -> Result<(), SendError> {
    loop {
        match stream.blocking_read(READ) {
            Ok(bytes) if body.is_empty() => *body = bytes,
            Ok(bytes) => body.extend_from_slice(&bytes),
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Turns the failure of a stream into the code behind it, where there is one.
fn failed(error: StreamError) -> SendError {
    let code = match error {
        StreamError::LastOperationFailed(error) => http_error_code(&error),
        StreamError::Closed => None,
    };
    code.unwrap_or(ErrorCode::ConnectionTerminated).into()
}
