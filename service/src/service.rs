//! The service: what it is made of, how it starts, and how it stops.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use actionbox_host::ActionHostBuilder;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::{
    admin::Admin,
    chain::Entry,
    database::{Database, Presence},
    directory::{Directory, Parts},
    error::{StartError, StoreError},
    http::{self, console::Console},
    journal::{Collector, Journal},
    rates::Rates,
    refusals::Refusals,
    room::Room,
    seal::Keyring,
    signers::Signers,
    store::{Execution, State, Store, now},
    telemetry::{Gauges, Telemetry},
    upkeep::Upkeep,
    vault::Vault,
    verdict::Judge,
    writer::{Change, Writer},
};

/// How many of the newest lines of the audit are checked at the start. The others are checked on demand.
const CHECKED_LINES: i64 = 10_000;

/// How long the last changes may take when the time to stop is over.
const LAST: Duration = Duration::from_secs(5);

/// How a service is set up.
pub struct Config {
    /// The address that it listens on. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where it keeps what it knows.
    pub database: Database,
    /// What the credentials are encrypted with.
    pub keyring: Keyring,
    /// What plugins run in: limits, certificates, compiler, cache. Its audit and journal are the service's.
    pub host: ActionHostBuilder,
    /// How many calls may be in the service at once. Beyond that, callers are answered 503. Default:
    /// [`CALLS`](Self::CALLS).
    pub calls: usize,
    /// How many of one tenant. Beyond that, its callers are answered 429. Default:
    /// [`CALLS_PER_TENANT`](Self::CALLS_PER_TENANT).
    pub calls_per_tenant: usize,
    /// How many of tenants that have a number of their own. Default: none has.
    pub calls_of_tenants: HashMap<String, usize>,
    /// How long the answers to executions are kept, and idempotency keys hold. Default: for ever.
    pub answers_kept_for: Option<Duration>,
    /// Who has to have signed the plugins that are uploaded. Default: nobody.
    pub signers: Signers,
    /// Who tries the plugins that are uploaded. Default: nobody.
    pub judge: Option<Arc<dyn Judge>>,
    /// Whether only plugins may be granted that were found to keep the contract. Default: no.
    pub only_good_plugins: bool,
    /// Where the secrets are that are not stored here. Default: there is no such place.
    pub vault: Option<Vault>,
    /// The base URL of a collector that traces and metrics are sent to, by OTLP over HTTP. Default: there is none.
    pub otlp_endpoint: Option<String>,
    /// Which clients of the Model Context Protocol are answered, beside those with a key.
    pub mcp: McpHosts,
}

/// What `/mcp` checks before the key, so that a web page that its visitor's browser has loaded reaches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct McpHosts {
    /// The names in `Host` that are answered, `name` or `name:port`. Default: on a loopback address, the names of
    /// loopback; elsewhere any.
    pub hosts: Vec<String>,
    /// The values of `Origin` that are answered, `https://name:port` or `https://name:*`. Requests without one are.
    /// Default: none, and so no web page.
    pub origins: Vec<String>,
}

impl Config {
    /// How many calls a service has room for by default: as many as its host runs at once, and as many that wait.
    pub const CALLS: usize = 512;
    /// How many of them may be one tenant's by default.
    pub const CALLS_PER_TENANT: usize = 64;

    /// A service with the defaults.
    pub fn new(listen: SocketAddr, database: Database, keyring: Keyring, host: ActionHostBuilder) -> Self {
        Self {
            listen,
            database,
            keyring,
            host,
            calls: Self::CALLS,
            calls_per_tenant: Self::CALLS_PER_TENANT,
            calls_of_tenants: HashMap::new(),
            answers_kept_for: None,
            signers: Signers::default(),
            judge: None,
            only_good_plugins: false,
            vault: None,
            mcp: McpHosts::default(),
            otlp_endpoint: None,
        }
    }
}

/// A service that runs.
///
/// Dropping it stops it at once, as a power cut would. See [`stop`](Self::stop).
pub struct Service {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    upkeep: JoinHandle<Presence>,
}

/// What all parts of a service share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) collector: Arc<Collector>,
    pub(crate) directory: Directory,
    pub(crate) keyring: Keyring,
    pub(crate) vault: Option<Arc<Vault>>,
    pub(crate) signers: Signers,
    pub(crate) judge: Option<Arc<dyn Judge>>,
    /// One at a time.
    pub(crate) judging: Semaphore,
    pub(crate) only_good_plugins: bool,
    pub(crate) host: actionbox_host::ActionHost,
    pub(crate) refusals: Refusals,
    pub(crate) room: Arc<Room>,
    pub(crate) rates: Rates,
    pub(crate) console: Console,
    pub(crate) telemetry: Telemetry,
    /// The name of this process in the database.
    pub(crate) instance: String,
}

impl Gauges for Shared {
    fn calls_running(&self) -> u64 {
        self.room.taken() as u64
    }

    fn changes_waiting(&self) -> u64 {
        self.writer.waiting() as u64
    }
}

impl Shared {
    /// What grants are made of.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let Self { store, host, keyring, vault, .. } = self;
        Parts { store, host, keyring, vault: vault.as_ref() }
    }
}

/// Encrypts under the first master key what is under another.
async fn rotate(store: &Store, writer: &Writer, keyring: &Keyring) -> Result<(), StartError> {
    for row in store.credentials().await? {
        // What no key of the ring opens is told by the grant that needs it.
        let Some(Ok(Some(sealed))) = row.sealed.map(|sealed| keyring.rewrap(&sealed)) else { continue };
        let event = serde_json::json!({ "kind": "credential", "change": "encrypted anew", "name": row.name });
        let entry = Entry { at: now(), tenant: Some(row.tenant.clone()), correlation: None, event };
        let (tenant, name, generation) = (row.tenant, row.name, row.generation);
        writer.make(Change::Rewrap { tenant, name, generation, sealed, entry }).await?;
    }
    Ok(())
}

