//! Puts load on a service in a process of its own, and tells how it went:
//!
//!     cargo run --release --locked --workspace --bin load -- [SECONDS] [CALLERS]
//!
//! Twenty tenants, each with an account of its own on a sandbox server in this process; reads, listings, writes with
//! idempotency keys, and what has to be refused. Exits with 1 when an answer is none that was expected, or a write is
//! lost or doubled.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actionbox_host::ActionHost;
use actionbox_sandbox::Sandbox;
use actionbox_service::{
    Allow, Config, CredentialKind, GrantDefinition, Keyring, Named, NewCredential, Role, Service,
};
use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const TENANTS: usize = 20;
const KEY: &str = "tk_load_0123456789abcdef";

/// What is asked, and how many of a hundred times.
const KINDS: [(Kind, usize); 6] = [
    (Kind::Read, 55),
    (Kind::List, 10),
    (Kind::Describe, 5),
    (Kind::Write, 20),
    (Kind::Denied, 7),
    (Kind::Stranger, 3),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Read,
    List,
    Describe,
    Write,
    Denied,
    Stranger,
}

impl Kind {
    fn any() -> Self {
        let mut left = fastrand::usize(..100);
        for (kind, share) in KINDS {
            if left < share {
                return kind;
            }
            left -= share;
        }
        Self::Read
    }

    fn status(self) -> u16 {
        match self {
            Self::Read | Self::List | Self::Describe | Self::Write => 200,
            Self::Denied => 403,
            Self::Stranger => 401,
        }
    }
}

