//! One exchange over `wasi:http` 0.2: build → hand over → write → wait → read.
//!
//! Resources are children of one another and must be dropped child first, or the component traps. Each
//! step is a function whose scope ends in that order.

use std::slice;

use http::{
    HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE},
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

/// A request as `wasi:http` takes it, in parts.
pub(crate) struct Outgoing<'a> {
    method: &'a Method,
    scheme: WasiScheme,
    authority: &'a str,
    path: &'a str,
    headers: Vec<Header>,
    body: &'a [u8],
}

type Header = (String, Vec<u8>);

impl<'a> Outgoing<'a> {
    /// Makes a request over HTTPS for JSON, whose body, if there is any, is JSON too.
    #[cfg_attr(feature = "upstream", expect(dead_code, reason = "it is for the other way"))]
    pub(crate) fn new(method: &'a Method, authority: &'a str, path: &'a str, body: &'a [u8]) -> Self {
        let json = |name: HeaderName| (name.as_str().to_owned(), b"application/json".to_vec());
        let headers = match body {
            [] => vec![json(ACCEPT)],
            _ => vec![json(CONTENT_TYPE), json(ACCEPT)],
        };
        Self { method, scheme: WasiScheme::Https, authority, path, headers, body }
    }

    pub(super) fn from_parts(parts: &'a http::request::Parts, body: &'a [u8]) -> Result<Self, SendError> {
        let Some(authority) = parts.uri.authority() else {
            let uri = &parts.uri;
            let reason = format!("its URI has no authority: {uri} should begin with https://");
            return Err(SendError::InvalidRequest(reason));
        };
        // Of the length it is the body that tells.
        let headers = parts.headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH);
        Ok(Self {
            method: &parts.method,
            scheme: scheme(parts.uri.scheme()),
            authority: authority.as_str(),
            path: parts.uri.path_and_query().map_or("/", |path| path.as_str()),
            headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_owned())).collect(),
            body,
        })
    }
}

/// Sends a request and reads the answer; its headers only when they are wanted for its status.
pub(crate) fn exchange(
    request: Outgoing<'_>,
    headers: impl FnOnce(StatusCode) -> bool,
) -> Result<Response<Vec<u8>>, SendError> {
    let body = request.body;
    let request = build(request)?;
    // Without a body there is none to finish; what is never taken counts as empty.
    let outgoing = if body.is_empty() { None } else { Some(take_body(&request)?) };
    // Handed over first: the host reads a body while it is written, and holds only a part of it.
    let future = outgoing_handler::handle(request, None)?;
    let written = outgoing.map_or(Ok(()), |outgoing| write(outgoing, body));
    // A host that refuses a request stops reading its body. Why is said here.
    let response = wait(&future)?;
    written?;
    read(response, headers)
}

/// Builds the request without its body.
fn build(request: Outgoing<'_>) -> Result<OutgoingRequest, SendError> {
    let Outgoing { method, scheme, authority, path, mut headers, body } = request;
    // A host must tell a complete body from that of a plugin that died while writing. A GET without a
    // body declares none (RFC 9110, 8.6).
    if !body.is_empty() || !matches!(*method, Method::GET | Method::HEAD) {
        headers.push((CONTENT_LENGTH.as_str().to_owned(), body.len().to_string().into_bytes()));
    }
    let fields = Fields::from_list(&headers).map_err(|error| refused(&headers, error))?;
    let request = OutgoingRequest::new(fields);
    let invalid = |what: &'static str| {
        move |()| SendError::InvalidRequest(format!("the host does not take its {what}"))
    };
    // GET is what a request begins with.
    if method != Method::GET {
        request.set_method(&wasi_method(method)).map_err(invalid("method"))?;
    }
    request.set_scheme(Some(&scheme)).map_err(invalid("scheme"))?;
    request.set_authority(Some(authority)).map_err(invalid("authority"))?;
    request.set_path_with_query(Some(path)).map_err(invalid("path"))?;
    Ok(request)
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

fn wasi_method(method: &Method) -> WasiMethod {
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
fn read(
    incoming: IncomingResponse,
    headers: impl FnOnce(StatusCode) -> bool,
) -> Result<Response<Vec<u8>>, SendError> {
    let unreadable = || SendError::NoAnswer { code: "http-protocol-error" };
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::from_u16(incoming.status()).map_err(|_| unreadable())?;
    if headers(response.status()) {
        for (name, value) in incoming.headers().entries() {
            let name = http::HeaderName::try_from(name).map_err(|_| unreadable())?;
            response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| unreadable())?);
        }
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
