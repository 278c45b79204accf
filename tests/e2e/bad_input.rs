//! What people get wrong: each mistake has an error of its own that says what to do, and sends nothing.

use std::path::Path;

use actionbox_examples::REFOLD;
use actionbox_host::{
    ActionHost, Actor, ApiKey, ConfigError, Error, Grant, HostLimits, LoadError, Refusal, SendFailure, Sent,
    Upstream,
};
use actionbox_sandbox::{Sandbox, SandboxBuilder};
use actionbox_tests::{
    canary,
    listener::{Listener, closed_port},
    world::{ACCOUNT, World},
};
use serde_json::json;

fn host() -> ActionHost {
    let limits = HostLimits { concurrent_calls: 1, ..HostLimits::default() };
    ActionHost::builder().host_limits(limits).build().expect("a host")
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text of a component")
}

/// Everything that an error says, its sources included.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn bytes_that_are_no_plugin_are_told_apart() {
    let precompiled = wasmtime::Engine::default().precompile_component(REFOLD).expect("it compiles");
    let foreign = r#"(component (import "acme:vault/keys@1.2.3" (instance (export "get" (func)))))"#;
    let other_shape =
        r#"(component (instance $actions) (export "actionbox:plugin/actions@0.1.0" (instance $actions)))"#;
    type Row<'a> = (&'a str, Vec<u8>, fn(&LoadError) -> bool, &'a str);
    let table: Vec<Row> = vec![
        (
            "a core module",
            component("(module)"),
            |e| matches!(e, LoadError::CoreModule),
            "wasm-tools component new",
        ),
        ("a text", "#!/bin/sh".into(), |e| matches!(e, LoadError::NotWasm), "a component begins with"),
        (
            "a component's text",
            "(component)".into(),
            |e| matches!(e, LoadError::NotWasm),
            "a component begins with",
        ),
        ("nothing", vec![], |e| matches!(e, LoadError::NotWasm), "a component begins with"),
        (
            "half a magic number",
            b"\0asm".into(),
            |e| matches!(e, LoadError::NotWasm),
            "a component begins with",
        ),
        (
            "another version",
            b"\0asm\x0e\0\x01\0".into(),
            |e| matches!(e, LoadError::NotWasm),
            "a component begins with",
        ),
        (
            "precompiled code",
            precompiled,
            |e| matches!(e, LoadError::Precompiled),
            "give the component it was compiled from",
        ),
        (
            "a native program",
            b"\x7fELF\x02\x01\x01".into(),
            |e| matches!(e, LoadError::Precompiled),
            "give the component it was compiled from",
        ),
        (
            "a foreign import",
            component(foreign),
            |e| matches!(e, LoadError::ForeignImports { .. }),
            "acme:vault/keys@1.2.3",
        ),
        (
            "no exports",
            component("(component)"),
            |e| matches!(e, LoadError::Exports { .. }),
            "actionbox:plugin/actions@0.1.0",
        ),
        (
            "exports of another shape",
            component(other_shape),
            |e| matches!(e, LoadError::Exports { .. }),
            "list-actions",
        ),
        (
            "half a component",
            REFOLD[..REFOLD.len() / 2].into(),
            |e| matches!(e, LoadError::Invalid { .. }),
            "not valid",
        ),
        (
            "a header and rubbish",
            [&REFOLD[..8], b"\xff\xff\xff\xff\xff"].concat(),
            |e| matches!(e, LoadError::Invalid { .. }),
            "not valid",
        ),
    ];
    let host = host();
    for (what, bytes, is_expected, says) in table {
        let error = host.load(bytes.clone()).await.expect_err(what);
        assert!(is_expected(&error), "{what}: {error:?}");
        assert!(error.to_string().contains(says), "{what}: {error}");
        let verdict = host.inspect(bytes).await.verdict.expect_err(what);
        assert_eq!(verdict.to_string(), error.to_string(), "{what}, inspected");
    }
    host.load(REFOLD).await.expect("a plugin is loaded all the same");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let host = host();
    let missing = Path::new(env!("CARGO_MANIFEST_DIR")).join("no-such.wasm");
    for path in [missing.as_path(), Path::new(env!("CARGO_MANIFEST_DIR")), Path::new("")] {
        for error in [
            host.load_file(path).await.map(drop).expect_err("no file"),
            host.inspect_file(path).await.map(drop).expect_err("no file"),
        ] {
            assert!(
                matches!(&error, LoadError::File { path: named, .. } if Path::new(named) == path),
                "{error:?}"
            );
            let why = chain(&error);
            assert!(why.contains("os error") || why.contains("no regular file"), "it says why: {why}");
        }
    }
}

#[tokio::test]
async fn a_file_of_another_kind_is_told_apart() {
    let error = host().load_file(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).await;
    assert!(matches!(error, Err(LoadError::NotWasm)), "{error:?}");
}

