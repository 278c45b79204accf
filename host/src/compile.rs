//! From the bytes of a plugin to code: recognise, pre-check, find or compile, here or in a worker process.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use sha2::{Digest as _, Sha256};
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking};
use wasmtime::component::Component;

use crate::{
    audit::escaped, cache::Place, component_file, error::LoadError, host::Shared, limits::HostLimits,
    precheck,
};

/// Bytes that came from outside, and which component they are.
pub(crate) struct Source {
    pub(crate) bytes: Vec<u8>,
    identity: OnceLock<Identity>,
}

/// Which component it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The SHA-256 of its bytes, as `sha256:…`.
    pub(crate) digest: String,
    /// How many bytes it has.
    pub(crate) size: usize,
}

impl Source {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, identity: OnceLock::new() }
    }

    /// Returns which component it is. Made when it is first asked for: of a large component that takes
    /// milliseconds.
    pub(crate) fn identity(&self) -> &Identity {
        self.identity.get_or_init(|| {
            let sha256 = Sha256::new_with_prefix(&self.bytes);
            Identity { digest: digest(sha256), size: self.bytes.len() }
        })
    }
}

/// Returns a digest as it is shown.
pub(crate) fn digest(sha256: Sha256) -> String {
    format!("sha256:{}", hex(&sha256.finalize()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Turns a component into code, off the async threads.
pub(crate) async fn compile(host: &Arc<Shared>, source: Arc<Source>) -> Result<Component, LoadError> {
    recognise(&source.bytes, &host.host_limits)?;
    let (shared, checked) = (host.clone(), source.clone());
    off_thread(move || precheck::check(&checked.bytes, &shared.host_limits)).await?;

    let place = place(host, &source).await;
    if let Some(component) = find(host, place.as_ref()).await {
        return Ok(component);
    }
    // One at a time: a compiler uses all processors. Fails only when the semaphore is closed, which nobody
    // does. Held by the work itself, which goes on when nobody waits for it any more.
    let turn = host.compiling.clone().acquire_owned().await;
    // It may have been this component's turn before.
    if let Some(component) = find(host, place.as_ref()).await {
        return Ok(component);
    }
    let (component, turn) = compile_anew(host, source, turn).await?;
    if let Some(place) = place {
        keep(place, component.clone(), turn).await;
    }
    Ok(component)
}

/// The right to compile.
type Turn = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>;

/// Compiles, here or in a worker; gives the turn back with the code.
async fn compile_anew(
    host: &Arc<Shared>,
    source: Arc<Source>,
    turn: Turn,
) -> Result<(Component, Turn), LoadError> {
    let engine = host.engine.clone();
    match &host.worker {
        None => {
            let work = move || Ok((Component::from_binary(&engine, &source.bytes).map_err(invalid)?, turn));
            off_thread(work).await
        }
        Some(worker) => {
            let code = worker.compile(&source, &host.host_limits).await?;
            off_thread(move || Ok((code.load(&engine)?, turn))).await
        }
    }
}

/// Finds the code of a component that is in a file, and tells which component it is. The file is gone through for
/// its digest, and held nowhere: all else that a component is checked for is so of whatever has code here.
pub(crate) async fn find_file(host: &Arc<Shared>, path: &Path) -> Option<(Component, Identity)> {
    // Where there is no use in a digest, the file is read at once; why, that load says.
    let cache = host.cache.clone()?;
    if !spawn_blocking(move || cache.is_usable()).await.unwrap_or(false) {
        return None;
    }
    let identity = component_file::identify(path, host.host_limits.component_bytes).await.ok()?;
    let (shared, known) = (host.clone(), identity.clone());
    let found = spawn_blocking(move || {
        let place = shared.cache.as_ref()?.place(&shared.engine, &shared.host_limits, &known)?;
        place.find(&shared.engine, shared.host_limits.compile_bytes)
    });
    // A cache that fails, even by a panic, makes no load fail; the same below.
    Some((found.await.ok().flatten()?, identity))
}

async fn place(host: &Arc<Shared>, source: &Arc<Source>) -> Option<Arc<Place>> {
    let (host, source) = (host.clone(), source.clone());
    let place = spawn_blocking(move || {
        // Asked for sooner or later, and not on an async thread.
        let identity = source.identity();
        host.cache.as_ref()?.place(&host.engine, &host.host_limits, identity)
    });
    place.await.ok().flatten().map(Arc::new)
}

async fn find(host: &Arc<Shared>, place: Option<&Arc<Place>>) -> Option<Component> {
    let (shared, place) = (host.clone(), place?.clone());
    let found = spawn_blocking(move || place.find(&shared.engine, shared.host_limits.compile_bytes));
    found.await.ok().flatten()
}

/// Keeps code for the next time, before the turn ends: whoever waits for it finds the code.
async fn keep(place: Arc<Place>, component: Component, turn: Turn) {
    let kept = spawn_blocking(move || {
        let _turn = turn;
        place.keep(&component);
    });
    if let Err(error) = kept.await {
        tracing::warn!(%error, "the compile cache cannot be written to");
    }
}

/// Runs slow work off the async threads. Hostile bytes can make a compiler panic: that is an error too.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    spawn_blocking(work).await.unwrap_or(Err(LoadError::Compiler))
}

/// Tells a component from everything else by its first bytes. Precompiled code is trusted code: it is
/// told apart before anything looks further.
fn recognise(bytes: &[u8], limits: &HostLimits) -> Result<(), LoadError> {
    let limit = limits.component_bytes;
    if bytes.len() > limit {
        return Err(LoadError::TooLarge { limit });
    }
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(LoadError::CoreModule),
        [0x7f, b'E', b'L', b'F', ..] => Err(LoadError::Precompiled),
        _ => Err(LoadError::NotWasm),
    }
}

pub(crate) fn invalid(error: wasmtime::Error) -> LoadError {
    LoadError::Invalid { detail: escaped(&format!("{error:#}")) }
}
