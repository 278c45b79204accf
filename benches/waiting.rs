//! What calls cost that wait for a slow upstream: the time that they add, and the memory that each holds.
//!
//! The upstream is a process of its own. Latencies are those of rounds that alternate with a native client's;
//! memory is that of one process per contestant and number of calls, which does nothing else.

use std::{
    net::SocketAddr,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use actionbox_benches::{
    client::{ACCOUNT, KEY, Native},
    figure::{Figure, Kind, Point, Series},
    process::{self, Memory},
    rounds::is_quick,
    upstream::{self, Apart, Control},
};
use actionbox_examples::{REFOLD, REFOLD_TYPED};
use actionbox_host::{
    ActionHost, ApiKey, AuditEvent, AuditSink, Grant, HostLimits, Limits, Outcome, Plugin, Upstream,
};
use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinSet;

/// How long the upstream takes.
const UPSTREAM: Duration = Duration::from_millis(100);
/// The most calls of one host.
const MOST: usize = 10_000;
/// The argument that leaves the latencies out.
const MEMORY: &str = "--memory";
/// The argument that has this program hold calls and tell its memory.
const HOLD: &str = "--hold";

fn main() -> anyhow::Result<()> {
    if upstream::is_one()? {
        return Ok(());
    }
    let arguments: Vec<_> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [_, hold, contestant, count, upstream] = arguments.as_slice()
        && hold == HOLD
    {
        let held = hold_calls(contestant.clone(), count.parse()?, upstream.parse()?);
        match runtime.block_on(runtime.spawn(held))? {
            Ok(held) => println!("{}", serde_json::to_string(&held)?),
            Err(error) => {
                eprintln!("{error:#}");
                std::process::exit(1);
            }
        }
        return Ok(());
    }
    if !arguments.iter().any(|argument| argument == MEMORY) {
        let upstream = Apart::start()?;
        runtime.block_on(runtime.spawn(latencies(upstream.address())))??;
    }
    memory()
}

/// A way in which plugins are run.
struct Mode {
    name: &'static str,
    plugin: &'static [u8],
    kept: bool,
}

const FRESH: Mode = Mode { name: "actionbox", plugin: REFOLD, kept: false };
const TYPED: Mode = Mode { name: "actionbox, typed", plugin: REFOLD_TYPED, kept: false };
const KEPT: Mode = Mode { name: "actionbox, typed, kept", plugin: REFOLD_TYPED, kept: true };

/// Calls through the host, or natively.
enum Caller {
    Native(Box<Native>),
    /// Plugins of one host or several, and the grants of many tenants.
    Boxed(Vec<Plugin>, Vec<Grant>),
}

impl Caller {
    fn native(upstream: SocketAddr) -> Arc<Self> {
        Arc::new(Self::Native(Native::new(upstream).into()))
    }

    /// Makes hosts for so many calls at once, and as many as it takes.
    async fn boxed(mode: &Mode, upstream: SocketAddr, calls: usize) -> anyhow::Result<Arc<Self>> {
        let hosts = calls.div_ceil(MOST);
        let each = calls.div_ceil(hosts);
        let host_limits = HostLimits {
            concurrent_calls: each,
            concurrent_calls_per_tenant: each,
            concurrent_requests: each,
            kept_instances: if mode.kept { each } else { 0 },
            account_rate: None,
            ..HostLimits::default()
        };
        let limits = Limits { wall_time: Duration::from_secs(300), ..Limits::default() };
        let mut plugins = Vec::new();
        for n in 1..=hosts {
            let host = ActionHost::builder().audit(Arc::new(Unheard)).limits(limits.clone());
            let host = host.host_limits(host_limits.clone()).build();
            let host = host.with_context(|| format!("host {n} of {hosts}, with {each} calls at once"))?;
            plugins.push(host.load(mode.plugin).await?);
        }
        let grant = |tenant: usize| {
            let upstream = Upstream::refold().at(&format!("http://{upstream}"))?;
            let grant = Grant::builder(format!("tenant-{tenant}"));
            anyhow::Ok(grant.upstream(upstream, ApiKey::new(KEY, ACCOUNT)?).allow_reads("hubspot").build()?)
        };
        Ok(Arc::new(Self::Boxed(plugins, (0..100).map(grant).collect::<Result<_, _>>()?)))
    }

    /// Makes the call of a number, which says of which tenant and on which host it is.
    async fn call(&self, number: usize, action: &str) -> anyhow::Result<()> {
        let parameters = json!({ "limit": "1" });
        match self {
            Self::Native(native) => native.execute(action, &parameters).await.map(drop),
            Self::Boxed(plugins, grants) => {
                let (plugin, grant) = (&plugins[number % plugins.len()], &grants[number % grants.len()]);
                let outcome = plugin.execute_action(grant, "hubspot", action, &parameters).await?;
                ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
                Ok(())
            }
        }
    }
}

/// What the calls of one round took, in milliseconds.
struct Latency {
    p50: f64,
    p99: f64,
    /// Calls in a second.
    rate: f64,
    /// Microseconds of processor time a call.
    cpu: f64,
}

async fn latencies(upstream: SocketAddr) -> anyhow::Result<()> {
    let (rounds, length) = match is_quick() {
        true => (1, Duration::from_millis(500)),
        false => (5, Duration::from_secs(3)),
    };
    let note = format!(
        "The upstream takes {UPSTREAM:?}. Each call is followed by the next; 100 tenants; {rounds} alternating \
         rounds of {length:?}, medians of the rounds. The upstream is another process on the same machine."
    );
    println!("{note}\n");
    let mut series = Vec::new();
    for mode in [FRESH, KEPT] {
        series.extend(added(&mode, upstream, rounds, length).await?);
    }
    Figure {
        id: "waiting-added".to_owned(),
        title: "What a call adds to the latency of an upstream that takes 100 ms".to_owned(),
        note,
        kind: Kind::LogLines,
        x: "calls in flight".to_owned(),
        y: "ms more than a native client's".to_owned(),
        series,
    }
    .keep()
}

/// Returns by how much calls of a mode take longer than a native client's: the median, and one in a hundred.
async fn added(
    mode: &Mode,
    upstream: SocketAddr,
    rounds: usize,
    length: Duration,
) -> anyhow::Result<[Series; 2]> {
    println!("{}", mode.name);
    println!(
        "{:>10}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "in flight",
        "native p50",
        "p50",
        "added",
        "native p99",
        "p99",
        "added",
        "native /s",
        "/s",
        "native cpu",
        "cpu µs"
    );
    let native = Caller::native(upstream);
    let boxed = Caller::boxed(mode, upstream, 1_000).await?;
    let mut added = [Vec::new(), Vec::new()];
    for in_flight in [1, 10, 100, 300, 1_000] {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            theirs.push(round(&native, in_flight, length).await?);
            ours.push(round(&boxed, in_flight, length).await?);
        }
        let (native, boxed) = (Latency::median(&theirs)?, Latency::median(&ours)?);
        println!(
            "{in_flight:>10}{:>9.2} ms{:>9.2} ms{:>9.2} ms{:>9.2} ms{:>9.2} ms{:>9.2} ms{:>12.0}{:>12.0}{:>12.1}{:>12.1}",
            native.p50,
            boxed.p50,
            boxed.p50 - native.p50,
            native.p99,
            boxed.p99,
            boxed.p99 - native.p99,
            native.rate,
            boxed.rate,
            native.cpu,
            boxed.cpu,
        );
        let pairs = || theirs.iter().zip(&ours);
        let x = in_flight as f64;
        added[0].push(Point::of_rounds(x, pairs().map(|(native, boxed)| boxed.p50 - native.p50).collect())?);
        added[1].push(Point::of_rounds(x, pairs().map(|(native, boxed)| boxed.p99 - native.p99).collect())?);
    }
    let [p50, p99] = added;
    Ok([
        Series { name: format!("{}: p50", mode.name), points: p50 },
        Series { name: format!("{}: p99", mode.name), points: p99 },
    ])
}

