//! A client for the tests: every call on a connection of its own, credentials or not.

use actionbox_sandbox::{Method, SANDBOX_API_KEY, Sandbox, SandboxBuilder, StatusCode};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const ACCOUNT: &str = "demo-user-1";
pub(crate) const OTHER: &str = "customer@example.com";

/// A sandbox that answers the same every time and as often as it is asked.
pub(crate) fn quiet() -> SandboxBuilder {
    Sandbox::builder().deterministic().no_rate_limit()
}

/// A call that is not yet sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body.escape_ascii()))
    }
}

impl Call {
    /// A call without any credentials.
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    /// A call with the organisation's key.
    pub(crate) fn with_key(method: Method, path: &str) -> Self {
        Self::new(method, path).header("x-api-key", SANDBOX_API_KEY)
    }

    /// A linked-account call of `path` below the app.
    pub(crate) fn get(account: &str, path: &str) -> Self {
        Self::with_key(Method::GET, &format!("/api/v2/integration-schema/{path}"))
            .header("linked_account_id", account)
    }

    /// An execute by the key, for an account.
    pub(crate) fn execute(account: &str, app: &str, action: &str, parameters: Value) -> Self {
        Self::anonymous_execute(app, action, parameters)
            .header("x-api-key", SANDBOX_API_KEY)
            .header("linked_account_id", account)
    }

    /// An execute without any credentials.
    pub(crate) fn anonymous_execute(app: &str, action: &str, parameters: Value) -> Self {
        Self::new(Method::POST, &format!("/api/v2/integration-schema/{app}/actions/{action}/execute"))
            .json(parameters)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.body(body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn into_request(self, base_url: &str) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(format!("{base_url}{}", self.path));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body)).unwrap()
    }

    /// Sends it; fails if there is no answer, or not the whole of it.
    pub(crate) async fn try_send(self, sandbox: &Sandbox) -> Result<Answer, Box<dyn std::error::Error>> {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let answer = client.request(self.into_request(&sandbox.base_url())).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    pub(crate) async fn send(self, sandbox: &Sandbox) -> Answer {
        self.try_send(sandbox).await.unwrap()
    }

    /// Sends it and gives back the answer's head; the body is still to be read.
    pub(crate) async fn head_only(self, base_url: String) -> Result<http::Response<Incoming>, Error> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        client.request(self.into_request(&base_url)).await
    }
}

/// Executes and answers `(node_status, http_status, data)`.
pub(crate) async fn run(
    sandbox: &Sandbox,
    account: &str,
    app: &str,
    action: &str,
    parameters: Value,
) -> (String, u64, Value) {
    let answer = Call::execute(account, app, action, parameters).send(sandbox).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    let mut body = answer.json();
    let node_status = body["node_status"].as_str().unwrap().to_owned();
    let http_status = body["http_status"].as_u64().unwrap();
    (node_status, http_status, body["data"].take())
}

/// Executes what must succeed, and answers the data.
pub(crate) async fn succeed(
    sandbox: &Sandbox,
    account: &str,
    app: &str,
    action: &str,
    parameters: Value,
) -> Value {
    let (node_status, _, data) = run(sandbox, account, app, action, parameters).await;
    assert_eq!(node_status, "Success", "{app}/{action}: {data}");
    data
}

/// Creates a contact in HubSpot and answers it.
pub(crate) async fn create_contact(sandbox: &Sandbox, account: &str, email: &str) -> Value {
    succeed(sandbox, account, "hubspot", "create_contact", json!({ "email": email })).await
}

/// Writes bytes to the server and reads until it closes the connection.
pub(crate) async fn exchange(sandbox: &Sandbox, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut tcp = TcpStream::connect(sandbox.addr()).await?;
    tcp.write_all(bytes).await?;
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await?;
    Ok(answer)
}