/// How long answers took, by what was asked; and those that were not expected.
#[derive(Default)]
struct Seen {
    took: BTreeMap<Kind, Vec<Duration>>,
    unexpected: BTreeMap<String, usize>,
    written: Vec<String>,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is told elsewhere.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

impl Process {
    /// Returns how much memory it has, in KiB.
    fn memory(&self) -> Result<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().as_deref().unwrap_or("180").parse().context("SECONDS")?;
    let callers: usize = arguments.next().as_deref().unwrap_or("32").parse().context("CALLERS")?;
    let folder = std::env::temp_dir().join(format!("actionbox-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let done = run(&folder, Duration::from_secs(seconds), callers).await;
    std::fs::remove_dir_all(&folder)?;
    done
}

async fn run(folder: &std::path::Path, time: Duration, callers: usize) -> Result<()> {
    let mut sandbox = Sandbox::builder().api_key(KEY).no_rate_limit();
    for tenant in 0..TENANTS {
        sandbox = sandbox.account(format!("t{tenant}@example.com"));
    }
    let sandbox = sandbox.start().await?;
    let master = Keyring::generate()?;
    let database = folder.join("load.db");
    let key = set_up(&database, &master, &sandbox.base_url()).await?;
    let (process, base) = start(&database, folder.join("cache"), master.expose_secret())?;

    let seen = Arc::new(Mutex::new(Seen::default()));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let began = Instant::now();
    let mut all = tokio::task::JoinSet::new();
    for caller in 0..callers {
        all.spawn(call(client.clone(), base.clone(), key.clone(), caller, began + time, seen.clone()));
    }
    let mut memory = vec![process.memory()?];
    let mut tick = tokio::time::interval(time / 12);
    tick.tick().await;
    while !all.is_empty() {
        tokio::select! {
            _at = tick.tick() => memory.push(process.memory()?),
            ended = all.join_next() => if let Some(ended) = ended { ended?? },
        }
    }
    report(&seen.lock().expect("no panic"), &memory, began.elapsed(), &sandbox)
}

/// Makes tenants, each with a credential and a grant, and returns a caller's key.
async fn set_up(
    database: &std::path::Path,
    master: &secrecy::SecretString,
    upstream: &str,
) -> Result<String> {
    let keyring = Keyring::parse(master)?;
    let database = database.to_path_buf().into();
    let config = Config::new(([127, 0, 0, 1], 0).into(), database, keyring, ActionHost::builder());
    let service = Service::start(config).await?;
    let admin = service.admin("load");
    let plugin = admin.new_plugin(actionbox_examples::REFOLD).await?;
    for tenant in 0..TENANTS {
        let name = format!("t{tenant}");
        admin.new_tenant(&name).await?;
        let credential = NewCredential {
            kind: CredentialKind::ApiKey,
            account: format!("{name}@example.com"),
            key: KEY.to_owned().into(),
        };
        admin.put_credential(&name, "refold", credential).await?;
        let allow = Allow {
            app: "hubspot".to_owned(),
            read: true,
            write: false,
            actions: vec![Named::new("create_contact")],
            own: Vec::new(),
        };
        let definition = GrantDefinition {
            plugin: plugin.clone(),
            credential: "refold".to_owned(),
            base_url: Some(upstream.to_owned()),
            allow: vec![allow],
            limits: None,
        };
        admin.put_grant(&name, "hubspot", &definition).await?;
    }
    let key = admin.new_key("load", Role::Caller, None).await?.key.expose_secret().to_owned();
    service.stop(Duration::from_secs(10)).await;
    Ok(key)
}

fn start(database: &std::path::Path, cache: PathBuf, master: &str) -> Result<(Process, String)> {
    let program = std::env::current_exe()?.with_file_name("service");
    let mut child = Command::new(&program)
        .arg(database)
        .arg(cache)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{}: build it with --workspace --bins", program.display()))?;
    writeln!(child.stdin.take().context("a pipe")?, "{master}")?;
    let mut address = String::new();
    BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut address)?;
    ensure!(!address.is_empty(), "the service did not start");
    Ok((Process(child), format!("http://{}", address.trim())))
}

async fn call(
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    key: String,
    caller: usize,
    until: Instant,
    seen: Arc<Mutex<Seen>>,
) -> Result<()> {
    for number in 0.. {
        if Instant::now() >= until {
            return Ok(());
        }
        let kind = Kind::any();
        let name = format!("c{caller}n{number}");
        let actions = "/api/v2/integration-schema/hubspot/actions";
        let (method, path, body) = match kind {
            Kind::Read | Kind::Stranger => {
                ("POST", format!("{actions}/get_contact/execute"), json!({ "limit": "1" }))
            }
            Kind::List => ("GET", actions.to_owned(), Value::Null),
            Kind::Describe => ("GET", format!("{actions}/create_contact"), Value::Null),
            Kind::Write => {
                let new = json!({ "email": format!("{name}@example.com") });
                ("POST", format!("{actions}/create_contact/execute"), new)
            }
            Kind::Denied => {
                ("POST", format!("{actions}/delete_contact/execute"), json!({ "contact_id": "1" }))
            }
        };
        let key = if kind == Kind::Stranger { "ab_caller_nobody" } else { &key };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"))
            .header("x-api-key", key)
            .header("linked_account_id", format!("t{}", fastrand::usize(..TENANTS)))
            .header("content-type", "application/json");
        if kind == Kind::Write {
            request = request.header("idempotency-key", &name);
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let began = Instant::now();
        let answered = client.request(request.body(Full::new(body))?).await?;
        let status = answered.status().as_u16();
        let text = answered.into_body().collect().await?.to_bytes();
        let took = began.elapsed();
        let mut seen = seen.lock().expect("no panic");
        if status == kind.status() {
            seen.took.entry(kind).or_default().push(took);
            if kind == Kind::Write {
                seen.written.push(format!("{name}@example.com"));
            }
        } else {
            let body: Value = serde_json::from_slice(&text).unwrap_or_default();
            *seen.unexpected.entry(format!("{kind:?}: {status} {}", body["error_code"])).or_default() += 1;
        }
    }
    Ok(())
}

fn report(seen: &Seen, memory: &[usize], took: Duration, sandbox: &Sandbox) -> Result<()> {
    let total: usize = seen.took.values().map(Vec::len).sum();
    println!(
        "{total} calls in {:.0} s, {:.0} a second",
        took.as_secs_f64(),
        total as f64 / took.as_secs_f64()
    );
    println!("{:10} {:>8} {:>9} {:>9} {:>9} {:>9}", "", "calls", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms");
    for (kind, took) in &seen.took {
        let mut took = took.clone();
        took.sort_unstable();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let (p50, p90, p99, most) = (at(0.5), at(0.9), at(0.99), at(0.999));
        println!("{:10} {:>8} {p50:>9.2} {p90:>9.2} {p99:>9.2} {most:>9.2}", format!("{kind:?}"), took.len());
    }
    let mebibytes: Vec<_> = memory.iter().map(|kib| kib >> 10).collect();
    println!("memory of the service, over time: {mebibytes:?} MiB");
    let mut ran = BTreeMap::<String, usize>::new();
    for execution in sandbox.executions() {
        if let Some(email) = execution.parameters["email"].as_str() {
            *ran.entry(email.to_owned()).or_default() += 1;
        }
    }
    let lost = seen.written.iter().filter(|email| !ran.contains_key(*email)).count();
    let doubled = ran.values().filter(|times| **times > 1).count();
    println!(
        "writes: {} acknowledged, {} ran, {lost} lost, {doubled} doubled",
        seen.written.len(),
        ran.len()
    );
    for (what, count) in &seen.unexpected {
        println!("not expected: {count} times {what}");
    }
    if lost + doubled > 0 || !seen.unexpected.is_empty() {
        bail!("it did not go as it should");
    }
    Ok(())
}
