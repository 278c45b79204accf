//! Invariant 12: a component that imports anything outside the world and the interfaces that the host
//! offers is refused when it is loaded, and the error names the import.

use actionbox_host::{ActionHost, HostLimits, LoadError};
use actionbox_tests::tricks::TRICKS;

fn host() -> ActionHost {
    let limits = HostLimits { concurrent_calls: 1, ..HostLimits::default() };
    ActionHost::builder().host_limits(limits).build().expect("a host")
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {text})")).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// An import of an interface without items, which is all that its name takes.
fn import(name: &str) -> String {
    format!(r#"(import "{name}" (instance))"#)
}

const OFFERED: &[&str] = &[
    "actionbox:plugin/types@0.1.0",
    "actionbox:plugin/upstream@0.1.0",
    "wasi:cli/environment@0.2.0",
    "wasi:cli/exit@0.2.3",
    "wasi:cli/stdin@0.2.12",
    "wasi:clocks/monotonic-clock@0.2.0",
    "wasi:clocks/wall-clock@0.2.0",
    "wasi:filesystem/preopens@0.2.0",
    "wasi:filesystem/types@0.2.0",
    "wasi:http/outgoing-handler@0.2.12",
    "wasi:http/types@0.2.0",
    "wasi:io/error@0.2.0",
    "wasi:io/poll@0.2.0",
    "wasi:io/streams@0.2.0",
    "wasi:random/insecure@0.2.0",
    "wasi:random/random@0.2.0",
    "wasi:sockets/network@0.2.0",
    "wasi:sockets/tcp@0.2.0",
    "wasi:sockets/udp@0.2.0",
];

#[tokio::test]
async fn what_is_offered_is_not_refused() {
    let host = host();
    for name in OFFERED {
        let error = host.load(component(&import(name))).await.map(drop).expect_err("it exports nothing");
        assert!(matches!(error, LoadError::Exports { .. }), "{name} is offered: {error:?}");
    }
    host.load(TRICKS).await.expect("a plugin that imports clocks, sockets and files");
}

#[tokio::test]
async fn all_foreign_imports_are_named_and_only_those() {
    let host = host();
    let foreign = ["acme:vault/keys@1.2.3", "wasi:cli/run@0.2.0", "wasi:http/proxy@0.2.0"];
    let some = [OFFERED[0], foreign[0], OFFERED[6], foreign[1], foreign[2]];
    let text: String = some.iter().map(|name| import(name)).collect();
    let error = host.load(component(&text)).await.map(drop).expect_err("a mixture");
    let LoadError::ForeignImports { mut imports } = error else { panic!("{error:?}") };
    imports.sort();
    assert_eq!(imports, foreign);

    let very_many: String = (0..500).map(|number| import(&format!("acme:p{number}/i@1.0.0"))).collect();
    let error = host.load(component(&very_many)).await.map(drop).expect_err("very many").to_string();
    assert!(error.contains("acme:p0/i@1.0.0") && error.len() < 2_000, "{error}");
}
