//! Any answer of an upstream: one that holds a secret, in whatever encoding, is withheld; one that holds
//! none passes as it is.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::{Pin, pin},
    sync::LazyLock,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};

use super::{input::Input, spelling::spell, views};
use crate::{
    effect::Effect,
    gate::{
        budget::Allowance,
        client::{SendFailure, collect},
        retry,
        screen::{self, Screen, Withheld},
    },
};

const ACCOUNT: &str = "customer@example.com";

const SECRETS: [&str; 3] = [
    "tk_canary/0123+456789=abcdef",
    "abcdef0123456789-_.~:,@!",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhY21lIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4",
];

static SCREENS: LazyLock<[Screen; 3]> =
    LazyLock::new(|| SECRETS.map(|secret| Screen::new([secret.as_bytes()])));

/// Where an answer holds the secret.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Nowhere,
    Body,
    PassedHeader,
    DroppedHeader,
}

/// Screens an answer, with a secret in its body, in a header, or nowhere.
pub fn screen(input: &[u8]) {
    let input = &mut Input(input);
    let (secret, built);
    let screen = match input.below(4) {
        which @ 0..3 => {
            secret = SECRETS[which].as_bytes().to_vec();
            &SCREENS[which]
        }
        _ => {
            secret = any_secret(input);
            built = Screen::new([&*secret]);
            &built
        }
    };
    let place = input.one_of(&[Place::Body, Place::PassedHeader, Place::DroppedHeader, Place::Nowhere]);
    let spelling = spell(&secret, input);
    let at = input.number();
    let account = input.one_of(&[None, Some(ACCOUNT)]);
    let status = input.one_of(&[200, 201, 301, 404, 429, 503]).max(input.number().min(999) as u16);
    let status = StatusCode::from_u16(status).expect("a number of three digits");
    let (mut headers, held) = headers(place, &spelling.bytes, input);
    add_coding(&mut headers, input);
    let chunk = input.number() + 1;
    let patience = input.one_of(&[usize::MAX, 64]);

    let mut body = input.0.to_vec();
    if place == Place::Body {
        let (before, after) = body.split_at(at.min(body.len()));
        // What begins an escape right before the secret takes its first characters in.
        let apart: &[u8] = if spelling.layers > 0 && ends_in_an_escape(before) { b" " } else { b"" };
        body = [before, apart, &spelling.bytes, after].concat();
    }
    let Some(body) = collected(body, chunk, patience) else { return };
    let held = held || place == Place::Body;

    let mut answer = Response::new(body.clone());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers.clone();
    let wait = retry::wait(Effect::Read, 1, &Ok(answer.clone()), 0.5, SystemTime::UNIX_EPOCH);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(10)), "{wait:?}");

    let passed = [header::CONTENT_TYPE, header::RETRY_AFTER];
    match screen::screen(screen, account, answer) {
        Err(Withheld::Redirect) => assert!(status.is_redirection()),
        Err(Withheld::Status) => assert!(!(200..600).contains(&status.as_u16())),
        Err(Withheld::ContentEncoding) => assert!(!is_identity(&headers)),
        Err(Withheld::NotText) => assert!(!held && std::str::from_utf8(&body).is_err()),
        Err(Withheld::Secret) => {
            let mut values = passed.iter().filter_map(|name| headers.get(name)).map(HeaderValue::as_bytes);
            let found =
                held || views::holds(&body, &secret) || values.any(|value| views::holds(value, &secret));
            assert!(found, "there is no secret");
        }
        Ok(shown) => {
            assert!(!held, "{} passes in b\"{}\" {headers:?}", secret.escape_ascii(), body.escape_ascii());
            assert!((200..300).contains(&status.as_u16()) || (400..600).contains(&status.as_u16()));
            assert!(is_identity(&headers));
            assert_eq!((shown.status(), shown.extensions().is_empty()), (status, true));
            for (name, value) in shown.headers() {
                assert!(passed.contains(name) && headers.get(name) == Some(value), "{name}");
            }
            is_shown_as_it_was(&shown, &body, account);
        }
    }
}

