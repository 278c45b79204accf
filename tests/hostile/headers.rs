//! The plugin sets, doubles, folds or deletes headers that are the host's, adds others, and looks for what
//! the host added.

use actionbox_tests::{
    attacks, played_by,
    scoreboard::{BUSY, Case, Hole},
};
use serde_json::{Value, json};

use crate::{
    attempt::{EXECUTE, Fate, LIST, attempt_in},
    cell::Cell,
};

attacks! {
    "Headers":
        "The plugin builds the host's headers, other ways to authenticate, hop-by-hop and override headers, ranges, \
         conditions, encodings, trailers and values that end a line. What arrives is the host's own request, byte for \
         byte; and what the plugin keeps of its request gains nothing.",
    cases,
    play,
    no_header_of_a_plugin_arrives on BUSY,
}

played_by!(
    read_back => no_header_of_a_plugin_arrives,
    set_forbidden => no_header_of_a_plugin_arrives,
);

const INJECTED: [Hole; 3] = [
    Hole {
        what: "KelvinClaw: WASM plugins set any header of an outbound request, Host and Transfer-Encoding too",
        url: "https://github.com/AgenticHighway/kelvinclaw/issues/70",
    },
    Hole {
        what: "Astrid: WASM plugins set Host and connection headers of outbound requests",
        url: "https://github.com/astrid-runtime/astrid/issues/145",
    },
    Hole {
        what: "Barbacane before #99: WASM plugins set Host and framing headers of outbound requests",
        url: "https://github.com/barbacane-dev/barbacane/pull/99",
    },
];

