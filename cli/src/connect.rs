//! From the options to a plugin and its grant: upstream, credentials, host.

use std::{path::Path, sync::Arc};

use actionbox_host::{
    ActionHost, ActionHostBuilder, ActionId, Actor, ApiKey, AppSlug, CredentialError, CredentialProvider,
    Effect, Error, Grant, Plugin, Refusal, SecretString, SessionTokens, Upstream,
};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};

use crate::{
    args::{Auth, Connect},
    failure::{Asked, Exit, Failure},
    key, process,
    project::component,
    show::progress,
};

/// The variable that names the linked account.
const ACCOUNT: &str = "REFOLD_LINKED_ACCOUNT";

/// A loaded plugin, what it may do, and what it acts on.
pub(crate) struct Connection {
    pub(crate) plugin: Plugin,
    pub(crate) grant: Grant,
    asked: Asked,
    /// Runs as long as the connection is used.
    _sandbox: Option<Sandbox>,
}

/// Where calls go, and as whom.
struct Target {
    upstream: Upstream,
    key: SecretString,
    account: String,
    sandbox: Option<Sandbox>,
}

impl Connection {
    /// Does everything that comes before a call on an app.
    ///
    /// # Errors
    ///
    /// [`Failure`] for the first option that cannot be followed, and when the plugin is not loadable.
    pub(crate) async fn open(options: &Connect, app: &str, action: Option<&str>) -> Result<Self, Failure> {
        let target = Target::find(options).await?;
        let asked = Asked {
            app: app.to_owned(),
            action: action.map(str::to_owned),
            account: target.account.clone(),
            base_url: target.upstream.base_url(),
            options: options.again(),
            sandbox: options.sandbox,
            changes: false,
        };
        let grant = grant(options, app, &target.upstream, target.key, &target.account)?;
        let host = build(process::host(!options.no_cache)?, options.ca.as_deref())?;
        let plugin = load(&host, options.plugin.as_deref()).await?;
        Ok(Self { plugin, grant, asked, _sandbox: target.sandbox })
    }

    /// Says what to do about an error of listing or describing.
    pub(crate) fn explain(&self, error: Error) -> Failure {
        Failure::of_call(error, &self.asked)
    }

    /// Says what to do about an error of executing, which may have changed something.
    pub(crate) fn explain_execution(&self, error: Error) -> Failure {
        let changes = !matches!(self.check(), Some(Ok(Effect::Read)));
        Failure::of_call(error, &Asked { changes, ..self.asked.clone() })
    }

    /// Returns which effect the grant has for the action, or why it refuses it; nothing without an action.
    pub(crate) fn check(&self) -> Option<Result<Effect, Refusal>> {
        let action = ActionId::parse(self.asked.action.as_ref()?).ok()?;
        let app = AppSlug::parse(&self.asked.app).ok()?;
        Some(self.grant.check_execute(&app, &action))
    }
}

impl Target {
    async fn find(options: &Connect) -> Result<Self, Failure> {
        if options.sandbox {
            return Self::sandbox(options.account.as_deref()).await;
        }
        let key = key::read(options.key_file.as_deref())?;
        let account = options.account.clone().or_else(|| std::env::var(ACCOUNT).ok());
        let account = account.filter(|account| !account.is_empty()).ok_or_else(|| {
            Failure::new(Exit::Usage, "account", Actor::Caller, "there is no linked account to act for")
                .because(format!("neither --account nor {ACCOUNT} names one"))
                .hint("add --account ID; --sandbox needs none")
        })?;
        let upstream = options.base_url.clone().unwrap_or_else(Upstream::refold);
        Ok(Self { upstream, key, account, sandbox: None })
    }

    /// Starts a sandbox server that has the account.
    async fn sandbox(account: Option<&str>) -> Result<Self, Failure> {
        let account = account.unwrap_or(DEFAULT_ACCOUNTS[0]);
        let sandbox = Sandbox::builder().account(account).start().await?;
        Ok(Self {
            upstream: Upstream::refold().at(&sandbox.base_url())?,
            key: SANDBOX_API_KEY.to_owned().into(),
            account: account.to_owned(),
            sandbox: Some(sandbox),
        })
    }
}

/// Grants what the options say: by default, to read the app that is asked for.
fn grant(
    options: &Connect,
    app: &str,
    upstream: &Upstream,
    key: SecretString,
    account: &str,
) -> Result<Grant, Failure> {
    let credentials = credentials(options.auth, key, account)?;
    let mut grant = Grant::builder(account).upstream_shared(upstream.clone(), credentials).allow_reads(app);
    if options.allow_write {
        grant = grant.allow_writes(app);
    }
    for name in &options.allow {
        grant = grant.allow_action(name.app.as_str(), name.action.as_str());
    }
    for own in &options.own {
        grant = grant.own_action(own.name.app.as_str(), own.name.action.as_str(), own.effect);
    }
    Ok(grant.build()?)
}

fn credentials(
    auth: Auth,
    key: SecretString,
    account: &str,
) -> Result<Arc<dyn CredentialProvider>, CredentialError> {
    Ok(match auth {
        Auth::ApiKey => Arc::new(ApiKey::new(key, account)?),
        Auth::SessionToken => Arc::new(SessionTokens::new(key, account)?),
    })
}

/// Builds a host that trusts a further root certificate.
fn build(host: ActionHostBuilder, ca: Option<&Path>) -> Result<ActionHost, Failure> {
    let Some(path) = ca else { return Ok(host.build()?) };
    let pem = std::fs::read(path).map_err(|error| {
        let message = format!("the certificate file {} cannot be read", path.display());
        Failure::new(Exit::Operator, "certificate", Actor::Operator, message).because(error)
    })?;
    Ok(host.root_certificates_pem(pem).build()?)
}

/// Loads a plugin from a file or a project, or the built-in one.
pub(crate) async fn load(host: &ActionHost, file: Option<&Path>) -> Result<Plugin, Failure> {
    let file = file.map(component::file).transpose()?;
    let loaded = progress::during("compiling the plugin", async {
        match file {
            Some(path) => host.load_file(&path).await,
            None => host.load(actionbox_examples::REFOLD).await,
        }
    });
    loaded.await.map_err(|error| Failure::of_load(&error))
}
