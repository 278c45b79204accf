//! `serve`: runs Actionbox for many tenants until it is told to stop, on a database or on a sandbox server.

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use actionbox_conformance::Conformance;
use actionbox_host::{Actor, BoxFuture, HostLimits, Rate, SecretString};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};
use actionbox_service::{
    Admin, AdminError, Allow, Config, CredentialKind, Database, GrantDefinition, Judge, Keyring, MasterKey,
    Named, NewCredential, Role, Service, Settings, Signers, StartError, Vault, Verdict,
};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::runtime::Handle;

use crate::{
    args,
    failure::{Exit, Failure},
    key, process,
    show::{self, style},
};

/// The variable that holds the master key.
const MASTER_KEY: &str = "ACTIONBOX_MASTER_KEY";
/// Where it listens when nobody says anything else.
const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));
/// How long calls may go on when the service is to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// The tenants of a sandbox, each with one of its accounts.
const TENANTS: [&str; 2] = ["acme", "globex"];

/// What a first start makes, and shows this once.
#[derive(Default)]
struct Shown {
    admin: Option<SecretString>,
    caller: Option<SecretString>,
}

pub(super) async fn run(options: &args::Serve, json: bool) -> Result<Exit, Failure> {
    let stop = process::stop_signal()?;
    let folder = options.sandbox.then(Folder::new).transpose()?;
    let config = config(options, folder.as_ref())?;
    let service = Service::start(config).await?;
    let admin = service.admin("serve");
    let mut shown = Shown::default();
    if !service.has_admin_key() {
        shown.admin = Some(admin.new_key("first", Role::Admin, None).await?.key);
    }
    let sandbox = match options.sandbox {
        true => Some(sample(&admin, &mut shown).await?),
        false => None,
    };
    let url = format!("http://{}", service.address());
    match json {
        true => show::json(&json!({
            "base_url": url,
            "console": format!("{url}/console/"),
            "sandbox": sandbox.as_ref().map(Sandbox::base_url),
            "tenants": if sandbox.is_some() { TENANTS.as_slice() } else { &[] },
            "admin_key": shown.admin.as_ref().map(ExposeSecret::expose_secret),
            "caller_key": shown.caller.as_ref().map(ExposeSecret::expose_secret),
        }))?,
        false => show::print(&introduction(&url, sandbox.as_ref(), &shown))?,
    }
    stop.await;
    service.stop(PATIENCE).await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(Exit::Done)
}

fn config(options: &args::Serve, folder: Option<&Folder>) -> Result<Config, Failure> {
    let settings = match &options.config {
        Some(path) => settings(path)?,
        None => Settings::default(),
    };
    let (database, keyring) = match folder {
        Some(folder) => {
            (Database::Sqlite(folder.0.join("actionbox.db")), Keyring::generate().map_err(sealed)?)
        }
        None => {
            let named = options.database.as_ref().or(settings.database.as_ref());
            let database = named.cloned().ok_or_else(|| {
                usage("there is no database")
                    .hint("add --database FILE; --sandbox needs none, and keeps nothing")
            })?;
            (database, master_key(options, settings.master_key.as_ref())?)
        }
    };
    let listen = options.listen.or(settings.listen).unwrap_or(LISTEN);
    let keyring = Keyring::parse(&keyring).map_err(sealed)?;
    let mut limits = HostLimits::default();
    if let Some(calls) = settings.limits.concurrent_calls {
        limits.concurrent_calls = calls;
    }
    if let Some(rate) = settings.limits.account_rate {
        let burst = limits.account_rate.map_or(rate.get(), |rate| rate.burst);
        limits.account_rate = Some(Rate { per_second: rate.get(), burst });
    }
    let host = process::host(!options.no_cache)?.host_limits(limits);
    let mut config = Config::new(listen, database, keyring, host);
    config.calls = settings.limits.calls;
    config.calls_per_tenant = settings.limits.calls_per_tenant;
    config.calls_of_tenants = settings.limits.tenants.clone().into_iter().collect();
    config.answers_kept_for = settings.retention.answers();
    config.signers = Signers::new(&settings.plugins.signers)
        .map_err(|error| configuration("plugins.signers names what is none").because(error))?;
    config.mcp = settings.mcp.clone();
    config.only_good_plugins = settings.plugins.only_good;
    config.judge = Some(Arc::new(Kit { cached: !options.no_cache }));
    config.otlp_endpoint = settings.telemetry.otlp_endpoint.clone();
    if let Some(vault) = &settings.vault {
        let cache = Duration::from_secs(vault.cache_seconds.into());
        let vault = Vault::new(&vault.command, cache);
        config.vault = Some(vault.ok_or_else(|| configuration("vault.command names no program"))?);
    }
    Ok(config)
}

/// The conformance kit, on a host of its own.
struct Kit {
    cached: bool,
}

impl Judge for Kit {
    fn judge(&self, component: Vec<u8>) -> BoxFuture<'_, Verdict> {
        let cached = self.cached;
        Box::pin(async move {
            // The kit stays on the thread where it began.
            let trying = move || Handle::current().block_on(verdict(cached, component));
            tokio::task::spawn_blocking(trying).await.unwrap_or_else(|error| untried(&error.to_string()))
        })
    }
}

async fn verdict(cached: bool, component: Vec<u8>) -> Verdict {
    let host = match process::host(cached) {
        Ok(host) => host,
        Err(failure) => return untried(&failure.message),
    };
    match Conformance::new().host(host).run(component).await {
        Ok(report) => {
            let (held, _, skipped) = report.counts();
            let broken = report.broken().map(|case| format!("{}: {}", case.group, case.claim)).collect();
            Verdict { held, broken, skipped, failed: None }
        }
        // Whatever of it a plugin has said is escaped and cut by the host.
        Err(error) => untried(&error.to_string()),
    }
}

