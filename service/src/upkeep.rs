//! What a service does beside its calls: it shows that it lives, looks who else does, learns what others have changed,
//! and forgets what it is not to keep.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    database::Presence,
    directory::Complete,
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
/// How many such transactions there are in one sweep: there is more to do.
const FORGETTING: usize = 20;

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
    /// Goes on until it is told to stop. Returns what shows that this process lives, to be kept until it does not.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Presence {
        let is_shared = self.shared.store.kind.is_shared();
        // Of its own: a sweep may take long, and a key that was revoked elsewhere does not wait for it.
        let looking = Look { shared: self.shared.clone(), generation: self.generation };
        let looking = is_shared.then(|| tokio::spawn(looking.run(stop.clone())));
        loop {
            if let Err(error) = self.sweep(is_shared).await {
                tracing::warn!(%error, "the upkeep of the database is late");
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                // Fails only when the service was dropped, which stops it too.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if let Some(looking) = looking
            && let Err(error) = looking.await
        {
            tracing::error!(%error, "nobody has looked for changes of other services");
        }
        self.presence
    }

    async fn sweep(&mut self, is_shared: bool) -> Result<(), StoreError> {
        let Self { shared, presence, .. } = self;
        if is_shared {
            presence.renew(&shared.store.kind).await?;
            let arrive = Change::Arrive { instance: shared.instance.clone(), lock: presence.lock };
            shared.writer.make(arrive).await?;
            presence.recover(&shared.store, &shared.writer).await?;
        }
        let in_doubt = shared.store.count(State::InDoubt).await?;
        shared.telemetry.metrics.in_doubt.store(in_doubt, Ordering::Relaxed);
        let Some(kept) = self.answers else { return Ok(()) };
        let before = now() - i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        for _ in 0..FORGETTING {
            let forgotten = shared.writer.make(Change::Forget { before, most: FORGET }).await?;
            if !matches!(forgotten, Done::Forgotten(some) if some == FORGET.unsigned_abs()) {
                break;
            }
        }
        Ok(())
    }
}

/// Learns what other services on the same database have changed.
struct Look {
    shared: Arc<Shared>,
    /// Of the database, when the directory was read last.
    generation: i64,
}

impl Look {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        // What cannot be used now is tried again now and then, and not at every look.
        let mut again = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                // Fails only when the service was dropped, which stops it too.
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let is_due = again.is_some_and(|at| Instant::now() >= at);
            match self.look(is_due).await {
                Ok(Some(Complete(true))) => again = None,
                Ok(Some(Complete(false))) => again = Some(Instant::now() + SWEEP),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "what other services have changed is not known for now"),
            }
        }
    }

    /// Reads what has changed, if anything has.
    async fn look(&mut self, is_due: bool) -> Result<Option<Complete>, StoreError> {
        let shared = &self.shared;
        let generation = shared.store.generation().await?;
        if generation == self.generation && !is_due {
            return Ok(None);
        }
        let complete = shared.directory.refresh(shared.parts()).await?;
        self.generation = generation;
        Ok(Some(complete))
    }
}
