//! The start-up check: an upstream that tells linked accounts apart, and a proxy that lets it not.

use actionbox_examples::REFOLD;
use actionbox_host::{AppSlug, CredentialError, SecretString, Upstream};
use actionbox_tests::{
    canary,
    listener::{Listener, closed_port},
    world::World,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn check(world: &World, base_url: &str, app: &str) -> Result<(), CredentialError> {
    let upstream = Upstream::refold().at(base_url).expect("a base URL");
    let app = AppSlug::parse(app).expect("a slug");
    world.host.check_account_header(&upstream, &SecretString::from(world.key.clone()), app).await
}

/// Starts a proxy that drops headers with underscores, as some do.
async fn proxy_to(server: std::net::SocketAddr) -> Listener {
    Listener::start(move |mut client| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.expect("a whole head"));
        }
        let head = String::from_utf8(head).expect("text");
        let kept: Vec<_> = head.split("\r\n").filter(|line| !line.contains("linked_account_id")).collect();
        assert_eq!(kept.len() + 1, head.split("\r\n").count(), "the header was there");
        let mut server = tokio::net::TcpStream::connect(server).await.expect("a server");
        server.write_all(kept.join("\r\n").as_bytes()).await.expect("written");
        // Ends when the client has heard enough.
        drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_refuses_a_made_up_account_passes() {
    let world = World::refold().await;
    check(&world, &world.sandbox.base_url(), "hubspot").await.expect("it refuses");
    let received = world.received();
    assert_eq!((received.method.as_str(), received.answered), ("GET", Some(400)));
    assert!(received.header("linked_account_id").expect("sent").starts_with("actionbox-check-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_drops_the_account_is_found_out() {
    let world = World::refold().await;
    let proxy = proxy_to(world.sandbox.addr()).await;
    let error = check(&world, &proxy.base_url(), "hubspot").await.expect_err("the listing is answered");
    assert!(matches!(error, CredentialError::AccountIgnored), "{error:?}");
    assert_eq!(world.received().header("linked_account_id"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_another_reason_proves_nothing() {
    let world = World::refold().await;
    let base_url = world.sandbox.base_url();
    let error = check(&world, &base_url, "no_such_app").await.expect_err("404 says nothing of the account");
    assert!(matches!(error, CredentialError::Exchange(_)), "{error:?}");

    let error = check(&world, &format!("http://{}", closed_port().await), "hubspot").await;
    assert!(matches!(error, Err(CredentialError::Exchange(_))), "{error:?}");

    let other = World::builder().plugin(REFOLD).sandbox(|s| s.api_key(canary::secret())).start().await;
    let error = check(&other, &other.sandbox.base_url(), "hubspot").await;
    assert!(matches!(error, Err(CredentialError::Refused { status: 401 })), "{error:?}");
}
