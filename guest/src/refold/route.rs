//! The three endpoints, and the requests for them.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Error;

/// What RFC 3986 lets stand in a path segment without escaping, and nothing more.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One endpoint of the upstream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Route<'a> {
    List { app: &'a str },
    Describe { app: &'a str, action: &'a str },
    Execute { app: &'a str, action: &'a str },
}

impl<'a> Route<'a> {
    pub(super) fn app(&self) -> &'a str {
        match self {
            Self::List { app } | Self::Describe { app, .. } | Self::Execute { app, .. } => app,
        }
    }

    pub(super) fn action(&self) -> Option<&'a str> {
        match self {
            Self::List { .. } => None,
            Self::Describe { action, .. } | Self::Execute { action, .. } => Some(action),
        }
    }

    /// Refuses names that no segment of a path can be, before anybody is asked.
    #[cfg(feature = "upstream")]
    pub(super) fn check_names(&self) -> Result<(), Error> {
        segment(self.app()).ok_or_else(|| Error::unknown_app(self.app()))?;
        let action = self.action().filter(|action| segment(action).is_none());
        action.map_or(Ok(()), |action| Err(Error::unknown_action(self.app(), action)))
    }
}

#[cfg_attr(
    all(feature = "upstream", not(any(test, fuzzing))),
    expect(dead_code, reason = "they are for the other way")
)]
impl Route<'_> {
    /// Returns the method of this endpoint.
    pub(super) fn method(&self) -> &'static Method {
        match self {
            Self::List { .. } | Self::Describe { .. } => &Method::GET,
            Self::Execute { .. } => &Method::POST,
        }
    }

    /// Returns the path of this endpoint.
    pub(super) fn path(&self) -> Result<String, Error> {
        let app = segment(self.app()).ok_or_else(|| Error::unknown_app(self.app()))?;
        let mut path = format!("/api/v2/integration-schema/{app}/actions");
        if let Some(action) = self.action() {
            path.push('/');
            path += &segment(action).ok_or_else(|| Error::unknown_action(self.app(), action))?;
        }
        if let Self::Execute { .. } = self {
            path += "/execute";
        }
        Ok(path)
    }
}

/// Escapes one segment of a path; `None` for what no segment can be: nothing, or dots that would climb.
fn segment(text: &str) -> Option<String> {
    let climbs = text.bytes().all(|b| b == b'.');
    (!climbs).then(|| utf8_percent_encode(text, ESCAPED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(route: Route<'_>) -> String {
        format!("{} {}", route.method(), route.path().expect("a path"))
    }

    #[test]
    fn each_endpoint_has_its_request() {
        let (app, action) = ("hubspot", "get_contact");
        let base = "/api/v2/integration-schema/hubspot/actions";
        assert_eq!(line(Route::List { app }), format!("GET {base}"));
        assert_eq!(line(Route::Describe { app, action }), format!("GET {base}/get_contact"));
        assert_eq!(line(Route::Execute { app, action }), format!("POST {base}/get_contact/execute"));
    }

    #[test]
    fn a_name_stays_within_its_segment() {
        for (name, escaped) in [
            ("a/b", "a%2Fb"),
            ("a?b#c", "a%3Fb%23c"),
            ("../x", "..%2Fx"),
            ("a\\b", "a%5Cb"),
            ("%2e", "%252e"),
            ("é ☃", "%C3%A9%20%E2%98%83"),
            ("a\r\nb", "a%0D%0Ab"),
        ] {
            let base = "/api/v2/integration-schema";
            assert_eq!(line(Route::List { app: name }), format!("GET {base}/{escaped}/actions"), "{name:?}");
        }
        for name in ["", ".", "..", "..."] {
            let error = Route::List { app: name }.path().unwrap_err();
            assert_eq!(error, Error::unknown_app(name));
            let error = Route::Execute { app: "a", action: name }.path().unwrap_err();
            assert_eq!(error, Error::unknown_action("a", name));
        }
    }
}
