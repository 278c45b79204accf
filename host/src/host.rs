//! The host: engine, allocator, epoch ticker and HTTP client, shared by all its plugins.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use secrecy::SecretString;
use tokio::sync::Semaphore;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
    WasmBacktraceDetails, component::Linker,
};

use crate::{
    account_check,
    audit::{AuditSink, TracingSink},
    cache::CompileCache,
    call::{CallState, CoreDumpSink, Live},
    cassette::Cassette,
    compile::{Source, compile, find_file},
    component_file,
    credential::CredentialError,
    error::{ConfigError, LoadError},
    gate::{BeforeSend, client::Client, pace::Pace, typed},
    inspect::{Inspection, inspect},
    kept::Kept,
    limits::{HostLimits, Limits},
    name::AppSlug,
    outgoing,
    plugin::Plugin,
    quarantine::{Quarantine, Quarantined},
    turns::Turns,
    upstream::Upstream,
    worker::CompileWorker,
};

/// A host of plugins: one WebAssembly engine and one HTTP client, shared by all that it loads.
///
/// Make one per process and keep it. Cheap to clone. Calls need a multi-threaded tokio runtime with its
/// I/O and time drivers on.
///
/// ```no_run
/// use actionbox_host::{ActionHost, ApiKey, Grant, Upstream};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let host = ActionHost::builder().build()?;
/// let plugin = host.load_file("refold.wasm").await?;
/// let grant = Grant::builder("acme")
///     .upstream(Upstream::refold(), ApiKey::new(std::env::var("REFOLD_API_KEY")?, "customer@example.com")?)
///     .allow_reads("hubspot")
///     .build()?;
/// for action in plugin.list_actions(&grant, "hubspot").await? {
///     println!("{}", action.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ActionHost(Arc<Shared>);

/// What all plugins of a host share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<CallState>,
    pub(crate) client: Client,
    pub(crate) limits: Limits,
    pub(crate) host_limits: HostLimits,
    pub(crate) turns: Turns,
    pub(crate) pace: Pace,
    pub(crate) quarantine: Quarantine,
    pub(crate) kept: Kept<Live>,
    /// Large answers that are being screened, and components that are being compiled: few at once, because
    /// both take a processor and much memory.
    pub(crate) screening: Semaphore,
    pub(crate) compiling: Arc<Semaphore>,
    pub(crate) worker: Option<CompileWorker>,
    pub(crate) cache: Option<CompileCache>,
    pub(crate) audit: Arc<dyn AuditSink>,
    pub(crate) before_send: Option<Arc<dyn BeforeSend>>,
    pub(crate) core_dumps: Option<CoreDumpSink>,
    pub(crate) recording: Option<Cassette>,
    pub(crate) replaying: Option<Cassette>,
    calls: AtomicU64,
}

impl Shared {
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Relaxed) + 1
    }
}

impl ActionHost {
    /// Starts a host with every setting at its default.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, Limits};
    ///
    /// let host = ActionHost::builder().build()?;
    /// assert_eq!(host.limits(), &Limits::default());
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn builder() -> ActionHostBuilder {
        ActionHostBuilder::default()
    }

