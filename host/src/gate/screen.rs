//! Last step of the gate: screen an answer before the guest sees even its status.
//!
//! Fails closed: an answer that holds a secret, or that cannot be read as plain text, is withheld whole.
//! Masking a part would be an oracle.

mod escape;

use std::borrow::Cow;

use aho_corasick::packed;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};

use self::escape::{unescape, without_controls};

/// Why an answer was withheld from the plugin. The request itself did reach the upstream.
///
/// ```
/// use actionbox_host::{Error, Sent, Withheld};
///
/// /// Tells what somebody should look at today: why does the upstream answer with a key?
/// fn is_alarming(error: &Error) -> bool {
///     matches!(error, Error::Withheld { reason: Withheld::Secret, .. })
/// }
/// assert!(is_alarming(&Error::Withheld { reason: Withheld::Secret, sent: Sent::Yes }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Withheld {
    /// The answer held one of the credentials, in some encoding.
    #[error("it held a credential")]
    Secret,
    /// The answer was a redirect; those are never followed.
    #[error("it was a redirect, which is never followed")]
    Redirect,
    /// The status was no final answer.
    #[error("its status is no final answer")]
    Status,
    /// The body was compressed although `identity` was asked.
    #[error("its body was encoded although identity was asked")]
    ContentEncoding,
    /// The body was not UTF-8 text.
    #[error("its body was not UTF-8 text")]
    NotText,
}

/// The headers of an answer that a plugin has a use for.
const PASSED: [HeaderName; 2] = [header::CONTENT_TYPE, header::RETRY_AFTER];

/// How often escapes are peeled off: JSON in JSON in JSON, or percent in JSON.
const LAYERS: usize = 4;

const NAMED_THE_ACCOUNT: &str = "the upstream's message was withheld because it named the linked account";

/// How the upstream says that the app is not connected, before it names the account; a plugin has to know.
const NOT_CONNECTED: &str = "Application Authentication not found";

/// Everything that a given set of secrets looks like in common encodings, compiled once per credential.
///
/// Deliberately without `Debug`: the patterns hold the secrets.
pub(crate) struct Screen {
    /// In lower case, as is the text that is searched.
    patterns: Vec<Vec<u8>>,
    /// Looks for all of them at once, by vector instructions: some ten times as fast as an automaton. There is none
    /// for processors without these instructions, nor for more patterns than it takes.
    packed: Option<packed::Searcher>,
}

impl Screen {
    /// Compiles the patterns of all secrets. Called where secrets are exposed, in `credential.rs`.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let patterns: Vec<Vec<u8>> = secrets.into_iter().flat_map(spellings).map(in_lower_case).collect();
        let packed = packed::Config::new().builder().extend(&patterns).build();
        Self { patterns, packed }
    }

    /// Tells whether bytes hold one of the patterns, in whatever case.
    fn matches(&self, bytes: &[u8]) -> bool {
        let lower = bytes.to_ascii_lowercase();
        match &self.packed {
            Some(packed) => packed.find(&lower).is_some(),
            None => self.patterns.iter().any(|pattern| memchr::memmem::find(&lower, pattern).is_some()),
        }
    }

    /// Tells whether the bytes hold a secret: as they are, without control characters (UTF-16, folded
    /// lines), and below up to four layers of JSON, percent or entity escapes.
    pub(crate) fn finds(&self, bytes: &[u8]) -> bool {
        let matches = |view: &[u8]| self.matches(view);
        let mut view = Some(Cow::Borrowed(bytes));
        // Line breaks may be escaped, and escapes may be broken by lines: here they go before each layer.
        let mut dense: Option<Vec<u8>> = None;
        for _ in 0..=LAYERS {
            let stripped = view.as_deref().and_then(without_controls);
            if [view.as_deref(), stripped.as_deref(), dense.as_deref()].into_iter().flatten().any(matches) {
                return true;
            }
            dense = dense.or(stripped).and_then(|dense| unescape(&dense)).map(|view| escape::dense(&view));
            view = view.and_then(|view| unescape(&view)).map(Cow::Owned);
            if view.is_none() && dense.is_none() {
                return false;
            }
        }
        // Still escaped below the last layer: nothing honest looks like that, but it may be large and
        // innocent text about escaping, so it is not refused.
        false
    }
}

