//! Sessions: to whom each belongs, how many there are, and when they end.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rmcp::transport::streamable_http_server::session::{
    SessionManager as _,
    local::{LocalSessionManager, SessionConfig},
};
use tokio::sync::watch;

use super::Holder;
use crate::{room::Full, service::Shared};

/// How many there may be. Beyond that, none begins.
const ALL: usize = 1024;
/// How many one key may have for one tenant. Beyond that, the one that was not used for the longest time ends.
const OF_HOLDER: usize = 32;
/// How long one lasts in which nothing happens.
const IDLE: Duration = Duration::from_secs(3600);

pub(super) struct Sessions {
    pub(super) manager: Arc<LocalSessionManager>,
    owned: Mutex<HashMap<String, Owned>>,
    has_ended: watch::Sender<bool>,
}

struct Owned {
    holder: Holder,
    used: Instant,
}

impl Sessions {
    pub(super) fn new() -> Self {
        let mut manager = LocalSessionManager::default();
        manager.session_config.keep_alive = Some(IDLE);
        debug_assert!(
            manager.session_config.completed_cache_ttl <= SessionConfig::DEFAULT_COMPLETED_CACHE_TTL
        );
        Self { manager: Arc::new(manager), owned: Mutex::default(), has_ended: watch::Sender::new(false) }
    }

    /// Tells whether a session is somebody's, who uses it now.
    pub(super) fn are_of(&self, id: &str, holder: &Holder) -> bool {
        match self.lock().get_mut(id).filter(|owned| owned.holder == *holder) {
            Some(owned) => {
                owned.used = Instant::now();
                true
            }
            None => false,
        }
    }

    /// Notes whose a session is that has just begun, before anybody is told its id; or ends it, if there is no room.
    pub(super) async fn begin(&self, id: &str, holder: Holder) -> Result<(), Full> {
        // Those that have ended by themselves are not kept.
        let alive: HashSet<_> = self.manager.sessions.read().await.keys().map(ToString::to_string).collect();
        let mut to_end = Vec::new();
        let full = {
            let mut owned = self.lock();
            owned.retain(|id, _| alive.contains(id));
            let of_holder = owned.iter().filter(|(_, owned)| owned.holder == holder);
            if of_holder.clone().count() >= OF_HOLDER {
                let oldest = of_holder.min_by_key(|(_, owned)| owned.used).map(|(id, _)| id.clone());
                to_end.extend(oldest);
            }
            for id in &to_end {
                owned.remove(id);
            }
            match owned.len() >= ALL {
                true => {
                    to_end.push(id.to_owned());
                    true
                }
                false => {
                    owned.insert(id.to_owned(), Owned { holder, used: Instant::now() });
                    false
                }
            }
        };
        self.close(to_end).await;
        if full { Err(Full::Service) } else { Ok(()) }
    }

    /// Ends each session whose key was revoked, or may not speak for its tenant any more, as soon as that is so.
    pub(super) async fn end_with_their_keys(self: Arc<Self>, shared: Arc<Shared>) {
        let (mut changes, mut ended) = (shared.directory.changes(), self.has_ended.subscribe());
        loop {
            changes.mark_unchanged();
            let gone: Vec<_> = {
                let mut owned = self.lock();
                let gone = owned.extract_if(|_, owned| !owned.holder.is_admitted(&shared));
                gone.map(|(id, _)| id).collect()
            };
            self.close(gone).await;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                // Fails only when they are gone.
                _ = ended.wait_for(|ended| *ended) => return,
            }
        }
    }

    /// Has nobody watch over them any more.
    pub(super) fn end(&self) {
        self.has_ended.send_replace(true);
    }

    async fn close(&self, ids: Vec<String>) {
        for id in ids {
            if let Err(error) = self.manager.close_session(&id.into()).await {
                tracing::warn!(%error, "a session does not end");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Owned>> {
        // Each change is one insertion or removal: a panic leaves nothing half changed.
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder {
    /// Tells whether the key is there, and may speak for the tenant.
    pub(super) fn is_admitted(&self, shared: &Shared) -> bool {
        shared.directory.caller(&self.key).is_some_and(|caller| caller.may_speak_for(&self.tenant))
    }
}