    /// Loads a plugin from the bytes of a component: compiles it, on a thread of its own, or finds its code
    /// in the [cache](ActionHostBuilder::compile_cache), and checks its imports and exports.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the bytes are no component, or one that asks for more than plugins are given.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, LoadError, Plugin};
    /// # async fn fetch(_: &str) -> Vec<u8> { Vec::new() }
    /// # async fn example(host: ActionHost, reviewed: &str) -> Result<(), LoadError> {
    /// // Out of the service's own registry, if it still is what was reviewed.
    /// let plugin = host.load(fetch("crm-sync").await).await?;
    /// assert_eq!(plugin.digest(), reviewed);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn load(&self, component: impl Into<Vec<u8>>) -> Result<Plugin, LoadError> {
        let source = Arc::new(Source::new(component.into()));
        let component = compile(&self.0, source.clone()).await?;
        Plugin::new(self.0.clone(), &component, source.identity())
    }

    /// Loads a plugin from a file.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and when the file cannot be read.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, LoadError};
    /// # async fn example(host: ActionHost) -> Result<(), LoadError> {
    /// let plugin = host.load_file("plugins/crm-sync.wasm").await?;
    /// println!("{} ({} bytes)", plugin.digest(), plugin.size());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn load_file(&self, path: impl AsRef<Path>) -> Result<Plugin, LoadError> {
        if let Some((component, identity)) = find_file(&self.0, path.as_ref()).await {
            return Plugin::new(self.0.clone(), &component, &identity);
        }
        let bytes = component_file::read(path.as_ref(), self.0.host_limits.component_bytes).await?;
        self.load(bytes).await
    }

    /// Tells what a file is and whether this host would load it.
    ///
    /// # Errors
    ///
    /// [`LoadError`] only when the file cannot be read, or is too large to be; everything else is in the verdict.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, LoadError};
    /// # async fn example(host: ActionHost) -> Result<(), LoadError> {
    /// let found = host.inspect_file("plugins/crm-sync.wasm").await?;
    /// println!("{}", found.digest);
    /// if let Err(refused) = found.verdict {
    ///     println!("would not be loaded: {refused}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn inspect_file(&self, path: impl AsRef<Path>) -> Result<Inspection, LoadError> {
        let bytes = component_file::read(path.as_ref(), self.0.host_limits.component_bytes).await?;
        Ok(self.inspect(bytes).await)
    }

    /// Tells what bytes are and whether this host would load them.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, LoadError};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let host = ActionHost::builder().build()?;
    /// # let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let found = host.inspect(b"\x7fELF: somebody uploaded a program").await;
    /// assert!(matches!(found.verdict, Err(LoadError::Precompiled)));
    /// # });
    /// # Ok(())
    /// # }
    /// ```
    pub async fn inspect(&self, component: impl Into<Vec<u8>>) -> Inspection {
        inspect(self.0.clone(), Arc::new(Source::new(component.into()))).await
    }

    /// Checks that an upstream tells linked accounts apart: asks it for an app's actions, for an account
    /// that does not exist, and expects to be refused.
    ///
    /// Meant for the start of a service that uses [`ApiKey`](crate::ApiKey). A proxy on the way may drop
    /// headers with underscores; without `linked_account_id`, every call would be one of the whole
    /// organisation. Waits 10 s at most.
    ///
    /// # Errors
    ///
    /// [`CredentialError::AccountIgnored`] when the upstream answers all the same; another
    /// [`CredentialError`] when it refuses the key, or cannot be asked.
    ///
    /// ```no_run
    /// use actionbox_host::{ActionHost, AppSlug, SecretString, Upstream};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let host = ActionHost::builder().build()?;
    /// let key = SecretString::from(std::env::var("REFOLD_API_KEY")?);
    /// host.check_account_header(&Upstream::refold(), &key, AppSlug::parse("hubspot")?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check_account_header(
        &self,
        upstream: &Upstream,
        key: &SecretString,
        app: AppSlug,
    ) -> Result<(), CredentialError> {
        account_check::check(&self.0.client, upstream, key, app).await
    }

    /// Returns the limits of calls whose grant sets none.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, Limits};
    ///
    /// let host = ActionHost::builder().limits(Limits { requests: 16, ..Limits::default() }).build()?;
    /// assert_eq!(host.limits().requests, 16);
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Returns which plugins are kept away from an upstream: answers to them held a credential as often as
    /// [`HostLimits::leaks`] permits.
    ///
    /// ```
    /// use actionbox_host::ActionHost;
    ///
    /// let host = ActionHost::builder().build()?;
    /// for who in host.quarantined() {
    ///     println!("{} is kept away from {} for {}", who.plugin, who.upstream, who.tenant);
    /// }
    /// # assert!(host.quarantined().is_empty());
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.0.quarantine.list()
    }

    /// Ends a quarantine and forgets its leaks; tells whether there were any.
    ///
    /// # Security
    ///
    /// Find out first why the upstream's answers held a credential: the plugin may have asked for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::ActionHost;
    ///
    /// # fn main() -> Result<(), actionbox_host::ConfigError> {
    /// # let host = ActionHost::builder().build()?;
    /// // The upstream has stopped to echo keys in its answers.
    /// for who in host.quarantined().iter().filter(|who| who.tenant == "acme") {
    ///     host.release(who);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn release(&self, who: &Quarantined) -> bool {
        self.0.quarantine.release(who)
    }

    #[cfg(feature = "bench-internals")]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl fmt::Debug for ActionHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionHost").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

