//! `sandbox`: runs a sandbox server in the foreground and says how to use it.

use std::path::Path;

use actionbox_host::Actor;
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};
use serde_json::json;

use crate::{
    args,
    failure::{Exit, Failure},
    process,
    show::{self, escape, style},
};

pub(super) async fn run(options: &args::Sandbox, json: bool) -> Result<Exit, Failure> {
    // It runs long, and its requests are shown as they come.
    let mut builder = Sandbox::builder().without_request_log();
    if let Some(address) = options.listen {
        builder = builder.listen(address);
    }
    if options.tls {
        builder = builder.tls();
    }
    if options.no_rate_limit {
        builder = builder.no_rate_limit();
    }
    for account in &options.account {
        builder = builder.account(account);
    }
    // Whoever reads that it runs may end it at once.
    let stop = process::stop_signal()?;
    let sandbox = builder.start().await?;
    if let (Some(path), Some(pem)) = (&options.ca_out, sandbox.root_certificate_pem()) {
        write_certificate(path, pem)?;
    }
    match json {
        true => show::json(&json!({
            "base_url": sandbox.base_url(),
            "api_key": SANDBOX_API_KEY,
            "accounts": accounts(options),
            "apps": Sandbox::apps(),
            "root_certificate_pem": sandbox.root_certificate_pem(),
        }))?,
        false => show::print(&introduction(options, &sandbox.base_url()))?,
    }
    stop.await;
    sandbox.stop().await;
    Ok(Exit::Done)
}

fn accounts(options: &args::Sandbox) -> Vec<&str> {
    let added = options.account.iter().map(String::as_str).filter(|id| !DEFAULT_ACCOUNTS.contains(id));
    DEFAULT_ACCOUNTS.into_iter().chain(added).collect()
}

fn write_certificate(path: &Path, pem: &str) -> Result<(), Failure> {
    std::fs::write(path, pem).map_err(|error| {
        let message = format!("the certificate cannot be written to {}", path.display());
        Failure::new(Exit::Operator, "certificate", Actor::Operator, message).because(error)
    })
}

fn introduction(options: &args::Sandbox, base_url: &str) -> String {
    let (bold, dim) = (style::BOLD, style::DIM);
    let accounts = accounts(options);
    let account = escape::text(accounts.last().copied().unwrap_or_default());
    let trust = match &options.ca_out {
        Some(path) => format!(" --ca {}", escape::text(&path.display().to_string())),
        None if options.tls => " --ca FILE  # the certificate, as --ca-out writes it".to_owned(),
        None => String::new(),
    };
    format!(
        "{bold}sandbox server{bold:#}, until Ctrl-C\n\
         \x20 {dim}base URL{dim:#}  {base_url}\n\
         \x20 {dim}API key{dim:#}   {SANDBOX_API_KEY}\n\
         \x20 {dim}accounts{dim:#}  {}\n\
         \x20 {dim}apps{dim:#}      {}\n\
         {bold}try it{bold:#}, in another terminal\n\
         \x20 export REFOLD_API_KEY={SANDBOX_API_KEY}\n\
         \x20 actionbox execute hubspot get_contact limit=1 \\\n\
         \x20   --account {account} --base-url {base_url}{trust}\n",
        escape::text(&accounts.join(", ")),
        Sandbox::apps().join(", "),
    )
}