impl Service {
    /// Opens the database, marks what an earlier process has left in doubt, loads what is granted, and listens.
    ///
    /// # Errors
    ///
    /// [`StartError`] for whatever of that fails. The newest 10,000 lines of the audit trail are checked too: a
    /// broken one is no start.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let store = Store::open(&config.database).await?;
        let writer = Writer::start(&store);
        let started = Self::start_on(store.clone(), writer.clone(), config).await;
        if started.is_err() {
            // Another one may use it.
            writer.stop().await;
            store.close().await;
        }
        started
    }

    async fn start_on(store: Store, writer: Writer, config: Config) -> Result<Self, StartError> {
        let telemetry = Telemetry::start(config.otlp_endpoint.as_deref())?;
        store.verify_newest(CHECKED_LINES).await??;
        let mut presence = Presence::new(&store.kind).await?;
        presence.recover(&store, &writer).await?;
        let instance = format!("{:032x}", fastrand::u128(..));
        writer.make(Change::Arrive { instance: instance.clone(), lock: presence.lock }).await?;
        rotate(&store, &writer, &config.keyring).await?;
        let collector = Arc::new(Collector::new(writer.clone()));
        let host =
            config.host.audit(collector.clone()).before_send(Arc::new(Journal(writer.clone()))).build()?;
        let (keyring, vault) = (config.keyring, config.vault.map(Arc::new));
        let generation = store.generation().await?;
        let parts = Parts { store: &store, host: &host, keyring: &keyring, vault: vault.as_ref() };
        let directory = Directory::load(parts).await?;
        let address = config.listen;
        let listen = |error| StartError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let room = Room::new(config.calls, config.calls_per_tenant, config.calls_of_tenants);
        let shared = Arc::new(Shared {
            store,
            writer,
            collector,
            directory,
            keyring,
            vault,
            signers: config.signers,
            judge: config.judge,
            judging: Semaphore::new(1),
            only_good_plugins: config.only_good_plugins,
            host,
            refusals: Refusals::default(),
            room: Arc::new(room),
            rates: Rates::default(),
            console: Console::default(),
            telemetry,
            instance,
        });
        shared.telemetry.metrics.observe(&shared);
        let (stop, stopped) = watch::channel(false);
        let mcp = http::Mcp::new(shared.clone(), address, &config.mcp);
        let server = tokio::spawn(http::serve(listener, shared.clone(), mcp, stopped.clone()));
        let upkeep =
            Upkeep { shared: shared.clone(), presence, generation, answers: config.answers_kept_for };
        let upkeep = tokio::spawn(upkeep.run(stopped));
        Ok(Self { shared, address, stop, server, upkeep })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more calls, and waits for those that run, for as long as is given in all. What still runs after that is
    /// marked at the next start, or by another service on the same database.
    pub async fn stop(self, patience: Duration) {
        let deadline = Instant::now() + patience;
        self.stop.send_replace(true);
        if !self.shared.room.empty(patience).await {
            tracing::warn!("calls are still running; the next start marks them");
        }
        if timeout_at(deadline, self.server).await.is_err() {
            tracing::warn!("a connection was still open");
        }
        // What is being tried is not cut off: it runs on threads that do not like that.
        let tried = timeout_at(deadline, self.shared.judging.acquire()).await;
        self.shared.judging.close();
        if tried.is_err() {
            tracing::warn!("a plugin is still being tried; upload it again for a verdict");
        }
        // However late it is, the last changes have a moment.
        let end = deadline.max(Instant::now() + LAST);
        if timeout_at(end, self.shared.writer.stop()).await.is_err() {
            tracing::error!("the database does not take the last changes");
        }
        // Until here, others can tell that this process lives.
        let presence = timeout_at(end, self.upkeep).await;
        if timeout_at(end, self.shared.store.close()).await.is_err() {
            tracing::warn!("a connection to the database was still in use");
        }
        drop(presence);
        let shared = self.shared.clone();
        // It waits for the collector.
        if let Err(error) = tokio::task::spawn_blocking(move || shared.telemetry.stop()).await {
            tracing::error!(%error, "the last figures are lost");
        }
    }

    /// Changes what the service knows, in the name of somebody, which the audit has.
    pub fn admin(&self, by: impl Into<String>) -> Admin {
        Admin::new(self.shared.clone(), by.into())
    }

    /// Tells whether there is a key for an administrator. Where there is none, nobody can change anything over the
    /// network: make one by [`admin`](Self::admin).
    pub fn has_admin_key(&self) -> bool {
        self.shared.directory.has_admin_key()
    }

    /// Returns the newest executions, of a tenant or of all, in one state or in any.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database does not answer.
    pub async fn executions(
        &self,
        tenant: Option<&str>,
        state: Option<State>,
        limit: u32,
    ) -> Result<Vec<Execution>, StoreError> {
        self.shared.store.executions(tenant, state, limit.into()).await
    }

    /// Checks the audit trail, and returns how many lines it has.
    ///
    /// # Errors
    ///
    /// [`StartError`] when it is broken, or cannot be read.
    pub async fn verify_audit(&self) -> Result<i64, StartError> {
        Ok(self.shared.store.verify().await??.sequence)
    }
}