#[tokio::test]
async fn a_component_that_is_too_large_is_refused_before_it_is_compiled() {
    let builder = |limit| {
        ActionHost::builder()
            .host_limits(HostLimits { component_bytes: limit, concurrent_calls: 1, ..HostLimits::default() })
            .build()
            .expect("a host")
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    for error in [
        builder(REFOLD.len() - 1).load(REFOLD).await.map(drop).expect_err("one byte more than that"),
        builder(10).load_file(file).await.map(drop).expect_err("a larger file"),
        builder(10).inspect(REFOLD).await.verdict.map(drop).expect_err("a larger component"),
    ] {
        let LoadError::TooLarge { limit } = error else { panic!("{error:?}") };
        assert!(error.to_string().contains(&limit.to_string()), "{error}");
    }
    builder(REFOLD.len()).load(REFOLD).await.expect("just small enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_no_object_are_refused_before_the_plugin_runs() {
    let world = World::refold().await;
    let table = [json!(null), json!([]), json!([{ "limit": "1" }]), json!("{}"), json!(1), json!(true)];
    for parameters in &table {
        let error = world.execute("create_contact", parameters.clone()).await.expect_err("no object");
        let Error::InvalidParameters { problems, sent: Sent::No } = &error else {
            panic!("{parameters}: {error:?}")
        };
        assert!(problems[0].message.contains("one JSON object"), "{problems:?}");
        assert_eq!((error.actor(), error.is_retryable()), (Actor::Caller, false), "{parameters}");
    }
    assert_eq!(world.audit.calls().len(), table.len());
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_refused_with_the_rule() {
    let world = World::refold().await;
    let long = "a".repeat(129);
    let (grant, plugin, none) = (&world.grant, &world.plugin, json!({}));
    let names = [
        "",
        " ",
        "..",
        "a/b",
        "a%2fb",
        "a?b",
        "a#b",
        "a\\b",
        "a b",
        "a\0b",
        "a\r\nb",
        "é",
        "\u{202e}a",
        &long,
    ];
    for name in names {
        for (what, error) in [
            ("list an app", plugin.list_actions(grant, name).await.map(drop)),
            ("describe an app's action", plugin.describe_action(grant, name, "get_contact").await.map(drop)),
            ("describe an action", plugin.describe_action(grant, "hubspot", name).await.map(drop)),
            (
                "execute an app's action",
                plugin.execute_action(grant, name, "get_contact", &none).await.map(drop),
            ),
            ("execute an action", plugin.execute_action(grant, "hubspot", name, &none).await.map(drop)),
        ] {
            let error = error.expect_err(name);
            assert!(matches!(error, Error::InvalidName(_)), "{what} {name:?}: {error:?}");
            assert_eq!((error.actor(), error.sent()), (Actor::Caller, Sent::No), "{what} {name:?}");
            let shown = error.to_string();
            assert!(shown.contains("such as"), "it gives an example: {shown}");
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
    assert_eq!(world.audit.calls().len(), 5 * names.len());
    world.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_on_which_nobody_listens_is_the_operators() {
    let world = World::refold().await;
    let error = create_at(&world, &format!("http://{}", closed_port().await)).await;
    assert!(
        matches!(&error, Error::Unreachable { failure: SendFailure::Connect(_), sent: Sent::No }),
        "{error:?}"
    );
    assert_eq!((error.actor(), error.is_retryable()), (Actor::Operator, true));
    assert!(chain(&error).contains("refused"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_accepted_sees_no_request() {
    type Kind = fn(SandboxBuilder) -> SandboxBuilder;
    let table: [(&str, Kind, bool, &str); 3] = [
        ("expired", SandboxBuilder::tls_expired, true, "expired"),
        ("for another name", SandboxBuilder::tls_wrong_name, true, "not valid for"),
        ("of an unknown authority", SandboxBuilder::tls, false, "UnknownIssuer"),
    ];
    for (what, kind, trusted, says) in table {
        let upstream = kind(Sandbox::builder()).start().await.expect("a sandbox server");
        let root = upstream.root_certificate_pem().expect("it speaks TLS").to_owned();
        let world = World::builder().plugin(REFOLD);
        let world = world.host(move |host| if trusted { host.root_certificates_pem(root) } else { host });
        let world = world.start().await;
        let error = create_at(&world, &upstream.base_url()).await;
        assert!(
            matches!(&error, Error::Unreachable { failure: SendFailure::Tls(_), sent: Sent::No }),
            "{what}: {error:?}"
        );
        assert_eq!((error.actor(), error.is_retryable()), (Actor::Operator, false), "{what}");
        assert!(chain(&error).contains(says), "{what}: {}", chain(&error));
        assert_eq!(upstream.connections(), 1, "{what}: it was tried, once");
        assert!(upstream.requests().is_empty(), "{what}");
        assert!(upstream.raw_connections().iter().all(Vec::is_empty), "{what}: not one byte came through");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_no_tls_sees_no_request() {
    let world = World::refold().await;
    let plain = world.sandbox.base_url().replace("http://", "https://");
    let error = create_at(&world, &plain).await;
    assert!(
        matches!(&error, Error::Unreachable { failure: SendFailure::Tls(_), sent: Sent::No }),
        "{error:?}"
    );
    assert!(world.sandbox.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_handshake_that_hangs_was_not_sent_and_takes_no_longer_than_a_connection_may() {
    let silent = Listener::silent().await;
    let world = World::builder().plugin(REFOLD);
    let world = world.host_limits(|l| l.connect_time = std::time::Duration::from_millis(200)).start().await;
    let began = std::time::Instant::now();
    let error = create_at(&world, &silent.base_url().replace("http://", "https://")).await;
    assert_eq!(error.sent(), Sent::No, "no request leaves before the handshake ends: {error:?}");
    assert_eq!(error.actor(), Actor::Operator, "{error:?}");
    assert!(began.elapsed() < world.host.limits().wall_time / 2, "{:?}", began.elapsed());
}

/// Executes a write at an upstream, and returns its error.
async fn create_at(world: &World, base_url: &str) -> Error {
    let upstream = Upstream::refold().at(base_url).expect("a base URL");
    let grant = Grant::builder(ACCOUNT).upstream_shared(upstream, world.credentials(ACCOUNT));
    let grant = grant.allow_writes("hubspot").build().expect("a grant");
    let parameters = json!({ "email": "a@b.example" });
    let result = world.plugin.execute_action(&grant, "hubspot", "create_contact", &parameters).await;
    result.expect_err("the upstream cannot be reached")
}

#[test]
fn a_base_url_that_is_none_is_refused_with_the_reason() {
    let table = [
        ("", "no URL"),
        ("127.0.0.1:80/x", "no URL"),
        ("app.refold.ai", "scheme"),
        ("/api", "no host"),
        ("ftp://app.refold.ai", "scheme"),
        ("https://app.refold.ai/api", "path"),
        ("https://app.refold.ai/?x=1", "query"),
        ("https://app.refold.ai?x=1", "query"),
        ("https://app.refold.ai#x", "fragment"),
        ("https://user@app.refold.ai", "user name"),
        ("https://user:pass-canary@app.refold.ai", "user name"),
        ("https://app.refold.ai:443:pass-canary@127.0.0.1", "user name"),
    ];
    for (base_url, says) in table {
        for error in [Upstream::refold().at(base_url), Upstream::refold().dangerously_at_plain_http(base_url)]
        {
            let error = error.expect_err(base_url);
            let ConfigError::BaseUrl { reason, .. } = &error else { panic!("{base_url}: {error:?}") };
            assert!(reason.contains(says), "{base_url}: {reason}");
            assert!(!format!("{error} {error:?}").contains("pass-canary"), "{error}");
        }
    }
}

#[test]
fn credentials_in_clear_text_need_a_loud_name() {
    for base_url in [
        "http://app.refold.ai",
        "http://10.0.0.1:8080",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://0.0.0.0",
        "http://[::ffff:10.0.0.1]",
    ] {
        let error = Upstream::refold().at(base_url).expect_err(base_url);
        assert!(matches!(error, ConfigError::PlainHttp { .. }), "{base_url}: {error:?}");
        assert!(error.to_string().contains("use https"), "{error}");
        Upstream::refold().dangerously_at_plain_http(base_url).expect("the loud name");
    }
    for base_url in ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1", "http://localhost:1/"] {
        Upstream::refold().at(base_url).expect("loopback");
    }
}

#[test]
fn a_root_certificate_that_is_none_is_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for pem in ["", "no PEM", broken, key] {
        let error = ActionHost::builder().root_certificates_pem(pem).build().map(drop).expect_err(pem);
        assert!(matches!(error, ConfigError::Certificate(_)), "{pem:?}: {error:?}");
    }
}

#[test]
fn credentials_that_cannot_be_used_are_refused_and_not_shown() {
    let good = canary::secret();
    for (key, account) in [
        ("tk_canary_short", ACCOUNT),
        ("tk_canary_0123456789\r\nx-evil: 1", ACCOUNT),
        ("tk_canary_0123456789 ", ACCOUNT),
        (good.as_str(), ""),
        (good.as_str(), "a\r\nx-evil: 1"),
        (good.as_str(), " acme"),
    ] {
        let error = ApiKey::new(key, account).map(drop).expect_err(key);
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_none_is_refused() {
    for (app, action) in [("HubSpot", "get_contact"), ("hubspot", "get/contact")] {
        let error = Grant::builder("acme").allow_reads("hubspot").allow_action(app, action).build();
        assert!(matches!(error, Err(ConfigError::InvalidName(_))), "{app}/{action}: {error:?}");
    }
    let world = World::refold().await;
    let without_upstream = Grant::builder("acme").allow_reads("hubspot").build().expect("a grant");
    for grant in [Grant::default(), without_upstream] {
        let outcome = world.plugin.execute_action(&grant, "hubspot", "get_contact", &json!({})).await;
        let error = outcome.expect_err("it allows nothing");
        assert!(
            matches!(&error, Error::Denied { refusal: Refusal::EmptyGrant { .. }, sent: Sent::No }),
            "{error:?}"
        );
        assert_eq!(error.actor(), Actor::Tenant);
        assert!(error.to_string().contains("names no upstream"), "{error}");
    }
    world.assert_untouched();
}
