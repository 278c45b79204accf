//! What a component is and asks for, checked against what plugins are given.

mod sections;

use std::sync::Arc;

use tokio::task::spawn_blocking;
use wasmtime::component::Component;

use crate::{
    audit::escaped,
    compile::{Source, compile},
    error::LoadError,
    host::Shared,
    plugin::Plugin,
};

use self::sections::Sections;
pub use self::sections::{Producer, ProducerField};

/// What a component is, and whether this host would load it.
///
/// ```no_run
/// use actionbox_host::{ActionHost, Inspection};
///
/// /// Says of an uploaded plugin what a reviewer wants to know first.
/// async fn summary(host: &ActionHost, upload: Vec<u8>) -> String {
///     let Inspection { digest, size, imports, verdict, .. } = host.inspect(upload).await;
///     match verdict {
///         Ok(_) => format!("{digest}, {size} bytes, imports {}", imports.join(", ")),
///         Err(refused) => format!("{digest} is refused: {refused}"),
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The SHA-256 of its bytes, as `sha256:…`.
    pub digest: String,
    /// Its size in bytes.
    pub size: usize,
    /// What it imports, by name.
    pub imports: Vec<String>,
    /// What it exports, by name.
    pub exports: Vec<String>,
    /// Which languages and tools it says it was made with, in order, without duplicates; not all, when there are
    /// very many. Read without compiling it, also of what would not be loaded.
    pub producers: Vec<Producer>,
    /// How many bytes the memories of its modules begin with, together. Read as `producers` are.
    pub memory_bytes: u64,
    /// The loaded plugin, or why it is refused.
    pub verdict: Result<Plugin, LoadError>,
}

/// The interfaces that a plugin may import, without their versions. Those of `wasi:filesystem` and
/// `wasi:sockets` are offered only to deny.
const OFFERED: &[&str] = &[
    "actionbox:plugin/types",
    "actionbox:plugin/upstream",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

pub(crate) async fn inspect(host: Arc<Shared>, source: Arc<Source>) -> Inspection {
    let read = source.clone();
    // A parser that panics finds nothing.
    let sections = spawn_blocking(move || Sections::read(&read.bytes)).await.unwrap_or_default();
    let component = compile(&host, source.clone()).await;
    let (imports, exports) = component.as_ref().map(|c| names(&host, c)).unwrap_or_default();
    Inspection {
        digest: source.identity().digest.clone(),
        size: source.bytes.len(),
        verdict: component.and_then(|component| Plugin::new(host, &component, source.identity())),
        imports,
        exports,
        memory_bytes: sections.memory_bytes,
        producers: sections.producers(),
    }
}

/// Checks that a component imports nothing but what plugins are given.
pub(crate) fn check_imports(host: &Shared, component: &Component) -> Result<(), LoadError> {
    const NAMED: usize = 20;
    let (imports, _) = names(host, component);
    let mut foreign: Vec<_> = imports.into_iter().filter(|import| !is_offered(import)).collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let more = foreign.len().saturating_sub(NAMED);
    foreign.truncate(NAMED);
    if more > 0 {
        foreign.push(format!("{more} more"));
    }
    Err(LoadError::ForeignImports { imports: foreign })
}

fn names(host: &Shared, component: &Component) -> (Vec<String>, Vec<String>) {
    let ty = component.component_type();
    let imports = ty.imports(&host.engine).map(|(name, _)| escaped(name)).collect();
    let exports = ty.exports(&host.engine).map(|(name, _)| escaped(name)).collect();
    (imports, exports)
}

/// Tells whether plugins are given an interface. Its version is left to the linker, which knows which
/// versions are compatible, except that another line of WASI is foreign.
fn is_offered(import: &str) -> bool {
    match import.split_once('@') {
        Some((name, version)) => {
            let line = if name.starts_with("wasi:") { "0.2." } else { "0.1." };
            OFFERED.contains(&name) && version.starts_with(line)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_interfaces_of_a_known_line_are_offered() {
        for good in ["wasi:http/types@0.2.12", "wasi:io/poll@0.2.0", "actionbox:plugin/types@0.1.0"] {
            assert!(is_offered(good), "{good}");
        }
        for bad in [
            "wasi:http/types",
            "wasi:http/types@0.3.0",
            "wasi:http/client@0.3.0",
            "wasi:http/incoming-handler@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "env",
            "wasi:cli/run@0.2.0",
            "actionbox:plugin/types@0.2.0",
            "evil:host/keys@0.1.0",
        ] {
            assert!(!is_offered(bad), "{bad} must be foreign");
        }
    }
}
