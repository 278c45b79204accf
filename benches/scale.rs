//! What a second processor brings: the same calls with one worker thread and with two.
//!
//! Calls that ask no upstream leave both processors to the host, so that their number tells. Of calls that do ask
//! one, which takes a processor too, the processor time tells: it grows when threads are in each other's way.

use std::{net::SocketAddr, time::Duration};

use actionbox_benches::{
    client::{ACCOUNT, KEY},
    figure::{Figure, Kind, Point, Series},
    quick,
    rounds::{Round, crowd},
    upstream::{self, Apart},
};
use actionbox_examples::REFOLD;
use actionbox_host::{
    ActionHost, ApiKey, AuditEvent, AuditSink, Effect, Grant, HostLimits, Outcome, Plugin, Upstream,
};
use anyhow::ensure;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const TRICKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tricks.wasm"));
/// How many calls are made at once, each of a tenant of its own.
const AT_ONCE: usize = 64;

/// Calls of one kind.
struct Calls {
    name: &'static str,
    plugin: &'static [u8],
    action: &'static str,
    /// How many instances are kept for the next call.
    kept: usize,
}

const CALLS: [Calls; 4] = [
    Calls { name: "no request", plugin: TRICKS, action: "succeed", kept: 0 },
    Calls { name: "no request, kept", plugin: TRICKS, action: "succeed", kept: AT_ONCE },
    Calls { name: "one request", plugin: REFOLD, action: "get_contact", kept: 0 },
    Calls { name: "one request, kept", plugin: REFOLD, action: "get_contact", kept: AT_ONCE },
];

fn main() -> anyhow::Result<()> {
    if upstream::is_one()? {
        return Ok(());
    }
    let upstream = Apart::start()?;
    let (rounds, length) = match quick() {
        true => (1, Duration::from_millis(200)),
        false => (7, Duration::from_secs(1)),
    };
    let mut rows = Vec::new();
    for calls in &CALLS {
        let [one, two] = [Side::new(1, calls, &upstream)?, Side::new(2, calls, &upstream)?];
        // Warms up.
        one.round(length / 4)?;
        two.round(length / 4)?;
        let (mut alone, mut both) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            alone.push(one.round(length)?);
            both.push(two.round(length)?);
        }
        rows.push((calls.name, alone, both));
    }
    let note = format!(
        "{AT_ONCE} calls at once, each of a tenant of its own; {rounds} alternating rounds of {length:?}, medians. With a \
         request, an upstream in a process of its own takes its share of the same processors."
    );
    figure(&rows, note)?.keep()
}

/// A host on a runtime with so many worker threads.
struct Side {
    runtime: Runtime,
    plugin: Plugin,
    grants: Vec<Grant>,
    action: &'static str,
}

impl Side {
    fn new(threads: usize, calls: &Calls, upstream: &Apart) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        let limits = HostLimits { account_rate: None, kept_instances: calls.kept, ..HostLimits::default() };
        let host = ActionHost::builder().host_limits(limits).audit(std::sync::Arc::new(Unheard)).build()?;
        let plugin = runtime.block_on(host.load(calls.plugin))?;
        let grants = (0..AT_ONCE).map(|tenant| grant(tenant, calls.action, upstream.address()));
        Ok(Self { runtime, plugin, grants: grants.collect::<Result<_, _>>()?, action: calls.action })
    }

    fn round(&self, length: Duration) -> anyhow::Result<Round> {
        let (plugin, action) = (self.plugin.clone(), self.action);
        let call = move |grant: Grant| {
            let plugin = plugin.clone();
            async move {
                let outcome = plugin.execute_action(&grant, "hubspot", action, &json!({})).await?;
                ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
                Ok(())
            }
        };
        self.runtime.block_on(crowd(length, self.grants.clone(), call))
    }
}

fn grant(tenant: usize, action: &str, upstream: SocketAddr) -> anyhow::Result<Grant> {
    let upstream = Upstream::refold().at(&format!("http://{upstream}"))?;
    let grant = Grant::builder(format!("tenant-{tenant}")).upstream(upstream, ApiKey::new(KEY, ACCOUNT)?);
    Ok(grant.allow_reads("hubspot").own_action("hubspot", action, Effect::Read).build()?)
}

type Row = (&'static str, Vec<Round>, Vec<Round>);

fn figure(rows: &[Row], note: String) -> anyhow::Result<Figure> {
    println!("{note}\n");
    type Column = (&'static str, fn(&Round, &Round) -> f64);
    const COLUMNS: [Column; 5] = [
        ("calls/s, one thread", |one, _| one.rate()),
        ("calls/s, two", |_, two| two.rate()),
        ("of one", |one, two| two.rate() / one.rate()),
        ("CPU µs/call, one thread", |one, _| one.cpu()),
        ("CPU µs/call, two", |_, two| two.cpu()),
    ];
    let mut series = Vec::new();
    for (name, value) in COLUMNS {
        let point = |(label, one, two): &Row| {
            let rounds = one.iter().zip(two).map(|(one, two)| value(one, two)).collect();
            let point = Point::of_rounds(0.0, rounds)?;
            println!("{label:<24}{name:<28}{:>12.1}", point.y);
            anyhow::Ok(point.labelled(*label))
        };
        let points = rows.iter().map(point).collect::<Result<_, _>>()?;
        series.push(Series { name: name.to_owned(), points });
    }
    Ok(Figure {
        id: "scale".to_owned(),
        title: "Two worker threads in place of one".to_owned(),
        note,
        kind: Kind::Table,
        x: "calls".to_owned(),
        y: String::new(),
        series,
    })
}

/// Hears no audit event: what a sink does is its own cost.
struct Unheard;

impl AuditSink for Unheard {
    fn record(&self, _: AuditEvent) {}
}
