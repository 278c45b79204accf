//! A world to run plugins in: a sandbox server, a host, and a tenant with a secret that is a canary.
//!
//! When a world ends, it looks for its secrets where they must not be: in every log line and span of
//! every library at the level TRACE, in every audit event, and in the `Debug` of host, plugin and grant.

use std::{sync::Arc, time::Duration};

use actionbox_host::{
    ActionHost, ActionHostBuilder, ApiKey, BeforeSend, CredentialProvider, Effect, Error, Grant,
    GrantBuilder, HostLimits, Limits, Outcome, Plugin, SessionTokens, Upstream,
};
use actionbox_sandbox::{RecordedRequest, Sandbox, SandboxBuilder};
use serde_json::{Value, json};

use crate::{audit::Audit, canary, logs, tricks};

/// The linked account of the first tenant.
pub const ACCOUNT: &str = "acme@example.com";
/// The linked account of the second tenant.
pub const NEIGHBOUR: &str = "globex@example.com";

/// How a world is to be.
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    sandbox: Box<dyn FnOnce(SandboxBuilder) -> SandboxBuilder>,
    host: Box<dyn FnOnce(ActionHostBuilder) -> ActionHostBuilder>,
    limits: Limits,
    host_limits: HostLimits,
    session_tokens: bool,
    plugin: Vec<u8>,
}

/// Returns how many instances worlds keep between calls: none, unless `ACTIONBOX_TEST_KEPT_INSTANCES` says so.
/// Every attack has to fail then too.
fn kept_instances() -> usize {
    match std::env::var("ACTIONBOX_TEST_KEPT_INSTANCES") {
        Ok(count) => count.parse().expect("ACTIONBOX_TEST_KEPT_INSTANCES is a number"),
        Err(_) => 0,
    }
}

/// A running world.
pub struct World {
    /// The upstream.
    pub sandbox: Sandbox,
    /// The host.
    pub host: ActionHost,
    /// All audit events of the host.
    pub audit: Audit,
    /// The plugin under test.
    pub plugin: Plugin,
    /// The API key, a canary.
    pub key: String,
    /// The grant of the first tenant: everything a plugin can get without a name for it.
    pub grant: Grant,
    session_tokens: bool,
}

impl World {
    /// Describes a world whose plugin is the hostile one, over plain HTTP, with the API key.
    pub fn builder() -> Builder {
        Builder {
            sandbox: Box::new(|sandbox| sandbox),
            host: Box::new(|host| host),
            // Twice as patient as needed on a busy machine, and far from the defaults, so that a limit
            // that names its value names this one.
            limits: Limits { wall_time: Duration::from_secs(20), ..Limits::default() },
            // Each reserves address space for all its calls.
            host_limits: HostLimits {
                concurrent_calls: 32,
                account_rate: None,
                leaks: None,
                kept_instances: kept_instances(),
                ..HostLimits::default()
            },
            session_tokens: false,
            plugin: tricks::TRICKS.to_vec(),
        }
    }

    /// Starts such a world.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts a world whose plugin is the reference plugin.
    pub async fn refold() -> Self {
        Self::builder().plugin(actionbox_examples::REFOLD).start().await
    }

    /// Returns the upstream at the sandbox server.
    pub fn upstream(&self) -> Upstream {
        Upstream::refold().at(&self.sandbox.base_url()).expect("a base URL")
    }

    /// Returns the credentials of an account, in this world's way.
    pub fn credentials(&self, account: &str) -> Arc<dyn CredentialProvider> {
        credentials(self.session_tokens, &self.key, account)
    }

    /// Begins a grant for a tenant that is named like its account.
    pub fn grant(&self, account: &str) -> GrantBuilder {
        Grant::builder(account).upstream_shared(self.upstream(), self.credentials(account))
    }

    /// Returns a grant with which any trick may be played, up to an effect, and hubspot be read and written.
    pub fn play_grant(&self, account: &str, effect: Effect) -> Grant {
        grant_for_tricks(self.grant(account), effect).build().expect("a grant")
    }

