//! How many calls may be in the service: in all, and of one tenant, so that none keeps the others out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for calls.
pub(crate) struct Room {
    all: Arc<Semaphore>,
    calls: u32,
    per_tenant: usize,
    /// Of tenants that have a number of their own.
    of_tenants: HashMap<String, usize>,
    tenants: Mutex<HashMap<String, usize>>,
}

/// Why a call does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The service has as many as it may.
    Service,
    /// The tenant has.
    Tenant,
}

/// The place of one call, free again when it is dropped.
pub(crate) struct Place {
    room: Arc<Room>,
    tenant: String,
    _permit: OwnedSemaphorePermit,
}

impl Room {
    pub(crate) fn new(calls: usize, per_tenant: usize, of_tenants: HashMap<String, usize>) -> Self {
        let calls = u32::try_from(calls)
            .unwrap_or(u32::MAX)
            .min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        let all = Arc::new(Semaphore::new(calls as usize));
        Self { all, calls, per_tenant, of_tenants, tenants: Mutex::default() }
    }

    /// Takes a place for a call of a tenant.
    pub(crate) fn enter(self: &Arc<Self>, tenant: &str) -> Result<Place, Full> {
        let mut tenants = self.lock();
        let of_tenant = tenants.get(tenant).copied().unwrap_or(0);
        if of_tenant >= self.of_tenants.get(tenant).copied().unwrap_or(self.per_tenant) {
            return Err(Full::Tenant);
        }
        let permit = self.all.clone().try_acquire_owned().map_err(|_| Full::Service)?;
        tenants.insert(tenant.to_owned(), of_tenant + 1);
        Ok(Place { room: self.clone(), tenant: tenant.to_owned(), _permit: permit })
    }

    /// Returns how many calls are in it.
    pub(crate) fn taken(&self) -> usize {
        self.calls as usize - self.all.available_permits()
    }

    /// Waits until all calls have ended, and lets no more in; not longer than is given. Tells whether they have.
    pub(crate) async fn empty(&self, patience: Duration) -> bool {
        match tokio::time::timeout(patience, self.all.acquire_many(self.calls)).await {
            Ok(Ok(all)) => {
                all.forget();
                true
            }
            _ => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        // Each change is one assignment: a panic cannot leave the counts half changed.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut tenants = self.room.lock();
        match tenants.get_mut(&self.tenant) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(tenants.remove(&self.tenant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_leaves_room_for_others() {
        let room = Arc::new(Room::new(3, 2, HashMap::new()));
        let places = [room.enter("a"), room.enter("a")].map(|place| place.expect("room"));
        assert_eq!(room.enter("a").err(), Some(Full::Tenant));
        let other = room.enter("b").expect("room");
        assert_eq!(room.enter("b").err(), Some(Full::Service));
        drop(places);
        assert!(room.enter("a").is_ok() && room.enter("b").is_ok());
        drop(other);
        assert!(room.lock().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn a_tenant_may_have_a_number_of_its_own() {
        let room =
            Arc::new(Room::new(8, 1, HashMap::from([("large".to_owned(), 3), ("none".to_owned(), 0)])));
        let places: Vec<_> = (0..4).filter_map(|_| room.enter("large").ok()).collect();
        assert_eq!((places.len(), room.taken()), (3, 3));
        assert_eq!(room.enter("none").err(), Some(Full::Tenant));
        let _one = room.enter("other").expect("room");
        assert_eq!(room.enter("other").err(), Some(Full::Tenant));
    }
}
