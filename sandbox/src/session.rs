//! Session tokens: signed JWTs, each bound to one linked account.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::Ids;

/// How long a refresh token is said to last: 30 days, in seconds.
const REFRESH_LIFETIME: u64 = 30 * 24 * 60 * 60;

/// The one header every token has: `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    linked_account_id: String,
    environment: String,
    iat: u64,
    exp: u64,
    jti: String,
}

/// A token as its customer gets it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in: u64,
    pub(crate) refresh_expires_in: u64,
}

#[derive(Debug, Clone)]
struct Issued {
    token: String,
    refresh_token: String,
    expires_at: u64,
    refresh_expires_at: u64,
}

#[derive(Debug, Default)]
struct Tokens {
    /// The token that asking again answers, by account.
    current: HashMap<String, Issued>,
    /// The ids of all tokens that were issued and not revoked.
    live: HashSet<String>,
}

/// Issues, verifies and revokes session tokens.
#[derive(Debug)]
pub(crate) struct Sessions {
    key: hmac::Key,
    lifetime: Duration,
    tokens: Mutex<Tokens>,
}

impl Sessions {
    pub(crate) fn new(lifetime: Duration, deterministic: bool) -> Self {
        let fixed = || hmac::Key::new(hmac::HMAC_SHA256, b"the key of a deterministic sandbox");
        let key = if deterministic {
            fixed()
        } else {
            hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap_or_else(|_| fixed())
        };
        Self { key, lifetime, tokens: Mutex::default() }
    }

    /// Answers the account's token while it is valid, and a new one otherwise or when told to.
    ///
    /// A token that was replaced stays valid until it expires.
    pub(crate) fn issue(&self, account: &str, force: bool, now: Timestamp, ids: &Ids) -> Session {
        let now = now.as_secs();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let current = tokens.current.get(account).filter(|issued| !force && now < issued.expires_at);
        let issued = match current {
            Some(issued) => issued.clone(),
            None => {
                let issued = self.mint(account, now, ids, &mut tokens.live);
                tokens.current.insert(account.to_owned(), issued.clone());
                issued
            }
        };
        Session {
            token: issued.token,
            refresh_token: issued.refresh_token,
            expires_in: issued.expires_at - now,
            refresh_expires_in: issued.refresh_expires_at.saturating_sub(now),
        }
    }

    fn mint(&self, account: &str, now: u64, ids: &Ids, live: &mut HashSet<String>) -> Issued {
        let claims = Claims {
            linked_account_id: account.to_owned(),
            environment: "test".to_owned(),
            iat: now,
            exp: now.saturating_add(self.lifetime.as_secs()),
            jti: ids.next(),
        };
        // A struct of strings and numbers always serialises.
        let payload = serde_json::to_string(&claims).unwrap_or_default();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
        let tag = hmac::sign(&self.key, signed.as_bytes());
        live.insert(claims.jti);
        Issued {
            token: format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)),
            refresh_token: format!("rt_{}", ids.next().replace('-', "")),
            expires_at: claims.exp,
            refresh_expires_at: now + REFRESH_LIFETIME,
        }
    }

    /// The account a token is bound to, or nothing if it is forged, expired or revoked.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Option<String> {
        let (signed, tag) = token.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.key, signed.as_bytes(), &tag).ok()?;
        // Only tokens minted here verify, and all have the same header.
        let (_, payload) = signed.split_once('.')?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let valid = now.as_secs() < claims.exp && tokens.live.contains(&claims.jti);
        valid.then_some(claims.linked_account_id)
    }

    pub(crate) fn revoke_all(&self) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = Tokens::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const LATER: Timestamp = Timestamp::from_millis(1_060_000);

    fn sessions() -> Sessions {
        Sessions::new(Duration::from_secs(60), true)
    }

    #[test]
    fn token_names_its_account_until_it_expires() {
        let sessions = sessions();
        let token = sessions.issue("a", false, NOW, &Ids::new(true)).token;
        assert_eq!(sessions.verify(&token, NOW).as_deref(), Some("a"));
        assert_eq!(sessions.verify(&token, LATER), None);
    }

    #[test]
    fn asking_again_answers_the_same_token_unless_forced_or_expired() {
        let (sessions, ids) = (sessions(), Ids::new(true));
        let first = sessions.issue("a", false, NOW, &ids).token;
        assert_eq!(sessions.issue("a", false, NOW, &ids).token, first);
        let forced = sessions.issue("a", true, NOW, &ids).token;
        assert_ne!(forced, first);
        assert!(sessions.verify(&first, NOW).is_some(), "a replaced token is still valid");
        assert_ne!(sessions.issue("a", false, LATER, &ids).token, forced);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let (sessions, ids) = (sessions(), Ids::new(true));
        let good = sessions.issue("a", false, NOW, &ids).token;
        let other = sessions.issue("b", false, NOW, &ids).token;
        let (signed, _) = good.rsplit_once('.').unwrap();
        let (_, other_tag) = other.rsplit_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let (_, payload) = signed.split_once('.').unwrap();
        for (why, token) in [
            ("empty", String::new()),
            ("no dots", "abc".into()),
            ("no signature", signed.to_owned()),
            ("empty signature", format!("{signed}.")),
            ("another token's signature", format!("{signed}.{other_tag}")),
            ("alg none", format!("{none}.{payload}.")),
            ("not base64", format!("{good}!")),
        ] {
            assert_eq!(sessions.verify(&token, NOW), None, "{why}");
        }
    }

    #[test]
    fn revoked_tokens_are_refused_and_not_handed_out_again() {
        let (sessions, ids) = (sessions(), Ids::new(true));
        let token = sessions.issue("a", false, NOW, &ids).token;
        sessions.revoke_all();
        assert_eq!(sessions.verify(&token, NOW), None);
        assert_ne!(sessions.issue("a", false, NOW, &ids).token, token);
    }
}
