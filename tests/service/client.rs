//! A client that knows nothing but HTTP and JSON.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::Value;

pub(crate) struct Client {
    base: String,
    headers: Vec<(String, Vec<u8>)>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of the upstream's envelope for errors.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        self.json()["error_code"].as_str().unwrap_or_else(|| panic!("no error: {}", self.text)).to_owned()
    }
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), headers: Vec::new() }
    }

    /// Adds a header, also a second one of the same name.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answered {
        self.try_send(method, path, body).await.expect("an answer")
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answered, String> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_slice());
        }
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(body.into())).map_err(|error| error.to_string())?;
        let client = Hyper::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.map_err(|error| error.to_string())?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let text = String::from_utf8(body.into()).map_err(|error| error.to_string())?;
        Ok(Answered { status: parts.status, headers: parts.headers, text })
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answered {
        self.send(Method::PUT, path, body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn actions(&self, app: &str) -> Answered {
        self.get(&format!("/api/v2/integration-schema/{app}/actions")).await
    }

    pub(crate) async fn describe(&self, app: &str, action: &str) -> Answered {
        self.get(&format!("/api/v2/integration-schema/{app}/actions/{action}")).await
    }

    pub(crate) async fn execute(&self, app: &str, action: &str, parameters: &Value) -> Answered {
        self.post(&format!("/api/v2/integration-schema/{app}/actions/{action}/execute"), parameters).await
    }
}
