//! From the bytes of a plugin to code: recognise, pre-check, compile, here or in a worker process.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;

use crate::{audit::escaped, error::LoadError, host::Shared, limits::HostLimits, precheck};

/// Bytes that came from outside, and their digest.
pub(crate) struct Source {
    pub(crate) bytes: Vec<u8>,
    /// SHA-256, as `sha256:…`.
    pub(crate) digest: String,
}

impl Source {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let hex: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, digest: format!("sha256:{hex}") }
    }
}

/// Compiles a component off the async threads, one at a time: a compiler uses all processors.
pub(crate) async fn compile(host: &Arc<Shared>, source: Arc<Source>) -> Result<Component, LoadError> {
    recognise(&source.bytes, &host.host_limits)?;
    // Fails only when the semaphore is closed, which nobody does. Held by the work itself, which goes on
    // when nobody waits for it any more.
    let turn = host.compiling.clone().acquire_owned().await;
    let (shared, checked) = (host.clone(), source.clone());
    off_thread(move || precheck::check(&checked.bytes, &shared.host_limits)).await?;
    let engine = host.engine.clone();
    match &host.worker {
        None => {
            off_thread(move || {
                let _turn = turn;
                Component::from_binary(&engine, &source.bytes).map_err(invalid)
            })
            .await
        }
        Some(worker) => {
            let code = worker.compile(&source, &host.host_limits).await?;
            off_thread(move || {
                let _turn = turn;
                code.load(&engine)
            })
            .await
        }
    }
}

/// Runs slow work off the async threads. Hostile bytes can make a compiler panic: that is an error too.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(LoadError::Compiler))
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
