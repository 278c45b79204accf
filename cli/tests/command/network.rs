//! Upstreams that cannot be reached, or not be trusted.

use crate::harness::{actionbox, file, sandbox};

#[tokio::test]
async fn a_closed_port_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let done = actionbox("execute hubspot create_contact email=a@b.example --allow-write").at(&base_url);
    let done = done.done().await.exits(7).says("no connection to the upstream");
    done.says(&format!("check that {base_url} is the upstream")).says("sent: no");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let sandbox = sandbox().tls_expired().start().await.expect("a server");
    let ca = file("expired.pem", sandbox.root_certificate_pem().expect("it serves https"));
    let run = actionbox("execute hubspot get_contact --ca").arg(ca).on(&sandbox);
    let done = run.done().await.exits(7).says("certificate expired");
    done.says("check the certificate").says("sent: no");
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn an_unknown_authority_is_refused_and_ca_trusts_it() {
    let sandbox = sandbox().tls().start().await.expect("a server");
    let run = actionbox("list hubspot").on(&sandbox);
    run.done().await.exits(7).says("UnknownIssuer").says("--ca FILE trusts a private authority");
    assert!(sandbox.requests().is_empty());

    let ca = file("trusted.pem", sandbox.root_certificate_pem().expect("it serves https"));
    actionbox("list hubspot --ca").arg(ca).on(&sandbox).done().await.exits(0);
}

#[tokio::test]
async fn a_certificate_file_that_cannot_be_used_is_named() {
    let sandbox = sandbox().start().await.expect("a server");
    let none = file("none.pem", "no certificate");
    actionbox("list hubspot --ca").arg(none).on(&sandbox).done().await.exits(7).says("certificate");
    let run = actionbox("list hubspot --ca nowhere.pem").on(&sandbox);
    run.done().await.exits(7).says("the certificate file nowhere.pem cannot be read");
}
