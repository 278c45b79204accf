//! One call: a store of its own, its limits and its deadline; a fresh instance, dropped after.

use std::{
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Instant,
};

use tokio::sync::Semaphore;
use wasmtime::{
    Engine, ResourceLimiter, Store, Trap, UpdateDeadline, WasmCoreDump, component::ResourceTable,
};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    audit::escaped,
    contract::bindings::{Plugin as Bindings, PluginPre},
    gate::{Context, Gate},
    host::{MEMORIES, Shared, TABLES},
    in_turn::InTurn,
    last_words,
    limits::{Exceeded, HostLimits, Limits},
    output::GuestOutput,
    usage::Usage,
};

/// What a store holds: the guest's view of WASI, its gate, and the count of its memory.
pub(crate) struct CallState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    gate: Gate,
    space: Space,
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.gate }
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

/// Runs one export of a fresh instance to its end, within all limits.
pub(crate) async fn run<T>(
    host: &Shared,
    plugin: &PluginPre<CallState>,
    context: &Arc<Context>,
    running: &Arc<Semaphore>,
    export: impl AsyncFnOnce(&Bindings, &mut Store<CallState>) -> wasmtime::Result<T>,
) -> Result<T, Crash> {
    let limits = &context.limits;
    let output = GuestOutput::new(context.call, limits.output_bytes);
    let mut store = store(&host.engine, context, &output);
    let guest = async {
        let began = Instant::now();
        let instance = plugin.instantiate_async(&mut store).await?;
        context.usage.set_instantiation(began.elapsed());
        export(&instance, &mut store).await
    };
    // Epochs do not interrupt a guest that waits inside the host: the timeout around it all does.
    let guest = InTurn::new(Metered { guest: Box::pin(guest), usage: &context.usage }, running);
    let ended = tokio::time::timeout_at(context.deadline.into(), guest).await;
    match ended {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            if let (Some(sink), Some(dump)) = (&host.core_dumps, error.downcast_ref::<WasmCoreDump>()) {
                sink(dump.serialize(&mut store, "plugin"));
            }
            Err(crash(&error, limits, &host.host_limits, &output))
        }
        Err(_) => Err(Crash::Exceeded(Exceeded::WallTime(limits.wall_time))),
    }
}

fn store(engine: &Engine, context: &Arc<Context>, output: &GuestOutput) -> Store<CallState> {
    let limits = &context.limits;
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(limits.header_bytes);
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    let state = CallState {
        wasi: wasi(limits, output),
        http,
        table,
        gate: Gate(context.clone()),
        space: Space::new(context),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.space);
    store.set_hostcall_fuel(limits.result_bytes);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(1);
    if let Some(fuel) = context.host.host_limits.fuel {
        store.set_fuel(fuel).expect("the engine counts fuel when the host bounds it");
    }
    let most = limits.cpu_time;
    store.epoch_deadline_callback(move |store| {
        let context = &store.data().gate.0;
        if context.usage.cpu_time() > most {
            return Err(Exceeded::CpuTime(most).into());
        }
        // A bound of the gate ends the call too, whatever the guest makes of the error it got.
        match context.books.exceeded() {
            Some(exceeded) => Err(exceeded.into()),
            None => Ok(UpdateDeadline::Yield(1)),
        }
    });
    store
}

/// Everything that language runtimes import, present but denying: no environment, arguments, files or
/// sockets. Clocks and random numbers are real.
fn wasi(limits: &Limits, output: &GuestOutput) -> WasiCtx {
    WasiCtxBuilder::new()
        .stdout(output.clone())
        .stderr(output.clone())
        .max_random_size(limits.random_bytes as u64)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
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
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
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

/// Counts memory, tables and instances over the whole store.
struct Space {
    context: Arc<Context>,
    elements: usize,
}

impl Space {
    fn new(context: &Arc<Context>) -> Self {
        Self { context: context.clone(), elements: 0 }
    }
}

impl ResourceLimiter for Space {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let (usage, limit) = (&self.context.usage, self.context.limits.memory_bytes);
        let total = usage.memory().saturating_add(desired.saturating_sub(current));
        if total > limit {
            return Err(Exceeded::Memory(limit).into());
        }
        usage.set_memory(total);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.context.limits.table_elements;
        let total = self.elements.saturating_add(desired.saturating_sub(current));
        if total > limit {
            return Err(Exceeded::TableElements(limit).into());
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.context.limits.instances
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
    guest: Pin<Box<F>>,
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
