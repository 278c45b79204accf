//! What it takes to operate a host: credentials from a vault, limits, an audit, a journal, and components of strangers
//! that are compiled in another process.
//!
//! Tries itself against a sandbox server. It is given a directory for what it keeps: `operate DIRECTORY`.

mod audit;
mod journal;
mod vault;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use actionbox_host::{
    ActionHost, AppSlug, CompileCache, CompileWorker, Error, Grant, HostLimits, Limits, SecretString,
    Upstream,
};
use actionbox_sandbox::{SANDBOX_API_KEY, Sandbox};
use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::{
    audit::Lines,
    journal::Journal,
    vault::{FromVault, Vault},
};

const WORKER: &str = "compile-worker";

fn main() -> ExitCode {
    // Before all else: a worker has no settings, no threads and no secrets.
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return CompileWorker::serve();
    }
    match operate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn operate() -> anyhow::Result<()> {
    let directory = std::env::args_os().nth(1).context("usage: operate DIRECTORY")?;
    let directory = Path::new(&directory);
    let sandbox = Sandbox::builder().start().await?;
    let upstream = Upstream::refold().at(&sandbox.base_url())?;

    let host = host(directory).await?;
    check_proxies(&host, &upstream, SANDBOX_API_KEY.to_owned().into()).await?;
    let plugin = host.load(actionbox_examples::REFOLD).await?;

    let vault = Arc::new(Vault::default());
    vault.put("acme", "tk_of_last_year_0123456789".to_owned().into());
    let credentials = FromVault::new(vault.clone(), "acme", "customer@example.com");
    let grant = Grant::builder("acme")
        .upstream(upstream, credentials)
        .allow_reads("hubspot")
        .allow_action("hubspot", "create_contact")
        .limits(Limits { requests: 4, ..Limits::default() })
        .build()?;

    let ada = json!({ "email": "ada@example.com" });
    let refused = plugin.execute_action(&grant, "hubspot", "create_contact", &ada).await;
    ensure!(
        matches!(refused, Err(Error::ReauthorizationRequired { .. })),
        "an old key is accepted: {refused:?}"
    );
    vault.put("acme", SANDBOX_API_KEY.to_owned().into());
    let created = plugin.execute_action(&grant, "hubspot", "create_contact", &ada).await?.into_result()?;
    println!("created {}", created.data["id"]);

    for who in host.quarantined() {
        println!("kept away: {} from {}, for {}", who.plugin, who.upstream, who.tenant);
    }
    Ok(())
}

async fn host(directory: &Path) -> anyhow::Result<ActionHost> {
    let host = ActionHost::builder()
        .compile_in(CompileWorker::new(std::env::current_exe()?, [WORKER]))
        .compile_cache(CompileCache::at(directory.join("compiled")))
        .limits(Limits { wall_time: Duration::from_secs(10), ..Limits::default() })
        .host_limits(HostLimits { concurrent_calls: 64, ..HostLimits::default() })
        .audit(Arc::new(Lines::start()?))
        .before_send(Arc::new(Journal::open(&directory.join("journal")).await?))
        .build()?;
    Ok(host)
}

/// When the service starts: does the account reach the upstream, or does something on the way drop its header?
async fn check_proxies(host: &ActionHost, upstream: &Upstream, key: SecretString) -> anyhow::Result<()> {
    host.check_account_header(upstream, &key, AppSlug::parse("hubspot")?).await?;
    Ok(())
}