fn in_lower_case(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.make_ascii_lowercase();
    bytes
}

/// Returns the encodings of one secret that are searched for as they are.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![secret.to_vec(), hex(secret), numbers(secret, ","), numbers(secret, ", ")];
    for alignment in 0..3 {
        // What stands before and after the secret changes the characters at its ends: leave those away.
        let padded: Vec<u8> = std::iter::repeat_n(0, alignment).chain(secret.iter().copied()).collect();
        let start = [0, 2, 3][alignment];
        let cut = usize::from(!padded.len().is_multiple_of(3));
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            all.push(encoded.as_bytes()[start..encoded.len() - cut].to_vec());
        }
    }
    all
}

/// What JavaScript makes of bytes in JSON, a `Buffer` for one.
fn numbers(bytes: &[u8], between: &str) -> Vec<u8> {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(between).into_bytes()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()
}

/// Screens a whole answer and returns what the guest may see of it.
///
/// # Errors
///
/// [`Withheld`] when it must not see any of it.
pub(crate) fn screen(
    screen: &Screen,
    account: Option<&str>,
    answer: Response<Bytes>,
) -> Result<Response<Bytes>, Withheld> {
    let (parts, body) = answer.into_parts();
    check_status(parts.status)?;
    if !is_identity(&parts.headers) {
        return Err(Withheld::ContentEncoding);
    }
    let mut headers = HeaderMap::with_capacity(PASSED.len());
    for name in PASSED {
        if let Some(value) = parts.headers.get(&name) {
            if screen.finds(value.as_bytes()) {
                return Err(Withheld::Secret);
            }
            headers.insert(name, value.clone());
        }
    }
    // Looked for before the check for text: whoever reads the audit should learn of the leak first.
    if screen.finds(&body) {
        return Err(Withheld::Secret);
    }
    let text = std::str::from_utf8(&body).map_err(|_| Withheld::NotText)?;
    let replaced = account
        .filter(|account| !parts.status.is_success() && names_account(text, account))
        .map(|account| Bytes::from(without_account(text, account)));
    let mut response = Response::new(replaced.unwrap_or(body));
    *response.status_mut() = parts.status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn check_status(status: StatusCode) -> Result<(), Withheld> {
    if status.is_redirection() {
        Err(Withheld::Redirect)
    } else if status.is_informational() || status.as_u16() >= 600 {
        Err(Withheld::Status)
    } else {
        Ok(())
    }
}

fn is_identity(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Tells whether an error body names the account, in its text or in one of its JSON strings.
fn names_account(text: &str, account: &str) -> bool {
    let plain = text.to_ascii_lowercase();
    let account = account.to_ascii_lowercase();
    plain.contains(&account)
        || unescape(plain.as_bytes())
            .is_some_and(|view| memchr::memmem::find(&view, account.as_bytes()).is_some())
}

/// Replaces the message of an error envelope that names the account; or the whole body, when the name is
/// elsewhere in it, or the body too large for an envelope.
fn without_account(text: &str, account: &str) -> String {
    const ENVELOPE: usize = 64 << 10;
    let parsed = (text.len() <= ENVELOPE).then(|| serde_json::from_str(text).ok()).flatten();
    let mut envelope = match parsed {
        Some(serde_json::Value::Object(envelope)) => envelope,
        _ => serde_json::Map::new(),
    };
    let not_connected = envelope
        .get("message")
        .and_then(serde_json::Value::as_str)
        .is_some_and(|message| message.starts_with(NOT_CONNECTED));
    let message = if not_connected { NOT_CONNECTED } else { NAMED_THE_ACCOUNT };
    envelope.insert("message".to_owned(), message.into());
    let replaced = serde_json::Value::Object(envelope).to_string();
    if names_account(&replaced, account) {
        return serde_json::json!({ "message": NAMED_THE_ACCOUNT }).to_string();
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "tk_canary/0123+456789=abcdef";

    fn secret_screen() -> Screen {
        Screen::new([SECRET.as_bytes()])
    }

    fn answer(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
        let mut response = Response::new(body.into());
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        response
    }

    #[test]
    fn a_secret_is_found_in_every_common_encoding() {
        let escaped = |f: &dyn Fn(u8) -> String| SECRET.bytes().map(f).collect::<String>();
        let json = escaped(&|b| format!("\\u{b:04x}"));
        let twice = json.replace('\\', "\\\\");
        let folded: String = SECRET.chars().flat_map(|c| [c, '\n']).collect();
        let table: Vec<(&str, Vec<u8>)> = vec![
            ("plain", SECRET.into()),
            ("upper case", SECRET.to_uppercase().into()),
            ("hex", hex(SECRET.as_bytes())),
            ("upper hex", hex(SECRET.as_bytes()).to_ascii_uppercase()),
            ("JSON numbers", numbers(SECRET.as_bytes(), ",")),
            ("JSON numbers, one a line", numbers(SECRET.as_bytes(), ",\n  ")),
            ("numbers of a list", numbers(SECRET.as_bytes(), ", ")),
            (
                "numbers of a list in two lines",
                String::from_utf8_lossy(&numbers(SECRET.as_bytes(), ", ")).replace(" 48,", "\n 48,").into(),
            ),
            ("a header folded in JSON", SECRET.replace('0', "0\\r\\n ").into()),
            ("percent", escaped(&|b| format!("%{b:02X}")).into()),
            (
                "percent, only what must be",
                SECRET.replace('/', "%2F").replace('+', "%2b").replace('=', "%3D").into(),
            ),
            ("percent twice", escaped(&|b| format!("%25{b:02X}")).into()),
            ("JSON escapes", json.clone().into()),
            ("JSON in JSON", twice.into()),
            ("an escaped slash", SECRET.replace('/', "\\/").into()),
            ("decimal entities", escaped(&|b| format!("&#{b};")).into()),
            ("hex entities", escaped(&|b| format!("&#x{b:x};")).into()),
            ("UTF-16LE", SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16BE", SECRET.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("folded lines", folded.into()),
            ("folded and indented lines", SECRET.replace('0', "0\r\n \t").into()),
            ("escapes that lines break", escaped(&|b| format!("%\r\n{b:02x}")).into()),
            ("escapes in UTF-16", json.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("escaped line breaks in percent", escaped(&|b| format!("%\\u000a{b:02x}")).into()),
            ("escapes of JavaScript", escaped(&|b| format!("\\u{{{b:x}}}")).into()),
            ("old escapes of JavaScript", escaped(&|b| format!("%u{b:04X}")).into()),
            ("entities with zeros", escaped(&|b| format!("&#{b:020};")).into()),
            (
                "named entities",
                SECRET.replace('/', "&sol;").replace('+', "&plus;").replace('=', "&equals;").into(),
            ),
        ];
        for (name, bytes) in table {
            let around = [b"{\"data\":\"x ".as_slice(), &bytes, b" y\"}"].concat();
            assert!(secret_screen().finds(&around), "{name}");
            let without_vectors = Screen { packed: None, ..secret_screen() };
            assert!(without_vectors.finds(&around), "{name}, without vector instructions");
        }
    }

    #[test]
    fn most_processors_search_by_vector_instructions() {
        let two = Screen::new([SECRET.as_bytes(), b"tk_another/0123456789".as_slice()]);
        assert!(secret_screen().packed.is_some() && two.packed.is_some());
    }

    #[test]
    fn a_secret_is_found_in_base64_at_every_alignment() {
        for before in 0..6 {
            for after in 0..6 {
                let plain = format!("{}{SECRET}{}", &"?>~?>~"[..before], &"?>~?>~"[..after]);
                for encoded in [STANDARD_NO_PAD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)] {
                    assert!(secret_screen().finds(encoded.as_bytes()), "{before} before, {after} after");
                }
            }
        }
    }

    #[test]
    fn innocent_text_passes() {
        let near = &SECRET[..SECRET.len() - 1];
        for text in [
            "{}",
            "100% & \\n more",
            "%zz %+7 %u12 \\u12 \\u{ \\u{} &#; &#x; &none;",
            "\\",
            "%",
            "&#99999999;",
            near,
        ] {
            let screened = screen(&secret_screen(), None, answer(200, text.to_owned()));
            assert_eq!(screened.map(|a| a.into_body()), Ok(Bytes::from(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_withheld() {
        let mut gzip = answer(200, "{}");
        gzip.headers_mut().insert(header::CONTENT_ENCODING, "gzip".parse().expect("a value"));
        let mut leaking = answer(200, "{}");
        leaking.headers_mut().insert(header::CONTENT_TYPE, SECRET.parse().expect("a value"));
        let table = [
            (gzip, Withheld::ContentEncoding),
            (leaking, Withheld::Secret),
            (answer(200, vec![0xff, 0xfe]), Withheld::NotText),
            (answer(200, vec![0x1f, 0x8b, 8]), Withheld::NotText),
            (answer(301, ""), Withheld::Redirect),
            (answer(304, ""), Withheld::Redirect),
            (answer(308, ""), Withheld::Redirect),
            (answer(101, ""), Withheld::Status),
            (answer(999, ""), Withheld::Status),
            (answer(500, SECRET), Withheld::Secret),
        ];
        for (answer, reason) in table {
            let shown = format!("{answer:?}");
            assert_eq!(screen(&secret_screen(), None, answer).map(drop), Err(reason), "{shown}");
        }
    }

    #[test]
    fn only_useful_headers_pass() {
        let mut given = answer(200, "{}");
        for name in ["content-type", "retry-after", "set-cookie", "location", "x-echo", "server", "date"] {
            given
                .headers_mut()
                .insert(name.parse::<HeaderName>().expect("a name"), "1".parse().expect("a value"));
        }
        let passed = screen(&secret_screen(), None, given).expect("passes");
        let names: Vec<_> = passed.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["content-type", "retry-after"]);
    }

    #[test]
    fn an_error_message_that_names_the_account_is_replaced_whole() {
        let account = Some("customer@example.com");
        let body =
            r#"{"status_code":404,"message":"nothing for CUSTOMER@example.com here","request_id":"r1"}"#;
        let seen = screen(&secret_screen(), account, answer(404, body)).expect("passes").into_body();
        let seen: serde_json::Value = serde_json::from_slice(&seen).expect("JSON");
        assert_eq!(seen["message"], NAMED_THE_ACCOUNT);
        assert_eq!((&seen["status_code"], &seen["request_id"]), (&404.into(), &"r1".into()));

        let body = r#"{"message":"Application Authentication not found for linked_account_id customer@example.com and app x"}"#;
        let seen = screen(&secret_screen(), account, answer(400, body)).expect("passes").into_body();
        assert_eq!(seen, r#"{"message":"Application Authentication not found"}"#);

        for hidden in ["<p>customer@example.com</p>", r#"{"x":["customer\u0040example.com"],"message":"m"}"#]
        {
            let seen = screen(&secret_screen(), account, answer(500, hidden)).expect("passes").into_body();
            assert!(
                !names_account(std::str::from_utf8(&seen).expect("text"), "customer@example.com"),
                "{hidden}"
            );
        }
    }

    #[test]
    fn data_may_hold_the_account() {
        let body = r#"{"node_status":"Success","data":{"email":"customer@example.com"}}"#;
        let seen = screen(&secret_screen(), Some("customer@example.com"), answer(200, body)).expect("passes");
        assert_eq!(seen.body(), body);
    }
}