/// Builds an [`ActionHost`].
///
/// ```
/// use actionbox_host::{ActionHost, ActionHostBuilder, HostLimits, Limits};
/// use std::time::Duration;
///
/// /// What all hosts of this service have in common; tests add a cassette.
/// fn host() -> ActionHostBuilder {
///     ActionHost::builder()
///         .limits(Limits { wall_time: Duration::from_secs(10), ..Limits::default() })
///         .host_limits(HostLimits { concurrent_calls: 64, ..HostLimits::default() })
/// }
/// assert!(host().build().is_ok());
/// ```
#[derive(Default)]
pub struct ActionHostBuilder {
    limits: Limits,
    host_limits: HostLimits,
    roots: Vec<Vec<u8>>,
    http2: bool,
    audit: Option<Arc<dyn AuditSink>>,
    before_send: Option<Arc<dyn BeforeSend>>,
    core_dumps: Option<CoreDumpSink>,
    worker: Option<CompileWorker>,
    cache: Option<CompileCache>,
    recording: Option<Cassette>,
    replaying: Option<Cassette>,
}

impl ActionHostBuilder {
    /// Sets the limits of calls whose grant sets none.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, Limits};
    /// use std::time::Duration;
    ///
    /// let limits = Limits { cpu_time: Duration::from_secs(1), memory_bytes: 64 << 20, ..Limits::default() };
    /// let host = ActionHost::builder().limits(limits).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the limits of the host as a whole.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, HostLimits, Rate};
    ///
    /// let account_rate = Some(Rate { per_second: 10, burst: 2 });
    /// let limits = HostLimits { account_rate, concurrent_calls: 64, ..HostLimits::default() };
    /// let host = ActionHost::builder().host_limits(limits).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn host_limits(mut self, limits: HostLimits) -> Self {
        self.host_limits = limits;
        self
    }

    /// Trusts further root certificates, in PEM, beside Mozilla's: a private CA, or a sandbox server's.
    ///
    /// # Security
    ///
    /// Whoever holds the CA's key can read the credentials that go to any upstream of this host.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::ActionHost;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let ca = std::fs::read("/etc/my-service/ca.pem")?;
    /// let host = ActionHost::builder().root_certificates_pem(ca).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Speaks HTTP/2 with upstreams that offer it. Default: HTTP/1.1 only.
    ///
    /// ```
    /// use actionbox_host::ActionHost;
    ///
    /// let host = ActionHost::builder().http2(true).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn http2(mut self, on: bool) -> Self {
        self.http2 = on;
        self
    }

    /// Hands audit events to a sink. Default: `tracing`, target `actionbox::audit`.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, AuditEvent, AuditSink};
    /// use std::sync::{Arc, Mutex};
    ///
    /// #[derive(Default)]
    /// struct Kept(Mutex<Vec<AuditEvent>>);
    ///
    /// impl AuditSink for Kept {
    ///     fn record(&self, event: AuditEvent) {
    ///         self.0.lock().expect("nobody panics with it").push(event);
    ///     }
    /// }
    ///
    /// let kept = Arc::new(Kept::default());
    /// let host = ActionHost::builder().audit(kept.clone()).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = Some(sink);
        self
    }

    /// Asks a hook before each request leaves; when it fails, nothing is sent.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, BeforeSend, BoxFuture, SendIntent};
    /// use std::sync::Arc;
    ///
    /// struct Logged;
    ///
    /// impl BeforeSend for Logged {
    ///     fn before_send<'a>(&'a self, intent: &'a SendIntent) -> BoxFuture<'a, Result<(), String>> {
    ///         println!("{} is about to {}", intent.tenant, intent.route);
    ///         Box::pin(async { Ok(()) })
    ///     }
    /// }
    ///
    /// let host = ActionHost::builder().before_send(Arc::new(Logged)).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn before_send(mut self, hook: Arc<dyn BeforeSend>) -> Self {
        self.before_send = Some(hook);
        self
    }

    /// Hands the core dump of every plugin that traps to a function: for debugging plugins.
    ///
    /// # Security
    ///
    /// A dump holds the tenant's data: everything that was in the guest's memory. It holds no credential.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::ActionHost;
    ///
    /// let host = ActionHost::builder()
    ///     .core_dumps(|dump| {
    ///         if let Err(error) = std::fs::write("plugin.coredump", dump) {
    ///             eprintln!("the core dump is lost: {error}");
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn core_dumps(mut self, sink: impl Fn(Vec<u8>) + Send + Sync + 'static) -> Self {
        self.core_dumps = Some(Arc::new(sink));
        self
    }

    /// Compiles components in a process of its own, which is stopped when it takes too long or too much.
    /// Default: in this process, after a check of size and number of functions.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, CompileWorker};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // This program, which calls `CompileWorker::serve` when it is started so.
    /// let worker = CompileWorker::new(std::env::current_exe()?, ["compile-worker"]);
    /// let host = ActionHost::builder().compile_in(worker).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn compile_in(mut self, worker: CompileWorker) -> Self {
        self.worker = Some(worker);
        self
    }

    /// Keeps compiled code in a directory, and finds it there the next time. Default: none.
    ///
    /// # Security
    ///
    /// Whoever can write to the directory runs code in this process: see [`CompileCache`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{ActionHost, CompileCache};
    ///
    /// let cache = CompileCache::at("/var/cache/my-service/plugins").max_bytes(1 << 30);
    /// let host = ActionHost::builder().compile_cache(cache).build()?;
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn compile_cache(mut self, cache: CompileCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Records the upstream traffic of all calls, as plugins see it, in memory and without a bound: for
    /// developing plugins.
    ///
    /// ```
    /// use actionbox_host::{ActionHost, Cassette};
    ///
    /// let cassette = Cassette::new();
    /// let host = ActionHost::builder().record(cassette.clone()).build()?;
    /// // … calls …
    /// println!("{}", cassette.to_json());
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn record(mut self, cassette: Cassette) -> Self {
        self.recording = Some(cassette);
        self
    }

    /// Plays a recording in place of every upstream: nothing is sent, and no credential is asked for.
    ///
    /// Grants and limits hold as always; `before_send`, pace and tries do not come into it, and `sent` is
    /// always [`Sent::No`](crate::Sent::No). A request that is not recorded ends its call with
    /// [`Error::NotRecorded`](crate::Error::NotRecorded), whatever the plugin makes of it.
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, Cassette};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cassette = Cassette::parse(&std::fs::read_to_string("tests/contacts.json")?)?;
    /// let host = ActionHost::builder().replay(cassette).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replay(mut self, cassette: Cassette) -> Self {
        self.replaying = Some(cassette);
        self
    }

    /// Builds the host and starts its epoch ticker, an OS thread that ends with the host.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a certificate cannot be used or the engine cannot be set up.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{ActionHost, ConfigError};
    ///
    /// let error = ActionHost::builder().root_certificates_pem("no certificate").build().unwrap_err();
    /// assert!(matches!(error, ConfigError::Certificate(_)));
    /// ```
    pub fn build(self) -> Result<ActionHost, ConfigError> {
        let failed = |error: wasmtime::Error| ConfigError::Engine(format!("{error:#}"));
        self.host_limits.check()?;
        let engine = Engine::new(&config(&self)).map_err(failed)?;
        let linker = linker(&engine).map_err(failed)?;
        tick(engine.weak()).map_err(|error| ConfigError::Engine(error.to_string()))?;
        Ok(ActionHost(Arc::new(Shared {
            client: Client::new(&self.roots, self.http2, &self.host_limits)?,
            engine,
            linker,
            turns: Turns::new(&self.host_limits),
            pace: Pace::new(self.host_limits.account_rate),
            quarantine: Quarantine::new(self.host_limits.leaks),
            kept: Kept::new(&self.host_limits),
            screening: Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)),
            compiling: Arc::new(Semaphore::new(1)),
            worker: self.worker,
            cache: self.cache,
            limits: self.limits,
            host_limits: self.host_limits,
            audit: self.audit.unwrap_or_else(|| Arc::new(TracingSink)),
            before_send: self.before_send,
            core_dumps: self.core_dumps,
            recording: self.recording,
            replaying: self.replaying,
            calls: AtomicU64::new(0),
        })))
    }
}