enum Trick {
    /// A header that a guest cannot even build, in any way.
    Unbuildable(&'static str),
    /// A header that stays behind.
    Dropped(Vec<(String, String)>),
    /// Fields after the body.
    Trailers(Value),
    /// Handles on the headers, kept and read afterwards.
    ReadBack(bool),
}

const UNBUILDABLE: &[&str] = &[
    "x-api-key",
    "X-API-KEY",
    "X-Api-Key",
    "linked_account_id",
    "Linked_Account_Id",
    "LINKED_ACCOUNT_ID",
    "linked-account-id",
    "Linked-Account-Id",
    "authorization",
    "Authorization",
    "AUTHORIZATION",
    "proxy-authorization",
    "Proxy-Authorization",
    "proxy-authenticate",
    "cookie",
    "Cookie",
    "set-cookie",
    "host",
    "Host",
    "HOST",
    "connection",
    "Connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "Transfer-Encoding",
    "upgrade",
    "Upgrade",
    "http2-settings",
    // None is a name.
    "",
    " ",
    "x y",
    "x:y",
    ":path",
    ":authority",
    ":method",
    ":scheme",
    "x-api-key:",
    "x-api-key ",
    " x-api-key",
    "x-api-key\t",
    "x-api-key\0",
    "x\r\nx-api-key",
    "x: 1\r\nx-api-key",
    "x\nhost",
    "x-api-key\u{a0}",
    "x-\u{e4}pi-key",
    "\u{445}-api-key",
    "x\u{2010}api-key",
    "x(y)",
    "x@y",
    "{x}",
];

/// Headers that upstreams, proxies and frameworks act upon.
const DROPPED: &[(&str, &str)] = &[
    // Other ways to authenticate.
    ("x-authorization", "Bearer forged"),
    ("x-auth-token", "forged"),
    ("x-access-token", "forged"),
    ("x-session-token", "forged"),
    ("api-key", "forged"),
    ("apikey", "forged"),
    ("x_api_key", "forged"),
    ("x-apikey", "forged"),
    ("x-amz-security-token", "forged"),
    ("x-csrf-token", "forged"),
    ("www-authenticate", "Basic"),
    ("cookie2", "forged"),
    ("x-goog-iap-jwt-assertion", "forged"),
    ("cf-access-jwt-assertion", "forged"),
    ("x-amzn-oidc-data", "forged"),
    ("x-ms-client-principal", "forged"),
    ("x-client-cert", "forged"),
    ("x-ssl-client-verify", "SUCCESS"),
    // Whom it acts for.
    ("x-tenant", "globex"),
    ("x-tenant-id", "globex"),
    ("x-user-id", "1"),
    ("x-remote-user", "root"),
    ("x-forwarded-user", "root"),
    ("x-forwarded-email", "globex@example.com"),
    ("x-original-user", "root"),
    ("x-account-id", "globex@example.com"),
    ("x-internal", "true"),
    ("x-debug", "1"),
    // Where it goes.
    ("forwarded", "for=127.0.0.1;host=evil.example;proto=http"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-port", "80"),
    ("x-forwarded-prefix", "/../public"),
    ("x-forwarded-path", "/api/v2/public/linked-account"),
    ("x-forwarded-server", "evil.example"),
    ("x-host", "evil.example"),
    ("x-real-ip", "127.0.0.1"),
    ("x-client-ip", "127.0.0.1"),
    ("client-ip", "127.0.0.1"),
    ("true-client-ip", "127.0.0.1"),
    ("cf-connecting-ip", "127.0.0.1"),
    ("x-original-url", "/api/v2/public/linked-account"),
    ("x-rewrite-url", "/api/v2/public/linked-account"),
    ("x-original-host", "evil.example"),
    ("x-envoy-original-path", "/api/v2/public/linked-account"),
    ("x-accel-redirect", "/api/v2/public/linked-account"),
    ("x-sendfile", "/etc/passwd"),
    ("x-http-destinationurl", "http://evil.example/"),
    ("x-proxy-url", "http://evil.example/"),
    ("proxy", "http://evil.example/"),
    ("proxy-host", "evil.example"),
    ("destination", "/api/v2/public/linked-account"),
    ("request-uri", "/api/v2/public/linked-account"),
    ("base-url", "http://evil.example/"),
    ("origin", "https://evil.example"),
    ("referer", "https://evil.example/"),
    ("alt-used", "evil.example"),
    ("via", "1.1 evil.example"),
    ("max-forwards", "0"),
    // What it does.
    ("x-http-method-override", "DELETE"),
    ("x-http-method", "DELETE"),
    ("x-method-override", "DELETE"),
    ("x-action", "delete_contact"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "multipart/form-data; boundary=x"),
    ("content-type", "application/json; charset=utf-7"),
    ("content-encoding", "gzip"),
    ("content-transfer-encoding", "base64"),
    ("content-language", "de"),
    ("content-location", "/api/v2/public/linked-account"),
    ("content-disposition", "attachment; filename=../x"),
    ("content-range", "bytes 0-1/100"),
    ("content-md5", "x"),
    ("digest", "x"),
    ("idempotency-key", "of-another-tenant"),
    ("prefer", "respond-async"),
    // How the answer comes back.
    ("accept", "text/html"),
    ("accept-encoding", "gzip, br, zstd"),
    ("accept-encoding", "identity;q=0, *"),
    ("accept-charset", "utf-7"),
    ("accept-language", "de"),
    ("range", "bytes=0-0"),
    ("range", "bytes=0-0,1-1,2-2"),
    ("if-range", "\"x\""),
    ("if-match", "*"),
    ("if-none-match", "*"),
    ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("cache-control", "only-if-cached"),
    ("pragma", "no-cache"),
    ("expect", "100-continue"),
    ("te", "trailers, gzip"),
    ("trailer", "x-api-key"),
    ("a-im", "feed"),
    ("early-data", "1"),
    ("priority", "u=0"),
    ("service-worker", "script"),
    ("sec-fetch-site", "same-origin"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("x-content-type-options", "nosniff"),
    // Whose it is.
    ("user-agent", "evil"),
    ("from", "evil@example.com"),
    ("server", "evil"),
    ("x-request-id", "forged"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "x=forged"),
    ("baggage", "tenant=globex"),
    ("x-anything", "evil"),
    ("_", "evil"),
    ("1", "evil"),
];

/// Values that some parser takes for the end of one.
const VALUES: &[(&str, &str)] = &[
    ("a new header", "1\r\nx-api-key: forged"),
    ("a new header after a line feed", "1\nx-api-key: forged"),
    ("a new header after a carriage return", "1\rx-api-key: forged"),
    ("the end of the head", "1\r\n\r\nsmuggled"),
    ("a new request", "1\r\n\r\nGET /api/v2/public/linked-account HTTP/1.1\r\nhost: app.refold.ai\r\n\r\n"),
    ("a folded line", "1\r\n forged"),
    ("NUL", "1\0forged"),
    ("a control character", "1\u{1}"),
    ("DEL", "1\u{7f}"),
    ("a line separator", "1\u{2028}x-api-key: forged"),
    ("a line feed of Latin-1", "1\u{10a}x-api-key: forged"),
    ("a carriage return of Latin-1", "1\u{10d}\u{10a}x-api-key: forged"),
    ("letters beyond ASCII", "\u{e4}\u{20ac}"),
    ("nothing", ""),
    ("white space", " \t "),
    ("a comma", "1, x-api-key: forged"),
    ("a quote", "\"1"),
    ("escaped line ends", "1%0d%0ax-api-key:%20forged"),
    ("8,000 bytes", "LONG"),
];

fn cases() -> Vec<Case<Trick>> {
    let mut all = Vec::new();
    for name in UNBUILDABLE {
        let case = Case::new(format!("cannot be built: {name:?}"), Trick::Unbuildable(name));
        all.push(case.catches(&INJECTED));
    }
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (name, value) in DROPPED {
        all.push(Case::new(format!("{name}: {value}"), Trick::Dropped(one(name, value))).catches(&INJECTED));
    }
    for (what, value) in VALUES {
        let value = value.replace("LONG", &"x".repeat(8_000));
        all.push(Case::new(format!("a value with {what}"), Trick::Dropped(one("x-evil", &value))));
    }
    let many = |count: usize, name: &dyn Fn(usize) -> String| {
        Trick::Dropped((0..count).map(|number| (name(number), "1".to_owned())).collect())
    };
    all.push(Case::new("one name a hundred times", many(100, &|_| "x-evil".to_owned())));
    all.push(Case::new("a hundred names", many(100, &|number| format!("x-evil-{number}"))));
    all.push(Case::new("accept twice", many(2, &|_| "accept".to_owned())));
    all.push(Case::new("user-agent twice", many(2, &|_| "user-agent".to_owned())));
    all.push(Case::new("content-type twice", many(2, &|_| "content-type".to_owned())));
    for (what, trailers) in [
        ("one", json!([["x-late", "evil"]])),
        ("the key", json!([["x-api-key", "forged"]])),
        ("the account", json!([["linked_account_id", "globex@example.com"]])),
        ("a host", json!([["host", "evil.example"]])),
        ("a length", json!([["content-length", "1000"]])),
        ("a coding", json!([["transfer-encoding", "chunked"]])),
        ("a type", json!([["content-type", "text/html"]])),
        ("a hundred", (0..100).map(|n| json!([format!("x-late-{n}"), "evil"])).collect()),
        ("none", json!([])),
    ] {
        all.push(Case::new(format!("trailers: {what}"), Trick::Trailers(trailers)));
    }
    all.push(Case::new("reading back what the key was added to", Trick::ReadBack(false)));
    all.push(Case::new("reading back what the token was added to", Trick::ReadBack(true)));
    all
}

async fn play(name: String, trick: Trick) {
    let session_tokens = matches!(trick, Trick::ReadBack(true));
    let cell = Cell::builder(&name).await.session_tokens(session_tokens).build().await;
    let body = r#" { "email" : "mallory@example.com" } "#;
    let execute = json!({ "method": "POST", "path": EXECUTE, "body": body });
    let posts = Fate::Posts(EXECUTE, body.to_owned());
    match trick {
        Trick::Unbuildable(header) => {
            let names = json!({ "names": [header, "x-anything"] });
            let ways = cell.play("set_forbidden", names).await.expect("a report");
            assert_eq!(ways[header], json!([]), "the ways that work");
            assert_eq!(ways["x-anything"].as_array().map(Vec::len), Some(5), "the ways there are");
            let cell = Cell::new(&format!("{name}, sent")).await;
            let request = json!({ "path": LIST, "headers": [[header, "forged"]] });
            let report = attempt_in(&cell, request, &Fate::Gets(LIST)).await;
            assert_eq!(report["unset"].as_array().map(Vec::len), Some(1), "{report}");
        }
        Trick::Dropped(headers) => {
            let mut request = execute;
            request["headers"] = json!(headers);
            attempt_in(&cell, request, &posts).await;
        }
        Trick::Trailers(trailers) => {
            let mut request = execute;
            request["trailers"] = trailers;
            attempt_in(&cell, request, &posts).await;
        }
        Trick::ReadBack(_) => {
            let report = cell.play("read_back", json!({})).await.expect("a report");
            assert_eq!(report["request"], json!([["x-mine", "1"]]));
            assert_eq!(report["again"], json!([["x-mine", "1"]]));
            assert_eq!((&report["hidden"], &report["late"]), (&json!(0), &json!(false)));
            assert_eq!((&report["status"], cell.received().len()), (&json!(200), 1));
        }
    }
}
