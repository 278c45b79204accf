//! The page: a few files, as they are in `service/console`, within the program.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::digest::sha256;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

struct File {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($name:literal: $kind:ident),* $(,)?) => {
        &[$(File { name: $name, kind: $kind, text: include_str!(concat!("../../../console/", $name)) }),*]
    };
}

const FILES: &[File] = files! {
    "index.html": HTML,
    "console.css": CSS,
    "icon.svg": SVG,
    "main.js": JS,
    "api.js": JS,
    "dom.js": JS,
    "show.js": JS,
    "charts.js": JS,
    "overview.js": JS,
    "access.js": JS,
    "plugins.js": JS,
    "calls.js": JS,
    "attempt.js": JS,
};

pub(super) async fn index(headers: HeaderMap) -> Response {
    send("index.html", &headers)
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    send(&name, &headers)
}

fn send(name: &str, asked: &HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return (StatusCode::NOT_FOUND, "the console has no such file\n").into_response();
    };
    // A browser asks each time, and is answered in a few bytes: after an upgrade, nothing is of the version before.
    let tag = format!("\"{}\"", sha256(file.text.as_bytes()));
    let is_known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => file.text.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
