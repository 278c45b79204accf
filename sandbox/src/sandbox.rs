//! `Sandbox`: a running server, and what a test can see of it and do to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::accounts::Execution;
use crate::builder::SandboxBuilder;
use crate::fault::Fault;
use crate::record::RecordedRequest;
use crate::state::State;

/// A running sandbox server. Dropping it stops it, with all its connections.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    root_pem: Option<String>,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl Sandbox {
    pub(crate) fn new(
        addr: SocketAddr,
        root_pem: Option<String>,
        state: Arc<State>,
        accepting: JoinHandle<()>,
    ) -> Self {
        Self { addr, root_pem, state, accepting }
    }

    /// Starts to configure a server.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Answers the base URL of the server, without a slash at the end: `http://127.0.0.1:PORT`, or
    /// `https` if so configured.
    pub fn base_url(&self) -> String {
        let scheme = if self.root_pem.is_some() { "https" } else { "http" };
        let ip = match self.addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("{scheme}://{}", SocketAddr::new(ip, self.addr.port()))
    }

    /// Answers the address the server listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers the certificate, as PEM, of the authority that a client of `https` must trust.
    pub fn root_certificate_pem(&self) -> Option<&str> {
        self.root_pem.as_deref()
    }

    /// Stops the server and waits until its port is closed and its connections are gone.
    pub async fn stop(mut self) {
        self.end();
        // It was aborted: that is no failure.
        let _ = (&mut self.accepting).await;
    }

    fn end(&self) {
        self.state.stopped.send_replace(true);
        self.accepting.abort();
    }

    /// Answers how many connections were ever accepted, whether or not a request came.
    pub fn connections(&self) -> usize {
        self.state.log.accepted()
    }

    /// Answers how many connections are open now. The server notices soon, not at once, that a client has
    /// gone: [`Sandbox::wait_until`] it has.
    pub fn open_connections(&self) -> usize {
        self.state.log.open()
    }

    /// Answers every byte each connection ever brought, after TLS, in the order they were accepted.
    pub fn raw_connections(&self) -> Vec<Vec<u8>> {
        self.state.log.raw_connections()
    }

    /// Answers the request log, in the order of arrival.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.log.requests()
    }

    /// Forgets the requests so far. Connections, executions and data stay.
    pub fn clear_requests(&self) {
        self.state.log.clear();
        self.state.changed();
    }

    /// Answers every execute that really ran, in order, whatever became of its answer.
    pub fn executions(&self) -> Vec<Execution> {
        self.state.accounts.executions()
    }

    /// Answers what an account holds of one kind, as the app shows it. Nothing if there is no such thing.
    ///
    /// The kinds are `contacts`, `companies`, `deals` and `tasks` of `hubspot`; `accounts`, `contacts`,
    /// `leads` and `opportunities` of `salesforce`; `channels`, `users` and `messages` of `slack`.
    pub fn records(&self, account: &str, app: &str, kind: &str) -> Vec<Value> {
        self.state.accounts.records(account, app, kind)
    }

    /// Answers the slugs of the apps that every sandbox server has.
    pub fn apps() -> Vec<&'static str> {
        crate::catalogue::APPS.iter().map(|app| app.slug).collect()
    }

    /// Answers the ids of an app's actions; none of an app that no sandbox server has.
    pub fn actions(app: &str) -> Vec<&'static str> {
        let app = crate::catalogue::APPS.iter().find(|known| known.slug == app);
        app.into_iter().flat_map(|app| app.actions).map(|action| action.id).collect()
    }

    /// Answers the domain of all seeded e-mail addresses of an account: a record with another one is
    /// another account's.
    pub fn seeded_domain(account: &str) -> String {
        crate::seed::domain(account)
    }

    /// Adds a linked account that has connected every app; `false` if it exists already.
    pub fn add_account(&self, id: &str) -> bool {
        self.state.accounts.create(id, crate::catalogue::APPS.iter().map(|app| app.slug.to_owned()))
    }

    /// Queues a fault for the next request that it matches.
    pub fn inject(&self, fault: Fault) {
        self.state.faults.push(fault);
    }

    /// Forgets all faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Answers how many of the injected faults are still to happen.
    pub fn pending_faults(&self) -> usize {
        self.state.faults.len()
    }

    /// Answers an account's session token, as the session endpoint would, without a request.
    ///
    /// `None` if there is no such account.
    pub fn session_token(&self, account: &str) -> Option<String> {
        let state = &self.state;
        let issue = || state.sessions.issue(account, false, state.clock.now(), &state.ids).token;
        state.accounts.exists(account).then(issue)
    }

    /// Makes all session tokens invalid: requests with one are answered 401 `Invalid session token`.
    pub fn revoke_session_tokens(&self) {
        self.state.sessions.revoke_all();
    }

    /// Moves the server's clock on: tokens expire and rate limits refill without waiting.
    pub fn advance_clock(&self, by: Duration) {
        self.state.clock.advance(by);
    }

    /// Waits until the log holds `n` requests whose bodies have arrived, or have ended early.
    ///
    /// They need not have been answered, nor carried out. Never returns where there is no log.
    pub async fn request_arrived(&self, n: usize) {
        self.wait_until(|sandbox| sandbox.state.log.arrived() >= n).await;
    }

    /// Waits until `n` executes have run since the start of the server. Never returns where there is no
    /// log.
    pub async fn executed(&self, n: usize) {
        self.wait_until(|sandbox| sandbox.state.accounts.executed() >= n).await;
    }

    /// Waits until a condition on what the server has seen holds. It is looked at whenever a
    /// connection is opened or closed, and a request arrives, runs or is answered.
    pub async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.state.changes.subscribe();
        // The sender lives as long as `self`: this cannot fail before the condition holds.
        while !condition(self) && changes.changed().await.is_ok() {}
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}
