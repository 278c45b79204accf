//! How the cost of one call grows with what there is: grants, names in a grant, tenants, plugins, bytes of
//! answers and of parameters, and actions in a listing.
//!
//! One call at a time. The upstream is a process of its own: the processor time is the host's, or the native
//! client's. Where a native client does the same, its rounds alternate with the host's.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actionbox_benches::{
    client::{ACCOUNT, KEY, Native},
    figure::{Figure, Kind, Point, Series},
    process::Memory,
    rounds::{Cost, Rounds, round},
    upstream::{self, Apart, contacts},
};
use actionbox_examples::REFOLD;
use actionbox_host::{
    ActionHost, ApiKey, AuditEvent, AuditSink, Grant, GrantBuilder, HostLimits, Limits, Outcome, Plugin,
    Rate, Upstream,
};
use anyhow::ensure;
use serde_json::{Value, json};

const NOTE: &str = "One call at a time, one worker thread, the upstream in a process of its own.";

fn main() -> anyhow::Result<()> {
    if upstream::is_one()? {
        return Ok(());
    }
    let upstream = Apart::start()?;
    let rounds = Rounds::of_arguments(5, Duration::from_millis(400));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    println!("{NOTE} {} rounds of {:?}, medians.", rounds.count, rounds.length);
    let bench = Bench { upstream: upstream.address(), rounds };
    runtime.block_on(runtime.spawn(bench.run()))?
}

#[derive(Clone, Copy)]
struct Bench {
    upstream: SocketAddr,
    rounds: Rounds,
}

/// A host's or a native client's cost at each size.
struct Contestant {
    name: &'static str,
    costs: Vec<(usize, Cost)>,
}

impl Bench {
    async fn run(self) -> anyhow::Result<()> {
        self.grants().await?;
        self.names().await?;
        self.tenants().await?;
        self.plugins().await?;
        self.answers().await?;
        self.parameters().await?;
        self.listings().await
    }