    /// Plays a trick under the first tenant's grant, as a write.
    pub async fn play(&self, trick: &str, options: Value) -> Result<Value, Error> {
        self.play_under(&self.grant, trick, options).await
    }

    /// Plays a trick under a grant.
    pub async fn play_under(&self, grant: &Grant, trick: &str, options: Value) -> Result<Value, Error> {
        let outcome = self.plugin.execute_action(grant, "hubspot", trick, &options).await?;
        Ok(outcome.into_result().expect("tricks never fail in the app").data)
    }

    /// Executes an upstream action of hubspot under the first tenant's grant.
    pub async fn execute(&self, action: &str, parameters: Value) -> Result<Outcome, Error> {
        self.plugin.execute_action(&self.grant, "hubspot", action, &parameters).await
    }

    /// Makes an honest call of the second tenant, and checks that it gets its own data.
    ///
    /// # Panics
    ///
    /// Panics when it is disturbed.
    pub async fn neighbour_is_well(&self) {
        let grant = self.play_grant(NEIGHBOUR, Effect::Read);
        let list = json!({ "method": "POST", "body": r#"{"limit":"1"}"#,
            "path": "/api/v2/integration-schema/hubspot/actions/get_contact/execute" });
        let report = self.play_under(&grant, tricks::SEND, list).await.expect("a neighbour is not disturbed");
        let body = report["body"].as_str().unwrap_or_default();
        assert!(body.contains(&Sandbox::seeded_domain(NEIGHBOUR)), "{report}");
    }

    /// Returns the secret that rides on the first tenant's action calls: the key, or its session token.
    ///
    /// # Panics
    ///
    /// Panics when the account is gone.
    pub fn secret(&self) -> String {
        match self.session_tokens {
            true => self.sandbox.session_token(ACCOUNT).expect("an account"),
            false => self.key.clone(),
        }
    }

    /// Returns every secret of this world that has been used so far: the key, and all session tokens.
    pub fn secrets(&self) -> Vec<String> {
        let tokens = self.sandbox.requests().into_iter().filter_map(|request| {
            let header = request.header("authorization")?;
            header.strip_prefix("Bearer ").map(str::to_owned)
        });
        let mut secrets: Vec<_> = tokens.collect();
        secrets.sort();
        secrets.dedup();
        secrets.push(self.key.clone());
        secrets
    }

    /// Returns a search for all secrets of this world.
    pub fn finder(&self) -> canary::Finder {
        canary::Finder::new(self.secrets().iter().map(|secret| unique_part(secret)))
    }

    /// Asserts that no secret is in something that can be shown.
    ///
    /// # Panics
    ///
    /// Panics when one is.
    pub fn assert_clean(&self, what: &str, shown: impl std::fmt::Debug) {
        self.finder().assert_absent(what, format!("{shown:?} {shown:#?}"));
    }

    /// Asserts that the upstream never heard of us.
    ///
    /// # Panics
    ///
    /// Panics when a connection was opened.
    pub fn assert_untouched(&self) {
        assert_eq!(self.sandbox.connections(), 0, "no connection is opened: {:#?}", self.sandbox.requests());
    }

    /// Returns the only request that the upstream received.
    ///
    /// # Panics
    ///
    /// Panics when there were more, or none.
    pub fn received(&self) -> RecordedRequest {
        let requests = self.sandbox.requests();
        assert_eq!(requests.len(), 1, "one request arrives: {requests:#?}");
        requests.into_iter().next().expect("one")
    }

    fn look_for_leaks(&self) {
        let finder = self.finder();
        for line in logs::suspicious() {
            finder.assert_absent("a log line", line);
        }
        finder.assert_absent("the audit", format!("{:?}", self.audit.events()));
        let shown = format!("{:?} {:?} {:?}", self.host, self.plugin, self.grant);
        finder.assert_absent("what Debug shows", shown);
    }
}

