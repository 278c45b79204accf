//! Session tokens, each bound to one linked account: obtained, kept and renewed.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::Mutex;

use super::{Credential, CredentialError, CredentialProvider, TokenExchange};
use crate::BoxFuture;

/// The second built-in way: session tokens, each bound to one linked account, which the host obtains with
/// the API key, keeps until shortly before they expire, and renews once on 401.
///
/// The API key itself rides on no action call.
///
/// ```
/// use actionbox_host::{Grant, SessionTokens, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = SessionTokens::new("tk_0123456789abcdef", "customer@example.com")?;
/// let grant = Grant::builder("acme").upstream(Upstream::refold(), tokens).allow_reads("hubspot").build()?;
/// # Ok(())
/// # }
/// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_host::{CredentialProvider, SessionTokens};
    /// use std::sync::Arc;
    ///
    /// // One for all grants of the account, so that they share the token.
    /// let tokens: Arc<dyn CredentialProvider> =
    ///     Arc::new(SessionTokens::new("tk_0123456789abcdef", "customer@example.com")?);
    /// # Ok::<(), actionbox_host::CredentialError>(())
    /// ```
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