    /// Returns the sizes to measure: all, or those that a quick run has time for.
    fn sizes(&self, all: &'static [usize], quick: usize) -> &'static [usize] {
        if self.rounds.quick { &all[..quick.min(all.len())] } else { all }
    }

    /// Calls with so many grants alive, each of a tenant of its own, one after the other.
    async fn grants(&self) -> anyhow::Result<()> {
        let plugin = Arc::new(self.host(None)?.load(REFOLD).await?);
        let mut costs = Vec::new();
        for &count in self.sizes(&[1, 10, 100, 1_000, 10_000], 4) {
            let grants: Result<Vec<_>, _> = (0..count).map(|n| self.grant(&format!("tenant-{n}"))).collect();
            let grants = Arc::new(grants?);
            let call = |n: usize| {
                let (plugin, grants) = (plugin.clone(), grants.clone());
                async move {
                    execute(&plugin, &grants[n % grants.len()], "get_contact", &json!({ "limit": "1" })).await
                }
            };
            costs.push((count, self.cost(call).await?));
        }
        let title = "One call, with so many grants alive, each of a tenant of its own, called in turn";
        self.show("growth-grants", title, "grants", &[Contestant { name: "actionbox", costs }])
    }

    /// Calls under one grant that names so many actions, one action after the other.
    async fn names(&self) -> anyhow::Result<()> {
        let plugin = Arc::new(self.host(None)?.load(REFOLD).await?);
        let mut costs = Vec::new();
        for &count in self.sizes(&[1, 10, 100, 1_000, 10_000], 4) {
            let name = |n: usize| format!("get_contact_{n}");
            let grant = (0..count)
                .fold(self.grant_builder("tenant")?, |grant, n| grant.allow_action("hubspot", &name(n)));
            let grant = grant.build()?;
            let call = |n: usize| {
                let (plugin, grant, name) = (plugin.clone(), grant.clone(), name(n % count));
                async move { execute(&plugin, &grant, &name, &json!({ "limit": "1" })).await }
            };
            costs.push((count, self.cost(call).await?));
        }
        let title = "One call, under a grant that names so many actions, called in turn";
        self.show(
            "growth-names",
            title,
            "actions named in the grant",
            &[Contestant { name: "actionbox", costs }],
        )
    }

    /// Calls of one tenant on a host that so many others have called before.
    async fn tenants(&self) -> anyhow::Result<()> {
        // The pace of each account is kept, and is too fast to wait for.
        let host = self.host(Some(Rate { per_second: 1_000_000, burst: 1_000_000 }))?;
        let plugin = Arc::new(host.load(REFOLD).await?);
        let grant = self.grant("tenant")?;
        let (mut known, mut costs) = (1, Vec::new());
        for &count in self.sizes(&[1, 10, 100, 1_000, 10_000], 3) {
            while known < count {
                known += 1;
                let other = self.grant(&format!("tenant-{known}"))?;
                execute(&plugin, &other, "get_contact", &json!({})).await?;
            }
            let call = |_| {
                let (plugin, grant) = (plugin.clone(), grant.clone());
                async move { execute(&plugin, &grant, "get_contact", &json!({ "limit": "1" })).await }
            };
            costs.push((count, self.cost(call).await?));
        }
        let title = "One call of one tenant, on a host that so many tenants have called";
        self.show(
            "growth-tenants",
            title,
            "tenants that have called",
            &[Contestant { name: "actionbox", costs }],
        )
    }

    /// Calls with so many plugins loaded: of one of them, and of all in turn.
    async fn plugins(&self) -> anyhow::Result<()> {
        let (host, grant) = (self.host(None)?, self.grant("tenant")?);
        let mut plugins: Vec<Plugin> = Vec::new();
        let (mut one, mut all) = (Vec::new(), Vec::new());
        let (before, mut compiling) = (Memory::now()?, Duration::ZERO);
        for &count in self.sizes(&[1, 10, 100, 1_000], 2) {
            while plugins.len() < count {
                let component = distinct(REFOLD, plugins.len())?;
                let began = Instant::now();
                plugins.push(host.load(component).await?);
                compiling += began.elapsed();
            }
            let loaded = Arc::new(plugins.clone());
            for (among, costs) in [(1, &mut one), (count, &mut all)] {
                let call = |n: usize| {
                    let (loaded, grant) = (loaded.clone(), grant.clone());
                    async move {
                        execute(&loaded[n % among], &grant, "get_contact", &json!({ "limit": "1" })).await
                    }
                };
                costs.push((count, self.cost(call).await?));
            }
        }
        let title = "One call, with so many plugins loaded";
        let contestants =
            [Contestant { name: "one of them", costs: one }, Contestant { name: "all in turn", costs: all }];
        self.show("growth-plugins", title, "plugins loaded", &contestants)?;
        let kilobytes = (Memory::now()?.total() - before.total()) as f64 / 1024.0 / plugins.len() as f64;
        println!(
            "The same component of {} KB, each time with other bytes in a custom section. Each took {:.0} ms to \
             compile, and {kilobytes:.0} KB of memory.",
            REFOLD.len() / 1024,
            compiling.as_secs_f64() * 1e3 / plugins.len() as f64,
        );
        Ok(())
    }

    async fn answers(&self) -> anyhow::Result<()> {
        let plugin = Arc::new(self.host(None)?.load(REFOLD).await?);
        let (grant, native) = (self.grant("tenant")?, Native::new(self.upstream));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for &kilobytes in self.sizes(&[1, 4, 16, 64, 256, 1024, 4096], 7) {
            let action: Arc<str> = format!("get_{kilobytes}_kb").into();
            let native = |_| {
                let (native, action) = (native.clone(), action.clone());
                async move { native.execute(&action, &json!({ "limit": "1" })).await.map(drop) }
            };
            let boxed = |_| {
                let (plugin, grant, action) = (plugin.clone(), grant.clone(), action.clone());
                async move { execute(&plugin, &grant, &action, &json!({ "limit": "1" })).await }
            };
            let (native, boxed) = self.alternately(native, boxed).await?;
            theirs.push((kilobytes, native));
            ours.push((kilobytes, boxed));
        }
        let title = "One call, with an answer of so many kilobytes, parsed to the end";
        let contestants =
            [Contestant { name: "native", costs: theirs }, Contestant { name: "actionbox", costs: ours }];
        self.show("growth-answers", title, "KB of the answer", &contestants)
    }

    async fn parameters(&self) -> anyhow::Result<()> {
        let plugin = Arc::new(self.host(None)?.load(REFOLD).await?);
        let (grant, native) = (self.grant("tenant")?, Native::new(self.upstream));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for &kilobytes in self.sizes(&[1, 4, 16, 64, 256, 1024, 3072], 7) {
            let parameters: Arc<Value> = json!({ "contacts": contacts(kilobytes << 10) }).into();
            let native = |_| {
                let (native, parameters) = (native.clone(), parameters.clone());
                async move { native.execute("get_contact", &parameters).await.map(drop) }
            };
            let boxed = |_| {
                let (plugin, grant, parameters) = (plugin.clone(), grant.clone(), parameters.clone());
                async move { execute(&plugin, &grant, "get_contact", &parameters).await }
            };
            let (native, boxed) = self.alternately(native, boxed).await?;
            theirs.push((kilobytes, native));
            ours.push((kilobytes, boxed));
        }
        let title = "One call, with parameters of so many kilobytes";
        let contestants =
            [Contestant { name: "native", costs: theirs }, Contestant { name: "actionbox", costs: ours }];
        self.show("growth-parameters", title, "KB of the parameters", &contestants)
    }

    async fn listings(&self) -> anyhow::Result<()> {
        let plugin = Arc::new(self.host(None)?.load(REFOLD).await?);
        let native = Native::new(self.upstream);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for &count in self.sizes(&[1, 10, 100, 1_000], 4) {
            let app: Arc<str> = format!("crm-{count}").into();
            let grant = self.grant_builder("tenant")?.allow_reads(&app).build()?;
            let native = |_| {
                let (native, app) = (native.clone(), app.clone());
                async move {
                    let listed = native.list(&app).await?.len();
                    ensure!(listed == count, "there are {listed} actions");
                    Ok(())
                }
            };
            let boxed = |_| {
                let (plugin, grant, app) = (plugin.clone(), grant.clone(), app.clone());
                async move {
                    let listed = plugin.list_actions(&grant, &app).await?.len();
                    ensure!(listed == count, "there are {listed} actions");
                    Ok(())
                }
            };
            let (native, boxed) = self.alternately(native, boxed).await?;
            theirs.push((count, native));
            ours.push((count, boxed));
        }
        let title = "One listing of so many actions";
        let contestants =
            [Contestant { name: "native", costs: theirs }, Contestant { name: "actionbox", costs: ours }];
        self.show("growth-listings", title, "actions in the listing", &contestants)
    }

    fn host(&self, account_rate: Option<Rate>) -> anyhow::Result<ActionHost> {
        // The largest answers and parameters have more values than a call may return by default.
        let limits = Limits {
            result_values: 4_000_000,
            result_bytes: 64 << 20,
            memory_bytes: 512 << 20,
            ..Limits::default()
        };
        let host_limits = HostLimits { account_rate, ..HostLimits::default() };
        Ok(ActionHost::builder().audit(Arc::new(Unheard)).limits(limits).host_limits(host_limits).build()?)
    }

    fn grant_builder(&self, tenant: &str) -> anyhow::Result<GrantBuilder> {
        let upstream = Upstream::refold().at(&format!("http://{}", self.upstream))?;
        Ok(Grant::builder(tenant).upstream(upstream, ApiKey::new(KEY, &format!("{tenant}-{ACCOUNT}"))?))
    }

    fn grant(&self, tenant: &str) -> anyhow::Result<Grant> {
        Ok(self.grant_builder(tenant)?.allow_reads("hubspot").build()?)
    }

    async fn cost<F: Future<Output = anyhow::Result<()>>>(
        &self,
        call: impl Fn(usize) -> F,
    ) -> anyhow::Result<Cost> {
        // What is made once is not measured.
        call(0).await?;
        let mut rounds = Vec::new();
        for _ in 0..self.rounds.count {
            rounds.push(round(self.rounds.length, &call).await?);
        }
        Cost::of_rounds(&rounds)
    }

    async fn alternately<F, G>(
        &self,
        one: impl Fn(usize) -> F,
        other: impl Fn(usize) -> G,
    ) -> anyhow::Result<(Cost, Cost)>
    where
        F: Future<Output = anyhow::Result<()>>,
        G: Future<Output = anyhow::Result<()>>,
    {
        one(0).await?;
        other(0).await?;
        let (mut ones, mut others) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds.count {
            ones.push(round(self.rounds.length, &one).await?);
            others.push(round(self.rounds.length, &other).await?);
        }
        Ok((Cost::of_rounds(&ones)?, Cost::of_rounds(&others)?))
    }

    /// Prints a table of all contestants, and keeps two figures: wall time, and processor time.
    fn show(&self, id: &str, title: &str, x: &str, contestants: &[Contestant]) -> anyhow::Result<()> {
        println!("\n{title}");
        print!("{x:>26}");
        for Contestant { name, .. } in contestants {
            print!("{:>24}{:>12}{:>12}", format!("{name}, wall µs"), "cpu µs", "calls/s");
        }
        println!("{}", if contestants.len() == 2 { "       ratio   cpu ratio" } else { "" });
        let sizes = contestants.first().map_or(0, |first| first.costs.len());
        for at in 0..sizes {
            let costs: Vec<_> = contestants.iter().map(|contestant| contestant.costs[at]).collect();
            print!("{:>26}", costs[0].0);
            for (_, cost) in &costs {
                print!("{:>24.1}{:>12.1}{:>12.0}", cost.wall, cost.cpu, 1e6 / cost.wall);
            }
            match costs.as_slice() {
                [(_, one), (_, other)] => {
                    println!("{:>12.2}{:>12.2}", other.wall / one.wall, other.cpu / one.cpu);
                }
                _ => println!(),
            }
        }
        let note = format!("{NOTE} {} rounds of {:?}, medians.", self.rounds.count, self.rounds.length);
        let figure = |id: String, y: &str, point: &dyn Fn(usize, &Cost) -> Point| Figure {
            id,
            title: title.to_owned(),
            note: note.clone(),
            kind: Kind::LogLines,
            x: x.to_owned(),
            y: y.to_owned(),
            series: contestants
                .iter()
                .map(|Contestant { name, costs }| Series {
                    name: (*name).to_owned(),
                    points: costs.iter().map(|(size, cost)| point(*size, cost)).collect(),
                })
                .collect(),
        };
        let wall = |size: usize, cost: &Cost| Point {
            x: size as f64,
            label: None,
            y: cost.wall,
            spread: Some(cost.spread),
        };
        let cpu = |size: usize, cost: &Cost| Point { x: size as f64, label: None, y: cost.cpu, spread: None };
        figure(id.to_owned(), "µs a call", &wall).keep()?;
        figure(format!("{id}-cpu"), "µs of processor time a call", &cpu).keep()
    }
}

async fn execute(plugin: &Plugin, grant: &Grant, action: &str, parameters: &Value) -> anyhow::Result<()> {
    let outcome = plugin.execute_action(grant, "hubspot", action, parameters).await?;
    ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
    Ok(())
}

/// Makes a component that does the same and has other bytes: with a custom section at its end.
fn distinct(component: &[u8], number: usize) -> anyhow::Result<Vec<u8>> {
    const NAME: &[u8] = b"number";
    let content = [&[u8::try_from(NAME.len())?], NAME, &number.to_le_bytes()].concat();
    Ok([component, &[0, u8::try_from(content.len())?], &content].concat())
}

/// Hears no audit event: what a sink does is its own cost.
struct Unheard;

impl AuditSink for Unheard {
    fn record(&self, _: AuditEvent) {}
}
