//! Signing in, with a key of the service, and out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

use super::guard::{COOKIE, Page, may_sign_in, signed_in};
use crate::{
    answer::Answer,
    caller::{self, Caller},
    chain::Entry,
    http::{Refused, body},
    service::Shared,
    store::now,
};

/// How long whoever sends a wrong key waits for the answer. Nobody else does.
const PAUSE: Duration = Duration::from_secs(1);
/// The largest form; a key has some fifty characters.
const FORM: usize = 1024;

const NO_SUCH_KEY: Refused = Refused::new(
    StatusCode::FORBIDDEN,
    "WRONG_KEY",
    "this is no key of a viewer or an administrator, or it was revoked",
);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    key: String,
}

/// Tells who is signed in; nobody is no error, because the page has to ask.
pub(super) async fn session(page: Page, State(shared): State<Arc<Shared>>) -> Response {
    let caller = page.token.as_deref().and_then(|token| signed_in(&shared, token));
    let told = caller.map(|caller| json!({ "name": caller.name, "role": caller.role }));
    page.asking.respond(Answer::ok(&json!({ "signed_in": told })))
}

pub(super) async fn sign_in(page: Page, State(shared): State<Arc<Shared>>, body: Body) -> Response {
    let asking = &page.asking;
    let body = match body::read(asking, body, FORM).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    // What is wrong with it is not told: it may hold a key.
    let Ok(form) = serde_json::from_slice::<Form>(&body) else {
        return asking.refuse(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "the form has one field: the key");
    };
    let key = caller::digest(form.key.trim());
    let Some(caller) = shared.directory.caller(&key).filter(may_sign_in) else {
        let refused = asking.reject(&shared, None, NO_SUCH_KEY);
        tokio::time::sleep(PAUSE).await;
        return refused;
    };
    let token = match shared.console.sessions.begin(key, Instant::now()) {
        Ok(Ok(token)) => token,
        Ok(Err(_)) => {
            let message = "as many are signed in as may be; try again later";
            return asking.refuse(StatusCode::SERVICE_UNAVAILABLE, "BUSY", message);
        }
        Err(error) => {
            return asking.refuse(StatusCode::INTERNAL_SERVER_ERROR, "SERVICE_ERROR", &error.to_string());
        }
    };
    // One session at a time: whoever had the page before is signed out.
    if let Some(before) = &page.token {
        shared.console.sessions.end(before);
    }
    note(&shared, &caller, "signed in");
    let answer = Answer::ok(&json!({ "signed_in": { "name": caller.name, "role": caller.role } }));
    with_cookie(asking.respond(answer), &token, page.is_encrypted, None)
}

pub(super) async fn sign_out(page: Page, State(shared): State<Arc<Shared>>) -> Response {
    if let Some(token) = &page.token {
        if let Some(caller) = signed_in(&shared, token) {
            note(&shared, &caller, "signed out");
        }
        shared.console.sessions.end(token);
    }
    with_cookie(
        page.asking.respond(Answer::ok(&json!({ "signed_in": null }))),
        "",
        page.is_encrypted,
        Some(0),
    )
}

fn note(shared: &Shared, caller: &Caller, change: &str) {
    let event = json!({ "kind": "console", "change": change, "by": caller.name, "role": caller.role });
    shared.writer.note_soon(vec![Entry { at: now(), tenant: None, correlation: None, event }]);
}

/// Sets the cookie: out of reach for scripts, for other sites, and for connections that are not encrypted, unless they
/// stay on this machine.
fn with_cookie(mut response: Response, token: &str, is_encrypted: bool, age: Option<u32>) -> Response {
    let secure = if is_encrypted { "; Secure" } else { "" };
    let age = age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    let cookie = format!("{COOKIE}={token}; Path=/console; HttpOnly; SameSite=Strict{secure}{age}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
