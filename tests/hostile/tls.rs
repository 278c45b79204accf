//! The upstream is not who it should be, or does not come to a secure connection.

use actionbox_host::Sent;
use actionbox_tests::{
    attacks,
    liar::{Act, Authority, Listening, expired, for_clients, from_the_future, self_signed},
    scoreboard::Case,
};

use crate::stage::{Attack, Fate, Secrets, endure, say, wire};

attacks! {
    "TLS":
        "Somebody else answers in the upstream's place, with every certificate but the right one, or with no TLS at all. \
         No request leaves, and no credential with it.",
    cases,
    endure,
    no_request_leaves_for_an_impostor,
}

const BODY: &str = r#"{"node_status":"Success","data":{}}"#;

fn over(tls: tokio_rustls::TlsAcceptor) -> Listening {
    Listening { tls: Some(tls), ..Listening::default() }
}

/// Speaks TLS never, and does this instead.
fn bare(authority: &Authority, greeting: Vec<Act>) -> Listening {
    Listening { greeting, ..over(authority.tls("http/1.1")) }
}

fn cases() -> Vec<Case<Attack>> {
    const HTTP: &str = "http/1.1";
    let mut all = Vec::new();
    let mut insecure = |name: &str, words: &'static str, listening: fn(&Authority, &Secrets) -> Listening| {
        let attack = Attack::says(Fate::Insecure(words), say(200, "", BODY)).listening(listening);
        all.push(Case::new(name, attack));
    };
    insecure("a certificate that has expired", "expired", |ca, _| {
        over(ca.tls_with(HTTP, &["127.0.0.1"], expired))
    });
    insecure("a certificate that is not valid yet", "not valid yet", |ca, _| {
        over(ca.tls_with(HTTP, &["127.0.0.1"], from_the_future))
    });
    insecure("a certificate for another name", "not valid for", |ca, _| {
        over(ca.tls_with(HTTP, &["elsewhere.example"], |_| {}))
    });
    insecure("a certificate for another address", "not valid for", |ca, _| {
        over(ca.tls_with(HTTP, &["127.0.0.2"], |_| {}))
    });
    insecure(
        "a certificate for the upstream's public name, but not for where it is",
        "not valid for",
        |ca, _| over(ca.tls_with(HTTP, &["app.refold.ai"], |_| {})),
    );
    insecure("a certificate for a name that looks like the address", "not valid for", |ca, _| {
        over(ca.tls_with(HTTP, &["127.0.0.1.example"], |_| {}))
    });
    insecure("a certificate for everything", "not valid for", |ca, _| {
        over(ca.tls_with(HTTP, &["*.example"], |_| {}))
    });
    insecure("a certificate without names", "not valid for", |ca, _| over(ca.tls_with(HTTP, &[], |_| {})));
    insecure("a certificate of clients", "", |ca, _| over(ca.tls_with(HTTP, &["127.0.0.1"], for_clients)));
    insecure("a certificate that signed itself", "", |_, _| over(self_signed(HTTP)));
    insecure("a certificate of an unknown authority", "UnknownIssuer", |_, _| {
        over(Authority::new("another authority").tls(HTTP))
    });
    insecure("a certificate of an authority of the same name", "BadSignature", |_, _| {
        over(Authority::new("the upstream's authority").tls(HTTP))
    });
    insecure("a credential as the name in a certificate", "not valid for", |ca, secrets| {
        over(ca.tls_with(HTTP, &[&secrets.sent], |_| {}))
    });
    insecure("escapes of a terminal as the name in a certificate", "", |ca, _| {
        over(ca.tls_with(HTTP, &["\x1b[2J\r\n"], |_| {}))
    });
    insecure("HTTP in the clear in place of TLS", "", |ca, _| {
        bare(ca, vec![Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".into())])
    });
    insecure("a redirect in the clear in place of TLS", "", |ca, _| {
        bare(ca, vec![Act::Say(b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1/\r\n\r\n".into())])
    });
    insecure("an alert in place of a handshake", "", |ca, _| {
        bare(ca, vec![Act::Say(b"\x15\x03\x03\0\x02\x02\x28".into())])
    });
    insecure("random bytes in place of a handshake", "", |ca, _| bare(ca, vec![Act::Say(vec![0xa5; 64])]));
    insecure("a record that is too long", "", |ca, _| {
        bare(ca, vec![Act::Say(b"\x16\x03\x03\xff\xff\x02".into())])
    });

    let mut unconnected =
        |name: &str, words: &'static str, listening: fn(&Authority, &Secrets) -> Listening| {
            let attack = Attack::says(Fate::Unconnected(words), say(200, "", BODY)).listening(listening);
            all.push(Case::new(name, attack));
        };
    unconnected("a reset in place of a handshake", "", |ca, _| bare(ca, vec![Act::Reset]));
    unconnected("a close in place of a handshake", "", |ca, _| bare(ca, vec![Act::Say(vec![])]));
    unconnected("a reset within the handshake", "", |ca, _| {
        bare(ca, vec![Act::Say(b"\x16\x03\x03\0\x7a\x02".into()), Act::Reset])
    });
    unconnected("silence in place of a handshake", "none within 1s", |ca, _| bare(ca, vec![Act::Hush]));
    unconnected("silence within the handshake", "none within 1s", |ca, _| {
        bare(ca, vec![Act::Say(b"\x16\x03\x03\0\x7a\x02".into()), Act::Hush])
    });

    let mut secure = |name: &str, fate: Fate, acts: Vec<Act>| {
        let attack = Attack::says(fate, acts).listening(|ca, _| over(ca.tls(HTTP)));
        all.push(Case::new(name, attack));
    };
    secure("an honest certificate, and an honest answer", Fate::Shown(200, BODY.into()), say(200, "", BODY));
    secure("an honest certificate, and a reset", Fate::Broken, vec![Act::Reset]);
    secure("an honest certificate, and a close without an answer", Fate::Broken, vec![]);
    secure("an honest certificate, and silence", Fate::TimedOut(Sent::Unknown), vec![Act::Hush]);
    secure(
        "a body without a length that a close of TCP alone cuts",
        Fate::Broken,
        vec![Act::Say(b"HTTP/1.1 200 OK\r\n\r\n{}".into()), Act::Reset],
    );
    secure(
        "an honest certificate, and a close within the head",
        Fate::Broken,
        wire(&b"HTTP/1.1 200 OK\r\n"[..]),
    );
    all
}
