//! Any bytes that are said to be a plugin: a verdict on them, in time, and no plugin that imports what no
//! plugin is given.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;
use wasmparser::{Parser, Payload};

use super::values::is_fit_for_a_log;
use crate::{error::LoadError, host::ActionHost, limits::HostLimits};

const FUNCTIONS: usize = 100;
const FUNCTION_BYTES: usize = 2 << 10;
const COMPONENT_BYTES: usize = 64 << 10;

static HOST: LazyLock<ActionHost> = LazyLock::new(|| {
    let limits = HostLimits {
        component_bytes: COMPONENT_BYTES,
        functions: FUNCTIONS,
        function_bytes: FUNCTION_BYTES,
        concurrent_calls: 1,
        ..HostLimits::default()
    };
    ActionHost::builder().host_limits(limits).build().expect("a host")
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Inspects a component.
pub fn load(input: &[u8]) {
    let inspection = RUNTIME.block_on(HOST.inspect(input));
    assert_eq!(inspection.size, input.len());
    let digest: String = Sha256::digest(input).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(inspection.digest, format!("sha256:{digest}"));
    inspection.imports.iter().chain(&inspection.exports).for_each(|name| is_fit_for_a_log(name));
    for producer in &inspection.producers {
        is_fit_for_a_log(&producer.name);
        is_fit_for_a_log(&producer.version);
    }

    match inspection.verdict {
        Ok(plugin) => {
            assert_eq!((plugin.digest(), plugin.size()), (&*inspection.digest, input.len()));
            is_plugin(input);
        }
        // Caught, and still a fault of the compiler's that its authors should hear of.
        Err(LoadError::Compiler) => panic!("the compiler panicked"),
        Err(error) => {
            is_fit_for_a_log(&error.to_string());
            is_reason(&error, input);
        }
    }
}

#[cfg(test)]
pub(super) fn is_loaded(input: &[u8]) -> bool {
    RUNTIME.block_on(HOST.load(input)).is_ok()
}

/// Checks that the reason for a refusal that the first bytes decide is told, and no other.
fn is_reason(error: &LoadError, input: &[u8]) {
    let expected = match (input.get(..4), input.get(4..8)) {
        _ if input.len() > COMPONENT_BYTES => matches!(error, LoadError::TooLarge { .. }),
        (Some(b"\0asm"), Some(b"\x01\0\0\0")) => matches!(error, LoadError::CoreModule),
        (Some(b"\x7fELF"), _) => matches!(error, LoadError::Precompiled),
        (Some(b"\0asm"), Some(b"\x0d\0\x01\0")) => matches!(
            error,
            LoadError::ForeignImports { .. }
                | LoadError::TooMuchWork { .. }
                | LoadError::Exports { .. }
                | LoadError::Invalid { .. }
        ),
        _ => matches!(error, LoadError::NotWasm),
    };
    assert!(expected, "{error:?}");
}

/// Checks that what became a plugin imports only what is offered, exports the contract, and is no more work
/// than the limits have it.
fn is_plugin(component: &[u8]) {
    let (mut depth, mut functions, mut exported) = (0, 0, false);
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a plugin is valid") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import.expect("a plugin is valid").name.name;
                    let offered = name.starts_with("actionbox:plugin/types@0.1.")
                        || (name.starts_with("wasi:") && name.contains("@0.2."));
                    assert!(offered, "{name}");
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let name = export.expect("a plugin is valid").name.name;
                    exported |= name.starts_with("actionbox:plugin/actions@0.1.");
                }
            }
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                assert!(body.range().len() <= FUNCTION_BYTES);
            }
            _ => {}
        }
    }
    assert!(exported && functions <= FUNCTIONS);
}
