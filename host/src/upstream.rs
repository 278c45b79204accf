//! Where calls go: the name that guests use, and the base URL that only the host knows.

use std::fmt;

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use crate::error::ConfigError;

/// An upstream: the authority under which guests know it, and where the host dials.
///
/// ```
/// use actionbox_host::Upstream;
///
/// let live = Upstream::refold();
/// let sandbox = Upstream::refold().at("http://127.0.0.1:8080")?;
/// // A plugin knows both by the same name.
/// assert_eq!(live.authority(), sandbox.authority());
/// # Ok::<(), actionbox_host::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    authority: Authority,
    base: Uri,
}

impl Upstream {
    /// Returns Refold's action API: guests call `https://app.refold.ai`, and so does the host.
    ///
    /// ```
    /// use actionbox_host::Upstream;
    ///
    /// assert_eq!(Upstream::refold().base_url(), "https://app.refold.ai");
    /// ```
    pub fn refold() -> Self {
        Self {
            authority: Authority::from_static("app.refold.ai"),
            base: Uri::from_static("https://app.refold.ai"),
        }
    }

    /// Dials another base URL, such as a sandbox server's; guests still use the upstream's own name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] unless it is `https://host[:port]`, or `http://` with a loopback host, without
    /// path, query or user-info.
    ///
    /// ```
    /// use actionbox_host::Upstream;
    /// let upstream = Upstream::refold().at("http://127.0.0.1:8080")?;
    /// assert!(Upstream::refold().at("http://api.example.com").is_err());
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn at(self, base_url: &str) -> Result<Self, ConfigError> {
        let base = parse_base(base_url)?;
        if base.scheme() == Some(&Scheme::HTTP) && !is_loopback(base.host().unwrap_or_default()) {
            return Err(ConfigError::PlainHttp { base_url: base_url.to_owned() });
        }
        Ok(Self { base, ..self })
    }

    /// Dials a base URL in clear text, wherever it is.
    ///
    /// # Security
    ///
    /// The credentials travel readable to everyone on the way. Meant for a proxy on a trusted network that
    /// adds TLS itself.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] unless it is `http://host[:port]` or `https://host[:port]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::Upstream;
    ///
    /// // A proxy on the same private network, which adds TLS.
    /// let upstream = Upstream::refold().dangerously_at_plain_http("http://egress.internal:8080")?;
    /// assert_eq!(upstream.base_url(), "http://egress.internal:8080");
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn dangerously_at_plain_http(self, base_url: &str) -> Result<Self, ConfigError> {
        let base = parse_base(base_url)?;
        Ok(Self { base, ..self })
    }

    /// Returns the authority that guests use.
    ///
    /// ```
    /// use actionbox_host::Upstream;
    ///
    /// let upstream = Upstream::refold().at("https://refold.example.com")?;
    /// assert_eq!(upstream.authority(), "app.refold.ai");
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Returns the base URL that the host dials.
    ///
    /// ```
    /// use actionbox_host::Upstream;
    ///
    /// let upstream = Upstream::refold().at("https://refold.example.com:8443/")?;
    /// assert_eq!(upstream.base_url(), "https://refold.example.com:8443");
    /// # Ok::<(), actionbox_host::ConfigError>(())
    /// ```
    pub fn base_url(&self) -> String {
        self.base.to_string().trim_end_matches('/').to_owned()
    }

    /// Builds the URI of one path below the base URL. The path is the host's own, never a guest's.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, http::Error> {
        let mut parts = self.base.clone().into_parts();
        parts.path_and_query = Some(path.try_into()?);
        Ok(Uri::from_parts(parts)?)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upstream({} at {})", self.authority, self.base_url())
    }
}

fn parse_base(base_url: &str) -> Result<Uri, ConfigError> {
    let invalid = |reason| ConfigError::BaseUrl { base_url: redact_user_info(base_url), reason };
    let uri: Uri = base_url.parse().map_err(|_| invalid("it is no URL"))?;
    let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?;
    if authority.as_str().contains('@') {
        return Err(invalid("it holds a user name; credentials belong into the grant"));
    }
    if uri.scheme() != Some(&Scheme::HTTPS) && uri.scheme() != Some(&Scheme::HTTP) {
        return Err(invalid("its scheme is neither https nor http"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || base_url.contains('#') {
        return Err(invalid("it has a path, a query or a fragment"));
    }
    Ok(uri)
}

fn redact_user_info(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => url.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in [
            "http://127.0.0.1:1",
            "http://localhost",
            "http://[::1]:80/",
            "https://example.com",
            "https://e.com:8443",
        ] {
            assert!(Upstream::refold().at(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "https://user:pass@example.com",
            "http://127.0.0.1:80@evil.com",
            "https://example.com/path",
            "https://example.com?x=1",
            "https://example.com#f",
            "ftp://example.com",
            "example.com",
            "",
            "/",
        ] {
            assert!(Upstream::refold().at(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn a_password_in_a_base_url_is_not_shown() {
        let error = Upstream::refold().at("https://user:hunter2@example.com").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
