//! Which requests of the page's API are let in: those that the page itself makes, of somebody who is signed in and may.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, StatusCode, header, request::Parts, uri::Authority},
    response::Response,
};

use crate::{
    admin::Admin,
    caller::{Caller, Role},
    http::{Asking, Refused, only},
    service::Shared,
};

/// The cookie. It is sent to the console alone, and by no page of another site.
pub(super) const COOKIE: &str = "actionbox_console";
/// What no form and no image can send, and no page of another origin without being asked first.
const OWN_HEADER: &str = "x-actionbox-console";

pub(super) const NOT_OURS: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "FOREIGN_ORIGIN",
    "this request is not one of the console's own page, as this service is addressed; a proxy has to pass on the Host",
);
const IN_THE_CLEAR: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "NOT_ENCRYPTED",
    "a key and a session would cross the network in the clear; put TLS before the service, or use it on its own machine",
);
const SIGNED_OUT: Refused =
    Refused::new(StatusCode::UNAUTHORIZED, "SIGNED_OUT", "nobody is signed in, or not any more");
const ONLY_LOOKS: Refused =
    Refused::new(StatusCode::FORBIDDEN, "FORBIDDEN", "a viewer looks, and changes and executes nothing");

/// Whoever uses the page, signed in or not yet: the page it is.
pub(super) struct Page {
    pub(super) asking: Asking,
    /// Whether its cookies have to be kept from connections that are not encrypted.
    pub(super) is_encrypted: bool,
    pub(super) token: Option<String>,
}

/// Somebody who is signed in, and may look.
pub(super) struct Looker {
    pub(super) asking: Asking,
}

/// Somebody who is signed in, and may change things, settle and execute.
pub(super) struct Operator {
    pub(super) asking: Asking,
    pub(super) caller: Caller,
    pub(super) admin: Admin,
}

impl FromRequestParts<Arc<Shared>> for Page {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let asking = Asking::new(parts);
        match origin(parts) {
            Ok(is_encrypted) => {
                Ok(Self { asking, is_encrypted, token: token(&parts.headers).map(str::to_owned) })
            }
            Err(why) => Err(asking.reject(shared, None, why)),
        }
    }
}

impl FromRequestParts<Arc<Shared>> for Looker {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (asking, _) = admit(parts, shared, &[Role::Viewer, Role::Admin]).await?;
        Ok(Self { asking })
    }
}

impl FromRequestParts<Arc<Shared>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (asking, caller) = admit(parts, shared, &[Role::Admin]).await?;
        Ok(Self { asking, admin: Admin::new(shared.clone(), caller.name.clone()), caller })
    }
}

async fn admit(
    parts: &mut Parts,
    shared: &Arc<Shared>,
    roles: &[Role],
) -> Result<(Asking, Caller), Response> {
    let Page { asking, token, .. } = Page::from_request_parts(parts, shared).await?;
    match token.and_then(|token| signed_in(shared, &token)) {
        None => Err(asking.reject(shared, None, SIGNED_OUT)),
        Some(caller) if !roles.contains(&caller.role) => {
            Err(asking.reject(shared, Some(&caller), ONLY_LOOKS))
        }
        Some(caller) => Ok((asking, caller)),
    }
}

/// Returns who has begun a session, if it lasts. It ends with its key.
pub(super) fn signed_in(shared: &Shared, token: &str) -> Option<Caller> {
    let sessions = &shared.console.sessions;
    let caller = shared.directory.caller(&sessions.key(token, Instant::now())?).filter(may_sign_in);
    if caller.is_none() {
        sessions.end(token);
    }
    caller
}

pub(super) fn may_sign_in(caller: &Caller) -> bool {
    matches!(caller.role, Role::Viewer | Role::Admin)
}

/// Returns the only session that a request names; nothing when it names several.
fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, token)| token);
    tokens.next().filter(|_| tokens.next().is_none())
}