/// Memories of one call; a component made of two languages has two.
pub(crate) const MEMORIES: u32 = 4;
/// Memories of all calls: at 4 GiB each, what fits into the address space of a process in one piece. That has 128 TiB,
/// and where it can be anywhere, Linux puts the program at some 85 of them. Enough for four of each of 5,000 calls;
/// most plugins have one.
const ALL_MEMORIES: u32 = 20_000;
/// Tables of one call; a component has one for its language and one for its imports.
pub(crate) const TABLES: u32 = 16;

fn config(builder: &ActionHostBuilder) -> Config {
    const HOST_STACK: usize = 1536 << 10;
    // Checked to be within range. Whoever waits takes no place of those that run.
    let places = builder.host_limits.concurrent_calls + builder.host_limits.kept_instances;
    let calls = u32::try_from(places).unwrap_or(u32::MAX);
    let instances = u32::try_from(builder.limits.instances).unwrap_or(u32::MAX).clamp(1, 1024);
    let mut pool = PoolingAllocationConfig::default();
    // All calls at once fit, each with as much as one may have: none takes what another needs.
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_core_instances(calls.saturating_mul(instances))
        .max_core_instances_per_component(instances)
        .total_memories(calls.saturating_mul(MEMORIES).min(ALL_MEMORIES))
        .max_memories_per_component(MEMORIES)
        .max_memories_per_module(MEMORIES)
        .total_tables(calls.saturating_mul(TABLES))
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .table_elements(builder.limits.table_elements.max(20_000))
        .max_memory_size(1 << 30)
        // Kept-resident memory without the scan costs more than it saves.
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = compiler_config(builder.host_limits.fuel.is_some());
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .max_wasm_stack(builder.host_limits.stack_bytes)
        // Host functions run on the same stack: what wasmtime leaves them by default.
        .async_stack_size(builder.host_limits.stack_bytes.saturating_add(HOST_STACK))
        .coredump_on_trap(builder.core_dumps.is_some());
    config
}

/// The part of the configuration that code is compiled for; a worker has no other.
pub(crate) fn compiler_config(fuel: bool) -> Config {
    let mut config = Config::new();
    config
        // WASI 0.2 only: the machinery for 0.3 costs an eighth of every call.
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(fuel)
        // Otherwise read from the environment.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// Links all of WASI 0.2 that guests may import, and nothing else.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    // The same functions for streams, which ask for no context: it is made for guests that need one.
    linker.allow_shadowing(true);
    wasmtime_wasi_io::add_to_linker_async(&mut linker)?;
    linker.allow_shadowing(false);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    outgoing::bound(&mut linker)?;
    typed::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Advances the epoch, so that a guest that runs is interrupted at every tick. On a thread of its own: a
/// guest that keeps all async threads busy must not keep the clock from ticking.
fn tick(engine: EngineWeak) -> std::io::Result<()> {
    const TICK: Duration = Duration::from_millis(10);
    std::thread::Builder::new().name("actionbox-epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}
