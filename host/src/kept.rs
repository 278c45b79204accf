//! Instances that are kept between calls, each for the same plugin and the same grant.
//!
//! Off unless the embedder allows it. An instance that is kept belongs to no call: its gate is shut, and it
//! holds neither a grant nor a credential.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use crate::{grant::GrantId, limits::HostLimits};

/// The instances that wait for the next call.
pub(crate) struct Kept<T> {
    most: usize,
    idle_time: Duration,
    waiting: Mutex<Waiting<T>>,
}

/// For whom an instance is kept: what it has in its memory is of no other plugin and no other grant.
#[derive(Clone)]
pub(crate) struct Owner {
    /// The digest that a loaded plugin and its calls share: another plugin of the same bytes has its own.
    plugin: Weak<str>,
    grant: GrantId,
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        self.plugin.ptr_eq(&other.plugin) && self.grant == other.grant
    }
}

impl Eq for Owner {}

impl Hash for Owner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.plugin.as_ptr().cast::<u8>().hash(state);
        self.grant.hash(state);
    }
}

struct Waiting<T> {
    /// Those of one owner in the order in which they came: the latest is taken first, its memory is warm.
    instances: HashMap<Owner, Vec<(T, Instant)>>,
    count: usize,
    sweep_at: Instant,
}

impl Owner {
    pub(crate) fn new(plugin: &Arc<str>, grant: GrantId) -> Self {
        Self { plugin: Arc::downgrade(plugin), grant }
    }

    /// Tells whether nobody can make such a call any more.
    fn is_gone(&self) -> bool {
        self.plugin.strong_count() == 0 || self.grant.is_gone()
    }
}

impl<T> Kept<T> {
    pub(crate) fn new(limits: &HostLimits) -> Self {
        let waiting = Waiting { instances: HashMap::new(), count: 0, sweep_at: Instant::now() };
        Self { most: limits.kept_instances, idle_time: limits.idle_time, waiting: Mutex::new(waiting) }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.most > 0
    }

    /// Takes the instance of this owner that was used last.
    pub(crate) fn take(&self, owner: &Owner) -> Option<T> {
        let mut waiting = self.lock();
        let instances = waiting.instances.get_mut(owner)?;
        let (instance, _) = instances.pop()?;
        if instances.is_empty() {
            waiting.instances.remove(owner);
        }
        waiting.count -= 1;
        Some(instance)
    }

    /// Keeps an instance. When there are too many, the one that has waited longest gives way.
    pub(crate) fn put(&self, owner: Owner, instance: T, now: Instant) {
        let mut waiting = self.lock();
        let mut gone = Vec::new();
        if now >= waiting.sweep_at {
            waiting.sweep_at = now + self.idle_time / 4;
            waiting.sweep(now, self.idle_time, &mut gone);
        }
        if waiting.count >= self.most {
            gone.extend(waiting.take_oldest());
        }
        waiting.instances.entry(owner).or_default().push((instance, now));
        waiting.count += 1;
        // Takes a while, and nobody has to wait for it.
        drop(waiting);
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        // A panic between two changes leaves a wrong count at worst, which keeps fewer.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Waiting<T> {
    /// Removes those that have waited too long, and those whose plugin or grant is gone.
    fn sweep(&mut self, now: Instant, idle_time: Duration, gone: &mut Vec<T>) {
        self.instances.retain(|owner, instances| {
            let is_gone = owner.is_gone();
            let old = instances.iter().take_while(|(_, since)| is_gone || *since + idle_time <= now).count();
            gone.extend(instances.drain(..old).map(|(instance, _)| instance));
            !instances.is_empty()
        });
        self.count = self.instances.values().map(Vec::len).sum();
    }

    fn take_oldest(&mut self) -> Option<T> {
        let oldest = |instances: &Vec<(T, Instant)>| instances.first().map(|(_, since)| *since);
        let (owner, _) = self.instances.iter().min_by_key(|(_, instances)| oldest(instances))?;
        let owner = owner.clone();
        let instances = self.instances.get_mut(&owner)?;
        let (instance, _) = instances.remove(0);
        if instances.is_empty() {
            self.instances.remove(&owner);
        }
        self.count -= 1;
        Some(instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Grant;

    const SECOND: Duration = Duration::from_secs(1);

    fn kept(most: usize) -> Kept<u32> {
        Kept::new(&HostLimits { kept_instances: most, idle_time: 10 * SECOND, ..HostLimits::default() })
    }

    fn grant(tenant: &str) -> Grant {
        Grant::builder(tenant).build().expect("a grant")
    }

    #[test]
    fn an_instance_is_for_the_same_plugin_and_the_same_grant() {
        let (kept, now) = (kept(10), Instant::now());
        let (acme, again) = (grant("acme"), grant("acme"));
        let (plugin, twin): (Arc<str>, Arc<str>) = ("sha256:ab".into(), "sha256:ab".into());
        kept.put(Owner::new(&plugin, acme.id()), 1, now);
        assert_eq!(kept.take(&Owner::new(&twin, acme.id())), None, "loaded twice is two plugins");
        assert_eq!(kept.take(&Owner::new(&plugin, again.id())), None, "built twice is two grants");
        assert_eq!(kept.take(&Owner::new(&plugin.clone(), acme.clone().id())), Some(1));
        assert_eq!(kept.take(&Owner::new(&plugin, acme.id())), None, "one call at a time");
    }

    #[test]
    fn the_latest_is_taken_first_and_the_oldest_gives_way() {
        let (kept, now) = (kept(3), Instant::now());
        let (plugin, acme, globex) = ("sha256:ab".into(), grant("acme"), grant("globex"));
        let (acme, globex) = (Owner::new(&plugin, acme.id()), Owner::new(&plugin, globex.id()));
        for (instance, owner) in [(1, &acme), (2, &globex), (3, &acme), (4, &globex)] {
            kept.put(owner.clone(), instance, now + instance * SECOND);
        }
        assert_eq!(kept.take(&acme), Some(3));
        assert_eq!(kept.take(&acme), None, "the first has given way");
        assert_eq!(kept.take(&globex), Some(4));
        assert_eq!(kept.take(&globex), Some(2));
        assert_eq!(kept.lock().count, 0);
    }

    #[test]
    fn whoever_waits_too_long_or_has_lost_the_grant_is_dropped() {
        let (kept, now) = (kept(10), Instant::now());
        let (plugin, acme, globex) = ("sha256:ab".into(), grant("acme"), grant("globex"));
        let (lost, held) = (Owner::new(&plugin, acme.id()), Owner::new(&plugin, globex.id()));
        kept.put(lost.clone(), 1, now);
        kept.put(held.clone(), 2, now);
        kept.put(held.clone(), 3, now + 9 * SECOND);
        kept.put(lost.clone(), 4, now + 9 * SECOND);
        drop(acme);
        kept.put(held.clone(), 5, now + 12 * SECOND);
        assert_eq!(kept.take(&lost), None);
        let left = [kept.take(&held), kept.take(&held), kept.take(&held)];
        assert_eq!(left, [Some(5), Some(3), None]);
    }
}