/// Checks that the console's own page makes a request, and tells whether the browser speaks to it by TLS.
///
/// Three things that a page of another origin cannot do: send the header without asking; have a browser say
/// `same-origin` (`Sec-Fetch-Site`, which browsers send since 2023, to addresses they trust); and have it name this
/// origin (`Origin`, which comes with whatever is no GET). What a browser says has to be right, if it says it; what
/// changes anything has to have an origin.
fn origin(parts: &Parts) -> Result<bool, Refused> {
    let headers = &parts.headers;
    if !headers.contains_key(OWN_HEADER) {
        return Err(NOT_OURS);
    }
    if headers.contains_key("sec-fetch-site") && only(headers, "sec-fetch-site") != Some("same-origin") {
        return Err(NOT_OURS);
    }
    let host = only(headers, "host").and_then(|host| host.parse::<Authority>().ok()).ok_or(NOT_OURS)?;
    if !headers.contains_key(header::ORIGIN) {
        return if parts.method == Method::GET { Ok(!is_loopback(&host)) } else { Err(NOT_OURS) };
    }
    let origin = only(headers, "origin").and_then(|origin| origin.split_once("://")).ok_or(NOT_OURS)?;
    let (scheme, authority) = origin;
    if authority.parse::<Authority>().ok().as_ref() != Some(&host) {
        return Err(NOT_OURS);
    }
    match scheme {
        "https" => Ok(true),
        "http" if is_loopback(&host) => Ok(false),
        "http" => Err(IN_THE_CLEAR),
        _ => Err(NOT_OURS),
    }
}

/// Tells whether a name is always one of this machine's own.
fn is_loopback(host: &Authority) -> bool {
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn asked(method: &str, headers: &[(&str, &str)]) -> Result<bool, &'static str> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        origin(&parts).map_err(|why| why.code)
    }

    #[test]
    fn only_the_consoles_own_page_is_heard() {
        let own = [("x-actionbox-console", "1")];
        let here = [("x-actionbox-console", "1"), ("host", "127.0.0.1:8080")];
        let with = |more: &[(&'static str, &'static str)]| [&here, more].concat();
        for (what, headers) in [
            ("nothing", vec![]),
            ("no host", own.to_vec()),
            ("no origin", here.to_vec()),
            ("no header of its own", vec![("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]),
            ("another origin", with(&[("origin", "https://evil.example")])),
            ("another port", with(&[("origin", "http://127.0.0.1:8081")])),
            ("a longer name", with(&[("origin", "http://127.0.0.1:8080.evil.example")])),
            ("somebody at it", with(&[("origin", "http://evil@127.0.0.1:8080")])),
            ("no origin at all", with(&[("origin", "null")])),
            ("two", with(&[("origin", "http://127.0.0.1:8080"), ("origin", "https://evil.example")])),
            ("a file", with(&[("origin", "file://127.0.0.1:8080")])),
            ("cross-site", with(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "cross-site")])),
            ("same-site", with(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-site")])),
            ("typed in", with(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "none")])),
        ] {
            assert_eq!(asked("POST", &headers), Err("FOREIGN_ORIGIN"), "{what}");
        }
        assert_eq!(asked("GET", &with(&[("sec-fetch-site", "cross-site")])), Err("FOREIGN_ORIGIN"));
        assert_eq!(asked("GET", &here), Ok(false));
        assert_eq!(asked("POST", &with(&[("origin", "http://127.0.0.1:8080")])), Ok(false));
        let far = |origin| {
            asked("POST", &[("x-actionbox-console", "1"), ("host", "box.example"), ("origin", origin)])
        };
        assert_eq!(far("https://box.example"), Ok(true));
        assert_eq!(far("http://box.example"), Err("NOT_ENCRYPTED"));
    }

    #[test]
    fn a_request_names_one_session() {
        let named = |cookies: &[&str]| {
            let request =
                cookies.iter().fold(Request::builder(), |request, one| request.header("cookie", *one));
            token(request.body(()).expect("a request").headers()).map(str::to_owned)
        };
        assert_eq!(named(&["a=b; actionbox_console=t; c=d"]).as_deref(), Some("t"));
        for none in [&[][..], &["actionbox_console"], &["actionbox_console_2=t"], &["xactionbox_console=t"]] {
            assert_eq!(named(none), None, "{none:?}");
        }
        assert_eq!(named(&["actionbox_console=a; actionbox_console=b"]), None);
        assert_eq!(named(&["actionbox_console=a", "actionbox_console=b"]), None);
    }
}
