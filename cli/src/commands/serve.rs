//! `serve`: runs Actionbox for many tenants until it is told to stop, on a database or on a sandbox server.

use std::{path::PathBuf, time::Duration};

use actionbox_host::{Actor, SecretString};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};
use actionbox_service::{
    Admin, AdminError, Allow, Config, CredentialKind, GrantDefinition, Keyring, Named, NewCredential, Role,
    Service, StartError,
};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    args,
    failure::{Exit, Failure},
    key, process,
    show::{self, style},
};

/// The variable that holds the master key.
const MASTER_KEY: &str = "ACTIONBOX_MASTER_KEY";
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
    let (database, keyring) = match folder {
        Some(folder) => {
            let database = folder.0.join("actionbox.db");
            (options.database.clone().unwrap_or(database), Keyring::generate().map_err(sealed)?)
        }
        None => {
            let database = options.database.clone().ok_or_else(|| {
                usage("there is no database")
                    .hint("add --database FILE; --sandbox needs none, and keeps nothing")
            })?;
            (database, master_key(options)?)
        }
    };
    let keyring = Keyring::parse(&keyring).map_err(sealed)?;
    Ok(Config::new(options.listen, database.into(), keyring, process::host(!options.no_cache)?))
}

/// Reads the master key from a file that is named, or from the environment.
fn master_key(options: &args::Serve) -> Result<SecretString, Failure> {
    if let Some(path) = &options.master_key_file {
        return key::from_file(path);
    }
    match std::env::var(MASTER_KEY) {
        Ok(key) if !key.trim().is_empty() => Ok(key.into()),
        _ => Err(Failure::new(Exit::Operator, "master-key", Actor::Operator, "there is no master key")
            .because(format!("neither --master-key-file nor {MASTER_KEY} gives one"))
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
        actions: actions.iter().map(|id| Named { id: (*id).to_owned(), effect: None }).collect(),
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
