//! `SandboxBuilder`: what a sandbox server is to be like.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::catalogue::APPS;
use crate::clock::Clock;
use crate::error::SandboxError;
use crate::fault::Faults;
use crate::ids::Ids;
use crate::rate::{Buckets, RateLimit};
use crate::record::Log;
use crate::sandbox::Sandbox;
use crate::server;
use crate::session::Sessions;
use crate::state::State;
use crate::tls::{Certificate, Tls};
use crate::{DEFAULT_ACCOUNTS, SANDBOX_API_KEY};

/// Configures a [`Sandbox`]; made by [`Sandbox::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct SandboxBuilder {
    listen: SocketAddr,
    api_key: String,
    /// In the order they were named, which decides the ids of their data.
    accounts: Vec<(String, Vec<String>)>,
    rate_limit: Option<RateLimit>,
    token_lifetime: Duration,
    certificate: Option<Certificate>,
    http2: bool,
    deterministic: bool,
    recorded: bool,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            api_key: SANDBOX_API_KEY.to_owned(),
            accounts: DEFAULT_ACCOUNTS.iter().map(|id| ((*id).to_owned(), every_app())).collect(),
            rate_limit: Some(RateLimit { per_second: 20.0, burst: 5.0 }),
            token_lifetime: Duration::from_secs(7 * 24 * 60 * 60),
            certificate: None,
            http2: false,
            deterministic: false,
            recorded: true,
        }
    }
}

impl SandboxBuilder {
    /// Sets the organisation's API key. Default: [`SANDBOX_API_KEY`].
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// Adds a linked account that has connected every app, beside the [default ones](DEFAULT_ACCOUNTS).
    pub fn account(self, id: impl Into<String>) -> Self {
        self.insert(id.into(), every_app())
    }

    /// Adds a linked account that has connected these apps only, or changes what a default one has.
    ///
    /// An execute against any other app is refused with 400.
    pub fn account_with_apps(self, id: impl Into<String>, apps: &[&str]) -> Self {
        self.insert(id.into(), apps.iter().map(|app| (*app).to_owned()).collect())
    }

    fn insert(mut self, id: String, apps: Vec<String>) -> Self {
        match self.accounts.iter_mut().find(|(its_id, _)| *its_id == id) {
            Some((_, its_apps)) => *its_apps = apps,
            None => self.accounts.push((id, apps)),
        }
        self
    }

    /// Sets how many requests an account may make: `burst` at once, refilled at `per_second`.
    ///
    /// Default: 20 a second with a burst of 5, as the service has it. Calls of the organisation itself
    /// share one such limit. A rate of 0 never refills, a burst of 0 refuses everything.
    pub fn rate_limit(mut self, per_second: u32, burst: u32) -> Self {
        self.rate_limit = Some(RateLimit { per_second: per_second.into(), burst: burst.into() });
        self
    }

    /// Lets every account make as many requests as it likes.
    pub fn no_rate_limit(mut self) -> Self {
        self.rate_limit = None;
        self
    }

    /// Sets how long a session token is valid, in whole seconds. Default: seven days.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Serves `https`, with a certificate for `localhost`, `127.0.0.1` and `::1` from an authority made at
    /// start: see [`Sandbox::root_certificate_pem`].
    pub fn tls(mut self) -> Self {
        self.certificate = Some(Certificate::Valid);
        self
    }

    /// Serves `https` with a certificate that expired in 2020: a client must refuse it.
    pub fn tls_expired(mut self) -> Self {
        self.certificate = Some(Certificate::Expired);
        self
    }

    /// Serves `https` with a certificate for another name: a client must refuse it.
    pub fn tls_wrong_name(mut self) -> Self {
        self.certificate = Some(Certificate::WrongName);
        self
    }

    /// Offers HTTP/2 beside HTTP/1.1 to clients of `https`. Without TLS it has no effect.
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Sets the address to listen on. Default: any free port of `127.0.0.1`.
    ///
    /// # Security
    ///
    /// Whoever can reach the address can use the server with its well-known key.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// Makes two runs answer the same: request ids, tokens and the time of day are fixed, and `date`
    /// headers left out.
    ///
    /// The time stands at 2026-01-01T09:00:00Z until [`Sandbox::advance_clock`]. Certificates and ports
    /// differ all the same, and rate limits go on refilling.
    pub fn deterministic(mut self) -> Self {
        self.deterministic = true;
        self
    }

    /// Keeps no log of requests and executions: for a server that runs long, or is measured.
    pub fn without_request_log(mut self) -> Self {
        self.recorded = false;
        self
    }

    /// Starts the server. It runs on the current tokio runtime until the [`Sandbox`] is dropped.
    ///
    /// # Errors
    ///
    /// Fails if the address cannot be listened on, or a certificate cannot be made.
    pub async fn start(self) -> Result<Sandbox, SandboxError> {
        let tls = self.certificate.map(|certificate| Tls::new(certificate, self.http2)).transpose()?;
        let refused = |source| SandboxError::Listen { addr: self.listen, source };
        let listener = TcpListener::bind(self.listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;

        let accounts = Accounts::new(self.recorded);
        for (id, apps) in self.accounts {
            accounts.create(&id, apps);
        }
        let state = Arc::new(State {
            api_key: self.api_key,
            deterministic: self.deterministic,
            clock: Clock::new(self.deterministic),
            ids: Ids::new(self.deterministic),
            accounts,
            sessions: Sessions::new(self.token_lifetime, self.deterministic),
            buckets: Buckets::new(self.rate_limit),
            faults: Faults::default(),
            log: Log::new(self.recorded),
            changes: watch::Sender::new(()),
            stopped: watch::Sender::new(false),
        });
        let (acceptor, root_pem) = tls.map(|tls| (tls.acceptor, tls.root_pem)).unzip();
        let accepting = tokio::spawn(server::run(listener, acceptor, Arc::clone(&state)));
        Ok(Sandbox::new(addr, root_pem, state, accepting))
    }
}

fn every_app() -> Vec<String> {
    APPS.iter().map(|app| app.slug.to_owned()).collect()
}
