//! The one that changes the database. Changes wait in a queue; those that wait together are committed together, and
//! whoever handed one in hears of it only after that.

use std::time::Duration;

use sqlx::{Acquire as _, Any, Row as _, Transaction, pool::PoolConnection};
use tokio::sync::{mpsc, oneshot};

use crate::{
    chain::{Entry, Head},
    database::Kind,
    error::StoreError,
    store::{self, Execution, State, Store, executions},
};

/// How many changes may wait. Beyond that, whoever has one waits to hand it in.
const QUEUE: usize = 1024;
/// How many changes are committed together at most.
const TOGETHER: usize = 256;

/// How long a transaction may take. A database that says nothing any more is away.
const TIME: Duration = Duration::from_secs(15);
/// How long a connection may take to end.
const CLOSING: Duration = Duration::from_secs(1);

/// Hands changes in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Order>);

enum Order {
    Make(Box<Waiting>),
    /// Nothing after this one.
    Stop(oneshot::Sender<()>),
}

struct Waiting {
    change: Change,
    done: oneshot::Sender<Result<Done, StoreError>>,
}

/// One change, all of it or nothing, and what the audit says of it.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// An execution begins that may change something.
    Begin(Box<Execution>),
    /// A request of an execution is about to leave.
    Send(Send),
    /// An execution has ended.
    End(Box<End>),
    /// Something happened.
    Note(Vec<Entry>),
    /// Somebody found out what became of an execution.
    Settle {
        id: String,
        state: State,
        note: String,
        entry: Entry,
    },
    Tenant {
        id: String,
        entry: Entry,
    },
    Key {
        hash: String,
        name: String,
        role: &'static str,
        tenant: Option<String>,
        entry: Entry,
    },
    Revoke {
        hash: String,
        entry: Entry,
    },
    Plugin {
        digest: String,
        component: Vec<u8>,
        signer: Option<String>,
        entry: Entry,
    },
    /// A plugin was tried.
    Verdict {
        digest: String,
        verdict: String,
        entry: Entry,
    },
    Credential {
        tenant: String,
        name: String,
        kind: &'static str,
        account: String,
        secret: Secret,
        entry: Entry,
    },
    /// A credential is encrypted under a new master key.
    Rewrap {
        tenant: String,
        name: String,
        /// Of the one that it was made of.
        generation: i64,
        sealed: Vec<u8>,
        entry: Entry,
    },
    Grant {
        tenant: String,
        app: String,
        definition: String,
        entry: Entry,
    },
    /// A process uses the database from now on.
    Arrive {
        instance: String,
        lock: i64,
    },
    /// What a process has left running, which is no more.
    Recover {
        instance: String,
    },
    /// Answers to executions that ended before then are not kept any longer, and their idempotency keys are free.
    Forget {
        before: i64,
        most: i64,
    },
}

/// Where the secret of a credential is.
#[derive(Debug, Clone)]
pub(crate) enum Secret {
    /// Here, encrypted.
    Sealed(Vec<u8>),
    /// In the outside vault, under this name.
    Vault(String),
}

impl Change {
    /// In which order changes of one transaction are made.
    fn order(&self) -> (u8, Option<(&str, Option<&str>)>) {
        match self {
            Self::Begin(begun) => (0, Some((&begun.tenant, begun.idempotency_key.as_deref()))),
            Self::Credential { .. } | Self::Grant { .. } => (2, None),
            _ => (1, None),
        }
    }

    /// Whether it changes what services keep in memory: those on the same database have to look.
    fn is_of_directory(&self) -> bool {
        use Change::{Credential, Grant, Key, Revoke, Tenant};
        matches!(self, Tenant { .. } | Key { .. } | Revoke { .. } | Credential { .. } | Grant { .. })
    }
}

/// A request that may change something.
#[derive(Debug, Clone)]
pub(crate) struct Send {
    pub(crate) execution: String,
    pub(crate) request: i64,
    pub(crate) app: String,
    pub(crate) action: String,
    pub(crate) effect: &'static str,
    pub(crate) body_digest: String,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) request: i64,
    pub(crate) state: &'static str,
    pub(crate) status: Option<u16>,
}

