//! What one call costs over each kind of connection: HTTP/1.1, the same over TLS, and HTTP/2 over TLS, beside a
//! native client over the same kind.
//!
//! The upstream is a process of its own on another processor. All connections are kept: handshakes are not what
//! is measured.

use std::{sync::Arc, time::Duration};

use actionbox_benches::{
    client::{ACCOUNT, KEY},
    figure::{Figure, Kind, Point, Series},
    processors, quick,
    rounds::{Round, crowd},
    upstream::{self, Apart},
};
use actionbox_contestant::{ACTION, APP, check, parameters};
use actionbox_examples::{REFOLD, REFOLD_TYPED};
use actionbox_host::{
    ActionHost, ApiKey, AuditEvent, AuditSink, Grant, HostLimits, Outcome, Plugin, Upstream,
};
use anyhow::ensure;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

/// How many calls are made at once.
const AT_ONCE: usize = 32;

/// A kind of connection.
#[derive(Clone, Copy)]
struct Connection {
    name: &'static str,
    secure: bool,
    http2: bool,
}

const CONNECTIONS: [Connection; 3] = [
    Connection { name: "HTTP/1.1", secure: false, http2: false },
    Connection { name: "HTTP/1.1 over TLS", secure: true, http2: false },
    Connection { name: "HTTP/2 over TLS", secure: true, http2: true },
];

fn main() -> anyhow::Result<()> {
    if upstream::is_one()? {
        return Ok(());
    }
    let processors = processors::pair()?;
    // What is started stays where its parent was.
    processors::move_to(processors.upstream)?;
    let plain = Apart::start()?;
    let (secure, certificate) = Apart::start_secure()?;
    processors::move_to(processors.contestant)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let base = |connection: Connection| match connection.secure {
        true => format!("https://{}", secure.address()),
        false => format!("http://{}", plain.address()),
    };
    runtime.block_on(async {
        let mut rows = Vec::new();
        for connection in CONNECTIONS {
            rows.extend(measure(connection, &base(connection), &certificate).await?);
        }
        figure(&rows)?.keep()
    })
}

/// How many rounds there are, and how long each takes.
fn rounds() -> (usize, Duration) {
    if quick() { (1, Duration::from_millis(200)) } else { (7, Duration::from_millis(700)) }
}

/// The rounds of one contestant, and those of the native client over the same kind of connection.
struct Row {
    name: String,
    rounds: Vec<Round>,
    native: Vec<Round>,
}

async fn measure(connection: Connection, base: &str, certificate: &str) -> anyhow::Result<Vec<Row>> {
    let native = Arc::new(Native::new(connection, base, certificate)?);
    let fresh = Arc::new(Boxed::new(REFOLD, 0, connection, base, certificate).await?);
    let kept = Arc::new(Boxed::new(REFOLD_TYPED, AT_ONCE, connection, base, certificate).await?);
    let (count, length) = rounds();
    let mut all: [Vec<Round>; 3] = Default::default();
    // The first warms up.
    for number in 0..=count {
        let length = if number == 0 { length / 2 } else { length };
        let round = [native.round(length).await?, fresh.round(length).await?, kept.round(length).await?];
        if number > 0 {
            all.iter_mut().zip(round).for_each(|(rounds, round)| rounds.push(round));
        }
    }
    let [native, fresh, kept] = all;
    let row = |name: &str, rounds| Row {
        name: format!("{name}, {}", connection.name),
        rounds,
        native: native.clone(),
    };
    Ok(vec![row("hyper", native.clone()), row("actionbox", fresh), row("actionbox, typed, kept", kept)])
}

struct Boxed {
    plugin: Plugin,
    grant: Grant,
}

impl Boxed {
    async fn new(
        plugin: &[u8],
        kept: usize,
        connection: Connection,
        base: &str,
        certificate: &str,
    ) -> anyhow::Result<Self> {
        let limits = HostLimits { account_rate: None, kept_instances: kept, ..HostLimits::default() };
        let host = ActionHost::builder().host_limits(limits).audit(Arc::new(Unheard)).http2(connection.http2);
        let host = host.root_certificates_pem(certificate).build()?;
        let grant =
            Grant::builder("bench").upstream(Upstream::refold().at(base)?, ApiKey::new(KEY, ACCOUNT)?);
        Ok(Self { plugin: host.load(plugin).await?, grant: grant.allow_reads(APP).build()? })
    }

    async fn round(self: &Arc<Self>, length: Duration) -> anyhow::Result<Round> {
        let call = |this: Arc<Self>| async move {
            let outcome = this.plugin.execute_action(&this.grant, APP, ACTION, &parameters()).await?;
            ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
            Ok(())
        };
        crowd(length, vec![self.clone(); AT_ONCE], call).await
    }
}

struct Native {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
}

impl Native {
    fn new(connection: Connection, base: &str, certificate: &str) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes())?)?;
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let https = match connection.http2 {
            true => https.enable_all_versions().wrap_connector(tcp),
            false => https.enable_http1().wrap_connector(tcp),
        };
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        let url = format!("{base}/api/v2/integration-schema/{APP}/actions/{ACTION}/execute");
        Ok(Self { client, url })
    }

    async fn round(self: &Arc<Self>, length: Duration) -> anyhow::Result<Round> {
        let call = |this: Arc<Self>| async move {
            let request = Request::post(&this.url)
                .header("x-api-key", KEY)
                .header("linked_account_id", ACCOUNT)
                .header(header::ACCEPT, "application/json")
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(parameters().to_string())))?;
            check(&this.client.request(request).await?.into_body().collect().await?.to_bytes())
        };
        crowd(length, vec![self.clone(); AT_ONCE], call).await
    }
}

fn figure(rows: &[Row]) -> anyhow::Result<Figure> {
    let (count, length) = rounds();
    let note = format!(
        "{AT_ONCE} calls at once, one worker thread, the upstream on another processor; {count} alternating rounds of \
         {length:?}, medians. Connections are kept."
    );
    println!("{note}\n");
    type Column = (&'static str, fn(&Round, &Round) -> f64);
    const COLUMNS: [Column; 4] = [
        ("calls/s", |round, _| round.rate()),
        ("of hyper's", |round, native| round.rate() / native.rate()),
        ("CPU µs/call", |round, _| round.cpu()),
        ("more than hyper's, µs", |round, native| round.cpu() - native.cpu()),
    ];
    let mut series = Vec::new();
    for (name, value) in COLUMNS {
        let point = |row: &Row| {
            let rounds = row.rounds.iter().zip(&row.native).map(|(round, native)| value(round, native));
            let point = Point::of_rounds(0.0, rounds.collect())?;
            println!("{:<42}{name:<24}{:>12.2}", row.name, point.y);
            anyhow::Ok(point.labelled(&row.name))
        };
        let points = rows.iter().map(point).collect::<Result<_, _>>()?;
        series.push(Series { name: name.to_owned(), points });
    }
    Ok(Figure {
        id: "connections".to_owned(),
        title: "Over each kind of connection".to_owned(),
        note,
        kind: Kind::Table,
        x: "contestant".to_owned(),
        y: String::new(),
        series,
    })
}

/// Hears no audit event: what a sink does is its own cost.
struct Unheard;

impl AuditSink for Unheard {
    fn record(&self, _: AuditEvent) {}
}
