//! What can be told of a component before it is compiled: how much work it would be.
//!
//! Compiling is not a sandboxed step. Hostile bytes make it slow by very many functions or by very large
//! ones; both are counted here in one pass over the sections, without looking into a function. Always done in
//! the host's own process: the parser is fast, and safe.

use wasmparser::{ComponentTypeRef, Parser, Payload};

use crate::{audit::escaped, error::LoadError, limits::HostLimits};

/// Components in components; tools make two or three.
const DEPTH: usize = 16;

/// Refuses what would be too much work to compile.
pub(crate) fn check(bytes: &[u8], limits: &HostLimits) -> Result<(), LoadError> {
    let at_most = |what, found: usize, limit: usize| match found <= limit {
        true => Ok(()),
        false => Err(LoadError::TooMuchWork { what, found, limit }),
    };
    let (mut functions, mut depth) = (0usize, 0usize);
    for payload in Parser::new(0).parse_all(bytes) {
        let invalid =
            |error: wasmparser::BinaryReaderError| LoadError::Invalid { detail: escaped(&error.to_string()) };
        match payload.map_err(invalid)? {
            Payload::CodeSectionStart { count, .. } => {
                functions = functions.saturating_add(count as usize);
                at_most("functions", functions, limits.functions)?;
            }
            Payload::CodeSectionEntry(body) => {
                at_most("function_bytes", body.range().len(), limits.function_bytes)?;
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                at_most("components within components", depth, DEPTH)?;
            }
            // The compiler refuses these too, and does not say which.
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let import = import.map_err(invalid)?;
                    if let ComponentTypeRef::Component(_) | ComponentTypeRef::Module(_) = import.ty {
                        return Err(LoadError::ForeignImports { imports: vec![escaped(import.name.name)] });
                    }
                }
            }
            // The outermost end is the last.
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> HostLimits {
        HostLimits { functions: 3, function_bytes: 100, ..HostLimits::default() }
    }

    fn component(inner: &str) -> Vec<u8> {
        wat::parse_str(format!("(component {inner})")).expect("text that is valid")
    }

    fn refused(bytes: &[u8]) -> Option<&'static str> {
        match check(bytes, &limits()) {
            Ok(()) => None,
            Err(LoadError::TooMuchWork { what, .. }) => Some(what),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn functions_are_counted_over_all_modules() {
        let module = |count| format!("(core module {})", "(func)".repeat(count));
        assert_eq!(refused(&component(&module(3))), None);
        assert_eq!(refused(&component(&module(4))), Some("functions"));
        assert_eq!(refused(&component(&module(2).repeat(2))), Some("functions"));
    }

    #[test]
    fn no_function_is_too_large() {
        let module = |count| format!("(core module (func {}))", "(nop)".repeat(count));
        assert_eq!(refused(&component(&module(50))), None);
        assert_eq!(refused(&component(&module(500))), Some("function_bytes"));
    }

    #[test]
    fn nesting_ends_somewhere() {
        let nested = |depth: usize| format!("{}{}", "(component ".repeat(depth), ")".repeat(depth));
        assert_eq!(refused(&component(&nested(10))), None);
        assert_eq!(refused(&component(&nested(20))), Some("components within components"));
        let in_turn = "(component (core module))".repeat(100);
        assert_eq!(refused(&component(&in_turn)), None, "a hundred beside each other are not nested");
    }

    #[test]
    fn what_breaks_off_is_invalid() {
        let whole = component("(core module (func))");
        for length in 8..whole.len() {
            if let Err(error) = check(&whole[..length], &limits()) {
                assert!(matches!(error, LoadError::Invalid { .. }), "{length}: {error}");
            }
        }
    }
}
