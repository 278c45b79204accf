//! Where a hostile plugin is played: one host for all cases, and for each a server, a tenant and a grant of
//! its own, so that cases run side by side.
//!
//! Beside every attack a well-behaved tenant makes a call of its own on the same host, and gets its own
//! data. After it, everything that was left is looked at; and what the guest could read is seen in the dump
//! of its memory.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use actionbox_host::{
    ApiKey, BoxFuture, Credential, CredentialError, CredentialProvider, Effect, Error, Grant, GrantBuilder,
    Limits, Plugin, SessionTokens, TokenExchange, Upstream,
};
use actionbox_sandbox::{RecordedRequest, Sandbox};
use actionbox_tests::{
    audit::Ledger,
    canary::{self, Finder},
    dump,
    expected::Bearer,
    tricks,
    world::{ACCOUNT, NEIGHBOUR, World},
};
use aho_corasick::AhoCorasick;
use serde_json::{Value, json};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OnceCell, Semaphore},
};

use crate::traces::Traces;

/// Guests that run at once, each with a neighbour: more would take no less time.
pub(crate) static ROOM: Semaphore = Semaphore::const_new(6);

tokio::task_local! {
    /// The core dumps of the calls of one task.
    static DUMPS: RefCell<Vec<Vec<u8>>>;
}

/// What all cases share, because it is slow to make.
pub(crate) struct Prison {
    pub(crate) world: World,
    ledger: Arc<Ledger>,
    /// The API key of all cells: a search is slow to prepare.
    key: String,
    finder: Arc<Finder>,
    /// Held by the case that plays, where there is room for one only.
    pub(crate) turn: Mutex<()>,
}

impl Prison {
    async fn new(calls: usize) -> Self {
        let ledger = Arc::new(Ledger::default());
        let sink = ledger.clone();
        let keep = |dump| DUMPS.with(|dumps| dumps.borrow_mut().push(dump));
        let world = World::builder()
            .host(move |host| host.audit(sink).core_dumps(keep))
            .host_limits(|limits| limits.concurrent_calls = calls)
            .start()
            .await;
        let key = canary::secret();
        let finder = Arc::new(Finder::new([random(&key), random(&world.key)]));
        Self { world, ledger, key, finder, turn: Mutex::default() }
    }

    /// Makes one on this thread: how a world is to be cannot be sent to another.
    fn make(calls: usize) -> Self {
        tokio::task::block_in_place(|| Handle::current().block_on(Self::new(calls)))
    }

    /// Returns the one with room for many calls.
    pub(crate) async fn get() -> &'static Self {
        static PRISON: OnceCell<Prison> = OnceCell::const_new();
        PRISON.get_or_init(async || Self::make(64)).await
    }

    /// Returns the one with room for one call: every call gets the memory of the one before.
    pub(crate) async fn with_one_slot() -> &'static Self {
        static PRISON: OnceCell<Prison> = OnceCell::const_new();
        PRISON.get_or_init(async || Self::make(1)).await
    }
}

/// The part of a key that no other has.
fn random(key: &str) -> &str {
    key.strip_prefix(canary::PREFIX).expect("a canary")
}

/// Counts how often a credential is asked for.
struct Counted(Arc<dyn CredentialProvider>, Arc<AtomicUsize>);

impl CredentialProvider for Counted {
    fn credential<'a>(
        &'a self,
        exchange: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        self.1.fetch_add(1, SeqCst);
        self.0.credential(exchange)
    }

    fn rejected<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, bool> {
        self.0.rejected(credential)
    }
}

/// How a cell is to be.
#[must_use = "a builder does nothing until the cell is built"]
pub(crate) struct Builder {
    tenant: String,
    prison: &'static Prison,
    session_tokens: bool,
    limits: Option<Limits>,
    grant: fn(GrantBuilder) -> GrantBuilder,
    effect: Effect,
}

/// One case in its cell.
pub(crate) struct Cell {
    pub(crate) prison: &'static Prison,
    pub(crate) sandbox: Sandbox,
    pub(crate) grant: Grant,
    pub(crate) traces: Traces,
    session_tokens: bool,
    credentials_asked: Arc<AtomicUsize>,
}

impl Cell {
    /// Describes a cell with a grant for reads and writes, in which any trick may write.
    pub(crate) async fn builder(tenant: &str) -> Builder {
        Builder {
            tenant: tenant.to_owned(),
            prison: Prison::get().await,
            session_tokens: false,
            limits: None,
            grant: |grant| grant.allow_reads("hubspot").allow_writes("hubspot"),
            effect: Effect::Write,
        }
    }

