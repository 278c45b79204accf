//! What the first call costs: of the command, its start included, and of a host, step by step.
//!
//! Each measurement is of a process of its own. Further components, such as those of other languages, are named by
//! `ACTIONBOX_BENCH_PLUGINS`, as paths with `:` between them; the command by `ACTIONBOX_BENCH_COMMAND`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actionbox_benches::{
    client::{ACCOUNT, KEY, Native},
    figure::{self, Figure, Kind, Point, Series},
    rounds::is_quick,
    upstream::{self, Apart},
};
use actionbox_examples::{REFOLD, UPSERT_CONTACT};
use actionbox_host::{
    ActionHost, ApiKey, AuditEvent, AuditSink, CompileCache, Grant, HostLimits, Outcome, Upstream,
};
use anyhow::{Context as _, bail, ensure};
use serde_json::json;

/// The argument that has this program make one cold start and tell what its steps took.
const ONE: &str = "--one-start";

fn main() -> anyhow::Result<()> {
    if upstream::is_one()? {
        return Ok(());
    }
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, one, component, cache, upstream] = arguments.as_slice()
        && one == ONE
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let started = start(component.into(), cache.into(), upstream.parse()?);
        println!("{}", serde_json::to_string(&runtime.block_on(runtime.spawn(started))??)?);
        return Ok(());
    }
    let upstream = Apart::start()?;
    let scratch = Scratch::new()?;
    let rounds = if is_quick() { 2 } else { 21 };
    println!("{rounds} processes of each, medians, in ms; the upstream answers at once with 1 KB\n");
    hosts(&scratch.0, upstream.address(), rounds)?;
    command(&scratch.0, upstream.address(), rounds)
}

/// A directory of this run, which is removed after it. In the target directory: what is in a temporary one may
/// be everybody's to replace, and a cache refuses that.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let path = figure::folder().join(format!("cold-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path.canonicalize()?))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}

/// What is measured of one start, in this order.
const STEPS: [&str; 7] =
    ["host", "load", "instantiate", "first call", "in all", "next instantiate", "next call"];

/// The milliseconds of the steps.
type Steps = [f64; STEPS.len()];

/// Makes a host, loads a component, and calls it.
async fn start(component: PathBuf, cache: PathBuf, upstream: SocketAddr) -> anyhow::Result<Steps> {
    /// Enough to warm up.
    const NEXT: usize = 30;
    let began = Instant::now();
    let instantiations = Arc::new(Instantiations::default());
    let host = ActionHost::builder()
        .audit(instantiations.clone())
        .host_limits(HostLimits { account_rate: None, ..HostLimits::default() })
        .compile_cache(CompileCache::at(cache))
        .build()?;
    let built = began.elapsed();
    let plugin = host.load_file(component).await?;
    let loaded = began.elapsed();
    let upstream = Upstream::refold().at(&format!("http://{upstream}"))?;
    let grant = Grant::builder("bench").upstream(upstream, ApiKey::new(KEY, ACCOUNT)?);
    let grant = grant.allow_reads("hubspot").build()?;
    let call = async || {
        let outcome =
            plugin.execute_action(&grant, "hubspot", "get_contact", &json!({ "limit": "1" })).await?;
        ensure!(matches!(outcome, Outcome::Succeeded(_)), "the call did not succeed: {outcome:?}");
        anyhow::Ok(())
    };
    let before = Instant::now();
    call().await?;
    let (first, all) = (before.elapsed(), began.elapsed());
    let mut next = Vec::new();
    for _ in 0..NEXT {
        let before = Instant::now();
        call().await?;
        next.push(before.elapsed());
    }
    let mut instantiations = instantiations.0.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(instantiations.len() == NEXT + 1, "{} calls have left an event", instantiations.len());
    let instantiated = instantiations.remove(0);
    instantiations.sort_unstable();
    next.sort_unstable();
    let (later, next) = (instantiations[NEXT / 2], next[NEXT / 2]);
    Ok([built, loaded - built, instantiated, first, all, later, next].map(millis))
}

/// How long each call took to make its instance, as the audit has it.
#[derive(Default)]
struct Instantiations(Mutex<Vec<Duration>>);

