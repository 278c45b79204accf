//! `https`: the private authority, certificates that must be refused, and HTTP/2.

use std::sync::Arc;

use actionbox_sandbox::{Fault, SANDBOX_API_KEY, Sandbox, StatusCode, Version};
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;

use crate::client::{ACCOUNT, Call, quiet};

/// A client that trusts the authority of `trusted`, and nothing else.
async fn send(call: Call, sandbox: &Sandbox, trusted: &Sandbox) -> Result<Response<Bytes>, Error> {
    let mut roots = RootCertStore::empty();
    let pem = trusted.root_certificate_pem().unwrap();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .enable_http2()
        .build();
    let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
    let (parts, body) = client.request(call.into_request(&sandbox.base_url())).await?.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Response::from_parts(parts, body))
}

fn list() -> Call {
    Call::get(ACCOUNT, "hubspot/actions")
}

#[tokio::test]
async fn client_that_trusts_the_authority_is_answered() {
    let sandbox = quiet().tls().start().await.unwrap();
    assert!(sandbox.base_url().starts_with("https://127.0.0.1:"), "{}", sandbox.base_url());
    let answer = send(list(), &sandbox, &sandbox).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.version(), Version::HTTP_11, "HTTP/2 was not asked for");
    let raw = &sandbox.requests()[0].raw;
    assert!(raw.starts_with(b"GET /api/v2/"), "what is recorded is what TLS carried");
}

#[tokio::test]
async fn certificates_that_must_be_refused_are_refused() {
    let good = quiet().tls().start().await.unwrap();
    let expired = quiet().tls_expired().start().await.unwrap();
    let misnamed = quiet().tls_wrong_name().start().await.unwrap();
    for (why, sandbox, trusted) in [
        ("expired", &expired, &expired),
        ("wrong name", &misnamed, &misnamed),
        ("other authority", &good, &expired),
    ] {
        assert!(send(list(), sandbox, trusted).await.is_err(), "{why}");
        assert_eq!(sandbox.connections(), 1, "{why}");
        assert!(sandbox.requests().is_empty(), "{why}: no request may have been sent");
    }
}

#[tokio::test]
async fn plain_server_has_no_authority() {
    let sandbox = quiet().start().await.unwrap();
    assert_eq!(sandbox.root_certificate_pem(), None);
    assert!(sandbox.base_url().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn http2_is_served_where_asked_for() {
    let sandbox = quiet().tls().http2().start().await.unwrap();
    let create = Call::execute(ACCOUNT, "hubspot", "create_contact", json!({ "email": "a@b.example" }));
    let answer = send(create, &sandbox, &sandbox).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.status(), StatusCode::OK);
    let request = &sandbox.requests()[0];
    assert_eq!(request.version, Version::HTTP_2);
    assert!(request.target.ends_with("/create_contact/execute"), "{}", request.target);
    assert_eq!(request.header("x-api-key").as_deref(), Some(SANDBOX_API_KEY));
    assert_eq!(request.json(), Some(json!({ "email": "a@b.example" })));

    sandbox.inject(Fault::reset());
    assert!(send(list(), &sandbox, &sandbox).await.is_err());
}