impl Latency {
    fn median(rounds: &[Self]) -> anyhow::Result<Self> {
        let median = |value: fn(&Self) -> f64| {
            Point::of_rounds(0.0, rounds.iter().map(value).collect()).map(|point| point.y)
        };
        Ok(Self {
            p50: median(|round| round.p50)?,
            p99: median(|round| round.p99)?,
            rate: median(|round| round.rate)?,
            cpu: median(|round| round.cpu)?,
        })
    }
}

/// Keeps so many calls in flight. What starts all of them at once is not measured: each caller's first call.
async fn round(caller: &Arc<Caller>, in_flight: usize, length: Duration) -> anyhow::Result<Latency> {
    let mut callers = JoinSet::new();
    let ready = Arc::new(tokio::sync::Barrier::new(in_flight + 1));
    for number in 0..in_flight {
        let (caller, ready) = (caller.clone(), ready.clone());
        callers.spawn(async move {
            // Spread over the time that the upstream takes, as calls of many are.
            let late = UPSTREAM.mul_f64(number as f64 / in_flight as f64);
            tokio::time::sleep(late).await;
            caller.call(number, "get_after_100_ms").await?;
            ready.wait().await;
            tokio::time::sleep(late).await;
            let (began, mut latencies) = (Instant::now(), Vec::new());
            while latencies.is_empty() || began.elapsed() < length {
                let before = Instant::now();
                caller.call(number, "get_after_100_ms").await?;
                latencies.push(before.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    ready.wait().await;
    let (began, cpu) = (Instant::now(), process::cpu_time()?);
    let mut latencies = Vec::new();
    while let Some(ended) = callers.join_next().await {
        latencies.extend(ended??);
    }
    let (took, cpu) = (began.elapsed(), process::cpu_time()?.saturating_sub(cpu));
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get((latencies.len() * percent / 100).min(latencies.len() - 1));
    let millis = |time: &Duration| time.as_secs_f64() * 1e3;
    Ok(Latency {
        p50: millis(at(50).context("no call ended")?),
        p99: millis(at(99).context("no call ended")?),
        rate: latencies.len() as f64 / took.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / latencies.len() as f64,
    })
}

/// The memory of a process before its calls and while all of them wait.
#[derive(Serialize, Deserialize)]
struct Held {
    before: Memory,
    waiting: Memory,
    /// How many mappings the process had while the calls waited: a system has a limit of those too.
    mappings: usize,
}

/// Makes so many calls, and measures when the upstream has all of them and answers none.
async fn hold_calls(contestant: String, count: usize, upstream: SocketAddr) -> anyhow::Result<Held> {
    let caller = match contestant.as_str() {
        "native" => Caller::native(upstream),
        name if name == TYPED.name => Caller::boxed(&TYPED, upstream, count).await?,
        _ => Caller::boxed(&FRESH, upstream, count).await?,
    };
    let control = Control::of(upstream);
    control.release().await?;
    // What is made once is not a call's.
    caller.call(0, "get_contact").await?;
    let before = Memory::now()?;
    let mut calls = JoinSet::new();
    for number in 0..count {
        let caller = caller.clone();
        calls.spawn(async move { caller.call(number, "get_held").await });
        // All at once would be more connections than the system lets wait.
        if number % 500 == 499 {
            control.held(number + 1).await?;
        }
    }
    control.held(count).await?;
    let (waiting, mappings) = (Memory::now()?, std::fs::read_to_string("/proc/self/maps")?.lines().count());
    control.release().await?;
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(Held { before, waiting, mappings })
}

fn memory() -> anyhow::Result<()> {
    let counts: &[usize] = if is_quick() { &[10, 200] } else { &[10, 100, 1_000, 2_000, 4_000, 10_000] };
    println!("\nMemory of each call that waits, in KB, with so many of them in one process\n");
    print!("{:>10}{:>12}{:>10}{:>10}", "calls", "native", "typed", "actionbox");
    for (part, _) in Memory::default().parts() {
        print!("{part:>20}");
    }
    println!("{:>20}", "mappings, in all");
    let (mut theirs, mut typed, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for &count in counts {
        let (native, light) = (held_apart("native", count)?, held_apart(TYPED.name, count)?);
        match held_apart(FRESH.name, count) {
            Ok(boxed) => {
                let kilobytes = |held: &Held, part: usize| {
                    let (before, waiting) = (held.before.parts()[part].1, held.waiting.parts()[part].1);
                    (waiting as f64 - before as f64) / 1024.0 / count as f64
                };
                let parts: Vec<_> = (0..6).map(|part| kilobytes(&boxed, part)).collect();
                let total = |held: &Held| -> f64 { (0..6).map(|part| kilobytes(held, part)).sum() };
                print!("{count:>10}{:>12.1}{:>10.1}{:>10.1}", total(&native), total(&light), total(&boxed));
                for part in &parts {
                    print!("{part:>20.1}");
                }
                println!("{:>20}", boxed.mappings);
                ours.push((count, boxed, parts));
            }
            Err(error) => println!("{count:>10}  {error:#}"),
        }
        theirs.push((count, native));
        typed.push((count, light));
    }
    keep(&theirs, &typed, &ours)
}

/// Has another process hold calls of an upstream of its own.
fn held_apart(contestant: &str, count: usize) -> anyhow::Result<Held> {
    let upstream = Apart::start()?;
    let told = Command::new(std::env::current_exe()?)
        .args([HOLD, contestant, &count.to_string(), &upstream.address().to_string()])
        .output()?;
    if !told.status.success() {
        bail!("{}", String::from_utf8_lossy(&told.stderr).trim().replace('\n', " "));
    }
    Ok(serde_json::from_slice(&told.stdout)?)
}

fn keep(
    theirs: &[(usize, Held)],
    typed: &[(usize, Held)],
    ours: &[(usize, Held, Vec<f64>)],
) -> anyhow::Result<()> {
    let note = "Memory that is the process's alone (private pages and page tables), while all calls wait for \
                an upstream that is another process. One process a point, one host a process.";
    let megabytes = |held: &Held| held.waiting.total() as f64 / f64::from(1 << 20);
    let line = |name: &str, points: Vec<(usize, f64)>| Series {
        name: name.to_owned(),
        points: points
            .into_iter()
            .map(|(x, y)| Point { x: x as f64, label: None, y, spread: None })
            .collect(),
    };
    Figure {
        id: "waiting-memory".to_owned(),
        title: "Memory of a process, by the calls that wait in it".to_owned(),
        note: note.to_owned(),
        kind: Kind::Lines,
        x: "calls that wait".to_owned(),
        y: "MB".to_owned(),
        series: vec![
            line("native", theirs.iter().map(|(count, held)| (*count, megabytes(held))).collect()),
            line(TYPED.name, typed.iter().map(|(count, held)| (*count, megabytes(held))).collect()),
            line("actionbox", ours.iter().map(|(count, held, _)| (*count, megabytes(held))).collect()),
        ],
    }
    .keep()?;
    let names = Memory::default().parts().map(|(name, _)| name);
    let bar = |part: usize, name: &str| Series {
        name: name.to_owned(),
        points: ours
            .iter()
            .map(|(count, _, parts)| {
                let label = Some(format!("{count} calls"));
                Point { x: *count as f64, label, y: parts[part].max(0.0), spread: None }
            })
            .collect(),
    };
    Figure {
        id: "waiting-memory-parts".to_owned(),
        title: "What the memory of one waiting call is made of".to_owned(),
        note: note.to_owned(),
        kind: Kind::StackedBars,
        x: "calls that wait".to_owned(),
        y: "KB a call".to_owned(),
        series: names.iter().enumerate().map(|(part, name)| bar(part, name)).collect(),
    }
    .keep()
}

/// Hears no audit event: what a sink does is its own cost.
struct Unheard;

impl AuditSink for Unheard {
    fn record(&self, _: AuditEvent) {}
}
