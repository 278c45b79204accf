//! One call: an instance in a store of its own, its limits and its deadline.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{self, Poll},
    time::Instant,
};

use tokio::sync::Semaphore;
use wasmtime::{
    Engine, PoolConcurrencyLimitError, ResourceLimiter, Store, Trap, UpdateDeadline, WasmCoreDump,
    component::ResourceTable,
};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::IoView;

use crate::{
    audit::escaped,
    contract::bindings::{PluginWithUpstream as Bindings, PluginWithUpstreamPre as PluginPre},
    gate::{Context, Gate},
    host::{MEMORIES, Shared, TABLES},
    in_turn::InTurn,
    kept::Owner,
    last_words,
    limits::{Exceeded, HostLimits, Limits},
    output::GuestOutput,
    usage::Usage,
};

/// What a store holds: the guest's view of WASI, the gate of its call, and the count of its memory.
pub(crate) struct CallState {
    wasi: Wasi,
    http: WasiHttpCtx,
    table: ResourceTable,
    gate: Gate,
    space: Space,
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.ctx(), table: &mut self.table }
    }
}

impl IoView for CallState {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.gate }
    }
}

impl CallState {
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// Receives the core dump of a guest that trapped: every memory of its store.
pub(crate) type CoreDumpSink = Arc<dyn Fn(Vec<u8>) + Send + Sync>;

/// Why a guest gave no result at all.
#[derive(Debug)]
pub(crate) enum Crash {
    Exceeded(Exceeded),
    Trapped(String),
    NoRoom(String),
}

/// An instance of a plugin, in a store of its own.
pub(crate) struct Live {
    store: Store<CallState>,
    /// Set once it is instantiated.
    exports: Option<Bindings>,
    output: GuestOutput,
}

/// Runs one export of an instance to its end, within all limits: of a fresh one, or of one that was kept.
pub(crate) async fn run<T>(
    host: &Shared,
    plugin: &PluginPre<CallState>,
    context: &Arc<Context>,
    running: &Arc<Semaphore>,
    export: impl AsyncFnOnce(&Bindings, &mut Store<CallState>) -> wasmtime::Result<T>,
) -> Result<T, Crash> {
    let limits = &context.limits;
    let owner = host.kept.is_on().then(|| Owner::new(&context.plugin, context.grant.id()));
    let kept = owner.as_ref().and_then(|owner| host.kept.take(owner));
    let mut live = match kept {
        Some(live) => live.begin(context),
        None => Live::new(&host.engine, context),
    };
    let ended = {
        let guest = pin!(live.call(plugin, &context.usage, export));
        // Epochs do not interrupt a guest that waits inside the host: the timeout around it all does.
        let guest = InTurn::new(Metered { guest, usage: &context.usage }, running);
        tokio::time::timeout_at(context.deadline.into(), guest).await
    };
    match ended {
        Ok(Ok(value)) => {
            // A request on its way, or a bound that was passed, ends with the instance.
            if let Some(owner) = owner
                && context.books.is_settled()
                && context.books.exceeded().is_none()
                && live.has_room(limits)
            {
                host.kept.put(owner, live.end(), Instant::now());
            }
            Ok(value)
        }
        Ok(Err(error)) => {
            if let (Some(sink), Some(dump)) = (&host.core_dumps, error.downcast_ref::<WasmCoreDump>()) {
                sink(dump.serialize(&mut live.store, "plugin"));
            }
            Err(crash(&error, limits, &host.host_limits, &live.output))
        }
        Err(_) => Err(Crash::Exceeded(Exceeded::WallTime(limits.wall_time))),
    }
}

impl Live {
    fn new(engine: &Engine, context: &Arc<Context>) -> Self {
        let limits = &context.limits;
        let output = GuestOutput::new(context.call, limits.output_bytes);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.header_bytes);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let state = CallState {
            wasi: Wasi { ctx: None, random_bytes: limits.random_bytes, output: output.clone() },
            http,
            table,
            gate: Gate::shut(),
            space: Space { memory: 0, elements: 0, instances: limits.instances },
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits.result_bytes);
        store.set_max_component_handles(limits.handles);
        store.epoch_deadline_callback(|store| {
            let Some(context) = store.data().gate.call() else { return Err(Trap::Interrupt.into()) };
            let most = context.limits.cpu_time;
            if context.usage.cpu_time() > most {
                return Err(Exceeded::CpuTime(most).into());
            }
            // A bound of the gate ends the call too, whatever the guest makes of the error it got.
            match context.books.exceeded() {
                Some(exceeded) => Err(exceeded.into()),
                None => Ok(UpdateDeadline::Yield(1)),
            }
        });
        Self { store, exports: None, output }.begin(context)
    }

    /// Begins a call. All calls of an instance are under one grant, hence within the same limits.
    fn begin(mut self, context: &Arc<Context>) -> Self {
        self.output.begin(context.call);
        self.store.set_epoch_deadline(1);
        if let Some(fuel) = context.host.host_limits.fuel {
            self.store.set_fuel(fuel).expect("the engine counts fuel when the host bounds it");
        }
        let state = self.store.data_mut();
        context.usage.set_memory(state.space.memory);
        state.gate = Gate::of(context);
        self
    }

    /// Tells whether there is room for further calls: an instance that does not give back memory or handles would
    /// fail a call in the end that a fresh one would not.
    fn has_room(&mut self, limits: &Limits) -> bool {
        let state = self.store.data_mut();
        let handles = state.table.iter_mut().count();
        let Space { memory, elements, .. } = state.space;
        memory <= limits.memory_bytes / 2
            && elements <= limits.table_elements / 2
            && handles <= limits.handles / 2
    }

