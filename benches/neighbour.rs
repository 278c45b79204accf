//! What a noisy neighbour costs: the latency of one quiet tenant's calls, alone and beside a tenant that
//! keeps as many calls as it may in flight, of each kind that uses something up.
//!
//! Each kind is measured between two measurements of the quiet tenant alone, all in one run. The pace of
//! accounts is off: it would keep the noise down.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use actionbox_benches::{
    figure::{Figure, Kind, Point, Series},
    quick, upstream,
};
use actionbox_examples::REFOLD;
use actionbox_host::{ActionHost, ApiKey, Effect, Grant, HostLimits, Limits, Outcome, Plugin, Upstream};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Response, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

const TRICKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tricks.wasm"));
const KEY: &str = "tk_bench_0123456789abcdef";

/// How many calls the quiet tenant makes at least in a round.
const CALLS: usize = 20;
/// How long an answer takes that is slow, and how large one is that is large.
const SLOW: Duration = Duration::from_secs(2);
const LARGE: usize = 1 << 20;

/// Returns how long the quiet tenant is measured.
fn round() -> Duration {
    if quick() { Duration::from_millis(300) } else { Duration::from_secs(3) }
}

/// What the noisy tenant does.
struct Noise {
    name: &'static str,
    trick: &'static str,
    options: Value,
}

fn noises() -> Vec<Noise> {
    let request = |action: &str| {
        json!({
            "method": "POST",
            "path": format!("/api/v2/integration-schema/hubspot/actions/{action}/execute"),
            "body": "{}",
        })
    };
    let often = |action, times: usize| json!({ "request": request(action), "times": times });
    let noise = |name, trick, options| Noise { name, trick, options };
    vec![
        noise("calls that do nothing", "succeed", json!({})),
        noise("slow upstream", "send", request("get_slow")),
        noise("request flood", "request_often", often("get_contact", 60)),
        noise("large answers", "request_often", often("get_large", 7)),
        noise("memory hogs", "allocate", json!({})),
        noise("spinners", "spin", json!({})),
    ]
}

fn main() -> anyhow::Result<()> {
    let quiet = upstream::start()?;
    let noisy = start_noisy_upstream()?;
    // As many worker threads as processors, like a service has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!(
        "{} processors; rounds of {:?}; one call of the quiet tenant at a time, its answer has 1 KB\n",
        std::thread::available_parallelism()?,
        round(),
    );
    println!(
        "{:<24}{:>10}{:>12}{:>12}{:>9}{:>12}{:>12}{:>9}{:>10}",
        "beside", "in flight", "p50 alone", "p50", "ratio", "p99 alone", "p99", "ratio", "its calls"
    );
    let default = HostLimits { account_rate: None, ..HostLimits::default() };
    let few = HostLimits { concurrent_calls_per_tenant: 8, ..default.clone() };
    let mut rows = Vec::new();
    for limits in [default, few] {
        rows.extend(runtime.block_on(runtime.spawn(measure(limits, quiet, noisy)))??);
    }
    figure(&rows).keep()
}

/// What the quiet tenant saw beside one noise.
struct Row {
    beside: String,
    alone: Latency,
    latency: Latency,
}

