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

const FOREIGN: &[&str] = &[
    "acme:vault/keys@1.2.3",
    "acme:vault/keys",
    "actionbox:host/keys@0.1.0",
    "actionbox:plugin/actions@0.1.0",
    "actionbox:plugin/types@0.2.0",
    "actionbox:plugin/types",
    "actionbox:plugin/upstream@0.1.0",
    "wasi:blobstore/blobstore@0.2.0",
    "wasi:cli/run@0.2.0",
    "wasi:cli/environment@0.3.0",
    "wasi:cli/environment",
    "wasi:clocks/timezone@0.2.0",
    "wasi:config/store@0.2.0-draft",
    "wasi:filesystem/types@0.1.0",
    "wasi:filesystem/watch@0.2.0",
    "wasi:http/incoming-handler@0.2.0",
    "wasi:http/client@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:http/types@1.0.0",
    "wasi:http/types",
    "wasi:http/proxy@0.2.0",
    "wasi:keyvalue/store@0.2.0",
    "wasi:logging/logging@0.2.0",
    "wasi:messaging/producer@0.2.0",
    "wasi:nn/inference@0.2.0",
    "wasi:random/other@0.2.0",
    "wasi:sockets/raw@0.2.0",
    "wasi:sql/readwrite@0.2.0",
    "wasi:threads/spawn@0.2.0",
    "xwasi:http/types@0.2.0",
    "wasi:httpx/types@0.2.0",
];

const OFFERED: &[&str] = &[
    "actionbox:plugin/types@0.1.0",
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

async fn refused_imports(host: &ActionHost, what: &str, bytes: Vec<u8>) -> Vec<String> {
    let error = host.load(bytes.clone()).await.map(drop).expect_err(what);
    let inspected = host.inspect(bytes).await.verdict.map(drop).expect_err(what);
    assert_eq!(inspected.to_string(), error.to_string(), "{what}, inspected");
    let LoadError::ForeignImports { imports } = error else { panic!("{what}: {error:?}") };
    imports
}

#[tokio::test]
async fn a_foreign_interface_is_refused_and_named() {
    let host = host();
    for name in FOREIGN {
        assert_eq!(refused_imports(&host, name, component(&import(name))).await, [*name]);
    }
}

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
    let some = [OFFERED[0], FOREIGN[0], OFFERED[5], FOREIGN[20], FOREIGN[8]];
    let text: String = some.iter().map(|name| import(name)).collect();
    let mut named = refused_imports(&host, "a mixture", component(&text)).await;
    named.sort();
    let mut expected = vec![FOREIGN[0], FOREIGN[20], FOREIGN[8]];
    expected.sort();
    assert_eq!(named, expected);

    let very_many: String = (0..500).map(|number| import(&format!("acme:p{number}/i@1.0.0"))).collect();
    let error = host.load(component(&very_many)).await.map(drop).expect_err("very many").to_string();
    assert!(error.contains("acme:p0/i@1.0.0") && error.len() < 2_000, "{error}");
}

#[tokio::test]
async fn an_import_of_another_kind_is_refused_and_named() {
    let host = host();
    for (name, text) in [
        ("steal", r#"(import "steal" (func (result u32)))"#),
        ("wasi-http", r#"(import "wasi-http" (func))"#),
        ("env", r#"(import "env" (core module (export "f" (func))))"#),
        ("handle", r#"(import "handle" (type (sub resource)))"#),
        // An interface's name makes no difference.
        ("wasi:clocks/wall-clock@0.2.0", r#"(import "wasi:clocks/wall-clock@0.2.0" (component))"#),
    ] {
        assert_eq!(refused_imports(&host, name, component(text)).await, [name]);
    }
}

#[tokio::test]
async fn an_offered_interface_in_another_shape_is_refused() {
    let host = host();
    for text in [
        r#"(import "wasi:http/types@0.2.0" (instance (export "steal-credentials" (func (result string)))))"#,
        r#"(import "wasi:cli/environment@0.2.0" (instance (export "get-environment" (func (result string)))))"#,
        r#"(import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (param "seed" u64) (result u64)))))"#,
        r#"(import "wasi:clocks/wall-clock@0.2.0" (func))"#,
    ] {
        let error = host.load(component(text)).await.map(drop).expect_err(text);
        assert!(matches!(error, LoadError::Invalid { .. }), "{text}: {error:?}");
    }
}