/// The part of a secret that no other secret has: all keys begin alike, and so do all session tokens,
/// which also name the account.
fn unique_part(secret: &str) -> &str {
    let part = secret.rsplit('.').next().unwrap_or(secret);
    part.strip_prefix(canary::PREFIX).unwrap_or(part)
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.look_for_leaks();
        }
    }
}

impl Builder {
    /// Changes the sandbox server. May be called repeatedly.
    pub fn sandbox(mut self, change: impl FnOnce(SandboxBuilder) -> SandboxBuilder + 'static) -> Self {
        let before = self.sandbox;
        self.sandbox = Box::new(|sandbox| change(before(sandbox)));
        self
    }

    /// Changes the host. May be called repeatedly.
    pub fn host(mut self, change: impl FnOnce(ActionHostBuilder) -> ActionHostBuilder + 'static) -> Self {
        let before = self.host;
        self.host = Box::new(|host| change(before(host)));
        self
    }

    /// Speaks HTTPS.
    pub fn tls(self) -> Self {
        self.sandbox(SandboxBuilder::tls)
    }

    /// Speaks HTTP/2 over TLS.
    pub fn http2(self) -> Self {
        self.sandbox(|sandbox| sandbox.tls().http2()).host(|host| host.http2(true))
    }

    /// Authenticates with session tokens.
    pub fn session_tokens(mut self) -> Self {
        self.session_tokens = true;
        self
    }

    /// Changes the limits of calls.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Changes the limits of the host.
    pub fn host_limits(mut self, change: impl FnOnce(&mut HostLimits)) -> Self {
        change(&mut self.host_limits);
        self
    }

    /// Asks a hook before each request leaves.
    pub fn before_send(self, hook: Arc<dyn BeforeSend>) -> Self {
        self.host(|host| host.before_send(hook))
    }

    /// Runs another plugin.
    pub fn plugin(mut self, component: impl Into<Vec<u8>>) -> Self {
        self.plugin = component.into();
        self
    }

    /// Starts everything.
    ///
    /// # Panics
    ///
    /// Panics when something cannot be started.
    pub async fn start(self) -> World {
        logs::listen();
        let key = canary::secret();
        let sandbox = Sandbox::builder().api_key(&key).account(ACCOUNT).account(NEIGHBOUR).no_rate_limit();
        let sandbox = (self.sandbox)(sandbox).start().await.expect("a sandbox server");
        let audit = Audit::default();
        let mut host = ActionHost::builder()
            .limits(self.limits)
            .host_limits(self.host_limits)
            .audit(Arc::new(audit.clone()));
        if let Some(pem) = sandbox.root_certificate_pem() {
            host = host.root_certificates_pem(pem);
        }
        let host = (self.host)(host).build().expect("a host");
        let plugin = host.load(self.plugin).await.expect("a plugin that loads");
        let upstream = Upstream::refold().at(&sandbox.base_url()).expect("a base URL");
        let grant = Grant::builder(ACCOUNT)
            .upstream_shared(upstream, credentials(self.session_tokens, &key, ACCOUNT));
        let grant = grant_for_tricks(grant, Effect::Write).build().expect("a grant");
        World { sandbox, host, audit, plugin, key, grant, session_tokens: self.session_tokens }
    }
}

fn credentials(session_tokens: bool, key: &str, account: &str) -> Arc<dyn CredentialProvider> {
    match session_tokens {
        true => Arc::new(SessionTokens::new(key, account).expect("valid credentials")),
        false => Arc::new(ApiKey::new(key, account).expect("valid credentials")),
    }
}

fn grant_for_tricks(grant: GrantBuilder, effect: Effect) -> GrantBuilder {
    let grant = grant.allow_reads("hubspot").allow_writes("hubspot");
    tricks::ALL.iter().fold(grant, |grant, trick| {
        // As an app of its own too: `list-actions` has nothing else to choose a trick by.
        grant.own_action("hubspot", trick, effect).allow_reads(trick)
    })
}
