//! The one that changes the database. Changes wait in a queue; those that wait together are committed together, and
//! whoever handed one in hears of it only after that.

use sqlx::{Any, AnyPool, Row as _, Transaction};
use tokio::sync::{mpsc, oneshot};

use crate::{
    chain::{Entry, Head},
    error::StoreError,
    store::{self, Execution, State, Store, executions},
};

/// How many changes may wait. Beyond that, whoever has one waits to hand it in.
const QUEUE: usize = 1024;
/// How many changes are committed together at most.
const TOGETHER: usize = 256;

/// Hands changes in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Order>);

struct Order {
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
        entry: Entry,
    },
    Credential {
        tenant: String,
        name: String,
        kind: &'static str,
        account: String,
        sealed: Vec<u8>,
        entry: Entry,
    },
    /// A credential is encrypted under a new master key.
    Rewrap {
        tenant: String,
        name: String,
        sealed: Vec<u8>,
        entry: Entry,
    },
    Grant {
        tenant: String,
        app: String,
        definition: String,
        entry: Entry,
    },
    /// What a process that was killed has left running.
    Recover,
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
}

impl Writer {
    /// Starts the writer of a database.
    pub(crate) async fn start(store: &Store) -> Result<Self, StoreError> {
        let head = store.head().await?;
        let (sender, orders) = mpsc::channel(QUEUE);
        // Until its last handle is gone, and everything is written.
        tokio::spawn(run(store.pool.clone(), head, orders));
        Ok(Self(sender))
    }

    /// Makes a change, and returns when it is there to stay.
    pub(crate) async fn make(&self, change: Change) -> Result<Done, StoreError> {
        let (done, heard) = oneshot::channel();
        self.0.send(Order { change, done }).await.map_err(|_| StoreError::Stopping)?;
        heard.await.map_err(|_| StoreError::Stopping)?
    }
}

impl Writer {
    /// Has something written down that nobody waits for.
    pub(crate) fn note_soon(&self, entries: Vec<Entry>) {
        let (done, _) = oneshot::channel();
        if self.0.try_send(Order { change: Change::Note(entries), done }).is_err() {
            tracing::error!("an audit event is lost: the queue is full");
        }
    }
}

async fn run(pool: AnyPool, mut head: Head, mut orders: mpsc::Receiver<Order>) {
    let mut together = Vec::new();
    while orders.recv_many(&mut together, TOGETHER).await > 0 {
        let changes: Vec<_> = together.iter().map(|order| &order.change).collect();
        match commit(&pool, &mut head, &changes).await {
            Ok(all) => {
                for (order, done) in together.drain(..).zip(all) {
                    tell(order, Ok(done));
                }
            }
            // One of them is at fault, or the database is: each alone will tell.
            Err(_) if together.len() > 1 => {
                for order in together.drain(..) {
                    let done = commit(&pool, &mut head, &[&order.change]).await;
                    tell(order, done.map(|mut one| one.remove(0)));
                }
            }
            Err(error) => together.drain(..).for_each(|order| tell(order, Err(error.clone()))),
        }
    }
}

/// Nobody may be waiting any more; what was done stays done.
fn tell(order: Order, done: Result<Done, StoreError>) {
    if let Err(error) = &done {
        tracing::error!(%error, "a change could not be written");
    }
    drop(order.done.send(done));
}

/// Makes changes in one transaction: all, or none.
async fn commit(pool: &AnyPool, head: &mut Head, changes: &[&Change]) -> Result<Vec<Done>, StoreError> {
    let mut transaction = pool.begin().await?;
    let mut end = head.clone();
    let mut all = Vec::with_capacity(changes.len());
    for change in changes {
        all.push(apply(&mut transaction, &mut end, change).await?);
    }
    transaction.commit().await?;
    *head = end;
    Ok(all)
}

type Tx<'a> = Transaction<'a, Any>;

