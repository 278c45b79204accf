//! The native client beside which everything is measured: it makes the same requests, and parses the same answers.

use std::net::SocketAddr;

use anyhow::ensure;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::Deserialize;
use serde_json::Value;

/// The key that every request carries.
pub const KEY: &str = "tk_bench_0123456789abcdef";
/// The linked account that every request is made for.
pub const ACCOUNT: &str = "customer@example.com";

/// A pooled HTTP client.
#[derive(Clone)]
pub struct Native {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

/// One action of a listing.
#[derive(Debug, Deserialize)]
pub struct Listed {
    /// Its id.
    pub action_id: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The upstream's label.
    pub tag: Option<String>,
}

impl Native {
    /// Makes a client for the upstream at an address.
    pub fn new(upstream: SocketAddr) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(tcp);
        Self { client, base: format!("http://{upstream}/api/v2/integration-schema") }
    }

    /// Executes an action of `hubspot` and returns what the upstream answers.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is no success.
    pub async fn execute(&self, action: &str, parameters: &Value) -> anyhow::Result<Value> {
        let request = Request::post(format!("{}/hubspot/actions/{action}/execute", self.base))
            .header(header::CONTENT_TYPE, "application/json");
        let answer = self.send(request, parameters.to_string().into()).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        ensure!(answer["node_status"] == "Success", "the call did not succeed: {answer:.200}");
        Ok(answer)
    }

    /// Lists the actions of an app.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is no listing.
    pub async fn list(&self, app: &str) -> anyhow::Result<Vec<Listed>> {
        let answer = self.send(Request::get(format!("{}/{app}/actions", self.base)), Bytes::new()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn send(&self, request: http::request::Builder, body: Bytes) -> anyhow::Result<Bytes> {
        let request = request
            .header("x-api-key", KEY)
            .header("linked_account_id", ACCOUNT)
            .header(header::ACCEPT, "application/json")
            .body(Full::new(body))?;
        let answer = self.client.request(request).await?;
        ensure!(answer.status().is_success(), "the upstream answers {}", answer.status());
        Ok(answer.into_body().collect().await?.to_bytes())
    }
}
