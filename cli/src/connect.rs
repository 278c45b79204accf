//! From the options to a plugin and its grant: upstream, credentials, host.

use std::{path::Path, sync::Arc};

use actionbox_host::{
    ActionHost, ActionHostBuilder, ActionId, Actor, ApiKey, AppSlug, BoxFuture, Credential, CredentialError,
    CredentialProvider, Effect, Error, Grant, GrantBuilder, HostLimits, Plugin, Refusal, RequestEvent,
    SecretString, SessionTokens, TokenExchange, Upstream,
};
use actionbox_sandbox::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY, Sandbox};

use crate::{
    args::{Allow, Auth, Connect, To},
    calls::{Calls, Made, what_became},
    failure::{Asked, Exit, Failure, Place, meant},
    key, process,
    project::component,
    recording::Recording,
    show::{self, progress},
};

/// The variable that names the linked account.
const ACCOUNT: &str = "REFOLD_LINKED_ACCOUNT";

/// A host and what its plugins act on. Plugins come and go.
pub(crate) struct Setup {
    pub(crate) host: ActionHost,
    /// What was called, and which requests that made.
    pub(crate) calls: Arc<Calls>,
    pub(crate) account: String,
    upstream: Upstream,
    credentials: Arc<dyn CredentialProvider>,
    /// Runs as long as the setup is used.
    sandbox: Option<Sandbox>,
    recording: Option<Recording>,
    place: Place,
}

/// A loaded plugin, what it may do, and what it acts on.
pub(crate) struct Connection {
    pub(crate) plugin: Plugin,
    pub(crate) grant: Grant,
    pub(crate) asked: Asked,
    setup: Arc<Setup>,
}

/// Where calls go, and as whom.
struct Target {
    upstream: Upstream,
    credentials: Arc<dyn CredentialProvider>,
    account: String,
    sandbox: Option<Sandbox>,
}

impl Setup {
    /// Follows the options that say where calls go, and starts a host.
    ///
    /// # Errors
    ///
    /// [`Failure`] for the first option that cannot be followed.
    pub(crate) async fn open(to: &To, cached: bool, place: Place) -> Result<Self, Failure> {
        let target = Target::find(to).await?;
        let calls = Arc::new(Calls::default());
        let recording = Recording::open(to)?;
        let host = match place {
            Place::Prompt => process::host_of_prompt(cached),
            Place::Shell { .. } => process::host(cached),
        }?;
        // One call at a time: places for hundreds would take longer to make than the call takes.
        let limits = HostLimits { concurrent_calls: 4, ..HostLimits::default() };
        let host = host.host_limits(limits).audit(calls.clone());
        let host = recording.iter().fold(host, |host, recording| recording.put_on(host));
        Ok(Self {
            host: build(host, to.ca.as_deref())?,
            calls,
            account: target.account,
            upstream: target.upstream,
            credentials: target.credentials,
            sandbox: target.sandbox,
            recording,
            place,
        })
    }

    pub(crate) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Begins a grant: whose it is, and where it leads. It allows nothing yet.
    pub(crate) fn grant(&self) -> GrantBuilder {
        Grant::builder(&self.account).upstream_shared(self.upstream.clone(), self.credentials.clone())
    }

    /// Names the upstream.
    pub(crate) fn upstream(&self) -> String {
        match self.sandbox {
            Some(_) => "a sandbox server".to_owned(),
            None => self.upstream.base_url(),
        }
    }
}

impl Connection {
    /// Does everything that comes before a call on an app.
    ///
    /// # Errors
    ///
    /// [`Failure`] for the first option that cannot be followed, and when the plugin is not loadable.
    pub(crate) async fn open(options: &Connect, app: &str, action: Option<&str>) -> Result<Self, Failure> {
        let place = Place::Shell { options: options.again() };
        let setup = Setup::open(&options.to, !options.no_cache, place).await?;
        let plugin = load(&setup.host, options.plugin.as_deref()).await?;
        Self::new(Arc::new(setup), plugin, &options.allow, app, action)
    }

    /// Grants a plugin what a call on an app takes.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the app has no name that could be granted.
    pub(crate) fn new(
        setup: Arc<Setup>,
        plugin: Plugin,
        allow: &Allow,
        app: &str,
        action: Option<&str>,
    ) -> Result<Self, Failure> {
        let grant = allow.of_app(app, setup.grant()).build()?;
        Ok(Self::under(setup, plugin, grant, app, action))
    }

    /// Prepares a call under a grant of this setup.
    pub(crate) fn under(
        setup: Arc<Setup>,
        plugin: Plugin,
        grant: Grant,
        app: &str,
        action: Option<&str>,
    ) -> Self {
        let asked = Asked {
            app: app.to_owned(),
            action: action.map(str::to_owned),
            account: setup.account.clone(),
            base_url: setup.upstream.base_url(),
            place: setup.place.clone(),
            sandbox: setup.is_sandbox(),
            changes: false,
        };
        Self { plugin, grant, asked, setup }
    }

    /// Takes the outcome of the call that was made, or says what to do about the error.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it is an error.
    pub(crate) fn conclude<T>(&self, outcome: Result<T, Error>) -> Result<T, Failure> {
        let concluded = self.conclude_of(outcome, &self.setup.calls.take());
        if let Some(recording) = &self.setup.recording {
            recording.tell_unplayed()?;
        }
        concluded
    }