async fn apply(tx: &mut Tx<'_>, head: &mut Head, change: &Change) -> Result<Done, StoreError> {
    match change {
        Change::Begin(execution) => begin(tx, execution).await,
        Change::Send(send) => {
            let query = "INSERT INTO sends (execution, request, app, action, effect, body_digest, state, sent_at) \
                         VALUES ($1, $2, $3, $4, $5, $6, 'sending', $7)";
            sqlx::query(query)
                .bind(send.execution.clone())
                .bind(send.request)
                .bind(send.app.clone())
                .bind(send.action.clone())
                .bind(send.effect)
                .bind(send.body_digest.clone())
                .bind(store::now())
                .execute(&mut **tx)
                .await?;
            Ok(Done::Changed)
        }
        Change::End(end) => self::end(tx, head, end).await,
        Change::Note(entries) => {
            append(tx, head, entries).await?;
            Ok(Done::Changed)
        }
        Change::Settle { id, state, note, entry } => {
            // What did not run may be asked for again.
            let query = "UPDATE executions SET state = $1, note = $2, idempotency_key = CASE WHEN $1 = 'settled_not_run' \
                         THEN NULL ELSE idempotency_key END WHERE id = $3 AND state = 'in_doubt'";
            let query = sqlx::query(query).bind(state.as_str()).bind(note.clone()).bind(id.clone());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Tenant { id, entry } => {
            let query = "INSERT INTO tenants (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            let query = sqlx::query(query).bind(id.clone()).bind(store::now());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Key { hash, name, role, tenant, entry } => {
            let query =
                "INSERT INTO caller_keys (hash, name, role, tenant, created_at) VALUES ($1, $2, $3, $4, $5)";
            let query = sqlx::query(query)
                .bind(hash.clone())
                .bind(name.clone())
                .bind(*role)
                .bind(tenant.clone())
                .bind(store::now());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Revoke { hash, entry } => {
            let query = "UPDATE caller_keys SET revoked_at = $1 WHERE hash = $2 AND revoked_at IS NULL";
            let query = sqlx::query(query).bind(store::now()).bind(hash.clone());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Plugin { digest, component, entry } => {
            let query = "INSERT INTO plugins (digest, component, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            let query = sqlx::query(query).bind(digest.clone()).bind(component.clone()).bind(store::now());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Credential { tenant, name, kind, account, sealed, entry } => {
            let query = "INSERT INTO credentials (tenant, name, kind, account, sealed, created_at) \
                         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, name) DO UPDATE SET \
                         kind = excluded.kind, account = excluded.account, sealed = excluded.sealed, \
                         created_at = excluded.created_at";
            let query = sqlx::query(query)
                .bind(tenant.clone())
                .bind(name.clone())
                .bind(*kind)
                .bind(account.clone())
                .bind(sealed.clone())
                .bind(store::now());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Rewrap { tenant, name, sealed, entry } => {
            let query = "UPDATE credentials SET sealed = $1 WHERE tenant = $2 AND name = $3";
            let query = sqlx::query(query).bind(sealed.clone()).bind(tenant.clone()).bind(name.clone());
            changed(query.execute(&mut **tx).await?.rows_affected(), tx, head, entry).await
        }
        Change::Grant { tenant, app, definition, entry } => {
            let query = "INSERT INTO grants (tenant, app, version, definition, created_at) SELECT $1, $2, \
                         COALESCE(MAX(version), 0) + 1, $3, $4 FROM grants WHERE tenant = $1 AND app = $2 \
                         RETURNING version";
            let row = sqlx::query(query)
                .bind(tenant.clone())
                .bind(app.clone())
                .bind(definition.clone())
                .bind(store::now())
                .fetch_one(&mut **tx)
                .await?;
            append(tx, head, std::slice::from_ref(entry)).await?;
            Ok(Done::Version(row.try_get(0)?))
        }
        Change::Recover => recover(tx, head).await,
    }
}

/// Tells the audit of a change, if it was one.
async fn changed(rows: u64, tx: &mut Tx<'_>, head: &mut Head, entry: &Entry) -> Result<Done, StoreError> {
    if rows == 0 {
        return Ok(Done::Nothing);
    }
    append(tx, head, std::slice::from_ref(entry)).await?;
    Ok(Done::Changed)
}

async fn begin(tx: &mut Tx<'_>, execution: &Execution) -> Result<Done, StoreError> {
    let query = "INSERT INTO executions (id, tenant, app, action, effect, idempotency_key, request_digest, state, \
                 started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8) ON CONFLICT DO NOTHING";
    let begun = sqlx::query(query)
        .bind(execution.id.clone())
        .bind(execution.tenant.clone())
        .bind(execution.app.clone())
        .bind(execution.action.clone())
        .bind(execution.effect.clone())
        .bind(execution.idempotency_key.clone())
        .bind(execution.request_digest.clone())
        .bind(execution.started_at)
        .execute(&mut **tx)
        .await?;
    if begun.rows_affected() == 1 {
        return Ok(Done::Changed);
    }
    let row = sqlx::query(executions!("WHERE tenant = $1 AND idempotency_key = $2"))
        .bind(execution.tenant.clone())
        .bind(execution.idempotency_key.clone())
        .fetch_one(&mut **tx)
        .await?;
    Ok(Done::Known(store::execution(&row)?.into()))
}

async fn end(tx: &mut Tx<'_>, head: &mut Head, end: &End) -> Result<Done, StoreError> {
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
            .execute(&mut **tx)
            .await?;
    }
    let query = "UPDATE executions SET state = $1, status = $2, answer = $3, ended_at = $4, idempotency_key = \
                 CASE WHEN $5 = 1 THEN NULL ELSE idempotency_key END WHERE id = $6 AND state = 'running'";
    let ended = sqlx::query(query)
        .bind(end.state.as_str())
        .bind(i64::from(end.status))
        .bind(end.answer.clone())
        .bind(now)
        .bind(i64::from(end.frees_key))
        .bind(end.id.clone())
        .execute(&mut **tx)
        .await?;
    append(tx, head, &end.entries).await?;
    Ok(if ended.rows_affected() == 1 { Done::Changed } else { Done::Nothing })
}

/// Marks what was running when a process ended without a word: what had sent something is in doubt, the rest did
/// nothing.
async fn recover(tx: &mut Tx<'_>, head: &mut Head) -> Result<Done, StoreError> {
    let now = store::now();
    sqlx::query("UPDATE sends SET state = 'in_doubt' WHERE state = 'sending'").execute(&mut **tx).await?;
    let running = sqlx::query(executions!("WHERE state = 'running'")).fetch_all(&mut **tx).await?;
    let running: Vec<_> = running.iter().map(store::execution).collect::<Result<_, _>>()?;
    let mut doubts = 0;
    for execution in &running {
        let query = "SELECT COUNT(*) FROM sends WHERE execution = $1 AND state IN ('in_doubt', 'answered')";
        let row = sqlx::query(query).bind(execution.id.clone()).fetch_one(&mut **tx).await?;
        let state = if row.try_get::<i64, _>(0)? > 0 { State::InDoubt } else { State::Errored };
        doubts += u64::from(state == State::InDoubt);
        let query = "UPDATE executions SET state = $1, note = 'the service was killed', ended_at = $2, \
                     idempotency_key = CASE WHEN $1 = 'in_doubt' THEN idempotency_key ELSE NULL END WHERE id = $3";
        let query = sqlx::query(query).bind(state.as_str()).bind(now).bind(execution.id.clone());
        query.execute(&mut **tx).await?;
        let entry = Entry {
            at: now,
            tenant: Some(execution.tenant.clone()),
            correlation: Some(execution.id.clone()),
            event: serde_json::json!({ "kind": "recovered", "state": state }),
        };
        append(tx, head, &[entry]).await?;
    }
    Ok(Done::Recovered { interrupted: running.len() as u64, in_doubt: doubts })
}

async fn append(tx: &mut Tx<'_>, head: &mut Head, entries: &[Entry]) -> Result<(), StoreError> {
    for entry in entries {
        let line = head.append(entry);
        let query = "INSERT INTO audit (sequence, at, tenant, correlation, line, hash) VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(query)
            .bind(line.sequence)
            .bind(entry.at)
            .bind(entry.tenant.clone())
            .bind(entry.correlation.clone())
            .bind(line.text)
            .bind(line.hash)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
