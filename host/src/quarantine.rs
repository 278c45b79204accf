//! Keeps a plugin away from an upstream out of which it has drawn credentials again and again.
//!
//! No answer that holds a credential reaches a plugin; but one that keeps provoking them is looking for a
//! spelling that the screen does not know. It is given a few tries, not as many as it likes.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::upstream::Upstream;

/// A plugin that is kept away from an upstream, on behalf of one tenant.
///
/// Of one tenant only: what a tenant's account makes an upstream answer must not take the plugin from others.
///
/// ```
/// use actionbox_host::{ActionHost, Quarantined};
///
/// # fn main() -> Result<(), actionbox_host::ConfigError> {
/// let host = ActionHost::builder().build()?;
/// // As an audit event named it, perhaps long ago.
/// let who = Quarantined {
///     tenant: "acme".to_owned(),
///     plugin: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
///     upstream: "https://app.refold.ai".to_owned(),
/// };
/// assert!(!host.release(&who), "this host has seen no leak");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quarantined {
    /// The tenant of the grant.
    pub tenant: String,
    /// The plugin's digest, `sha256:…`.
    pub plugin: String,
    /// The base URL of the upstream.
    pub upstream: String,
}

/// The leaks of a host, and who is kept away for them.
pub(crate) struct Quarantine {
    /// How many leaks there may be; `None`: any number.
    limit: Option<u32>,
    /// Whether there was any leak at all, so that honest requests need not look.
    any: AtomicBool,
    leaks: Mutex<HashMap<Quarantined, u32>>,
}

impl Quarantined {
    pub(crate) fn new(tenant: &str, plugin: &str, upstream: &Upstream) -> Self {
        Self { tenant: tenant.to_owned(), plugin: plugin.to_owned(), upstream: upstream.base_url() }
    }
}

impl Quarantine {
    pub(crate) fn new(limit: Option<u32>) -> Self {
        Self { limit, any: AtomicBool::new(false), leaks: Mutex::default() }
    }

    /// Counts an answer that held a credential; tells whether it is the one that begins a quarantine.
    pub(crate) fn count_leak(&self, who: Quarantined) -> bool {
        let Some(limit) = self.limit else { return false };
        self.any.store(true, Relaxed);
        let mut leaks = self.lock();
        let count = leaks.entry(who).or_default();
        *count = count.saturating_add(1);
        *count == limit
    }

    /// Returns the number of leaks for which a plugin is kept from an upstream, when it is.
    pub(crate) fn leaks(&self, tenant: &str, plugin: &str, upstream: &Upstream) -> Option<u32> {
        if !self.any.load(Relaxed) {
            return None;
        }
        let count = *self.lock().get(&Quarantined::new(tenant, plugin, upstream))?;
        self.limit.is_some_and(|limit| count >= limit).then_some(count)
    }

    pub(crate) fn list(&self) -> Vec<Quarantined> {
        let Some(limit) = self.limit else { return Vec::new() };
        self.lock().iter().filter(|(_, count)| **count >= limit).map(|(who, _)| who.clone()).collect()
    }

    /// Forgets the leaks of a plugin; tells whether there were any.
    pub(crate) fn release(&self, who: &Quarantined) -> bool {
        self.lock().remove(who).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Quarantined, u32>> {
        // Each change is one assignment: a panic leaves nothing half changed.
        self.leaks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(tenant: &str) -> Quarantined {
        Quarantined::new(tenant, "sha256:ab", &Upstream::refold())
    }

    fn leaks(quarantine: &Quarantine, tenant: &str, plugin: &str) -> Option<u32> {
        quarantine.leaks(tenant, plugin, &Upstream::refold())
    }

    #[test]
    fn the_leak_that_reaches_the_limit_begins_a_quarantine_of_that_tenant_and_plugin_alone() {
        let quarantine = Quarantine::new(Some(2));
        assert_eq!(leaks(&quarantine, "acme", "sha256:ab"), None);
        assert!(!quarantine.count_leak(who("acme")));
        assert_eq!(leaks(&quarantine, "acme", "sha256:ab"), None);
        assert!(quarantine.count_leak(who("acme")) && !quarantine.count_leak(who("acme")));
        assert_eq!(leaks(&quarantine, "acme", "sha256:ab"), Some(3));
        assert_eq!(quarantine.list(), [who("acme")]);
        assert_eq!(leaks(&quarantine, "globex", "sha256:ab"), None);
        assert_eq!(leaks(&quarantine, "acme", "sha256:cd"), None);
        let elsewhere = Upstream::refold().at("https://eu.example.com").expect("a base URL");
        assert_eq!(quarantine.leaks("acme", "sha256:ab", &elsewhere), None);
    }

    #[test]
    fn a_release_forgets_the_leaks() {
        let quarantine = Quarantine::new(Some(1));
        assert!(quarantine.count_leak(who("acme")));
        assert!(quarantine.release(&who("acme")) && !quarantine.release(&who("acme")));
        assert_eq!((leaks(&quarantine, "acme", "sha256:ab"), quarantine.list()), (None, Vec::new()));
    }

    #[test]
    fn without_a_limit_there_is_no_quarantine() {
        let quarantine = Quarantine::new(None);
        assert!(!quarantine.count_leak(who("acme")));
        assert_eq!((leaks(&quarantine, "acme", "sha256:ab"), quarantine.list()), (None, Vec::new()));
    }
}