/// What became of an execution.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) id: String,
    pub(crate) state: State,
    /// Whether its idempotency key may be used again.
    pub(crate) frees_key: bool,
    pub(crate) status: u16,
    pub(crate) answer: String,
    pub(crate) sends: Vec<Ended>,
    pub(crate) entries: Vec<Entry>,
}

/// What a change has done.
#[derive(Debug)]
pub(crate) enum Done {
    /// What it says.
    Changed,
    /// Nothing: there was an execution of that name before.
    Known(Box<Execution>),
    /// Nothing: there is none to be changed, or not in such a state.
    Nothing,
    /// A grant has its version.
    Version(i64),
    /// So many executions were interrupted, and so many of them are in doubt.
    Recovered { interrupted: u64, in_doubt: u64 },
    /// So many executions have no answer any more.
    Forgotten(u64),
}

impl Writer {
    /// Starts the writer of a database.
    pub(crate) fn start(store: &Store) -> Self {
        let (sender, orders) = mpsc::channel(QUEUE);
        tokio::spawn(run(store.clone(), orders));
        Self(sender)
    }

    /// Makes a change, and returns when it is there to stay.
    pub(crate) async fn make(&self, change: Change) -> Result<Done, StoreError> {
        let (done, heard) = oneshot::channel();
        let order = Order::Make(Waiting { change, done }.into());
        self.0.send(order).await.map_err(|_| StoreError::Stopping)?;
        heard.await.map_err(|_| StoreError::Stopping)?
    }

    /// Has something written down that nobody waits for.
    pub(crate) fn note_soon(&self, entries: Vec<Entry>) {
        let (done, _) = oneshot::channel();
        if self.0.try_send(Order::Make(Waiting { change: Change::Note(entries), done }.into())).is_err() {
            tracing::error!("an audit event is lost: the queue is full");
        }
    }

    /// Returns how many changes wait.
    pub(crate) fn waiting(&self) -> usize {
        QUEUE - self.0.capacity()
    }

    /// Makes the changes that wait, and none that comes later.
    pub(crate) async fn stop(&self) {
        let (stopped, heard) = oneshot::channel();
        if self.0.send(Order::Stop(stopped)).await.is_ok() {
            // Fails when it has stopped before.
            drop(heard.await);
        }
    }
}

/// The connection that all changes go over, and what is known of the database.
struct Session {
    store: Store,
    /// Lost at the first error: nothing of a transaction that failed is to stay open beside the next one.
    connection: Option<PoolConnection<Any>>,
}

async fn run(store: Store, mut orders: mpsc::Receiver<Order>) {
    let mut session = Session { store, connection: None };
    let mut batch = Vec::new();
    while orders.recv_many(&mut batch, TOGETHER).await > 0 {
        let mut stop = None;
        let mut together = Vec::with_capacity(batch.len());
        for order in batch.drain(..) {
            match order {
                Order::Make(waiting) => together.push(*waiting),
                Order::Stop(stopped) => stop = Some(stopped),
            }
        }
        session.make(together).await;
        if let Some(stopped) = stop {
            drop(session);
            // Nobody may be waiting any more.
            let _nobody = stopped.send(());
            return;
        }
    }
}

/// Nobody may be waiting any more; what was done stays done.
fn tell(waiting: Waiting, done: Result<Done, StoreError>) {
    if let Err(error) = &done {
        tracing::error!(%error, "a change could not be written");
    }
    drop(waiting.done.send(done));
}

impl Session {
    async fn make(&mut self, mut together: Vec<Waiting>) {
        let changes: Vec<_> = together.iter().map(|waiting| &waiting.change).collect();
        match self.commit(&changes).await {
            Ok(all) => {
                for (waiting, done) in together.drain(..).zip(all) {
                    tell(waiting, Ok(done));
                }
            }
            // One of them is at fault: each alone will tell.
            Err(StoreError::Database(_) | StoreError::Layout(_)) if together.len() > 1 => {
                let mut away = None;
                for waiting in together.drain(..) {
                    let done = match &away {
                        Some(error) => Err(StoreError::clone(error)),
                        None => self.commit(&[&waiting.change]).await.map(|mut one| one.remove(0)),
                    };
                    if let Err(error @ StoreError::Away(_)) = &done {
                        away = Some(error.clone());
                    }
                    tell(waiting, done);
                }
            }
            // Or the database is, and none of them need wait for it alone.
            Err(error) => together.drain(..).for_each(|waiting| tell(waiting, Err(error.clone()))),
        }
    }

