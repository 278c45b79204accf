//! Invariant 5: credentials go only to the upstream they were granted for, and redirects are never
//! followed.

use std::process::Command;

use actionbox_examples::REFOLD;
use actionbox_host::{Effect, Error, Grant, Sent, Upstream, Withheld};
use actionbox_sandbox::{Fault, Sandbox, StatusCode};
use actionbox_tests::{
    canary,
    listener::Listener,
    tricks::{self, SEND},
    world::{ACCOUNT, World},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_never_followed() {
    let elsewhere = Listener::silent().await;
    let world = World::start().await;
    let base = elsewhere.base_url();
    let locations = [
        format!("{base}/steal"),
        format!("//{}/steal", elsewhere.addr()),
        "/api/v2/public/linked-account".to_owned(),
        "https://evil.example/".to_owned(),
        world.sandbox.base_url() + "/api/v2/integration-schema/hubspot/actions",
        String::new(),
    ];
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        let status = StatusCode::from_u16(status).expect("a status");
        for location in &locations {
            for request in [tricks::list("hubspot"), tricks::read(), tricks::write()] {
                world.sandbox.clear_requests();
                world.sandbox.inject(Fault::empty_body(status).with_header("location", location));
                let report = world.play(SEND, request).await.expect("a report");
                assert_eq!(report["error"], "ErrorCode::HttpProtocolError", "{status} {location}");
                assert_eq!(
                    report["status"],
                    json!(null),
                    "{status} {location}: not even the status is shown"
                );
                assert_eq!(world.sandbox.requests().len(), 1, "{status} {location}");
            }
        }
    }
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0);
    world.neighbour_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedder_learns_of_a_redirect_and_that_the_request_was_sent() {
    let elsewhere = Listener::silent().await;
    let world = World::refold().await;
    for (action, parameters) in
        [("get_contact", json!({})), ("create_contact", json!({ "email": "a@b.example" }))]
    {
        world.sandbox.inject(Fault::redirect(&elsewhere.base_url()));
        let error = world.execute(action, parameters).await.expect_err("a redirect");
        assert!(
            matches!(error, Error::Withheld { reason: Withheld::Redirect, sent: Sent::Yes }),
            "{error:?}"
        );
    }
    assert_eq!(world.sandbox.requests().len(), 2);
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_point_elsewhere_change_nothing() {
    let elsewhere = Listener::silent().await;
    let world = World::start().await;
    let other = elsewhere.addr().to_string();
    for (name, value) in [
        ("alt-svc", format!("h2=\"{other}\"; ma=86400, http/1.1=\"{other}\"")),
        ("location", format!("http://{other}/")),
        ("content-location", format!("http://{other}/")),
        ("refresh", format!("0; url=http://{other}/")),
        ("link", format!("<http://{other}/>; rel=preload")),
    ] {
        world.sandbox.inject(Fault::latency(std::time::Duration::ZERO).with_header(name, &value));
        for _ in 0..2 {
            let report = world.play(SEND, tricks::read()).await.expect("a report");
            assert_eq!(report["status"], 200, "{name}");
        }
    }
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0);
    assert_eq!(world.sandbox.executions().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_upstreams_see_only_their_own_credentials() {
    let world = World::builder().plugin(REFOLD).start().await;
    let other_key = canary::secret();
    let other = Sandbox::builder().api_key(&other_key).account(ACCOUNT).no_rate_limit();
    let other = other.start().await.expect("a sandbox server");
    let upstream = Upstream::refold().at(&other.base_url()).expect("a base URL");
    let credentials = actionbox_host::ApiKey::new(other_key.as_str(), ACCOUNT).expect("valid");
    let theirs = Grant::builder("other")
        .upstream(upstream, credentials)
        .allow_reads("hubspot")
        .build()
        .expect("a grant");
    let calls = (0..40).map(|number| {
        let (plugin, grant) =
            (world.plugin.clone(), if number % 2 == 0 { theirs.clone() } else { world.grant.clone() });
        tokio::spawn(async move { plugin.execute_action(&grant, "hubspot", "get_contact", &json!({})).await })
    });
    for call in calls.collect::<Vec<_>>() {
        drop(call.await.expect("no panic").expect("an outcome"));
    }
    for (name, sandbox, own, foreign) in
        [("first", &world.sandbox, &world.key, &other_key), ("second", &other, &other_key, &world.key)]
    {
        let bytes = sandbox.raw_connections().concat();
        let bytes = String::from_utf8_lossy(&bytes);
        assert_eq!(sandbox.requests().len(), 20, "{name}");
        assert_eq!(bytes.matches(own.as_str()).count(), 20, "{name}");
        assert!(!bytes.contains(foreign.as_str()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_token_and_the_key_for_it_stay_at_their_upstream() {
    let elsewhere = Listener::silent().await;
    let world = World::builder().session_tokens().start().await;
    world.sandbox.inject(Fault::redirect(&elsewhere.base_url()).on_path("session-token"));
    let report = world.play(SEND, tricks::read()).await.expect("a report");
    assert_eq!(report["error"], "ErrorCode::DestinationUnavailable");
    let report = world.play(SEND, tricks::read()).await.expect("a report");
    assert_eq!(report["status"], 200);
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0);
    // The all-powerful key rides on requests for tokens alone.
    for request in world.sandbox.requests() {
        let for_a_token = request.target.starts_with("/api/v2/public/session-token");
        assert_eq!(request.header("x-api-key").is_some(), for_a_token, "{}", request.target);
        assert!(
            for_a_token || request.target.starts_with("/api/v2/integration-schema/"),
            "{}",
            request.target
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destructive_or_raw_call_is_no_way_around() {
    let world = World::start().await;
    let grant =
        world.grant(ACCOUNT).allow_action("hubspot", "httprequest").own_action("hubspot", SEND, Effect::Raw);
    let grant = grant.build().expect("a grant");
    let elsewhere = Listener::silent().await;
    for request in [
        json!({ "authority": elsewhere.addr().to_string(), "scheme": "http" }),
        json!({ "authority": elsewhere.addr().to_string() }),
        json!({ "path": "/api/v2/public/linked-account" }),
    ] {
        let report = world.play_under(&grant, SEND, request).await.expect("a report");
        assert_eq!(report["error"], "ErrorCode::HttpRequestDenied");
    }
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0);
    world.assert_untouched();
}

/// Runs a test of this file in a process of its own, whose environment names a proxy.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_in_the_environment_is_not_used() {
    const PLAIN: &str = "i05_credentials_go_to_one_upstream::two_upstreams_see_only_their_own_credentials";
    let proxy = Listener::silent().await;
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", PLAIN]).env_remove("NO_PROXY").env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy.base_url());
    }
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(proxy.connections().await.expect("it listens"), 0);
}
