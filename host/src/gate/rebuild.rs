//! Fourth step of the gate: build the request that leaves, from the route and constants.
//!
//! Of the guest's request only the route and a checked body remain; none of its headers does.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::Full;
use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};

use crate::{credential::Credential, gate::route::Route, upstream::Upstream};

/// Why the body of a request is not what its endpoint takes.
///
/// ```
/// use actionbox_host::{Actor, BadBody, Error, Refusal, Sent};
///
/// let refusal = Refusal::Body(BadBody::SelectsAccount("linked_account_id"));
/// let error = Error::Denied { refusal, sent: Sent::No };
/// // No grant allows it: the plugin has to send another body.
/// assert_eq!(error.actor(), Actor::PluginAuthor);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadBody {
    /// A list or describe request had a body.
    #[error("a list or describe request takes no body")]
    Unexpected,
    /// The body was shorter than its declared length, or declared none: a guest that dies in the middle
    /// must not look like one that finished.
    #[error("an execute request needs a content-length that its body keeps")]
    Incomplete,
    /// The body of an execute request was not one JSON object.
    #[error("the body of an execute request must be one JSON object")]
    NotAnObject,
    /// A key of the body could choose the account or the credentials.
    #[error("a key such as {0:?} could choose an account or a credential, which only the host does")]
    SelectsAccount(&'static str),
}

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("actionbox/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Checks the body of a request against its route.
///
/// # Errors
///
/// [`BadBody`] for everything but no body where none belongs, and one JSON object where one does.
pub(crate) fn check_body(route: &Route, declared: Option<u64>, body: &[u8]) -> Result<(), BadBody> {
    if !matches!(route, Route::Execute { .. }) {
        return if body.is_empty() { Ok(()) } else { Err(BadBody::Unexpected) };
    }
    if declared != Some(body.len() as u64) {
        return Err(BadBody::Incomplete);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let suspect = (&mut json).deserialize_map(SuspectKey).map_err(|_| BadBody::NotAnObject)?;
    json.end().map_err(|_| BadBody::NotAnObject)?;
    match suspect {
        Some(key) => Err(BadBody::SelectsAccount(key)),
        None => Ok(()),
    }
}

/// Finds the first key of an object that an upstream could take for an account or a credential.
struct SuspectKey;

impl<'de> Visitor<'de> for SuspectKey {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut suspect = None;
        while let Some(Key(found)) = map.next_key()? {
            map.next_value::<IgnoredAny>()?;
            suspect = suspect.or(found);
        }
        Ok(suspect)
    }
}

/// A key, as what it could be taken for. Nothing is copied of it.
struct Key(Option<&'static str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Key;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key(find_suspect(key)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Tells what a key could be taken for. Compared by letters and digits alone, as lenient servers do.
///
/// Two keys reach into an object from outside when a server merges carelessly: `__proto__` and `constructor`.
fn find_suspect(key: &str) -> Option<&'static str> {
    const SUSPECT: [(&str, &str); 8] = [
        ("apikey", "api_key"),
        ("authorization", "authorization"),
        ("constructor", "constructor"),
        ("linkedaccount", "linked_account"),
        ("linkedaccountid", "linked_account_id"),
        ("proto", "__proto__"),
        ("sessiontoken", "session_token"),
        ("xapikey", "x-api-key"),
    ];
    let plain = || key.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
    SUSPECT.iter().find(|(suspect, _)| suspect.bytes().eq(plain())).map(|(_, name)| *name)
}

/// Builds the request that leaves, credentials included.
pub(crate) fn rebuild(
    route: &Route,
    upstream: &Upstream,
    credential: &Credential,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, http::Error> {
    /// Those below, those of a credential, and those that the client adds.
    const HEADERS: usize = 12;
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(header::ACCEPT, JSON);
    headers.insert(header::ACCEPT_ENCODING, IDENTITY);
    headers.insert(header::USER_AGENT, USER_AGENT);
    if matches!(route, Route::Execute { .. }) {
        headers.insert(header::CONTENT_TYPE, JSON);
    }
    credential.add_to(&mut headers);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = route.method();
    *request.uri_mut() = upstream.uri(&route.path())?;
    *request.headers_mut() = headers;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{ActionId, AppSlug};

    fn execute() -> Route {
        Route::Execute {
            app: AppSlug::parse("hubspot").expect("a slug"),
            action: ActionId::parse("get_contact").expect("an id"),
        }
    }

    fn check(body: &str) -> Result<(), BadBody> {
        check_body(&execute(), Some(body.len() as u64), body.as_bytes())
    }

    #[test]
    fn one_json_object_is_a_body() {
        for good in ["{}", r#"{"limit":"1"}"#, " {\"a\":[{\"linked_account_id\":1}]} \n", r#"{"é":"☃"}"#] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let deep = format!("{}{}", "{\"a\":".repeat(1000), "}".repeat(1000));
        for bad in
            ["", "[]", "null", "1", "\"{}\"", "{", "{}{}", "{} x", "{\"a\":}", "{'a':1}", "\u{feff}{}", &deep]
        {
            assert_eq!(check(bad), Err(BadBody::NotAnObject), "{bad:.40}");
        }
        assert_eq!(check_body(&execute(), Some(6), b"{\"\xff\":1}"), Err(BadBody::Incomplete));
        assert_eq!(check_body(&execute(), Some(7), b"{\"\xff\":1}"), Err(BadBody::NotAnObject));
    }

    #[test]
    fn no_key_of_a_body_chooses_the_account() {
        for key in [
            "linked_account_id",
            "linkedAccountId",
            "LINKED-ACCOUNT-ID",
            "Linked_Account_ID",
            "x-api-key",
            "X_API_KEY",
            "authorization",
            "linked_account_i\\u0064",
            "linked\\taccount\\u0000id",
            "api_key",
            "__proto__",
            "constructor",
            "session_token",
        ] {
            let body = format!(r#"{{"a":1,"{key}":"other"}}"#);
            assert!(matches!(check(&body), Err(BadBody::SelectsAccount(_))), "{key}");
        }
    }

    #[test]
    fn a_body_that_breaks_off_is_refused() {
        assert_eq!(check_body(&execute(), None, b"{}"), Err(BadBody::Incomplete));
        assert_eq!(check_body(&execute(), Some(3), b"{}"), Err(BadBody::Incomplete));
    }

    #[test]
    fn a_listing_takes_no_body() {
        let list = Route::List { app: AppSlug::parse("hubspot").expect("a slug") };
        assert_eq!(check_body(&list, None, b""), Ok(()));
        assert_eq!(check_body(&list, Some(0), b""), Ok(()));
        assert_eq!(check_body(&list, Some(2), b"{}"), Err(BadBody::Unexpected));
    }
}
