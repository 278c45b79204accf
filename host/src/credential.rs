//! What the host adds to a request, and where it comes from. The only file that exposes a secret.

mod exchange;
mod session;

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

pub use self::{
    exchange::{SessionToken, TokenExchange},
    session::SessionTokens,
};
use crate::{BoxFuture, gate::screen::Screen};

/// What the host adds to a request: a secret and an account, or a session token.
///
/// Cheap to clone. Neither `Debug` nor any error shows the secret.
///
/// ```
/// use actionbox_host::{Credential, SecretString};
///
/// let key = SecretString::from("tk_0123456789abcdef");
/// let credential = Credential::api_key(&key, "customer@example.com")?;
/// assert!(!format!("{credential:?}").contains("tk_"));
/// # Ok::<(), actionbox_host::CredentialError>(())
/// ```
#[derive(Clone)]
pub struct Credential(Arc<Inner>);

struct Inner {
    headers: Vec<(HeaderName, HeaderValue)>,
    account: Arc<str>,
    screen: Screen,
}

/// Why there is no credential for a request. Nothing was sent.
///
/// ```
/// use actionbox_host::{ApiKey, CredentialError};
///
/// assert!(matches!(ApiKey::new("tk_short", "customer@example.com"), Err(CredentialError::TooShort)));
/// assert!(matches!(ApiKey::new("tk_0123456789abcdef", ""), Err(CredentialError::NotAHeader(_))));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The secret is shorter than 16 bytes: too short to be told apart in an answer.
    #[error("the secret is shorter than {} bytes, too short to be screened for", MIN_SECRET)]
    TooShort,
    /// The secret is longer than 8 KiB.
    #[error("the secret is longer than {} bytes", MAX_SECRET)]
    TooLong,
    /// The secret or the account cannot stand in an HTTP header.
    #[error("the {0} is empty or holds characters that cannot stand in an HTTP header")]
    NotAHeader(&'static str),
    /// The upstream refused the API key.
    #[error("the upstream refused the API key (status {status})")]
    Refused {
        /// The upstream's status.
        status: u16,
    },
    /// The upstream does not know the account.
    #[error("the upstream does not know the linked account (status {status})")]
    UnknownAccount {
        /// The upstream's status.
        status: u16,
    },
    /// The upstream answered for an account that does not exist.
    #[error(
        "the upstream answers for an account that does not exist; something on the way may drop the header linked_account_id"
    )]
    AccountIgnored,
    /// The upstream gave no usable answer about the credential.
    #[error("the upstream gave no usable answer about the credential: {0}")]
    Exchange(String),
    /// The embedder's own provider failed. Its text must not hold a secret.
    #[error("the credential provider failed: {0}")]
    Provider(String),
}

const MIN_SECRET: usize = 16;
/// Far longer than any key or token; the screen's automaton grows with it.
const MAX_SECRET: usize = 8 << 10;
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const LINKED_ACCOUNT: HeaderName = HeaderName::from_static("linked_account_id");

impl Credential {
    /// Makes a credential of an API key and a linked account id, sent as `x-api-key` and
    /// `linked_account_id`.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when either cannot be sent, or the key is too short to be screened for.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{Credential, SecretString};
    ///
    /// let key = SecretString::from("tk_0123456789abcdef");
    /// assert!(Credential::api_key(&key, "customer@example.com").is_ok());
    /// // A line break would begin another header.
    /// assert!(Credential::api_key(&key, "customer@example.com\r\nx-api-key: other").is_err());
    /// ```
    pub fn api_key(key: &SecretString, account: &str) -> Result<Self, CredentialError> {
        let headers =
            vec![(API_KEY, secret_header(key, "API key", "")?), (LINKED_ACCOUNT, account_header(account)?)];
        Ok(Self::new(headers, account, &[key]))
    }