fn figure(rows: &[Row]) -> Figure {
    type Column = (&'static str, fn(&Row) -> f64);
    const COLUMNS: [Column; 6] = [
        ("p50 alone, µs", |row| micros(row.alone.p50)),
        ("p50, µs", |row| micros(row.latency.p50)),
        ("p50 of alone", |row| micros(row.latency.p50) / micros(row.alone.p50)),
        ("p99 alone, µs", |row| micros(row.alone.p99)),
        ("p99, µs", |row| micros(row.latency.p99)),
        ("p99 of alone", |row| micros(row.latency.p99) / micros(row.alone.p99)),
    ];
    let series = COLUMNS.map(|(name, value)| {
        let point =
            |row: &Row| Point { x: 0.0, label: Some(row.beside.clone()), y: value(row), spread: None };
        Series { name: name.to_owned(), points: rows.iter().map(point).collect() }
    });
    Figure {
        id: "neighbour".to_owned(),
        title: "A noisy neighbour".to_owned(),
        note: format!(
            "A quiet tenant calls again and again, its answer has 1 KB; in one round of {} ms a noisy tenant keeps as many calls \
             in flight as it may, in the rounds before and after there is none.",
            round().as_millis()
        ),
        kind: Kind::Table,
        x: "beside".to_owned(),
        y: String::new(),
        series: series.into(),
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Measures beside every noise on a host of its own.
async fn measure(host_limits: HostLimits, quiet: SocketAddr, noisy: SocketAddr) -> anyhow::Result<Vec<Row>> {
    let at_once = host_limits.concurrent_calls_per_tenant;
    let host = ActionHost::builder().host_limits(host_limits).build()?;
    let at = |upstream: SocketAddr| Upstream::refold().at(&format!("http://{upstream}"));
    let grant = Grant::builder("quiet").upstream(at(quiet)?, ApiKey::new(KEY, "quiet@example.com")?);
    let quiet = Quiet { plugin: host.load(REFOLD).await?, grant: grant.allow_reads("hubspot").build()? };
    let tricks = host.load(TRICKS).await?;
    let mut rows = Vec::new();
    for noise in noises() {
        let grant = Grant::builder("noisy")
            .upstream(at(noisy)?, ApiKey::new(KEY, "noisy@example.com")?)
            .allow_reads("hubspot")
            .own_action("hubspot", noise.trick, Effect::Read)
            // All of its calls together take no more memory than most machines have.
            .limits(Limits { memory_bytes: 32 << 20, ..Limits::default() })
            .build()?;
        let mut alone = quiet.latencies().await?;
        let crowd = Crowd::start(&tricks, &grant, &noise, at_once).await;
        let beside = quiet.latencies().await?;
        let ended = crowd.stop().await;
        alone.extend(quiet.latencies().await?);
        let (alone, beside) = (Latency::of(alone)?, Latency::of(beside)?);
        println!(
            "{:<24}{:>10}{:>9} µs{:>9} µs{:>9.1}{:>9} µs{:>9} µs{:>9.1}{:>10}",
            noise.name,
            at_once,
            alone.p50.as_micros(),
            beside.p50.as_micros(),
            beside.p50.as_secs_f64() / alone.p50.as_secs_f64(),
            alone.p99.as_micros(),
            beside.p99.as_micros(),
            beside.p99.as_secs_f64() / alone.p99.as_secs_f64(),
            ended,
        );
        rows.push(Row { beside: format!("{}, {at_once} in flight", noise.name), alone, latency: beside });
    }
    Ok(rows)
}

/// The quiet tenant.
struct Quiet {
    plugin: Plugin,
    grant: Grant,
}

impl Quiet {
    /// Makes one call after the other for a round, and returns how long each took.
    async fn latencies(&self) -> anyhow::Result<Vec<Duration>> {
        let (began, mut latencies) = (Instant::now(), Vec::new());
        while began.elapsed() < round() || latencies.len() < CALLS {
            let before = Instant::now();
            let outcome =
                self.plugin.execute_action(&self.grant, "hubspot", "get_contact", &json!({})).await?;
            ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
            latencies.push(before.elapsed());
        }
        Ok(latencies)
    }
}

struct Latency {
    p50: Duration,
    p99: Duration,
}

impl Latency {
    fn of(mut latencies: Vec<Duration>) -> anyhow::Result<Self> {
        latencies.sort_unstable();
        let at = |percent: usize| latencies.get((latencies.len() * percent / 100).min(latencies.len() - 1));
        let p50 = *at(50).context("no call ended")?;
        Ok(Self { p50, p99: *at(99).context("no call ended")? })
    }
}

/// The calls of the noisy tenant.
struct Crowd {
    callers: JoinSet<()>,
    ended: Arc<AtomicUsize>,
}

impl Crowd {
    /// Has twice as many callers call as may run, again and again, and lets them come up to speed.
    async fn start(tricks: &Plugin, grant: &Grant, noise: &Noise, at_once: usize) -> Self {
        let (mut callers, ended) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..2 * at_once {
            let (tricks, grant, ended) = (tricks.clone(), grant.clone(), ended.clone());
            let (trick, options) = (noise.trick, noise.options.clone());
            callers.spawn(async move {
                loop {
                    // How it ends is its own business.
                    drop(tricks.execute_action(&grant, "hubspot", trick, &options).await);
                    ended.fetch_add(1, Relaxed);
                }
            });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        ended.store(0, Relaxed);
        Self { callers, ended }
    }

    /// Drops all its calls, and returns how many have ended beside the quiet ones.
    async fn stop(mut self) -> usize {
        let ended = self.ended.load(Relaxed);
        self.callers.shutdown().await;
        // What it sent is still on its way.
        tokio::time::sleep(SLOW).await;
        ended
    }
}

/// Starts an upstream on a thread of its own that answers slowly or at length, as the action's name says.
fn start_noisy_upstream() -> anyhow::Result<SocketAddr> {
    let (started, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            started.send(listener.local_addr()?)?;
            let answer = |bytes: usize| {
                let data = json!({ "node_status": "Success", "http_status": 200, "data": "x".repeat(bytes) });
                Bytes::from(data.to_string())
            };
            let (small, large) = (answer(1 << 10), answer(LARGE));
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let (small, large) = (small.clone(), large.clone());
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let path = request.uri().path();
                    let wait = if path.contains("get_slow") { SLOW } else { Duration::ZERO };
                    let body = if path.contains("get_large") { large.clone() } else { small.clone() };
                    async move {
                        tokio::time::sleep(wait).await;
                        let answer = Response::builder().header(header::CONTENT_TYPE, "application/json");
                        Ok::<_, Infallible>(answer.body(Full::new(body)).unwrap_or_default())
                    }
                });
                tokio::spawn(async move {
                    // A noisy tenant drops its connections as it likes.
                    let _gone = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        })
    });
    Ok(address.recv()?)
}
