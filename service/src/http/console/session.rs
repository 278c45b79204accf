//! Who is signed in: 256 random bits in a cookie, of which only the digest is kept, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::{caller::digest, seal::SealError};

/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long any session lasts.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// How many sessions one key may have; one more ends the one that was not used for longest.
const OF_ONE_KEY: usize = 16;
/// How many there may be.
const MOST: usize = 1024;

/// The sessions, by the digest of what is in the cookie.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    /// The digest of the key that it was begun with, and ends with.
    key: String,
    began: Instant,
    used: Instant,
}

/// There are as many sessions as there may be.
#[derive(Debug)]
pub(super) struct Full;

impl Sessions {
    /// Begins a session, and returns what its cookie holds.
    pub(super) fn begin(&self, key: String, now: Instant) -> Result<Result<String, Full>, SealError> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::Random)?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut all = self.lock();
        all.retain(|_, session| session.lasts(now));
        let of_key = || all.iter().filter(|(_, session)| session.key == key);
        if of_key().count() >= OF_ONE_KEY {
            let unused = of_key().min_by_key(|(_, session)| session.used).map(|(token, _)| token.clone());
            if let Some(unused) = unused {
                all.remove(&unused);
            }
        }
        if all.len() >= MOST {
            return Ok(Err(Full));
        }
        all.insert(digest(&token), Session { key, began: now, used: now });
        Ok(Ok(token))
    }

    /// Returns the digest of the key of a session that lasts.
    pub(super) fn key(&self, token: &str, now: Instant) -> Option<String> {
        let (mut all, token) = (self.lock(), digest(token));
        let session = all.get_mut(&token)?;
        if !session.lasts(now) {
            all.remove(&token);
            return None;
        }
        session.used = now;
        Some(session.key.clone())
    }

    pub(super) fn end(&self, token: &str) {
        self.lock().remove(&digest(token));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        // Each change is one call: a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn lasts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < IDLE && now.saturating_duration_since(self.began) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(sessions: &Sessions, key: &str, now: Instant) -> String {
        sessions.begin(key.to_owned(), now).expect("random").expect("room")
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_at_last_in_any_case() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let [idle, used] = [(); 2].map(|()| begin(&sessions, "k", start));
        let mut now = start;
        while now + IDLE / 2 < start + LONGEST {
            now += IDLE / 2;
            assert!(sessions.key(&used, now).is_some(), "after {:?}", now - start);
        }
        assert!(sessions.key(&idle, now).is_none(), "nobody has used it");
        assert!(sessions.key(&used, start + LONGEST).is_none(), "twelve hours are enough");
        assert!(sessions.lock().is_empty(), "and nothing is kept of them");
    }

    #[test]
    fn nothing_but_the_token_opens_a_session_until_it_is_ended() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let token = begin(&sessions, "k", now);
        assert_eq!(token.len(), 43, "256 bits");
        for forged in ["", "k", &token[1..], &format!("{token}x"), &token.to_lowercase(), &digest(&token)] {
            assert!(forged == token || sessions.key(forged, now).is_none(), "{forged}");
        }
        assert_eq!(sessions.key(&token, now).as_deref(), Some("k"));
        sessions.end(&token);
        assert!(sessions.key(&token, now).is_none());
    }

    #[test]
    fn one_key_takes_the_sessions_of_no_other() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let other = begin(&sessions, "other", now);
        let first = begin(&sessions, "greedy", now);
        for n in 1..=100 {
            begin(&sessions, "greedy", now + Duration::from_millis(n));
        }
        assert_eq!(sessions.lock().len(), OF_ONE_KEY + 1);
        assert!(sessions.key(&other, now).is_some());
        assert!(sessions.key(&first, now).is_none(), "its own oldest made room");
        for n in 0..MOST {
            drop(sessions.begin(format!("key {n}"), now));
        }
        assert!(sessions.begin("one more".to_owned(), now).expect("random").is_err());
    }
}