    /// Builds such a cell.
    pub(crate) async fn new(tenant: &str) -> Self {
        Self::builder(tenant).await.build().await
    }

    /// Plays a trick of the hostile plugin, beside a neighbour.
    pub(crate) async fn play(&self, trick: &str, options: Value) -> Result<Value, Error> {
        self.play_with(&self.prison.world.plugin, trick, options).await
    }

    /// Plays a trick of any plugin, beside a neighbour.
    pub(crate) async fn play_with(
        &self,
        plugin: &Plugin,
        trick: &str,
        options: Value,
    ) -> Result<Value, Error> {
        let (ended, dumps) = self.beside_a_neighbour(plugin, trick, options).await;
        for dump in dumps {
            self.search(&dump);
        }
        ended
    }

    /// Makes requests in a guest that then traps, and searches its whole memory.
    pub(crate) async fn dump(&self, requests: Vec<Value>) {
        let marker = canary::secret();
        let options = json!({ "requests": requests, "marker": marker });
        let plugin = &self.prison.world.plugin;
        let (ended, dumps) = self.beside_a_neighbour(plugin, "search_and_trap", options).await;
        assert!(matches!(ended, Err(Error::Trapped { .. })), "{ended:?}");
        let [dump] = dumps.as_slice() else { panic!("one dump, not {}", dumps.len()) };
        let memories = self.search(dump);
        let finder = AhoCorasick::new([&marker]).expect("one needle");
        assert!(memories.iter().any(|memory| finder.is_match(memory)), "the memory is the guest's");
    }

    /// Plays a trick of the hostile plugin where there is no room for a neighbour.
    pub(crate) async fn play_alone(&self, trick: &str, options: Value) -> Result<Value, Error> {
        let (ended, dumps) = run(&self.prison.world.plugin, &self.grant, trick, &options).await;
        for dump in dumps {
            self.search(&dump);
        }
        self.traces.look_around(ended)
    }

    /// Has a plugin list the actions of an app, or describe an action, beside a neighbour.
    pub(crate) async fn discover(&self, plugin: &Plugin, name: &str, describes: bool) -> Result<(), Error> {
        let (plugin, grant, name) = (plugin.clone(), self.grant.clone(), name.to_owned());
        let discovering = async move {
            match describes {
                true => plugin.describe_action(&grant, "hubspot", &name).await.map(drop),
                false => plugin.list_actions(&grant, &name).await.map(drop),
            }
        };
        let (ended, dumps) = self.neighbour_during(with_dumps(discovering)).await;
        for dump in dumps {
            self.search(&dump);
        }
        self.traces.look_around(ended)
    }

    async fn beside_a_neighbour(
        &self,
        plugin: &Plugin,
        trick: &str,
        options: Value,
    ) -> (Result<Value, Error>, Vec<Vec<u8>>) {
        let (plugin, grant, trick) = (plugin.clone(), self.grant.clone(), trick.to_owned());
        let attack = async move { run(&plugin, &grant, &trick, &options).await };
        let (ended, dumps) = self.neighbour_during(attack).await;
        (self.traces.look_around(ended), dumps)
    }

