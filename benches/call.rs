//! What one call costs: through the sandbox and its gate, and by a native client that makes the same
//! request and parses the same answer. Rounds alternate; the medians of the rounds are compared.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actionbox_benches::upstream;
use actionbox_examples::REFOLD;
use actionbox_host::{ActionHost, ApiKey, Grant, HostLimits, Outcome, Plugin, Upstream};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde_json::{Value, json};

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(700);
const KEY: &str = "tk_bench_0123456789abcdef";
const ACCOUNT: &str = "customer@example.com";

fn main() -> anyhow::Result<()> {
    let upstream = upstream::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(run(upstream))
}

async fn run(upstream: SocketAddr) -> anyhow::Result<()> {
    println!("one worker thread, {ROUNDS} alternating rounds of {ROUND:?}, medians; the answer has 1 KB\n");
    let (host, boxed) = cold(upstream).await?;
    let native = Arc::new(Native::new(upstream));
    println!();
    println!(
        "{:<14}{:>14}{:>14}{:>9}{:>14}{:>14}",
        "warm", "native", "actionbox", "ratio", "native p50", "actionbox p50"
    );
    for concurrency in [1, 32] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            theirs.push(round(concurrency, &native).await?);
            ours.push(round(concurrency, &boxed).await?);
        }
        let (native, actionbox) = (Round::median(theirs), Round::median(ours));
        println!(
            "{:<14}{:>12.0}/s{:>12.0}/s{:>9.2}{:>12} µs{:>12} µs",
            format!("{concurrency} at once"),
            native.rate,
            actionbox.rate,
            actionbox.rate / native.rate,
            native.p50.as_micros(),
            actionbox.p50.as_micros(),
        );
    }
    drop(host);
    Ok(())
}

/// Times a first call from nothing: host, load (compile included) and call.
async fn cold(upstream: SocketAddr) -> anyhow::Result<(ActionHost, Arc<Boxed>)> {
    let began = Instant::now();
    // The pace that the upstream asks for is not what is measured.
    let limits = HostLimits { account_rate: None, ..HostLimits::default() };
    let host = ActionHost::builder().host_limits(limits).build()?;
    let built = began.elapsed();
    let plugin = host.load(REFOLD).await?;
    let loaded = began.elapsed();
    let grant = Grant::builder("bench")
        .upstream(Upstream::refold().at(&format!("http://{upstream}"))?, ApiKey::new(KEY, ACCOUNT)?)
        .allow_reads("hubspot")
        .build()?;
    let boxed = Boxed { plugin, grant };
    boxed.call().await?;
    let called = began.elapsed();

    let began = Instant::now();
    Native::new(upstream).call().await?;
    let native = began.elapsed();
    println!(
        "cold: host {:.1} ms, load and compile {} KB {:.1} ms, first call {:.2} ms, together {:.1} ms; native first call {:.2} ms",
        millis(built),
        REFOLD.len() / 1024,
        millis(loaded - built),
        millis(called - loaded),
        millis(called),
        millis(native),
    );
    Ok((host, Arc::new(boxed)))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Something that makes the call once.
trait Call: Send + Sync + 'static {
    fn call(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

struct Boxed {
    plugin: Plugin,
    grant: Grant,
}

impl Call for Boxed {
    async fn call(&self) -> anyhow::Result<()> {
        let outcome = self
            .plugin
            .execute_action(&self.grant, "hubspot", "get_contact", &json!({ "limit": "1" }))
            .await?;
        ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
        Ok(())
    }
}

struct Native {
    client: Client<HttpConnector, Full<Bytes>>,
    uri: String,
}

impl Native {
    fn new(upstream: SocketAddr) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(tcp);
        Self {
            client,
            uri: format!("http://{upstream}/api/v2/integration-schema/hubspot/actions/get_contact/execute"),
        }
    }
}

impl Call for Native {
    async fn call(&self) -> anyhow::Result<()> {
        let request = Request::post(&self.uri)
            .header("x-api-key", KEY)
            .header("linked_account_id", ACCOUNT)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(json!({ "limit": "1" }).to_string())))?;
        let answer = self.client.request(request).await?.into_body().collect().await?.to_bytes();
        let answer: Value = serde_json::from_slice(&answer)?;
        ensure!(answer["node_status"] == "Success", "the call did not succeed: {answer}");
        Ok(())
    }
}

/// What one round showed.
struct Round {
    rate: f64,
    p50: Duration,
}

impl Round {
    fn median(mut rounds: Vec<Self>) -> Self {
        rounds.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        rounds.swap_remove(rounds.len() / 2)
    }
}

/// Calls for the time of one round, so many at once.
async fn round<C: Call>(concurrency: usize, caller: &Arc<C>) -> anyhow::Result<Round> {
    let began = Instant::now();
    let workers: Vec<_> = (0..concurrency)
        .map(|_| {
            let caller = caller.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while began.elapsed() < ROUND {
                    let before = Instant::now();
                    caller.call().await?;
                    latencies.push(before.elapsed());
                }
                anyhow::Ok(latencies)
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for worker in workers {
        latencies.extend(worker.await??);
    }
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let p50 = *latencies.get(latencies.len() / 2).context("no call ended in time")?;
    Ok(Round { rate, p50 })
}
