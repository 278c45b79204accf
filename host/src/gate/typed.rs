//! The typed way to the gate: `actionbox:plugin/upstream`, one call of the host in place of some twenty of
//! `wasi:http`.
//!
//! What a guest asks for becomes the request that it would have built over `wasi:http`. From there on there is one
//! way for both.

use std::future::Future;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi_http::{Error, WasiBody};

use super::route::PREFIX;
use crate::{
    call::CallState,
    contract::bindings::actionbox::plugin::upstream::{self, Answer, ErrorCode, Host},
};

/// Puts the functions into the linker.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    upstream::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

impl Host for CallState {
    async fn list_actions(&mut self, app: String) -> Result<Answer, ErrorCode> {
        let path = format!("{PREFIX}{}/actions", segment(&app));
        self.ask(Method::GET, path, String::new()).await
    }

    async fn describe_action(&mut self, app: String, action: String) -> Result<Answer, ErrorCode> {
        let path = format!("{PREFIX}{}/actions/{}", segment(&app), segment(&action));
        self.ask(Method::GET, path, String::new()).await
    }

    async fn execute_action(
        &mut self,
        app: String,
        action: String,
        parameters: String,
    ) -> Result<Answer, ErrorCode> {
        let path = format!("{PREFIX}{}/actions/{}/execute", segment(&app), segment(&action));
        self.ask(Method::POST, path, parameters).await
    }
}

impl CallState {
    fn ask(
        &self,
        method: Method,
        path: String,
        body: String,
    ) -> impl Future<Output = Result<Answer, ErrorCode>> + Send + use<> {
        let passing =
            request(self.authority(), method, &path, body.into()).map(|request| self.gate().pass(request));
        async move {
            let passing = passing.map_err(|_| ErrorCode::HttpRequestDenied)?;
            answer(passing.await.map_err(|error| code(&error))?)
        }
    }

    /// Returns the name under which guests know the upstream. Without one, the gate refuses whatever is asked.
    fn authority(&self) -> &str {
        let upstream = self.gate().call().and_then(|context| context.grant.upstream());
        upstream.map_or("upstream.invalid", |upstream| upstream.authority())
    }
}

/// Returns one segment of a path. What no slug and no id holds is escaped, so that it stays within its segment for
/// the gate to refuse; what is longer than any of them is cut, and refused all the same.
fn segment(name: &str) -> PercentEncode<'_> {
    const LONGER_THAN_ANY: usize = 200;
    let end = name.char_indices().nth(LONGER_THAN_ANY).map_or(name.len(), |(end, _)| end);
    utf8_percent_encode(&name[..end], const { &NON_ALPHANUMERIC.remove(b'-').remove(b'_') })
}

fn request(
    authority: &str,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<Request<WasiBody>, http::Error> {
    let mut request = Request::builder().method(method).uri(format!("https://{authority}{path}"));
    if !body.is_empty() {
        request = request.header(header::CONTENT_LENGTH, body.len());
    }
    request.body(Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

fn answer(response: Response<Bytes>) -> Result<Answer, ErrorCode> {
    let retry_after = response.headers().get(header::RETRY_AFTER);
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        // It was screened, hence is UTF-8.
        body: String::from_utf8(response.into_body().into()).map_err(|_| ErrorCode::HttpProtocolError)?,
    })
}

/// Returns the code under the same name as over `wasi:http`.
fn code(error: &Error) -> ErrorCode {
    match error {
        Error::HttpRequestDenied => ErrorCode::HttpRequestDenied,
        Error::HttpRequestBodySize(_) => ErrorCode::HttpRequestBodySize,
        Error::HttpResponseBodySize(_) => ErrorCode::HttpResponseBodySize,
        Error::ConnectionLimitReached => ErrorCode::ConnectionLimitReached,
        Error::DestinationUnavailable => ErrorCode::DestinationUnavailable,
        Error::ConnectionRefused => ErrorCode::ConnectionRefused,
        Error::TlsProtocolError => ErrorCode::TlsProtocolError,
        Error::HttpResponseTimeout => ErrorCode::HttpResponseTimeout,
        Error::HttpResponseIncomplete => ErrorCode::HttpResponseIncomplete,
        Error::HttpProtocolError => ErrorCode::HttpProtocolError,
        Error::DestinationNotFound => ErrorCode::DestinationNotFound,
        _ => ErrorCode::InternalError,
    }
}