    /// Makes one call of a neighbour after the other, at least one, until an attack has ended.
    async fn neighbour_during<T: Send + 'static>(
        &self,
        attack: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let _room = ROOM.acquire().await;
        let attack = tokio::spawn(attack);
        self.prison.world.neighbour_is_well().await;
        while !attack.is_finished() {
            self.prison.world.neighbour_is_well().await;
        }
        attack.await.expect("no panic")
    }

    /// Searches a core dump for the credentials, and returns the memories in it.
    fn search(&self, dump: &[u8]) -> Vec<Vec<u8>> {
        let memories = dump::memories(dump);
        for memory in &memories {
            self.traces.assert_clean("the guest's memory", memory);
        }
        self.traces.assert_clean("the dump", dump);
        memories
    }

    /// Returns the grant of another tenant for the same upstream.
    pub(crate) fn neighbours_grant(&self) -> Grant {
        let upstream = Upstream::refold().at(&self.sandbox.base_url()).expect("a base URL");
        let credentials = credentials(self.session_tokens, &self.prison.key, NEIGHBOUR);
        let grant = Grant::builder(NEIGHBOUR).upstream_shared(upstream, credentials).allow_reads("hubspot");
        let grant = ["search", "count", "send"]
            .into_iter()
            .fold(grant, |grant, trick| grant.own_action("hubspot", trick, Effect::Read));
        grant.build().expect("a grant")
    }

    /// Asserts that no connection was opened, and no credential asked for.
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.sandbox.connections(), 0, "connections: {:#?}", self.sandbox.requests());
        assert_eq!(self.credentials_asked.load(SeqCst), 0, "credentials that were asked for");
    }

    /// Returns the requests that the server received, those for session tokens left out.
    pub(crate) fn received(&self) -> Vec<RecordedRequest> {
        let mut requests = self.sandbox.requests();
        requests.retain(|request| !request.target.starts_with("/api/v2/public/session-token"));
        requests
    }

    /// Does something with what the tenant's requests carry.
    pub(crate) fn with_bearer<T>(&self, account: &str, work: impl FnOnce(&Bearer<'_>) -> T) -> T {
        match self.session_tokens {
            true => work(&Bearer::Token(&self.sandbox.session_token(account).expect("an account"))),
            false => work(&Bearer::Key { key: &self.prison.key, account }),
        }
    }
}

impl Builder {
    /// Authenticates with session tokens.
    pub(crate) fn session_tokens(mut self, on: bool) -> Self {
        self.session_tokens = on;
        self
    }

    /// Sets the limits of the attacked calls.
    pub(crate) fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Grants something else.
    pub(crate) fn grant(mut self, grant: fn(GrantBuilder) -> GrantBuilder) -> Self {
        self.grant = grant;
        self
    }

    /// Sets the effect up to which tricks may go.
    pub(crate) fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Plays on a host with room for one call.
    pub(crate) async fn one_slot(mut self) -> Self {
        self.prison = Prison::with_one_slot().await;
        self
    }

    pub(crate) async fn build(self) -> Cell {
        let key = &self.prison.key;
        let sandbox = Sandbox::builder().api_key(key).account(ACCOUNT).account(NEIGHBOUR).no_rate_limit();
        let sandbox = sandbox.start().await.expect("a sandbox server");
        let upstream = Upstream::refold().at(&sandbox.base_url()).expect("a base URL");
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Counted(credentials(self.session_tokens, key, ACCOUNT), asked.clone());
        let grant = (self.grant)(Grant::builder(&self.tenant).upstream(upstream, counted));
        let mut grant = tricks::ALL
            .iter()
            .fold(grant, |grant, trick| grant.own_action("hubspot", trick, self.effect).allow_reads(trick));
        if let Some(limits) = self.limits {
            grant = grant.limits(limits);
        }
        let finder = match self.session_tokens {
            true => {
                let token = sandbox.session_token(ACCOUNT).expect("an account");
                // All tokens begin alike.
                let signature = token.rsplit('.').next().expect("a signature");
                Arc::new(Finder::new([random(key), signature]))
            }
            false => self.prison.finder.clone(),
        };
        Cell {
            prison: self.prison,
            grant: grant.build().expect("a grant"),
            traces: Traces::new(&self.tenant, finder, self.prison.ledger.clone()),
            sandbox,
            session_tokens: self.session_tokens,
            credentials_asked: asked,
        }
    }
}

fn credentials(session_tokens: bool, key: &str, account: &str) -> Arc<dyn CredentialProvider> {
    match session_tokens {
        true => Arc::new(SessionTokens::new(key, account).expect("valid credentials")),
        false => Arc::new(ApiKey::new(key, account).expect("valid credentials")),
    }
}

/// Plays a trick, and returns its report and its core dumps.
async fn run(
    plugin: &Plugin,
    grant: &Grant,
    trick: &str,
    options: &Value,
) -> (Result<Value, Error>, Vec<Vec<u8>>) {
    with_dumps(async {
        let ended = plugin.execute_action(grant, "hubspot", trick, options).await;
        ended.map(|outcome| outcome.into_result().expect("tricks never fail in the app").data)
    })
    .await
}

/// Returns the core dumps of calls with what became of them.
async fn with_dumps<T>(calls: impl Future<Output = T>) -> (T, Vec<Vec<u8>>) {
    DUMPS.scope(RefCell::default(), async { (calls.await, DUMPS.with(RefCell::take)) }).await
}
