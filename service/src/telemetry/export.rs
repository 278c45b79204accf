//! The way to a collector: OTLP over HTTP, in the binary encoding.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::runtime::Handle;

/// How long a collector may take.
const TIME: Duration = Duration::from_secs(10);
/// The largest answer of a collector that is read.
const ANSWER: usize = 1 << 20;

pub(super) struct Exporters {
    pub(super) spans: SpanExporter,
    pub(super) metrics: MetricExporter,
}

/// Why nothing can be sent to a collector.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the endpoint of OTLP is no URL of http or https, such as http://127.0.0.1:4318")]
    NoUrl,
    #[error("there is no TLS for OTLP: {0}")]
    Tls(#[from] rustls::Error),
    #[error("OTLP: {0}")]
    Build(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Makes what sends spans and metrics to a collector, by its base URL.
pub(super) fn exporters(endpoint: &str) -> Result<Exporters, Unusable> {
    let url: axum::http::Uri = endpoint.parse().map_err(|_| Unusable::NoUrl)?;
    if !matches!(url.scheme_str(), Some("http" | "https")) || url.authority().is_none() {
        return Err(Unusable::NoUrl);
    }
    let client: Arc<dyn HttpClient> = Arc::new(Collector::new()?);
    let of = |signal: &str| format!("{}/v1/{signal}", endpoint.trim_end_matches('/'));
    Ok(Exporters {
        spans: SpanExporter::builder()
            .with_http()
            .with_shared_http_client(client.clone())
            .with_endpoint(of("traces"))
            .with_timeout(TIME)
            .build()?,
        metrics: MetricExporter::builder()
            .with_http()
            .with_shared_http_client(client)
            .with_endpoint(of("metrics"))
            .with_timeout(TIME)
            .build()?,
    })
}

/// Sends from the threads of the exporters, which have no runtime, through the service's.
#[derive(Debug)]
struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

impl Collector {
    fn new() -> Result<Self, rustls::Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: Handle::current(),
        })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let path = request.uri().path().to_owned();
        let client = self.client.clone();
        let exchange = async move {
            let (parts, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(parts, body))
        };
        let sending = self.runtime.spawn(async move { tokio::time::timeout(TIME, exchange).await });
        let answered = match sending.await {
            Ok(Ok(answered)) => answered,
            Ok(Err(elapsed)) => Err(elapsed.into()),
            Err(ended) => Err(ended.into()),
        };
        match &answered {
            Ok(response) if !response.status().is_success() => {
                tracing::warn!(
                    path,
                    status = response.status().as_u16(),
                    "the collector of OTLP refuses what is sent"
                );
            }
            Err(error) => tracing::warn!(path, error, "the collector of OTLP does not answer"),
            Ok(_) => {}
        }
        answered
    }
}
