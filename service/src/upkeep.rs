//! What a service does beside its calls: it shows that it lives, looks who else does, learns what others have changed,
//! and forgets what it is not to keep.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    database::Presence,
    error::StoreError,
    service::Shared,
    store::{State, Store, now},
    writer::{Change, Done, Writer},
};

/// How soon a service knows what another one on the same database has changed: a key that was revoked, for example.
const LOOK: Duration = Duration::from_millis(500);
/// How often it looks for processes that are no more, and for what is too old.
const SWEEP: Duration = Duration::from_secs(10);
/// How many executions are forgotten in one transaction.
const FORGET: i64 = 500;

pub(crate) struct Upkeep {
    pub(crate) shared: Arc<Shared>,
    pub(crate) presence: Presence,
    /// Of the database, when the directory was read last.
    pub(crate) generation: i64,
    pub(crate) answers: Option<Duration>,
}

impl Presence {
    /// Marks what processes have left running that are no more.
    pub(crate) async fn recover(&mut self, store: &Store, writer: &Writer) -> Result<(), StoreError> {
        for instance in store.instances().await? {
            if instance.lock == self.lock || !self.has_ended(&store.kind, instance.lock).await? {
                continue;
            }
            let recovered = writer.make(Change::Recover { instance: instance.id }).await?;
            if let Done::Recovered { interrupted: interrupted @ 1.., in_doubt } = recovered {
                tracing::warn!(interrupted, in_doubt, "a service was killed while executions were running");
            }
        }
        Ok(())
    }
}

impl Upkeep {
    /// Goes on until it is told to stop.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut sweep = Instant::now();
        let is_shared = self.shared.store.kind.is_shared();
        loop {
            let next = if is_shared { Instant::now() + LOOK } else { sweep };
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                // Fails only when the service was dropped, which stops it too.
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if is_shared && let Err(error) = self.look().await {
                tracing::warn!(%error, "what other services have changed is not known for now");
            }
            if Instant::now() >= sweep {
                if let Err(error) = self.sweep(is_shared).await {
                    tracing::warn!(%error, "the upkeep of the database is late");
                }
                sweep = Instant::now() + SWEEP;
            }
        }
    }

    /// Reads what has changed, if anything has.
    async fn look(&mut self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let generation = shared.store.generation().await?;
        if generation != self.generation {
            if let Err((tenant, app, error)) = shared.directory.refresh(shared.parts()).await {
                return Err(StoreError::Database(format!("the grant of {tenant:?} for {app:?}: {error}")));
            }
            self.generation = generation;
        }
        Ok(())
    }

    async fn sweep(&mut self, is_shared: bool) -> Result<(), StoreError> {
        let Self { shared, presence, .. } = self;
        let in_doubt = shared.store.count(State::InDoubt).await?;
        shared.telemetry.metrics.in_doubt.store(in_doubt, Ordering::Relaxed);
        if is_shared {
            presence.renew(&shared.store.kind).await?;
            presence.recover(&shared.store, &shared.writer).await?;
            // Whoever took this process for ended has struck it out.
            let arrive = Change::Arrive { instance: shared.instance.clone(), lock: presence.lock };
            shared.writer.make(arrive).await?;
        }
        let Some(kept) = self.answers else { return Ok(()) };
        let before = now() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        loop {
            let forgotten = shared.writer.make(Change::Forget { before, most: FORGET }).await?;
            if !matches!(forgotten, Done::Forgotten(some) if some == FORGET.unsigned_abs()) {
                return Ok(());
            }
        }
    }
}