    /// Ends a call: whatever runs in it from now on belongs to none.
    fn end(mut self) -> Self {
        self.output.end();
        self.store.data_mut().gate = Gate::shut();
        self
    }

    /// Instantiates the plugin, unless it is, and calls an export.
    async fn call<T>(
        &mut self,
        plugin: &PluginPre<CallState>,
        usage: &Usage,
        export: impl AsyncFnOnce(&Bindings, &mut Store<CallState>) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        let exports = match self.exports.take() {
            Some(exports) => exports,
            None => {
                let began = Instant::now();
                let exports = self.instantiate(plugin).await?;
                usage.set_instantiation(began.elapsed());
                exports
            }
        };
        let ended = export(&exports, &mut self.store).await;
        self.exports = Some(exports);
        ended
    }

    /// Instantiates the plugin. Whoever has a turn has a place; but the one that another call has just left may, for a
    /// moment, be on its way back to the pool, and wasmtime says then that there is none. So it is asked again.
    async fn instantiate(&mut self, plugin: &PluginPre<CallState>) -> wasmtime::Result<Bindings> {
        const TRIES: usize = 100;
        for _ in 1..TRIES {
            let error = match plugin.instantiate_async(&mut self.store).await {
                Err(error) if error.is::<PoolConcurrencyLimitError>() => error,
                done => return done,
            };
            // What has begun already is not begun again.
            let context = self.store.data().gate.call().cloned();
            let Some(context) = context.filter(|context| context.books.totals().requests == 0) else {
                return Err(error);
            };
            *self = Self::new(&self.store.engine().clone(), &context);
            tokio::task::yield_now().await;
        }
        plugin.instantiate_async(&mut self.store).await
    }
}

/// Everything that language runtimes import, present but denying: no environment, arguments, files or
/// sockets. Clocks and random numbers are real.
///
/// Made when a guest first asks for some of it: most of those written in Rust and C never do.
struct Wasi {
    ctx: Option<WasiCtx>,
    random_bytes: usize,
    output: GuestOutput,
}

impl Wasi {
    fn ctx(&mut self) -> &mut WasiCtx {
        self.ctx.get_or_insert_with(|| {
            WasiCtxBuilder::new()
                .stdout(self.output.clone())
                .stderr(self.output.clone())
                .max_random_size(self.random_bytes as u64)
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .build()
        })
    }
}

/// Tells a bound that was passed from a plugin that crashed by itself.
fn crash(error: &wasmtime::Error, limits: &Limits, host: &HostLimits, output: &GuestOutput) -> Crash {
    if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        return Crash::Exceeded(*exceeded);
    }
    if let Some(Trap::StackOverflow) = error.downcast_ref() {
        return Crash::Exceeded(Exceeded::Stack(host.stack_bytes));
    }
    if let (Some(Trap::OutOfFuel), Some(fuel)) = (error.downcast_ref(), host.fuel) {
        return Crash::Exceeded(Exceeded::Fuel(fuel));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Crash::NoRoom(error.root_cause().to_string());
    }
    let cause = error.root_cause().to_string();
    // wasmtime has no types for these.
    if cause.contains("resource limit exceeded") {
        return Crash::Exceeded(Exceeded::Instances(limits.instances));
    }
    if cause.contains("fuel allocated for hostcalls has been exhausted") {
        return Crash::Exceeded(Exceeded::ResultBytes(limits.result_bytes));
    }
    if cause.starts_with("requested len") && cause.contains("exceeds limit") {
        return Crash::Exceeded(Exceeded::RandomBytes(limits.random_bytes));
    }
    if cause == "total size of fields exceeds limit" {
        return Crash::Exceeded(Exceeded::HeaderBytes(limits.header_bytes));
    }
    if cause.contains("resource table has no free keys")
        || cause.contains("maximum number of component handles")
        || cause.contains("store handle limit exceeded")
    {
        return Crash::Exceeded(Exceeded::Handles(limits.handles));
    }
    let cause = match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(code)) => format!("it called exit with code {code}"),
        None => cause,
    };
    // What a language says of a panic is on stderr, and worth more than `unreachable`.
    let lines = output.last_lines();
    Crash::Trapped(match (last_words::of(&lines), lines.last()) {
        (Some(words), _) => words,
        (None, Some(line)) => format!("{}; its last output: {line}", escaped(&cause)),
        (None, None) => escaped(&cause),
    })
}

/// What a store has of memory and tables, and how many instances it may have.
struct Space {
    memory: usize,
    elements: usize,
    instances: usize,
}

impl ResourceLimiter for CallState {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let Some(context) = self.gate.call() else { return Ok(false) };
        let limit = context.limits.memory_bytes;
        let total = self.space.memory.saturating_add(desired.saturating_sub(current));
        if total > limit {
            return Err(Exceeded::Memory(limit).into());
        }
        self.space.memory = total;
        context.usage.set_memory(total);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let Some(context) = self.gate.call() else { return Ok(false) };
        let limit = context.limits.table_elements;
        let total = self.space.elements.saturating_add(desired.saturating_sub(current));
        if total > limit {
            return Err(Exceeded::TableElements(limit).into());
        }
        self.space.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.space.instances
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

/// Runs the clock while the guest is polled.
struct Metered<'a, F> {
    guest: Pin<&'a mut F>,
    usage: &'a Usage,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        self.usage.run();
        let polled = self.guest.as_mut().poll(cx);
        self.usage.rest();
        polled
    }
}