impl AuditSink for Instantiations {
    fn record(&self, event: AuditEvent) {
        if let AuditEvent::Call(call) = event {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call.instantiation);
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Starts hosts with each component: once without code in the cache, then with it.
fn hosts(scratch: &Path, upstream: SocketAddr, rounds: usize) -> anyhow::Result<()> {
    print!("{:<28}{:>10}{:>12}", "component", "KB", "compile");
    for step in STEPS {
        print!("{step:>18}");
    }
    println!();
    let mut rows = Vec::new();
    for (name, component) in components(scratch)? {
        // One of a run, so that nothing is compiled that was measured as cached.
        let cache = scratch.join("cache");
        let start = || one_start(&component, &cache, upstream);
        let compiled = start().with_context(|| format!("{name} does not start"))?[1];
        let starts: Vec<Steps> = (0..rounds).map(|_| start()).collect::<Result<_, _>>()?;
        let kilobytes = std::fs::metadata(&component)?.len() as f64 / 1024.0;
        print!("{name:<28}{kilobytes:>10.0}{compiled:>12.1}");
        let mut points = vec![Point::of_rounds(0.0, vec![compiled])?.labelled(&name)];
        for step in 0..STEPS.len() {
            let point = Point::of_rounds(0.0, starts.iter().map(|steps| steps[step]).collect())?;
            print!("{:>18.3}", point.y);
            points.push(point.labelled(&name));
        }
        println!();
        rows.push(points);
    }
    let columns = std::iter::once("load, compiled").chain(STEPS.map(|step| match step {
        "load" => "load, cached",
        step => step,
    }));
    let column = |(at, name): (usize, &str)| Series {
        name: name.to_owned(),
        points: rows.iter().map(|points| points[at].clone()).collect(),
    };
    Figure {
        id: "cold-host".to_owned(),
        title: "From nothing to the first call of a host, with the component's code in the cache".to_owned(),
        note: format!(
            "{rounds} processes of each component, medians; the load that compiles is one. \"In all\" is host, \
             load and first call, which has the instantiation in it."
        ),
        kind: Kind::Table,
        x: "component".to_owned(),
        y: "ms".to_owned(),
        series: columns.enumerate().map(column).collect(),
    }
    .keep()
}

/// Returns the components by name: two of our own, and those that were asked for.
fn components(scratch: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut all = Vec::new();
    for (name, bytes) in [("Rust, refold", REFOLD), ("Rust, upsert-contact", UPSERT_CONTACT)] {
        let path = scratch.join(format!("{}.wasm", all.len()));
        std::fs::write(&path, bytes)?;
        all.push((name.to_owned(), path));
    }
    let further = std::env::var_os("ACTIONBOX_BENCH_PLUGINS").unwrap_or_default();
    for path in std::env::split_paths(&further).filter(|path| !path.as_os_str().is_empty()) {
        // Plugins are all called plugin.wasm, in the folder `build` of a project.
        let named = path
            .ancestors()
            .map(Path::file_name)
            .find(|name| name.is_some_and(|name| name != "build" && name != "plugin.wasm"));
        let name = named.flatten().map_or("plugin".into(), |name| name.to_string_lossy().into_owned());
        all.push((name, path.canonicalize().with_context(|| format!("{} is not there", path.display()))?));
    }
    Ok(all)
}

fn one_start(component: &Path, cache: &Path, upstream: SocketAddr) -> anyhow::Result<Steps> {
    let told = Command::new(std::env::current_exe()?)
        .arg(ONE)
        .args([component, cache])
        .arg(upstream.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(told.status.success(), "a start failed: {}", told.status);
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// Times the command: what it takes to start at all, and to execute an action.
fn command(scratch: &Path, upstream: SocketAddr, rounds: usize) -> anyhow::Result<()> {
    let command = std::env::var_os("ACTIONBOX_BENCH_COMMAND").map(PathBuf::from);
    let command = command.unwrap_or_else(|| figure::folder().join("../release/actionbox"));
    if !command.is_file() {
        bail!("{} is not there: run cargo build --release --bin actionbox", command.display());
    }
    let base_url = format!("http://{upstream}");
    let execute =
        ["execute", "hubspot", "get_contact", "limit=1", "--account", ACCOUNT, "--base-url", &base_url];
    let contestants: [(&str, Vec<&str>); 3] = [
        ("--version", vec!["--version"]),
        ("execute, compiled", [&execute[..], &["--no-cache"]].concat()),
        ("execute, cached", execute.to_vec()),
    ];
    let run = |arguments: &[&str]| {
        let began = Instant::now();
        let ended = Command::new(&command)
            .args(arguments)
            .env_clear()
            .env("XDG_CACHE_HOME", scratch)
            .env("REFOLD_API_KEY", KEY)
            .output()?;
        let took = millis(began.elapsed());
        ensure!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
        Ok(took)
    };
    println!("\n{:<28}{:>12}{:>12}{:>12}", "actionbox", "median", "least", "most");
    let mut points = Vec::new();
    let mut show = |name: &str, times: Vec<f64>| -> anyhow::Result<()> {
        let point = Point::of_rounds(0.0, times)?.labelled(name);
        let (least, most) = point.spread.unwrap_or_default();
        println!("{name:<28}{:>12.2}{least:>12.2}{most:>12.2}", point.y);
        points.push(point);
        Ok(())
    };
    for (name, arguments) in &contestants {
        // Fills the cache.
        run(arguments)?;
        let rounds = if name.contains("compiled") { rounds.min(5) } else { rounds };
        show(name, (0..rounds).map(|_| run(arguments)).collect::<anyhow::Result<_>>()?)?;
    }
    show("of that, the upstream's", native_first_calls(upstream, rounds)?)?;
    Figure {
        id: "cold-command".to_owned(),
        title: "What the command takes, from its start to its end".to_owned(),
        note: format!(
            "{rounds} runs, medians, with the built-in plugin. The upstream's part is what a native client's first \
             call takes, its connection included."
        ),
        kind: Kind::Table,
        x: "command".to_owned(),
        y: "ms".to_owned(),
        series: vec![Series { name: "ms".to_owned(), points }],
    }
    .keep()
}

/// Times calls of native clients that have no connection yet.
fn native_first_calls(upstream: SocketAddr, rounds: usize) -> anyhow::Result<Vec<f64>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let began = Instant::now();
            Native::new(upstream).execute("get_contact", &json!({ "limit": "1" })).await?;
            times.push(millis(began.elapsed()));
        }
        Ok(times)
    })
}