/// Checks that a body was changed only to keep the account out of an error.
fn is_shown_as_it_was(shown: &Response<Bytes>, body: &Bytes, account: Option<&str>) {
    let Some(account) = account.filter(|_| !shown.status().is_success()) else {
        return assert_eq!(shown.body(), body);
    };
    let names = |bytes: &[u8]| {
        let lower = bytes.to_ascii_lowercase();
        lower.windows(account.len()).any(|window| window == account.as_bytes())
    };
    assert!(!names(shown.body()), "an error names the account");
    let may_name = names(body) || body.iter().any(|byte| b"\\%&".contains(byte));
    assert!(may_name || shown.body() == body, "an innocent error was changed");
}

/// Reads a secret of 16 to 64 characters. None begins an escape: such a secret decodes to another.
fn any_secret(input: &mut Input<'_>) -> Vec<u8> {
    let length = 16 + input.below(49);
    (0..length)
        .map(|_| match b'!' + input.byte() % 94 {
            b'\\' | b'%' | b'&' => b'-',
            byte => byte,
        })
        .collect()
}

/// Makes the headers of an answer; tells whether one that is passed holds the spelling.
fn headers(place: Place, spelling: &[u8], input: &mut Input<'_>) -> (HeaderMap, bool) {
    let mut headers = HeaderMap::new();
    let mut held = false;
    let (length, name) =
        (input.below(32), input.one_of(&[header::CONTENT_TYPE, header::RETRY_AFTER].each_ref()));
    if let Ok(value) = HeaderValue::from_bytes(input.bytes(length)) {
        headers.insert(name, value);
    }
    let planted: HeaderName = match place {
        Place::PassedHeader => name.clone(),
        Place::DroppedHeader => {
            input.one_of(&[header::SET_COOKIE, header::LOCATION, header::WWW_AUTHENTICATE].each_ref()).clone()
        }
        Place::Nowhere | Place::Body => return (headers, held),
    };
    if let Ok(value) = HeaderValue::from_bytes(spelling) {
        held = place == Place::PassedHeader;
        headers.insert(planted, value);
    }
    (headers, held)
}

fn add_coding(headers: &mut HeaderMap, input: &mut Input<'_>) {
    let coding = input.one_of(&["", "", "identity", "Identity", "gzip", "identity, gzip", "br"]);
    if !coding.is_empty() {
        headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
}

fn is_identity(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity" || coding == "Identity")
}

/// Tells whether text ends within what could be an escape.
fn ends_in_an_escape(text: &[u8]) -> bool {
    let Some(begin) = text.iter().rposition(|byte| b"\\%&".contains(byte)) else { return false };
    text[begin + 1..].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte <= b' ' || b"#{".contains(byte))
}

/// Collects a body that comes in chunks, within an allowance; `None` when it is larger.
fn collected(body: Vec<u8>, chunk: usize, patience: usize) -> Option<Bytes> {
    let allowance = Allowance::new(patience);
    let chunks = Chunks(body.chunks(chunk).map(Bytes::copy_from_slice).collect());
    let ready = pin!(collect(chunks, &allowance)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(collected) = ready else { panic!("there is nothing to wait for") };
    match collected {
        Ok(whole) => {
            assert_eq!(whole, body);
            assert_eq!(allowance.left(), patience - body.len());
            Some(whole)
        }
        Err(SendFailure::TooLarge) => {
            assert!(body.len() > patience);
            assert_eq!(allowance.left(), patience);
            None
        }
        Err(failure) => panic!("{failure}"),
    }
}

/// A body of chunks that are all there.
struct Chunks(VecDeque<Bytes>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|chunk| chunk.len() as u64).sum())
    }
}