    /// Makes a credential of a session token, sent as `authorization: Bearer`. The account is the one it
    /// is bound to; it is not sent.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when the token cannot be sent, or is too short to be screened for.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{Credential, SecretString};
    ///
    /// let token = SecretString::from("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI1MSJ9.c2lnbmF0dXJl");
    /// let credential = Credential::session_token(&token, "customer@example.com")?;
    /// # Ok::<(), actionbox_host::CredentialError>(())
    /// ```
    pub fn session_token(token: &SecretString, account: &str) -> Result<Self, CredentialError> {
        Self::session_token_of(token, account, &[])
    }

    /// As [`session_token`](Self::session_token), and screens answers for further secrets.
    fn session_token_of(
        token: &SecretString,
        account: &str,
        also: &[&SecretString],
    ) -> Result<Self, CredentialError> {
        let headers = vec![(header::AUTHORIZATION, secret_header(token, "session token", "Bearer ")?)];
        let secrets: Vec<_> = std::iter::once(token).chain(also.iter().copied()).collect();
        Ok(Self::new(headers, account, &secrets))
    }

    #[expect(clippy::disallowed_methods, reason = "the screen has to know what it looks for")]
    fn new(headers: Vec<(HeaderName, HeaderValue)>, account: &str, secrets: &[&SecretString]) -> Self {
        Self(Arc::new(Inner {
            headers,
            account: account.into(),
            screen: Screen::new(secrets.iter().map(|secret| secret.expose_secret().as_bytes())),
        }))
    }

    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0.headers {
            headers.insert(name, value.clone());
        }
    }

    pub(crate) fn screen(&self) -> &Screen {
        &self.0.screen
    }

    pub(crate) fn account(&self) -> &Arc<str> {
        &self.0.account
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("account", &self.0.account).finish_non_exhaustive()
    }
}

/// Makes a header of a secret; marked sensitive, so that no library's `Debug` shows it.
#[expect(clippy::disallowed_methods, reason = "the upstream has to get it")]
fn secret_header(
    secret: &SecretString,
    what: &'static str,
    scheme: &str,
) -> Result<HeaderValue, CredentialError> {
    let secret = secret.expose_secret();
    if secret.len() < MIN_SECRET {
        return Err(CredentialError::TooShort);
    }
    if secret.len() > MAX_SECRET {
        return Err(CredentialError::TooLong);
    }
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(CredentialError::NotAHeader(what));
    }
    let mut value =
        HeaderValue::from_str(&format!("{scheme}{secret}")).map_err(|_| CredentialError::NotAHeader(what))?;
    value.set_sensitive(true);
    Ok(value)
}

fn account_header(account: &str) -> Result<HeaderValue, CredentialError> {
    const WHAT: &str = "linked account id";
    // No obs-text (RFC 9110, section 5.5): servers disagree on what it means.
    let plain = account.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !plain || account.trim() != account || account.is_empty() {
        return Err(CredentialError::NotAHeader(WHAT));
    }
    let mut value = HeaderValue::from_str(account).map_err(|_| CredentialError::NotAHeader(WHAT))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Supplies the credential of a grant, one call at a time, so that it can live in a vault and rotate.
///
/// Built in are [`ApiKey`] and [`SessionTokens`].
///
/// ```
/// use actionbox_host::{BoxFuture, Credential, CredentialError, CredentialProvider, TokenExchange};
///
/// struct Vault;
///
/// impl CredentialProvider for Vault {
///     fn credential<'a>(&'a self, _: &'a TokenExchange<'a>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
///         Box::pin(async {
///             let key = "tk_read_from_the_vault".to_owned().into();
///             Credential::api_key(&key, "customer@example.com")
///         })
///     }
/// }
/// ```
pub trait CredentialProvider: Send + Sync + 'static {
    /// Returns the credential for one request. Called after the grant has allowed it and before it is
    /// sent; within the call's wall time.
    ///
    /// ```
    /// # use actionbox_host::{BoxFuture, Credential, CredentialError, CredentialProvider, TokenExchange};
    /// # use actionbox_host::SecretString;
    /// # struct Rotating(std::sync::RwLock<SecretString>);
    /// # impl CredentialProvider for Rotating {
    /// fn credential<'a>(
    ///     &'a self,
    ///     _: &'a TokenExchange<'a>,
    /// ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
    ///     Box::pin(async {
    ///         let failed = || CredentialError::Provider("the rotation failed".to_owned());
    ///         let key = self.0.read().map_err(|_| failed())?;
    ///         Credential::api_key(&key, "customer@example.com")
    ///     })
    /// }
    /// # }
    /// ```
    fn credential<'a>(
        &'a self,
        exchange: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>>;

    /// Tells the provider that the upstream refused a credential with 401. When it returns `true`,
    /// [`credential`](Self::credential) is asked once more and the request is sent once more: a 401 proves
    /// that it did not run. The default returns `false`.
    ///
    /// ```
    /// # use actionbox_host::{BoxFuture, Credential, CredentialError, CredentialProvider, TokenExchange};
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # struct Vault { stale: AtomicBool }
    /// # impl CredentialProvider for Vault {
    /// # fn credential<'a>(
    /// #     &'a self,
    /// #     _: &'a TokenExchange<'a>,
    /// # ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
    /// #     Box::pin(async { Credential::api_key(&"tk_0123456789abcdef".into(), "customer@example.com") })
    /// # }
    /// fn rejected<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, bool> {
    ///     // Once: a vault that keeps handing out a bad key is not asked for every request.
    ///     let is_first = !self.stale.swap(true, Ordering::Relaxed);
    ///     Box::pin(async move { is_first })
    /// }
    /// # }
    /// ```
    fn rejected<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, bool> {
        let _ = credential;
        Box::pin(async { false })
    }
}

