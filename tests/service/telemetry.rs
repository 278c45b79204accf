//! What is told to those who watch: figures that are right, traces that hang together, and no secret in any of them.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use actionbox_service::Role;
use actionbox_tests::canary::Finder;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    trace::v1::Span,
};
use prost::Message as _;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{Setup, try_start_on};

/// What a collector was sent: the path, and the body.
type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A collector that takes everything.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let kept = received.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            let take = move |request: Request<Incoming>| {
                let kept = kept.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    let body = request.into_body().collect().await.expect("a body").to_bytes();
                    kept.lock().expect("no panic").push((path, body));
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
                }
            };
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(take)));
        }
    });
    (url, received)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_sent_traces_and_metrics() {
    let mut setup = Setup::new("otlp").await;
    let (endpoint, received) = collector().await;
    setup.service.stop(Duration::from_secs(20)).await;
    let otlp = |config: &mut actionbox_service::Config| config.otlp_endpoint = Some(endpoint);
    setup.service = try_start_on(&setup.folder.database(), &setup.master, otlp).await.expect("it starts");
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let client = setup.client("acme").header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    let secret_of_the_tenant = "ada-lovelace@example.com";
    let new = json!({ "email": secret_of_the_tenant });
    let answered = client.execute("hubspot", "create_contact", &new).await;
    assert_eq!(answered.status, StatusCode::OK);
    let denied = client.execute("hubspot", "merge_contacts", &json!({})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN, "{denied:?}");
    // A header that is none begins a trace of its own.
    let alone = setup.client("globex").header("traceparent", "00-nothing").actions("hubspot").await;
    assert_eq!(alone.status, StatusCode::OK);
    let id = answered.headers["x-request-id"].to_str().expect("text").to_owned();
    setup.service.stop(Duration::from_secs(20)).await;

    let received = received.lock().expect("no panic").clone();
    let finder = Finder::new([
        &*setup.upstream_key,
        setup.caller.key.expose_secret(),
        setup.master.expose_secret(),
        secret_of_the_tenant,
    ]);
    for (path, body) in &received {
        finder.assert_absent(path, body);
    }
    let of = |signal: &str| -> Vec<Bytes> {
        received.iter().filter(|(path, _)| path == signal).map(|(_, body)| body.clone()).collect()
    };
    let spans: Vec<Span> = of("/v1/traces")
        .into_iter()
        .map(|body| ExportTraceServiceRequest::decode(body).expect("OTLP"))
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).cloned().collect::<Vec<_>>();
    let has = |span: &Span, key: &str, value: &str| {
        let mut found = span.attributes.iter().filter(|attribute| attribute.key == key);
        found.any(|attribute| format!("{:?}", attribute.value).contains(value))
    };
    let [executed, refused] = named("execute hubspot").try_into().expect("two executions");
    for span in [&executed, &refused] {
        let bytes: Vec<_> =
            (0..16).map(|at| u8::from_str_radix(&trace[at * 2..][..2], 16).expect("hex")).collect();
        assert_eq!(span.trace_id, bytes, "it is part of the caller's trace");
        assert_eq!(span.parent_span_id, [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]);
    }
    assert!(has(&executed, "actionbox.request_id", &id) && has(&executed, "actionbox.outcome", "succeeded"));
    assert!(has(&refused, "actionbox.outcome", "errored"));
    let below: Vec<_> = spans.iter().filter(|span| span.parent_span_id == executed.span_id).collect();
    let names: BTreeSet<_> = below.iter().map(|span| &*span.name).collect();
    assert!(names.contains("plugin") && names.contains("request"), "{names:?}");
    let (from, to) = (executed.start_time_unix_nano, executed.end_time_unix_nano);
    // The clocks are two, and the audit has whole microseconds.
    let slack = 5_000_000;
    for span in below {
        assert!(
            span.start_time_unix_nano + slack >= from && span.end_time_unix_nano <= to + slack,
            "{span:?}"
        );
    }
    let [listed] = named("list hubspot").try_into().expect("one listing");
    assert!(listed.parent_span_id.is_empty() && listed.trace_id != executed.trace_id);

    let metrics: BTreeSet<String> = of("/v1/metrics")
        .into_iter()
        .map(|body| ExportMetricsServiceRequest::decode(body).expect("OTLP"))
        .flat_map(|request| request.resource_metrics)
        .flat_map(|resource| resource.scope_metrics)
        .flat_map(|scope| scope.metrics)
        .map(|metric| metric.name)
        .collect();
    for name in
        ["actionbox.calls", "actionbox.call.duration", "actionbox.requests", "http.server.request.duration"]
    {
        assert!(metrics.contains(name), "{name} is not in {metrics:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_metrics_is_for_those_who_may_look() {
    let setup = Setup::new("metrics").await;
    let client = setup.client("acme");
    for _ in 0..3 {
        assert_eq!(client.actions("hubspot").await.status, StatusCode::OK);
    }
    assert_eq!(client.execute("hubspot", "merge_contacts", &json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        setup.client_with("nothing", "acme").actions("hubspot").await.status,
        StatusCode::UNAUTHORIZED
    );
    for path in ["/script", "/v1/tenants/stranger/credentials/x", "/api/v2/integration-schema/x"] {
        setup.client_with("nothing", "acme").get(path).await;
    }

    assert_eq!(setup.client_with("nothing", "acme").get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.get("/metrics").await.status, StatusCode::FORBIDDEN, "callers do not look");
    let admin = setup.service.admin("test");
    let viewer = admin.new_key("prometheus", Role::Viewer, None).await.expect("a key");
    let prometheus = crate::client::Client::new(&format!("http://{}", setup.service.address()))
        .header("authorization", format!("Bearer {}", viewer.key.expose_secret()));
    let page = prometheus.get("/metrics").await;
    assert_eq!(
        (page.status, &page.headers["content-type"]),
        (StatusCode::OK, &"text/plain; version=0.0.4".parse().expect("a value"))
    );
    let value = |line: &str| {
        let found = page.text.lines().find_map(|found| found.strip_prefix(line));
        found
            .unwrap_or_else(|| panic!("{line} is not in {}", page.text))
            .trim()
            .parse::<f64>()
            .expect("a number")
    };
    let of = r#"app="hubspot",operation="list",outcome="succeeded",tenant="acme""#;
    assert_eq!(value(&format!("actionbox_calls_total{{{of}}}")), 3.0);
    let of = r#"app="hubspot",operation="execute",outcome="errored",tenant="acme""#;
    assert_eq!(value(&format!("actionbox_calls_total{{{of}}}")), 1.0);
    assert_eq!(value(r#"actionbox_requests_total{app="hubspot",outcome="answered",tenant="acme"}"#), 3.0);
    assert!(value(r#"actionbox_refusals_total{http_response_status_code="401"}"#) >= 2.0);
    assert_eq!(value("actionbox_calls_running"), 0.0);
    assert_eq!(value("actionbox_executions_in_doubt"), 0.0);
    for stranger in ["script", "stranger", "nothing"] {
        assert!(!page.text.contains(stranger), "{stranger} is in {}", page.text);
    }
    Finder::new([&*setup.upstream_key, viewer.key.expose_secret(), setup.caller.key.expose_secret()])
        .assert_absent("the page", &page.text);
    // A viewer sees, and changes nothing.
    let viewer = setup.client_with(viewer.key.expose_secret(), "acme");
    assert_eq!(viewer.get("/v1/executions").await.status, StatusCode::OK);
    assert_eq!(viewer.put("/v1/tenants/new", &json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(viewer.actions("hubspot").await.status, StatusCode::FORBIDDEN);
}
