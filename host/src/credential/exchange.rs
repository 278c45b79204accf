//! The request for a session token, which the host makes of itself, with the API key.

use std::time::{Duration, Instant, SystemTime};

use http::{Request, StatusCode, header};
use http_body_util::Full;
use secrecy::SecretString;

use super::{API_KEY, CredentialError, secret_header};
use crate::{
    audit::{self, AuditEvent, TokenEvent},
    gate::{Context, budget::Allowance},
    upstream::Upstream,
};

/// The right to obtain session tokens from the upstream of one grant, lent to a
/// [`CredentialProvider`](super::CredentialProvider).
///
/// No guest can cause such a request with words of its own, or see its answer.
///
/// ```
/// # use actionbox_host::{BoxFuture, SecretString};
/// use actionbox_host::{Credential, CredentialError, CredentialProvider, TokenExchange};
///
/// /// Asks for a token each time, and keeps none.
/// struct Forgetful(SecretString);
///
/// impl CredentialProvider for Forgetful {
///     fn credential<'a>(
///         &'a self,
///         exchange: &'a TokenExchange<'a>,
///     ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
///         Box::pin(async {
///             let account = "customer@example.com";
///             let answer = exchange.session_token(&self.0, account, false).await?;
///             Credential::session_token(&answer.token, account)
///         })
///     }
/// }
/// ```
pub struct TokenExchange<'a> {
    context: &'a Context,
    upstream: &'a Upstream,
}

/// A session token and how long it lasts.
///
/// ```no_run
/// use actionbox_host::{SessionToken, TokenExchange};
/// use std::time::Instant;
///
/// # use actionbox_host::{CredentialError, SecretString};
/// # async fn example(exchange: &TokenExchange<'_>, key: &SecretString) -> Result<(), CredentialError> {
/// let answer: SessionToken = exchange.session_token(key, "customer@example.com", false).await?;
/// let renew_at = Instant::now() + answer.expires_in / 2;
/// # Ok(())
/// # }
/// ```
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
    ///
    /// ```
    /// use actionbox_host::{CredentialError, TokenExchange};
    ///
    /// /// Fails for a grant whose upstream the vault holds no key for.
    /// fn check(exchange: &TokenExchange<'_>) -> Result<(), CredentialError> {
    ///     match exchange.upstream().authority() {
    ///         "app.refold.ai" => Ok(()),
    ///         other => Err(CredentialError::Provider(format!("there is no key for {other}"))),
    ///     }
    /// }
    /// ```
    pub fn upstream(&self) -> &Upstream {
        self.upstream
    }

    /// Obtains a session token: `POST /api/v2/public/session-token`. The upstream returns the same token
    /// again while it is valid, unless `force` asks for a new one.
    ///
    /// # Errors
    ///
    /// [`CredentialError`] when the upstream refuses, cannot be reached, or answers something else.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{Credential, CredentialError, SecretString, TokenExchange};
    /// # async fn example(exchange: &TokenExchange<'_>, key: &SecretString) -> Result<Credential, CredentialError> {
    /// // `true` after the upstream has refused the last one: it would return the same again.
    /// let answer = exchange.session_token(key, "customer@example.com", true).await?;
    /// Credential::session_token(&answer.token, "customer@example.com")
    /// # }
    /// ```
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
            correlation: context.correlation.clone(),
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
