//! What can be told of a component before it is compiled: how much work it would be.
//!
//! Compiling is not a sandboxed step. Hostile bytes make it slow by very many functions or by very large
//! ones, and by components that instantiate each other over and over; all are counted here in one pass over the
//! sections, without looking into a function. Always done in the host's own process: the parser is fast, and
//! safe.

mod instances;

use wasmparser::{ComponentTypeRef, Parser, Payload};

use self::instances::Instances;
use crate::{audit::escaped, error::LoadError, limits::HostLimits};

/// Components in components; tools make two or three.
const DEPTH: usize = 16;
/// Instances of modules and components, those within components included; tools make some fifty.
const INSTANCES: usize = 5_000;

/// Refuses what would be too much work to compile.
pub(crate) fn check(bytes: &[u8], limits: &HostLimits) -> Result<(), LoadError> {
    let at_most = |what, found: usize, limit: usize| match found <= limit {
        true => Ok(()),
        false => Err(LoadError::TooMuchWork { what, found, limit }),
    };
    let (mut functions, mut depth, mut instances) = (0usize, 0usize, Instances::default());
    for payload in Parser::new(0).parse_all(bytes) {
        let invalid =
            |error: wasmparser::BinaryReaderError| LoadError::Invalid { detail: escaped(&error.to_string()) };
        let payload = payload.map_err(invalid)?;
        let made = instances.see(&payload).map_err(invalid)?;
        at_most("instances", usize::try_from(made).unwrap_or(usize::MAX), INSTANCES)?;
        match payload {
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

    /// A component that makes 2^`times` instances of a module by instantiating twice what instantiates twice.
    fn doubling(times: usize) -> Vec<u8> {
        let double = |n: usize| {
            format!(
                "(component $c{n} (alias outer 1 $c{} (component $x)) (instance (instantiate $x)) (instance (instantiate $x)))",
                n - 1
            )
        };
        let first = "(component $c0 (core module $m) (core instance (instantiate $m)))";
        component(&format!(
            "{first}{} (instance (instantiate $c{times}))",
            (1..=times).map(double).collect::<String>()
        ))
    }

    #[test]
    fn instances_are_counted_through_all_components() {
        let check = |bytes: Vec<u8>| check(&bytes, &HostLimits::default());
        assert!(check(doubling(10)).is_ok());
        for times in [12, 20, 63, 64, 500] {
            let error = check(doubling(times)).expect_err("a bomb");
            assert!(matches!(error, LoadError::TooMuchWork { what: "instances", .. }), "{times}: {error}");
        }
        let many = |count| format!("(core module $m){}", "(core instance (instantiate $m))".repeat(count));
        assert!(check(component(&many(INSTANCES))).is_ok());
        assert!(check(component(&many(INSTANCES + 1))).is_err());
    }

    #[test]
    fn a_component_from_elsewhere_is_not_instantiated() {
        for elsewhere in [
            r#"(component $a (import "c" (component $c)) (instance (instantiate $c)))"#,
            r#"(component $a (component $in) (export "b" (component $in))) (instance $i (instantiate $a))
               (alias export $i "b" (component $b)) (instance (instantiate $b))"#,
        ] {
            let bytes = component(elsewhere);
            let error = check(&bytes, &HostLimits::default()).expect_err(elsewhere);
            assert!(matches!(error, LoadError::TooMuchWork { what: "instances", .. }), "{error}");
        }
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
