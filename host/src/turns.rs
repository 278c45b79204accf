//! Whose turn it is: how many calls there are at once, over all and for each tenant, and how many guests of a
//! tenant run.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

use crate::limits::{Exceeded, HostLimits};

/// The turns of a host.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    all_limit: usize,
    tenant_limit: usize,
    running_limit: usize,
    tenants: Mutex<Tenants>,
}

struct Tenants {
    turns: HashMap<Arc<str>, Arc<Tenant>>,
    /// At how many tenants those that have no call are forgotten.
    sweep_at: usize,
}

/// The permits of one tenant.
struct Tenant {
    calls: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// The right to make one call, until it is dropped.
pub(crate) struct Turn {
    /// Permits to run guest code, which the calls of a tenant share.
    pub(crate) running: Arc<Semaphore>,
    /// Whoever has a call is not forgotten.
    _tenant: Arc<Tenant>,
    _call: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Turns {
    pub(crate) fn new(limits: &HostLimits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.concurrent_calls)),
            all_limit: limits.concurrent_calls,
            tenant_limit: limits.concurrent_calls_per_tenant,
            running_limit: limits.running_guests_per_tenant,
            tenants: Mutex::new(Tenants { turns: HashMap::new(), sweep_at: 64 }),
        }
    }

    /// Waits for a turn, until the deadline of the call.
    ///
    /// A tenant waits in its own queue first: however many of its calls wait, they take no turn of another.
    pub(crate) async fn take(&self, tenant: &str, deadline: Instant) -> Result<Turn, Exceeded> {
        let tenant = self.of(tenant);
        let mine = acquire(&tenant.calls, deadline).await.ok_or(Exceeded::TenantCalls(self.tenant_limit))?;
        let all = acquire(&self.all, deadline).await.ok_or(Exceeded::ConcurrentCalls(self.all_limit))?;
        Ok(Turn { running: tenant.running.clone(), _tenant: tenant, _call: mine, _all: all })
    }

    fn of(&self, tenant: &str) -> Arc<Tenant> {
        // No half-made change is left by a panic: there is one insertion.
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = tenants.turns.get(tenant) {
            return turns.clone();
        }
        if tenants.turns.len() >= tenants.sweep_at {
            // Whoever runs or waits holds a share.
            tenants.turns.retain(|_, turns| Arc::strong_count(turns) > 1);
            tenants.sweep_at = (2 * tenants.turns.len()).max(64);
        }
        let turns = Arc::new(Tenant {
            calls: Arc::new(Semaphore::new(self.tenant_limit)),
            running: Arc::new(Semaphore::new(self.running_limit)),
        });
        tenants.turns.insert(tenant.into(), turns.clone());
        turns
    }
}

/// Acquires a permit before the deadline. Whoever finds one at once does not wait behind a timer.
async fn acquire(permits: &Arc<Semaphore>, deadline: Instant) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = permits.clone().try_acquire_owned() {
        return Some(permit);
    }
    timeout_at(deadline.into(), permits.clone().acquire_owned()).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns() -> Turns {
        Turns::new(&HostLimits {
            concurrent_calls: 3,
            concurrent_calls_per_tenant: 2,
            ..HostLimits::default()
        })
    }

    #[tokio::test]
    async fn a_tenant_takes_no_turn_of_another() {
        let turns = turns();
        let (now, later) = (Instant::now(), Instant::now() + std::time::Duration::from_secs(60));
        let first = turns.take("noisy", later).await.expect("a turn");
        let _second = turns.take("noisy", later).await.expect("a turn");
        assert_eq!(turns.take("noisy", now).await.err(), Some(Exceeded::TenantCalls(2)));
        let _other = turns.take("quiet", later).await.expect("a turn");
        assert_eq!(turns.take("third", now).await.err(), Some(Exceeded::ConcurrentCalls(3)));
        drop(first);
        assert!(turns.take("third", later).await.is_ok());
    }

    #[tokio::test]
    async fn tenants_without_a_call_are_forgotten() {
        let turns = turns();
        let later = Instant::now() + std::time::Duration::from_secs(60);
        let _running = turns.take("running", later).await.expect("a turn");
        for tenant in 0..1_000 {
            assert!(turns.take(&tenant.to_string(), later).await.is_ok());
        }
        let tenants = turns.tenants.lock().expect("no panic");
        assert!(tenants.turns.len() <= 64 && tenants.turns.contains_key("running"));
    }
}