fn untried(why: &str) -> Verdict {
    Verdict { held: 0, broken: Vec::new(), skipped: 0, failed: Some(why.to_owned()) }
}

/// Reads a configuration file.
pub(super) fn settings(path: &Path) -> Result<Settings, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        configuration(format!("the configuration file {shown} cannot be read")).because(error)
    })?;
    Settings::parse(&text).map_err(|error| {
        configuration(format!("{shown}, line {}, column {}: {}", error.line, error.column, error.message))
            .hint("docs/serve.md shows every key")
    })
}

fn configuration(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, "configuration", Actor::Operator, message)
}

/// Reads the master key from where the options or the configuration say, or from the environment.
fn master_key(options: &args::Serve, set: Option<&MasterKey>) -> Result<SecretString, Failure> {
    let variable = match (&options.master_key_file, set) {
        (Some(path), _) | (None, Some(MasterKey::File(path))) => return key::from_file(path),
        (None, Some(MasterKey::Command(command))) => return key::from_command(command),
        (None, Some(MasterKey::Env(variable))) => variable,
        (None, None) => MASTER_KEY,
    };
    match std::env::var(variable) {
        Ok(key) if !key.trim().is_empty() => Ok(key.into()),
        _ => Err(Failure::new(Exit::Operator, "master-key", Actor::Operator, "there is no master key")
            .because(format!("neither --master-key-file nor {variable} gives one"))
            .hint("(umask 077; openssl rand -base64 32 > master.key); add --master-key-file master.key")),
    }
}

/// Starts a sandbox server, and grants sample tenants what shows how it all works: to read, and to create contacts.
async fn sample(admin: &Admin, shown: &mut Shown) -> Result<Sandbox, Failure> {
    let sandbox = Sandbox::builder().without_request_log().start().await?;
    let plugin = admin.new_plugin(actionbox_examples::REFOLD).await?;
    let allow = |app: &str, actions: &[&str]| Allow {
        app: app.to_owned(),
        read: true,
        write: false,
        actions: actions.iter().copied().map(Named::new).collect(),
        own: Vec::new(),
    };
    for (tenant, account) in TENANTS.into_iter().zip(DEFAULT_ACCOUNTS) {
        admin.new_tenant(tenant).await?;
        let credential = NewCredential {
            kind: CredentialKind::ApiKey,
            account: account.to_owned(),
            key: SANDBOX_API_KEY.to_owned().into(),
        };
        admin.put_credential(tenant, "refold", credential).await?;
        for allow in [allow("hubspot", &["create_contact"]), allow("salesforce", &[])] {
            let app = allow.app.clone();
            let definition = GrantDefinition {
                plugin: plugin.clone(),
                credential: "refold".to_owned(),
                base_url: Some(sandbox.base_url()),
                allow: vec![allow],
                limits: None,
            };
            admin.put_grant(tenant, &app, &definition).await?;
        }
    }
    shown.caller = Some(admin.new_key("sample", Role::Caller, None).await?.key);
    Ok(sandbox)
}

fn introduction(url: &str, sandbox: Option<&Sandbox>, shown: &Shown) -> String {
    let (bold, dim) = (style::BOLD, style::DIM);
    let mut text = format!("{bold}actionbox{bold:#}, until Ctrl-C\n  {dim}base URL{dim:#}    {url}\n");
    text += &format!("  {dim}console{dim:#}     {url}/console/\n");
    if let Some(sandbox) = sandbox {
        text += &format!("  {dim}upstream{dim:#}    a sandbox server at {}\n", sandbox.base_url());
        text += &format!("  {dim}tenants{dim:#}     {}\n", TENANTS.join(", "));
    }
    if let Some(key) = &shown.admin {
        text += &format!("  {dim}admin key{dim:#}   {}\n", key.expose_secret());
    }
    if let Some(key) = &shown.caller {
        text += &format!("  {dim}caller key{dim:#}  {}\n", key.expose_secret());
        text += &format!(
            "{bold}try it{bold:#}, in another terminal\n\
             \x20 curl {url}/api/v2/integration-schema/hubspot/actions/get_contact/execute \\\n\
             \x20   -H 'x-api-key: {}' -H 'linked_account_id: {}' \\\n\
             \x20   -H 'content-type: application/json' -d '{{\"limit\": \"1\"}}'\n",
            key.expose_secret(),
            TENANTS[0],
        );
    }
    if shown.admin.is_some() {
        text += &format!("{dim}keys are shown this once{dim:#}\n");
    }
    text
}

/// A folder for a service that keeps nothing, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("actionbox-{}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| {
            let message = format!("the folder {} cannot be made", path.display());
            Failure::new(Exit::Operator, "database", Actor::Operator, message).because(error)
        })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "it is left behind");
        }
    }
}

fn usage(message: &str) -> Failure {
    Failure::new(Exit::Usage, "usage", Actor::Caller, message)
}

fn sealed(error: actionbox_service::SealError) -> Failure {
    Failure::new(Exit::Operator, "master-key", Actor::Operator, "the master key cannot be used")
        .because(error)
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let failure = Self::new(Exit::Operator, "serve", Actor::Operator, "the service does not start");
        causes(failure, &error)
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let failure = Self::new(Exit::Operator, "serve", Actor::Operator, "the service cannot be set up");
        causes(failure, &error)
    }
}

fn causes(failure: Failure, error: &dyn std::error::Error) -> Failure {
    let mut failure = failure.because(error);
    let mut next = error.source();
    while let Some(cause) = next {
        failure = failure.because(cause);
        next = cause.source();
    }
    failure
}