    /// Makes changes in one transaction: all, or none. Whoever is told of an error does not know that nothing was
    /// done: the connection may have broken after the commit. Each change can therefore be made twice.
    async fn commit(&mut self, changes: &[&Change]) -> Result<Vec<Done>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.store.pool.acquire().await?,
        };
        let transaction = transact(&mut connection, &self.store.kind, changes);
        let committed = tokio::time::timeout(TIME, transaction).await.unwrap_or_else(|_| {
            Err(StoreError::Away(format!("a transaction took more than {} seconds", TIME.as_secs())))
        });
        match committed {
            Ok(_) => self.connection = Some(connection),
            Err(_) => {
                // To close it rolls back, whatever state it is in.
                let closed = tokio::time::timeout(CLOSING, connection.close()).await;
                tracing::debug!(?closed, "a new connection to the database is needed");
            }
        }
        committed
    }
}

async fn transact(
    connection: &mut PoolConnection<Any>,
    kind: &Kind,
    changes: &[&Change],
) -> Result<Vec<Done>, StoreError> {
    let mut tx = Tx { inner: connection.begin().await?, kind, head: None, lines: Vec::new() };
    let mut all: Vec<_> = changes.iter().map(|_| Done::Nothing).collect();
    // Processes that lock the same things lock them in the same order: keys by their names, and the head last.
    let mut order: Vec<_> = (0..changes.len()).collect();
    order.sort_by_key(|at| changes[*at].order());
    for at in order {
        all[at] = apply(&mut tx, changes[at]).await?;
    }
    tx.commit(changes.iter().any(|change| change.is_of_directory())).await?;
    Ok(all)
}

/// A transaction, and the end of the audit as it is within it.
struct Tx<'a> {
    inner: Transaction<'a, Any>,
    kind: &'a Kind,
    /// Read when it is needed, and locked from then on: nobody else puts a line behind the same one.
    head: Option<Locked>,
    /// What is to be put behind it.
    lines: Vec<Entry>,
}

struct Locked {
    head: Head,
    generation: i64,
}

