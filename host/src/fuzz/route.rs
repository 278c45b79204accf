//! Any request line: what is a route, and what leaves for it.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, Uri};

use crate::{
    credential::Credential,
    gate::{rebuild::rebuild, route::Route},
    upstream::Upstream,
};

const BEFORE_THE_APP: &str = "https://app.refold.ai/api/v2/integration-schema/";

static CREDENTIAL: LazyLock<Credential> = LazyLock::new(|| {
    Credential::api_key(&"tk_0123456789abcdef".to_owned().into(), "acme").expect("a credential")
});

/// Parses a request, and what leaves for it. The input is its method, and its URI as one line, or as a
/// guest gives it: scheme, authority and path, a line each.
pub fn route(input: &[u8]) {
    let Some((method, uri)) = read(input) else { return };
    let upstream = Upstream::refold();
    let parsed = Route::parse(upstream.authority(), &method, &uri);
    let line = format!("{method} {uri}");
    assert_eq!(parsed.is_ok(), is_route(&line), "{line}: {parsed:?}");
    let Ok(route) = parsed else { return };

    let request = rebuild(&route, &upstream, &CREDENTIAL, Bytes::new()).expect("a route has a request");
    assert_eq!(format!("{} {}", request.method(), request.uri()), line);
    assert_eq!(Route::parse(upstream.authority(), request.method(), request.uri()), Ok(route.clone()));
    let mut headers: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
    headers.sort_unstable();
    let is_execute = matches!(route, Route::Execute { .. });
    let content_type: &[_] = if is_execute { &["content-type"] } else { &[] };
    let expected =
        [&["accept", "accept-encoding"], content_type, &["linked_account_id", "user-agent", "x-api-key"]];
    assert_eq!(headers, expected.concat());

    let elsewhere = Upstream::refold().at("http://127.0.0.1:8080").expect("a base URL");
    let request = rebuild(&route, &elsewhere, &CREDENTIAL, Bytes::new()).expect("a route has a request");
    assert_eq!(request.uri().to_string(), format!("http://127.0.0.1:8080{}", route.path()));
}

fn read(input: &[u8]) -> Option<(Method, Uri)> {
    let lines: Vec<_> = input.split(|byte| *byte == b'\n').collect();
    match lines.as_slice() {
        [method, uri] => Some((Method::from_bytes(method).ok()?, Uri::try_from(*uri).ok()?)),
        [method, scheme, authority, path] => {
            let uri = Uri::builder().scheme(*scheme).authority(*authority).path_and_query(*path);
            Some((Method::from_bytes(method).ok()?, uri.build().ok()?))
        }
        _ => None,
    }
}

/// Tells a route by the text of its request line, in another way than the gate does.
fn is_route(line: &str) -> bool {
    let word = |text: &str, most: usize, upper: bool| {
        let plain = |c: char| {
            c.is_ascii_lowercase()
                || c.is_ascii_digit()
                || "_-".contains(c)
                || (upper && c.is_ascii_uppercase())
        };
        !text.is_empty() && text.len() <= most && text.chars().all(plain)
    };
    let app = |text: &str| word(text, 64, false) && !text.starts_with(['_', '-']);
    let action = |text: &str| word(text, 128, true);
    let Some((method, rest)) = line.split_once(' ') else { return false };
    let Some(rest) = rest.strip_prefix(BEFORE_THE_APP) else { return false };
    match (method, rest.split('/').collect::<Vec<_>>().as_slice()) {
        ("GET", [slug, "actions"]) => app(slug),
        ("GET", [slug, "actions", id]) | ("POST", [slug, "actions", id, "execute"]) => {
            app(slug) && action(id)
        }
        _ => false,
    }
}
