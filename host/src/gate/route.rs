//! First step of the gate: parse a guest's request into a route, or refuse it.
//!
//! Nothing of the guest's own spelling survives: clients, proxies and servers disagree on what a path is
//! (`%2e%2e`, backslashes, `//`, `;`), so a request that is not byte for byte one of the three endpoints
//! is refused, and the request that leaves is built anew from the route.

use std::fmt;

use http::{Method, Uri, uri::Scheme};

use crate::name::{ActionId, AppSlug};

/// One endpoint of the upstream's action API.
///
/// ```
/// use actionbox_host::{ActionId, AppSlug, Route};
///
/// let (app, action) = (AppSlug::parse("hubspot")?, ActionId::parse("get_contact")?);
/// let route = Route::Execute { app, action };
/// assert!(route.path().ends_with("/hubspot/actions/get_contact/execute"));
/// # Ok::<(), actionbox_host::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// Lists the actions of an app.
    List {
        /// The app.
        app: AppSlug,
    },
    /// Describes the parameters of an action.
    Describe {
        /// The app.
        app: AppSlug,
        /// The action.
        action: ActionId,
    },
    /// Executes an action.
    Execute {
        /// The app.
        app: AppSlug,
        /// The action.
        action: ActionId,
    },
}

/// Why a request is not a route of the upstream.
///
/// ```
/// use actionbox_host::{NotARoute, Route};
/// use http::{Method, Uri};
///
/// for (uri, why) in [
///     ("http://app.refold.ai/api/v2/integration-schema/hubspot/actions", NotARoute::Scheme),
///     ("https://app.refold.ai.example.com/api/v2/integration-schema/hubspot/actions", NotARoute::Authority),
///     ("https://app.refold.ai/api/v2/public/linked-account", NotARoute::Path),
/// ] {
///     let uri = Uri::from_static(uri);
///     assert_eq!(Route::parse("app.refold.ai", &Method::GET, &uri), Err(why));
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotARoute {
    /// The scheme was not `https`.
    #[error("the scheme is not https")]
    Scheme,
    /// The authority was not the upstream's.
    #[error("the authority is not the granted upstream's")]
    Authority,
    /// The path was none of the upstream's endpoints, or spelled in another way.
    #[error("the path is none of the upstream's three endpoints")]
    Path,
    /// There was a query, even an empty one.
    #[error("the endpoints take no query")]
    Query,
    /// The method was not the endpoint's.
    #[error("the method is not the endpoint's")]
    Method,
}

pub(super) const PREFIX: &str = "/api/v2/integration-schema/";