    /// As [`conclude`](Self::conclude), for whoever has taken what was called.
    pub(crate) fn conclude_of<T>(&self, outcome: Result<T, Error>, made: &[Made]) -> Result<T, Failure> {
        if let Some(recording) = &self.setup.recording {
            recording.write()?;
        }
        let stopped = made.iter().flat_map(Made::stopped);
        match outcome {
            Ok(value) => {
                // Whoever wrote the plugin wants to know, and may not have meant it.
                for request in made.iter().flat_map(Made::fruitless) {
                    show::note(&format!(
                        "the plugin answered although {}; unless it is meant to, let it hand the error on",
                        what_became(request)
                    ))?;
                }
                Ok(value)
            }
            Err(error @ Error::NotRecorded(_)) => Err(Failure::of_call(error, &self.asked)),
            Err(error) => {
                let asked = Asked { changes: made.iter().any(Made::may_change), ..self.asked.clone() };
                let meant = self.meant(&error, made.iter().flat_map(Made::stopped));
                let failure = meant.into_iter().fold(Failure::of_call(error, &asked), Failure::hint);
                Err(stopped.fold(failure, |failure, request| failure.because(what_became(request))))
            }
        }
    }

    /// Says which route a request that is none was meant to be.
    fn meant<'a>(
        &self,
        error: &Error,
        mut stopped: impl Iterator<Item = &'a RequestEvent>,
    ) -> Option<String> {
        let Error::Denied { refusal: refusal @ Refusal::NotARoute(_), .. } = error else { return None };
        let request = stopped.find(|request| request.refusal.as_ref() == Some(refusal))?;
        let (method, uri) = request.target.split_once(' ')?;
        Some(meant::hint(self.setup.upstream.authority(), &method.parse().ok()?, &uri.parse().ok()?))
    }

    /// Returns which effect the grant has for the action, or why it refuses it; nothing without an action.
    pub(crate) fn check(&self) -> Option<Result<Effect, Refusal>> {
        let action = ActionId::parse(self.asked.action.as_ref()?).ok()?;
        let app = AppSlug::parse(&self.asked.app).ok()?;
        Some(self.grant.check_execute(&app, &action))
    }
}

impl Target {
    async fn find(options: &To) -> Result<Self, Failure> {
        if options.sandbox {
            return Self::sandbox(options).await;
        }
        if options.replay.is_some() {
            let account = options.account.clone().unwrap_or_else(|| "replay".to_owned());
            let credentials = Arc::new(NoCredentials);
            return Ok(Self { upstream: Upstream::refold(), credentials, account, sandbox: None });
        }
        let key = key::read(options.key_file.as_deref())?;
        let account = options.account.clone().or_else(|| std::env::var(ACCOUNT).ok());
        let account = account.filter(|account| !account.is_empty()).ok_or_else(|| {
            Failure::new(Exit::Usage, "account", Actor::Caller, "there is no linked account to act for")
                .because(format!("neither --account nor {ACCOUNT} names one"))
                .hint("add --account ID; --sandbox needs none")
        })?;
        let upstream = options.base_url.clone().unwrap_or_else(Upstream::refold);
        let credentials = credentials(options.auth, key, &account)?;
        Ok(Self { upstream, credentials, account, sandbox: None })
    }

    /// Starts a sandbox server that has the account.
    async fn sandbox(options: &To) -> Result<Self, Failure> {
        let account = options.account.as_deref().unwrap_or(DEFAULT_ACCOUNTS[0]);
        let sandbox = Sandbox::builder().account(account).without_request_log().start().await?;
        Ok(Self {
            upstream: Upstream::refold().at(&sandbox.base_url())?,
            credentials: credentials(options.auth, SANDBOX_API_KEY.to_owned().into(), account)?,
            account: account.to_owned(),
            sandbox: Some(sandbox),
        })
    }
}

impl Allow {
    /// Returns what either of the two allows.
    pub(crate) fn and(&self, more: &Self) -> Self {
        Self {
            allow_write: self.allow_write || more.allow_write,
            allow: self.allow.iter().chain(&more.allow).cloned().collect(),
            own: self.own.iter().chain(&more.own).cloned().collect(),
        }
    }

    /// Grants what the options say: by default, to read the app that is asked for.
    pub(crate) fn of_app(&self, app: &str, grant: GrantBuilder) -> GrantBuilder {
        let mut grant = grant.allow_reads(app);
        if self.allow_write {
            grant = grant.allow_writes(app);
        }
        for name in &self.allow {
            grant = grant.allow_action(name.app.as_str(), name.action.as_str());
        }
        for own in &self.own {
            grant = grant.own_action(own.name.app.as_str(), own.name.action.as_str(), own.effect);
        }
        grant
    }
}

/// Has no credential: for what sends nothing.
pub(crate) struct NoCredentials;

impl CredentialProvider for NoCredentials {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async { Err(CredentialError::Provider("there is none".to_owned())) })
    }
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
    progress::during("compiling the plugin", async {
        match file {
            Some(path) => load_file(host, path).await,
            None => host.load(actionbox_examples::REFOLD).await.map_err(|error| Failure::of_load(&error)),
        }
    })
    .await
}

/// Loads a plugin from a file or a project.
pub(crate) async fn load_file(host: &ActionHost, file: &Path) -> Result<Plugin, Failure> {
    let file = component::file(file)?;
    host.load_file(&file).await.map_err(|error| Failure::of_load(&error))
}
