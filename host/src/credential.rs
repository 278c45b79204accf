//! What the host adds to a request, and where it comes from. The only file that exposes a secret.

#![expect(clippy::disallowed_methods, reason = "this is the one file that exposes a secret")]

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::{
    BoxFuture,
    audit::{self, AuditEvent, TokenEvent},
    gate::{Context, budget::Allowance, screen::Screen},
    upstream::Upstream,
};

/// What the host adds to a request: a secret and an account, or a session token.
///
/// Cheap to clone. Neither `Debug` nor any error shows the secret.
#[derive(Clone)]
pub struct Credential(Arc<Inner>);

struct Inner {
    headers: Vec<(HeaderName, HeaderValue)>,
    account: String,
    screen: Screen,
}

/// Why there is no credential for a request. Nothing was sent.
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

    fn new(headers: Vec<(HeaderName, HeaderValue)>, account: &str, secrets: &[&SecretString]) -> Self {
        Self(Arc::new(Inner {
            headers,
            account: account.to_owned(),
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

    pub(crate) fn account(&self) -> &str {
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
    fn credential<'a>(
        &'a self,
        exchange: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>>;

    /// Tells the provider that the upstream refused a credential with 401. When it returns `true`,
    /// [`credential`](Self::credential) is asked once more and the request is sent once more: a 401 proves
    /// that it did not run. The default returns `false`.
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
pub struct ApiKey(Credential);

impl ApiKey {
    /// Makes a provider of a key and the linked account it acts for.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when either cannot be sent, or the key is too short to be screened for.
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

/// The second built-in way: session tokens, each bound to one linked account, which the host obtains with
/// the API key, keeps until shortly before they expire, and renews once on 401.
///
/// The API key itself rides on no action call.
pub struct SessionTokens {
    key: SecretString,
    account: String,
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    token: Option<(Credential, Instant)>,
    /// The upstream refused the last token: ask for a fresh one, not for the same again.
    force: bool,
    /// When a fresh one was last asked for.
    forced: Option<Instant>,
    /// The token before this one. It may still be valid, and an answer to the new one may hold it.
    previous: Option<SecretString>,
}

/// A token refused so soon after it was renewed will not be accepted for being renewed again.
const RENEWED_LATELY: Duration = Duration::from_secs(30);

impl SessionTokens {
    /// Makes a provider of a key and the linked account to obtain tokens for.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when either cannot be sent, or the key is too short to be screened for.
    pub fn new(key: impl Into<SecretString>, account: &str) -> Result<Self, CredentialError> {
        let key = key.into();
        Credential::api_key(&key, account)?;
        Ok(Self { key, account: account.to_owned(), cached: Mutex::default() })
    }
}

impl CredentialProvider for SessionTokens {
    fn credential<'a>(
        &'a self,
        exchange: &'a TokenExchange<'a>,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async {
            // Held while asking, so that many calls at once obtain one token.
            let mut cached = self.cached.lock().await;
            if let Some((credential, renew_at)) = &cached.token
                && Instant::now() < *renew_at
            {
                return Ok(credential.clone());
            }
            if cached.force {
                cached.forced = Some(Instant::now());
            }
            let token = exchange.session_token(&self.key, &self.account, cached.force).await?;
            let also = std::iter::once(&self.key).chain(&cached.previous).collect::<Vec<_>>();
            let credential = Credential::session_token_of(&token.token, &self.account, &also)?;
            // Upstreams count in whole seconds: a token may end up to one earlier than it seems.
            let margin = (token.expires_in / 10).clamp(Duration::from_secs(1), Duration::from_secs(60));
            let lasts = token.expires_in.saturating_sub(margin);
            cached.token = Some((credential.clone(), Instant::now() + lasts));
            cached.force = false;
            cached.previous = Some(token.token);
            Ok(credential)
        })
    }

    fn rejected<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let mut cached = self.cached.lock().await;
            // Another call may have renewed it meanwhile.
            if !cached.token.as_ref().is_some_and(|(current, _)| current.is(credential)) {
                return true;
            }
            if cached.forced.is_some_and(|forced| forced.elapsed() < RENEWED_LATELY) {
                return false;
            }
            cached.token = None;
            cached.force = true;
            true
        })
    }
}

/// The right to obtain session tokens from the upstream of one grant, lent to a [`CredentialProvider`].
///
/// No guest can cause such a request with words of its own, or see its answer.
pub struct TokenExchange<'a> {
    context: &'a Context,
    upstream: &'a Upstream,
}