impl Tx<'_> {
    async fn locked(&mut self) -> Result<&mut Locked, StoreError> {
        let locked = match self.head.take() {
            Some(locked) => locked,
            None => {
                let row = sqlx::query(self.kind.head_to_change()).fetch_one(&mut *self.inner).await?;
                let head = Head { sequence: row.try_get(0)?, hash: row.try_get(1)? };
                Locked { head, generation: row.try_get(2)? }
            }
        };
        Ok(self.head.insert(locked))
    }

    /// Has lines put behind the last one, when everything else is done.
    fn append(&mut self, entries: &[Entry]) {
        self.lines.extend_from_slice(entries);
    }

    async fn write_lines(&mut self) -> Result<(), StoreError> {
        for entry in std::mem::take(&mut self.lines) {
            let line = self.locked().await?.head.append(&entry);
            let query = "INSERT INTO audit (sequence, at, tenant, correlation, line, hash) VALUES ($1, $2, $3, $4, $5, $6)";
            sqlx::query(query)
                .bind(line.sequence)
                .bind(entry.at)
                .bind(entry.tenant.clone())
                .bind(entry.correlation.clone())
                .bind(line.text)
                .bind(line.hash)
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }

    /// Tells the audit of a change, if it was one.
    fn changed(&mut self, rows: u64, entry: &Entry) -> Done {
        if rows == 0 {
            return Done::Nothing;
        }
        self.append(std::slice::from_ref(entry));
        Done::Changed
    }

    async fn commit(mut self, directory: bool) -> Result<(), StoreError> {
        self.write_lines().await?;
        if directory {
            self.locked().await?.generation += 1;
        }
        if let Some(Locked { head, generation }) = self.head {
            sqlx::query("UPDATE head SET sequence = $1, hash = $2, generation = $3")
                .bind(head.sequence)
                .bind(head.hash)
                .bind(generation)
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(self.inner.commit().await?)
    }
}

async fn apply(tx: &mut Tx<'_>, change: &Change) -> Result<Done, StoreError> {
    match change {
        Change::Begin(execution) => begin(tx, execution).await,
        Change::Send(send) => {
            // Another process may have taken this one for ended, and its execution for lost: then nothing leaves. The
            // update locks the row: the other one waits, or has been.
            let query = "UPDATE executions SET instance = instance WHERE id = $1 AND state = 'running'";
            let running = sqlx::query(query).bind(send.execution.clone()).execute(&mut *tx.inner).await?;
            if running.rows_affected() == 0 {
                return Ok(Done::Nothing);
            }
            let query = "INSERT INTO sends (execution, request, app, action, effect, body_digest, state, sent_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, 'sending', $7) ON CONFLICT DO NOTHING";
            sqlx::query(query)
                .bind(send.execution.clone())
                .bind(send.request)
                .bind(send.app.clone())
                .bind(send.action.clone())
                .bind(send.effect)
                .bind(send.body_digest.clone())
                .bind(store::now())
                .execute(&mut *tx.inner)
                .await?;
            Ok(Done::Changed)
        }
        Change::End(end) => self::end(tx, end).await,
        Change::Note(entries) => {
            tx.append(entries);
            Ok(Done::Changed)
        }
        Change::Settle { id, state, note, entry } => {
            // What did not run may be asked for again.
            // It ends now: what is forgotten after a time is forgotten so long after it was settled.
            let query = "UPDATE executions SET state = $1, note = $2, ended_at = $3, idempotency_key = \
                         CASE WHEN $1 = 'settled_not_run' THEN NULL ELSE idempotency_key END \
                         WHERE id = $4 AND state = 'in_doubt'";
            let query = sqlx::query(query).bind(state.as_str()).bind(note.clone()).bind(store::now());
            let query = query.bind(id.clone());
            let settled = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(settled, entry))
        }
        Change::Tenant { id, entry } => {
            let query = "INSERT INTO tenants (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            let query = sqlx::query(query).bind(id.clone()).bind(store::now());
            let made = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(made, entry))
        }
        Change::Key { hash, name, role, tenant, entry } => {
            let query = "INSERT INTO caller_keys (hash, name, role, tenant, created_at) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT DO NOTHING";
            let query = sqlx::query(query)
                .bind(hash.clone())
                .bind(name.clone())
                .bind(*role)
                .bind(tenant.clone())
                .bind(store::now());
            let made = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(made, entry))
        }
        Change::Revoke { hash, entry } => {
            let query = "UPDATE caller_keys SET revoked_at = $1 WHERE hash = $2 AND revoked_at IS NULL";
            let query = sqlx::query(query).bind(store::now()).bind(hash.clone());
            let revoked = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(revoked, entry))
        }
        Change::Plugin { digest, component, signer, entry } => {
            let query = "INSERT INTO plugins (digest, component, signer, created_at) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT (digest) DO UPDATE SET signer = excluded.signer \
                         WHERE plugins.signer IS NULL AND excluded.signer IS NOT NULL";
            let query = sqlx::query(query)
                .bind(digest.clone())
                .bind(component.clone())
                .bind(signer.clone())
                .bind(store::now());
            let kept = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(kept, entry))
        }
        Change::Verdict { digest, verdict, entry } => {
            let query = sqlx::query("UPDATE plugins SET verdict = $1 WHERE digest = $2");
            let query = query.bind(verdict.clone()).bind(digest.clone());
            let judged = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(judged, entry))
        }
        Change::Credential { tenant, name, kind, account, secret, entry } => {
            let (sealed, vault) = match secret {
                Secret::Sealed(sealed) => (Some(sealed.clone()), None),
                Secret::Vault(name) => (None, Some(name.clone())),
            };
            let generation = tx.locked().await?.generation + 1;
            let query = "INSERT INTO credentials (tenant, name, kind, account, sealed, vault, generation, created_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, name) DO UPDATE SET \
                         kind = excluded.kind, account = excluded.account, sealed = excluded.sealed, \
                         vault = excluded.vault, generation = excluded.generation, \
                         created_at = excluded.created_at";
            let query = sqlx::query(query)
                .bind(tenant.clone())
                .bind(name.clone())
                .bind(*kind)
                .bind(account.clone())
                .bind(sealed)
                .bind(vault)
                .bind(generation)
                .bind(store::now());
            let stored = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(stored, entry))
        }
        Change::Rewrap { tenant, name, generation, sealed, entry } => {
            // Not over one that was stored meanwhile.
            let query = "UPDATE credentials SET sealed = $1 WHERE tenant = $2 AND name = $3 AND generation = $4 \
                         AND sealed IS NOT NULL";
            let query = sqlx::query(query).bind(sealed.clone()).bind(tenant.clone()).bind(name.clone());
            let query = query.bind(*generation);
            let sealed = query.execute(&mut *tx.inner).await?.rows_affected();
            Ok(tx.changed(sealed, entry))
        }
        Change::Grant { tenant, app, definition, entry } => {
            // No other process counts on from the same version.
            tx.locked().await?;
            let query = "INSERT INTO grants (tenant, app, version, definition, created_at) SELECT $1, $2, \
                         COALESCE(MAX(version), 0) + 1, $3, $4 FROM grants WHERE tenant = $1 AND app = $2 \
                         RETURNING version";
            let row = sqlx::query(query)
                .bind(tenant.clone())
                .bind(app.clone())
                .bind(definition.clone())
                .bind(store::now())
                .fetch_one(&mut *tx.inner)
                .await?;
            tx.append(std::slice::from_ref(entry));
            Ok(Done::Version(row.try_get(0)?))
        }
        Change::Arrive { instance, lock } => {
            let query = "INSERT INTO instances (id, lock, seen_at) VALUES ($1, $2, $3) \
                         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
            let query = sqlx::query(query).bind(instance.clone()).bind(*lock).bind(store::now());
            query.execute(&mut *tx.inner).await?;
            Ok(Done::Changed)
        }
        Change::Recover { instance } => recover(tx, instance).await,
        Change::Forget { before, most } => {
            let query = "UPDATE executions SET status = NULL, answer = NULL, settle_by = NULL, idempotency_key = NULL WHERE id IN \
                         (SELECT id FROM executions WHERE ended_at < $1 AND answer IS NOT NULL AND \
                         state NOT IN ('running', 'in_doubt') ORDER BY ended_at LIMIT $2)";
            let query = sqlx::query(query).bind(*before).bind(*most);
            Ok(Done::Forgotten(query.execute(&mut *tx.inner).await?.rows_affected()))
        }
    }
}