/// The first built-in way: an API key and a linked account id on every request.
///
/// # Security
///
/// Refold's API key opens the whole organisation. It goes only to the upstream of the grant, and only on
/// the three endpoints; still, [`SessionTokens`] keeps it off the action calls altogether.
///
/// # Examples
///
/// ```
/// use actionbox_host::{ApiKey, Grant, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = ApiKey::new("tk_0123456789abcdef", "customer@example.com")?;
/// let grant = Grant::builder("acme").upstream(Upstream::refold(), key).allow_reads("hubspot").build()?;
/// # Ok(())
/// # }
/// ```
pub struct ApiKey(Credential);

impl ApiKey {
    /// Makes a provider of a key and the linked account it acts for.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when either cannot be sent, or the key is too short to be screened for.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{ApiKey, SecretString};
    ///
    /// let key = SecretString::from("tk_0123456789abcdef");
    /// assert!(ApiKey::new(key, "customer@example.com").is_ok());
    /// assert!(ApiKey::new("tk_short", "customer@example.com").is_err());
    /// ```
    pub fn new(key: impl Into<SecretString>, account: &str) -> Result<Self, CredentialError> {
        Credential::api_key(&key.into(), account).map(Self)
    }
}

impl CredentialProvider for ApiKey {
    fn credential<'a>(
        &'a self,
        _: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_that_cannot_be_sent_or_screened_is_refused() {
        let table = [
            ("tk_tiny", "acme"),
            (&*"k".repeat(9 << 10), "acme"),
            ("", "acme"),
            ("tk_0123456789ab\r\nx: y", "acme"),
            ("tk_0123456789ab cdef", "acme"),
            ("tk_0123456789abcdé", "acme"),
            ("tk_0123456789abcdef", ""),
            ("tk_0123456789abcdef", "a\r\nb"),
            ("tk_0123456789abcdef", " acme"),
            ("tk_0123456789abcdef", "acmé"),
        ];
        for (key, account) in table {
            let Err(error) = ApiKey::new(key, account).map(drop) else {
                panic!("{key:?} {account:?} must be refused");
            };
            assert!(key.is_empty() || !format!("{error} {error:?}").contains(key), "{error}");
        }
    }

    #[test]
    fn no_library_prints_the_headers_of_a_credential() {
        let key = "tk_canary_0123456789".to_owned().into();
        let credential = Credential::api_key(&key, "acme@example.com").expect("valid");
        let mut headers = HeaderMap::new();
        credential.add_to(&mut headers);
        assert_eq!(headers.len(), 2);
        let shown = format!("{headers:?} {credential:?} {key:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