impl Route {
    /// Parses a request line, given the authority under which guests know the upstream.
    ///
    /// # Errors
    ///
    /// [`NotARoute`] for everything that is not exactly `https://{authority}` followed by one of the three
    /// endpoints, with the endpoint's method, and no query.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{Route, Upstream};
    /// use http::{Method, Uri};
    ///
    /// let upstream = Upstream::refold();
    /// let uri = Uri::from_static("https://app.refold.ai/api/v2/integration-schema/hubspot/actions");
    /// let route = Route::parse(upstream.authority(), &Method::GET, &uri)?;
    /// assert!(matches!(route, Route::List { .. }));
    /// # Ok::<(), actionbox_host::NotARoute>(())
    /// ```
    pub fn parse(authority: &str, method: &Method, uri: &Uri) -> Result<Self, NotARoute> {
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(NotARoute::Scheme);
        }
        // Compared as text: no port, no user-info, no other case, no trailing dot.
        if uri.authority().map(|a| a.as_str()) != Some(authority) {
            return Err(NotARoute::Authority);
        }
        if uri.query().is_some() {
            return Err(NotARoute::Query);
        }
        let (route, expected) = Self::parse_path(uri.path()).ok_or(NotARoute::Path)?;
        if method != expected {
            return Err(NotARoute::Method);
        }
        Ok(route)
    }

    fn parse_path(path: &str) -> Option<(Self, &'static Method)> {
        let mut segments = path.strip_prefix(PREFIX)?.split('/');
        let app = AppSlug::parse(segments.next()?).ok()?;
        if segments.next()? != "actions" {
            return None;
        }
        let Some(action) = segments.next() else {
            return Some((Self::List { app }, &Method::GET));
        };
        let action = ActionId::parse(action).ok()?;
        match (segments.next(), segments.next()) {
            (None, _) => Some((Self::Describe { app, action }, &Method::GET)),
            (Some("execute"), None) => Some((Self::Execute { app, action }, &Method::POST)),
            _ => None,
        }
    }

    /// Returns the path of this route, built from constants and names that need no escaping.
    ///
    /// ```
    /// use actionbox_host::{AppSlug, Route};
    ///
    /// let route = Route::List { app: AppSlug::parse("hubspot")? };
    /// assert_eq!(route.path(), "/api/v2/integration-schema/hubspot/actions");
    /// # Ok::<(), actionbox_host::InvalidName>(())
    /// ```
    pub fn path(&self) -> String {
        match self {
            Self::List { app } => format!("{PREFIX}{app}/actions"),
            Self::Describe { app, action } => format!("{PREFIX}{app}/actions/{action}"),
            Self::Execute { app, action } => format!("{PREFIX}{app}/actions/{action}/execute"),
        }
    }

    /// Returns the method of this route.
    ///
    /// ```
    /// use actionbox_host::{AppSlug, Route};
    ///
    /// let route = Route::List { app: AppSlug::parse("hubspot")? };
    /// let line = format!("{} {}", route.method(), route.path());
    /// assert_eq!(line, "GET /api/v2/integration-schema/hubspot/actions");
    /// # Ok::<(), actionbox_host::InvalidName>(())
    /// ```
    pub fn method(&self) -> Method {
        match self {
            Self::List { .. } | Self::Describe { .. } => Method::GET,
            Self::Execute { .. } => Method::POST,
        }
    }

    /// Returns the app of this route.
    ///
    /// ```
    /// use actionbox_host::{AppSlug, Route, SendIntent};
    ///
    /// /// Tells requests to an app that the service has switched off for now.
    /// fn is_held_back(intent: &SendIntent, switched_off: &[AppSlug]) -> bool {
    ///     switched_off.contains(intent.route.app())
    /// }
    /// # let route = Route::List { app: AppSlug::parse("hubspot")? };
    /// # assert_eq!(route.app().as_str(), "hubspot");
    /// # Ok::<(), actionbox_host::InvalidName>(())
    /// ```
    pub fn app(&self) -> &AppSlug {
        match self {
            Self::List { app } | Self::Describe { app, .. } | Self::Execute { app, .. } => app,
        }
    }

    /// Returns the action of this route, when it names one.
    ///
    /// ```
    /// use actionbox_host::{ActionId, AppSlug, Effect, Route};
    ///
    /// let (app, action) = (AppSlug::parse("hubspot")?, ActionId::parse("delete_contact")?);
    /// let route = Route::Execute { app, action };
    /// assert_eq!(route.action().and_then(Effect::of_name), Some(Effect::Destructive));
    /// # Ok::<(), actionbox_host::InvalidName>(())
    /// ```
    pub fn action(&self) -> Option<&ActionId> {
        match self {
            Self::List { .. } => None,
            Self::Describe { action, .. } | Self::Execute { action, .. } => Some(action),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List { app } => write!(f, "list {app}"),
            Self::Describe { app, action } => write!(f, "describe {app}/{action}"),
            Self::Execute { app, action } => write!(f, "execute {app}/{action}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: &str = "app.refold.ai";

    fn parse(method: &str, uri: &str) -> Result<Route, NotARoute> {
        let Ok(uri) = uri.parse::<Uri>() else {
            return Err(NotARoute::Path);
        };
        Route::parse(AUTHORITY, &method.parse().expect("a method"), &uri)
    }

    #[test]
    fn the_three_endpoints_are_routes_and_rebuild_to_themselves() {
        for (method, path, shown) in [
            ("GET", "/api/v2/integration-schema/hubspot/actions", "list hubspot"),
            ("GET", "/api/v2/integration-schema/hubspot/actions/get_contact", "describe hubspot/get_contact"),
            (
                "POST",
                "/api/v2/integration-schema/hubspot/actions/get_contact/execute",
                "execute hubspot/get_contact",
            ),
            ("GET", "/api/v2/integration-schema/x/actions/execute", "describe x/execute"),
        ] {
            let route = parse(method, &format!("https://{AUTHORITY}{path}")).expect(path);
            assert_eq!((route.method().as_str(), route.path().as_str()), (method, path));
            assert_eq!(route.to_string(), shown);
        }
    }

    #[test]
    fn everything_else_is_no_route() {
        let ok = "/api/v2/integration-schema/hubspot/actions";
        let table = [
            ("GET", "http://app.refold.ai/api/v2/integration-schema/hubspot/actions".to_owned()),
            ("GET", format!("https://app.refold.ai:443{ok}")),
            ("GET", format!("https://app.refold.ai:8443{ok}")),
            ("GET", format!("https://app.refold.ai.{ok}")),
            ("GET", format!("https://APP.refold.ai{ok}")),
            ("GET", format!("https://user@app.refold.ai{ok}")),
            ("GET", format!("https://app.refold.ai@evil.com{ok}")),
            ("GET", format!("https://evil.com{ok}")),
            ("GET", format!("https://app.refold.ai.evil.com{ok}")),
            ("GET", format!("https://127.0.0.1{ok}")),
            ("GET", ok.to_owned()),
            ("GET", format!("https://app.refold.ai{ok}?")),
            ("GET", format!("https://app.refold.ai{ok}?linked_account_id=other")),
            ("GET", format!("https://app.refold.ai{ok}/")),
            ("GET", format!("https://app.refold.ai/{ok}")),
            ("GET", "https://app.refold.ai/api/v2/integration-schema//actions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/hubspot//actions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/hubspot/Actions".to_owned()),
            ("GET", "https://app.refold.ai/API/v2/integration-schema/hubspot/actions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/%68ubspot/actions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/../public/linked-account".to_owned()),
            (
                "GET",
                "https://app.refold.ai/api/v2/integration-schema/%2e%2e/public/linked-account".to_owned(),
            ),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/hubspot/actions/..".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/hubspot;a=b/actions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/hubspot%2Factions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/integration-schema/hubspot\\actions".to_owned()),
            ("GET", "https://app.refold.ai/api/v2/public/linked-account".to_owned()),
            ("POST", "https://app.refold.ai/api/v2/public/session-token".to_owned()),
            ("GET", "https://app.refold.ai".to_owned()),
            ("GET", "https://app.refold.ai/".to_owned()),
            ("POST", format!("https://app.refold.ai{ok}")),
            ("HEAD", format!("https://app.refold.ai{ok}")),
            ("get", format!("https://app.refold.ai{ok}")),
            ("DELETE", format!("https://app.refold.ai{ok}/get_contact")),
            ("GET", format!("https://app.refold.ai{ok}/get_contact/execute")),
            ("PUT", format!("https://app.refold.ai{ok}/get_contact/execute")),
            ("POST", format!("https://app.refold.ai{ok}/get_contact/execute/")),
            ("POST", format!("https://app.refold.ai{ok}/get_contact/execute/more")),
            ("POST", format!("https://app.refold.ai{ok}/get_contact/Execute")),
        ];
        for (method, uri) in table {
            assert!(parse(method, &uri).is_err(), "{method} {uri} must be refused");
        }
    }
}