async fn begin(tx: &mut Tx<'_>, execution: &Execution) -> Result<Done, StoreError> {
    let query = "INSERT INTO executions (id, tenant, app, action, effect, idempotency_key, request_digest, state, \
                 started_at, instance, settle_by) VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $10) ON CONFLICT DO NOTHING";
    let begun = sqlx::query(query)
        .bind(execution.id.clone())
        .bind(execution.tenant.clone())
        .bind(execution.app.clone())
        .bind(execution.action.clone())
        .bind(execution.effect.clone())
        .bind(execution.idempotency_key.clone())
        .bind(execution.request_digest.clone())
        .bind(execution.started_at)
        .bind(execution.instance.clone())
        .bind(execution.settle_by.clone())
        .execute(&mut *tx.inner)
        .await?;
    if begun.rows_affected() == 1 {
        return Ok(Done::Changed);
    }
    let row = sqlx::query(executions!("WHERE id = $1 OR (tenant = $2 AND idempotency_key = $3)"))
        .bind(execution.id.clone())
        .bind(execution.tenant.clone())
        .bind(execution.idempotency_key.clone())
        .fetch_one(&mut *tx.inner)
        .await?;
    let known = store::execution(&row)?;
    // Its own: it was begun before, and that was not heard.
    Ok(if known.id == execution.id { Done::Changed } else { Done::Known(known.into()) })
}