/// A session token and how long it lasts.
#[derive(Debug)]
pub struct SessionToken {
    /// The token.
    pub token: SecretString,
    /// How long it lasts from now on. At most a week is believed.
    pub expires_in: Duration,
}

/// What the token endpoint answers; of no use to anyone but this file.
#[derive(serde::Deserialize)]
struct TokenAnswer {
    token: String,
    expires_in: u64,
}

impl<'a> TokenExchange<'a> {
    pub(crate) fn new(context: &'a Context, upstream: &'a Upstream) -> Self {
        Self { context, upstream }
    }

    /// Returns the upstream that the token would be for.
    pub fn upstream(&self) -> &Upstream {
        self.upstream
    }

    /// Obtains a session token: `POST /api/v2/public/session-token`. The upstream returns the same token
    /// again while it is valid, unless `force` asks for a new one.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when the upstream refuses, cannot be reached, or answers something else.
    pub async fn session_token(
        &self,
        key: &SecretString,
        account: &str,
        force: bool,
    ) -> Result<SessionToken, CredentialError> {
        let mut entry = TokenEntry::open(self.context, force);
        let result = self.ask(key, account, force).await;
        entry.event.result = match &result {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        result
    }

    async fn ask(
        &self,
        key: &SecretString,
        account: &str,
        force: bool,
    ) -> Result<SessionToken, CredentialError> {
        const ANSWER_BYTES: usize = 64 << 10;
        const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
        let failed = |why: String| CredentialError::Exchange(why);

        let path = match force {
            true => "/api/v2/public/session-token?force_refresh=true",
            false => "/api/v2/public/session-token",
        };
        let body = serde_json::json!({ "linked_account_id": account }).to_string();
        let mut request = Request::post(self.upstream.uri(path).map_err(|error| failed(error.to_string()))?)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(body.into()))
            .map_err(|error| failed(error.to_string()))?;
        request.headers_mut().insert(API_KEY, secret_header(key, "API key", "")?);

        let (client, deadline) = (&self.context.host.client, self.context.deadline);
        let sent = client.send(request, &Allowance::new(ANSWER_BYTES), deadline).await;
        let answer = sent.map_err(|failure| failed(failure.to_string()))?;
        let status = answer.status();
        match status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(CredentialError::Refused { status: status.as_u16() });
            }
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => {
                return Err(CredentialError::UnknownAccount { status: status.as_u16() });
            }
            _ => return Err(failed(format!("the upstream answered status {}", status.as_u16()))),
        }
        // The parser's own message could quote the token.
        let answer: TokenAnswer = serde_json::from_slice(answer.body())
            .map_err(|_| failed("the answer is not what a token endpoint answers".to_owned()))?;
        Ok(SessionToken {
            token: answer.token.into(),
            expires_in: Duration::from_secs(answer.expires_in).min(LONGEST),
        })
    }
}

/// The audit event of one exchange, handed over when dropped, whatever dropped it.
struct TokenEntry<'a> {
    context: &'a Context,
    event: TokenEvent,
    began: Instant,
}

impl<'a> TokenEntry<'a> {
    fn open(context: &'a Context, forced: bool) -> Self {
        let event = TokenEvent {
            call: context.call,
            tenant: context.grant.tenant().to_owned(),
            forced,
            result: "given up before there was an answer".to_owned(),
            started: SystemTime::now(),
            duration: Duration::ZERO,
        };
        Self { context, event, began: Instant::now() }
    }
}

impl Drop for TokenEntry<'_> {
    fn drop(&mut self) {
        self.event.duration = self.began.elapsed();
        audit::record(&*self.context.host.audit, AuditEvent::Token(self.event.clone()));
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