async fn end(tx: &mut Tx<'_>, end: &End) -> Result<Done, StoreError> {
    let now = store::now();
    for send in &end.sends {
        let query =
            "UPDATE sends SET state = $1, status = $2, ended_at = $3 WHERE execution = $4 AND request = $5";
        sqlx::query(query)
            .bind(send.state)
            .bind(send.status.map(i64::from))
            .bind(now)
            .bind(end.id.clone())
            .bind(send.request)
            .execute(&mut *tx.inner)
            .await?;
    }
    // In doubt: another process took this one for ended, and here it is, and knows.
    let query = "UPDATE executions SET state = $1, status = $2, answer = $3, ended_at = $4, idempotency_key = \
                 CASE WHEN $5 = 1 THEN NULL ELSE idempotency_key END WHERE id = $6 AND state IN ('running', 'in_doubt')";
    let ended = sqlx::query(query)
        .bind(end.state.as_str())
        .bind(i64::from(end.status))
        .bind(end.answer.clone())
        .bind(now)
        .bind(i64::from(end.frees_key))
        .bind(end.id.clone())
        .execute(&mut *tx.inner)
        .await?;
    tx.append(&end.entries);
    Ok(if ended.rows_affected() == 1 { Done::Changed } else { Done::Nothing })
}

/// Marks what was running when a process ended without a word: what had sent something is in doubt, the rest did
/// nothing.
async fn recover(tx: &mut Tx<'_>, instance: &str) -> Result<Done, StoreError> {
    let now = store::now();
    // Locks them: what the process sends after all, if it is alive, it sends before this or not at all.
    let query =
        "UPDATE executions SET note = 'the service was killed' WHERE state = 'running' AND instance = $1";
    sqlx::query(query).bind(instance.to_owned()).execute(&mut *tx.inner).await?;
    let query = "UPDATE sends SET state = 'in_doubt' WHERE state = 'sending' AND execution IN \
                 (SELECT id FROM executions WHERE instance = $1 AND state = 'running')";
    sqlx::query(query).bind(instance.to_owned()).execute(&mut *tx.inner).await?;
    let running = sqlx::query(executions!("WHERE state = 'running' AND instance = $1"));
    let running = running.bind(instance.to_owned()).fetch_all(&mut *tx.inner).await?;
    let running: Vec<_> = running.iter().map(store::execution).collect::<Result<_, _>>()?;
    let mut doubts = 0;
    for execution in &running {
        let query = "SELECT COUNT(*) FROM sends WHERE execution = $1 AND state IN ('in_doubt', 'answered')";
        let row = sqlx::query(query).bind(execution.id.clone()).fetch_one(&mut *tx.inner).await?;
        let state = if row.try_get::<i64, _>(0)? > 0 { State::InDoubt } else { State::Errored };
        doubts += u64::from(state == State::InDoubt);
        let query = "UPDATE executions SET state = $1, ended_at = $2, \
                     idempotency_key = CASE WHEN $1 = 'in_doubt' THEN idempotency_key ELSE NULL END WHERE id = $3";
        let query = sqlx::query(query).bind(state.as_str()).bind(now).bind(execution.id.clone());
        query.execute(&mut *tx.inner).await?;
        let entry = Entry {
            at: now,
            tenant: Some(execution.tenant.clone()),
            correlation: Some(execution.id.clone()),
            event: serde_json::json!({ "kind": "recovered", "state": state }),
        };
        tx.append(&[entry]);
    }
    // Not at once: one that lives after all goes on under its name.
    let query = sqlx::query("DELETE FROM instances WHERE id = $1 AND seen_at < $2");
    let query = query.bind(instance.to_owned()).bind(now - store::LONG_AGO);
    query.execute(&mut *tx.inner).await?;
    Ok(Done::Recovered { interrupted: running.len() as u64, in_doubt: doubts })
}
