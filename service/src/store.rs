//! The database, as it is read. All changes go through the [writer](crate::writer).

use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AnyPool, Row as _, any::AnyRow};

use crate::{
    chain::{Broken, Head, Line},
    database::{Database, Kind},
    error::StoreError,
    verdict::Verdict,
};

/// After how many milliseconds a process that is no more need not be looked at again.
pub(crate) const LONG_AGO: i64 = 24 * 60 * 60 * 1000;

/// A database that has the newest layout.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) pool: AnyPool,
    pub(crate) kind: Kind,
}

/// What became of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It has not ended.
    Running,
    /// The app did it.
    Succeeded,
    /// The app refused it.
    Failed,
    /// It ended with an error, and nothing that it sent is in doubt.
    Errored,
    /// Something was sent, and nobody knows whether it ran. Not tried again: somebody has to look, and settle it.
    InDoubt,
    /// It was in doubt, and somebody found that it ran.
    SettledRan,
    /// It was in doubt, and somebody found that it did not run.
    SettledNotRun,
}

impl State {
    /// Returns the word for it, as in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::InDoubt => "in_doubt",
            Self::SettledRan => "settled_ran",
            Self::SettledNotRun => "settled_not_run",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        use State::{Errored, Failed, InDoubt, Running, SettledNotRun, SettledRan, Succeeded};
        [Running, Succeeded, Failed, Errored, InDoubt, SettledRan, SettledNotRun]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// One execution, as the journal has it.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Execution {
    /// Its id, which is also the request id that its caller was answered with.
    pub id: String,
    /// On whose behalf it ran.
    pub tenant: String,
    /// The app.
    pub app: String,
    /// The action.
    pub action: String,
    /// The effect that the grant has for it.
    pub effect: String,
    /// The caller's name for it.
    pub idempotency_key: Option<String>,
    /// What became of it.
    pub state: State,
    /// What was found by whoever settled it.
    pub note: Option<String>,
    /// Milliseconds since 1970.
    pub started_at: i64,
    /// Milliseconds since 1970; nothing while it runs.
    pub ended_at: Option<i64>,
    /// The process that runs it.
    #[serde(skip)]
    pub(crate) instance: String,
    /// How it could be found out whether it ran.
    #[serde(skip)]
    pub(crate) settle_by: Option<String>,
    /// What it was asked to do, as a digest: tells whether a repeated one asks the same.
    #[serde(skip)]
    pub(crate) request_digest: String,
    #[serde(skip)]
    pub(crate) answer: Option<(u16, String)>,
}

/// One key of the service.
pub(crate) struct KeyRow {
    pub(crate) hash: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) tenant: Option<String>,
}

/// A plugin, without its bytes.
pub(crate) struct PluginRow {
    pub(crate) digest: String,
    pub(crate) signer: Option<String>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) created_at: i64,
}

/// A credential of a tenant, its secret still encrypted, or elsewhere.
pub(crate) struct CredentialRow {
    pub(crate) tenant: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) account: String,
    pub(crate) sealed: Option<Vec<u8>>,
    /// The name of the secret in the outside vault.
    pub(crate) vault: Option<String>,
    pub(crate) generation: i64,
}

/// A process that has written here.
pub(crate) struct InstanceRow {
    pub(crate) id: String,
    /// What it locks as long as it lives.
    pub(crate) lock: i64,
}

/// The newest grant of a tenant for an app.
pub(crate) struct GrantRow {
    pub(crate) tenant: String,
    pub(crate) app: String,
    pub(crate) version: i64,
    pub(crate) definition: String,
}

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Selects executions, in the order that [`execution`] reads.
macro_rules! executions {
    ($which:literal) => {
        concat!(
            "SELECT id, tenant, app, action, effect, idempotency_key, request_digest, state, status, answer, note, \
             started_at, ended_at, instance, settle_by FROM executions ",
            $which
        )
    };
}
pub(crate) use executions;

macro_rules! lines {
    ($which:literal) => {
        concat!("SELECT sequence, line, hash FROM audit ", $which)
    };
}

macro_rules! credentials {
    () => {
        "SELECT tenant, name, kind, account, sealed, vault, generation FROM credentials"
    };
}

impl Store {
    /// Opens a database, and brings its layout up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be opened, or is of a newer version.
    pub(crate) async fn open(database: &Database) -> Result<Self, StoreError> {
        let (pool, kind) = database.open().await?;
        Ok(Self { pool, kind })
    }

    /// Opens a database beside the service that uses it, and changes nothing.
    pub(crate) async fn open_to_read(database: &Database) -> Result<Self, StoreError> {
        let (pool, kind) = database.open_to_read().await?;
        Ok(Self { pool, kind })
    }

    /// Lets another service use the database.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
        self.kind.close();
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT id FROM tenants ORDER BY id").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub(crate) async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        let query = "SELECT hash, name, role, tenant FROM caller_keys WHERE revoked_at IS NULL";
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        let key = |row: &AnyRow| {
            Ok(KeyRow {
                hash: row.try_get(0)?,
                name: row.try_get(1)?,
                role: row.try_get(2)?,
                tenant: row.try_get(3)?,
            })
        };
        rows.iter().map(key).collect()
    }

    /// Returns all plugins, oldest first.
    pub(crate) async fn plugins(&self) -> Result<Vec<PluginRow>, StoreError> {
        let query = "SELECT digest, signer, verdict, created_at FROM plugins ORDER BY created_at, digest";
        sqlx::query(query).fetch_all(&self.pool).await?.iter().map(plugin).collect()
    }

    pub(crate) async fn plugin(&self, digest: &str) -> Result<Option<PluginRow>, StoreError> {
        let query = "SELECT digest, signer, verdict, created_at FROM plugins WHERE digest = $1";
        let query = sqlx::query(query).bind(digest.to_owned());
        query.fetch_optional(&self.pool).await?.as_ref().map(plugin).transpose()
    }

    pub(crate) async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query("SELECT component FROM plugins WHERE digest = $1").bind(digest.to_owned());
        query.fetch_optional(&self.pool).await?.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    pub(crate) async fn credential(
        &self,
        tenant: &str,
        name: &str,
    ) -> Result<Option<CredentialRow>, StoreError> {
        let query = concat!(credentials!(), " WHERE tenant = $1 AND name = $2");
        let row = sqlx::query(query)
            .bind(tenant.to_owned())
            .bind(name.to_owned())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(credential).transpose()
    }

    pub(crate) async fn credentials(&self) -> Result<Vec<CredentialRow>, StoreError> {
        sqlx::query(credentials!()).fetch_all(&self.pool).await?.iter().map(credential).collect()
    }

    /// Returns the grants that hold, of all tenants.
    pub(crate) async fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        let query = "SELECT tenant, app, version, definition FROM grants AS g WHERE version = \
                     (SELECT MAX(version) FROM grants WHERE tenant = g.tenant AND app = g.app)";
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        rows.iter().map(grant).collect()
    }

    /// Returns the grant of a tenant for an app: of one version, or the one that holds.
    pub(crate) async fn grant(
        &self,
        tenant: &str,
        app: &str,
        version: Option<i64>,
    ) -> Result<Option<GrantRow>, StoreError> {
        let query = "SELECT tenant, app, version, definition FROM grants WHERE tenant = $1 AND app = $2 \
                     AND ($3 = 0 OR version = $3) ORDER BY version DESC LIMIT 1";
        let query =
            sqlx::query(query).bind(tenant.to_owned()).bind(app.to_owned()).bind(version.unwrap_or(0));
        query.fetch_optional(&self.pool).await?.as_ref().map(grant).transpose()
    }

    pub(crate) async fn execution(&self, id: &str) -> Result<Option<Execution>, StoreError> {
        let query = executions!("WHERE id = $1");
        let row = sqlx::query(query).bind(id.to_owned()).fetch_optional(&self.pool).await?;
        row.as_ref().map(execution).transpose()
    }

    /// Returns the newest executions, of a tenant or of all, in one state or in any.
    pub(crate) async fn executions(
        &self,
        tenant: Option<&str>,
        state: Option<State>,
        limit: i64,
    ) -> Result<Vec<Execution>, StoreError> {
        // Each by its index: a condition that may be empty has none.
        let query = match (tenant, state) {
            (None, None) => executions!("ORDER BY started_at DESC, id LIMIT $1"),
            (Some(_), None) => executions!("WHERE tenant = $1 ORDER BY started_at DESC, id LIMIT $2"),
            (None, Some(_)) => executions!("WHERE state = $1 ORDER BY started_at DESC, id LIMIT $2"),
            (Some(_), Some(_)) => {
                executions!("WHERE tenant = $1 AND state = $2 ORDER BY started_at DESC, id LIMIT $3")
            }
        };
        let mut query = sqlx::query(query);
        for given in [tenant, state.map(State::as_str)].into_iter().flatten() {
            query = query.bind(given.to_owned());
        }
        query.bind(limit).fetch_all(&self.pool).await?.iter().map(execution).collect()
    }

    /// Counts the executions in a state.
    pub(crate) async fn count(&self, state: State) -> Result<i64, StoreError> {
        let query = sqlx::query("SELECT COUNT(*) FROM executions WHERE state = $1").bind(state.as_str());
        Ok(query.fetch_one(&self.pool).await?.try_get(0)?)
    }

    /// Returns the end of the audit trail.
    pub(crate) async fn head(&self) -> Result<Head, StoreError> {
        let row = sqlx::query("SELECT sequence, hash FROM head").fetch_one(&self.pool).await?;
        Ok(Head { sequence: row.try_get(0)?, hash: row.try_get(1)? })
    }

    /// Returns how often anything that is kept in memory was changed.
    pub(crate) async fn generation(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT generation FROM head").fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    /// Returns the processes to look at: those that something still runs in, if they live, and those to be struck out.
    pub(crate) async fn instances(&self) -> Result<Vec<InstanceRow>, StoreError> {
        let query = "SELECT id, lock FROM instances AS i WHERE seen_at < $1 OR EXISTS \
                     (SELECT 1 FROM executions WHERE state = 'running' AND instance = i.id)";
        let rows = sqlx::query(query).bind(now() - LONG_AGO).fetch_all(&self.pool).await?;
        let instance = |row: &AnyRow| Ok(InstanceRow { id: row.try_get(0)?, lock: row.try_get(1)? });
        rows.iter().map(instance).collect()
    }

    /// Reads the audit trail after a line.
    pub(crate) async fn lines(&self, after: i64, limit: i64) -> Result<Vec<Line>, StoreError> {
        let query = "SELECT sequence, line, hash FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let rows = sqlx::query(query).bind(after).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(line).collect()
    }

    /// Reads the newest lines of the audit trail, oldest first: of one correlation or tenant, or all.
    pub(crate) async fn trail(
        &self,
        correlation: Option<&str>,
        tenant: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Line>, StoreError> {
        let query = match (correlation, tenant) {
            (None, None) => lines!("ORDER BY sequence DESC LIMIT $1"),
            (Some(_), None) => lines!("WHERE correlation = $1 ORDER BY sequence DESC LIMIT $2"),
            (None, Some(_)) => lines!("WHERE tenant = $1 ORDER BY sequence DESC LIMIT $2"),
            (Some(_), Some(_)) => {
                lines!("WHERE correlation = $1 AND tenant = $2 ORDER BY sequence DESC LIMIT $3")
            }
        };
        let mut query = sqlx::query(query);
        for given in [correlation, tenant].into_iter().flatten() {
            query = query.bind(given.to_owned());
        }
        query.bind(limit).fetch_all(&self.pool).await?.iter().rev().map(line).collect()
    }

    /// Checks the audit trail from its first line to its last, and returns the end.
    pub(crate) async fn verify(&self) -> Result<Result<Head, Broken>, StoreError> {
        self.verify_behind(Head::default()).await
    }

    /// Checks the newest lines of the audit trail, `most` of them.
    pub(crate) async fn verify_newest(&self, most: i64) -> Result<Result<Head, Broken>, StoreError> {
        let before = self.head().await?.sequence - most;
        match self.lines(before - 1, 1).await?.pop() {
            Some(line) if line.sequence == before => {
                self.verify_behind(Head { sequence: before, hash: line.hash }).await
            }
            _ => self.verify().await,
        }
    }

    async fn verify_behind(&self, mut head: Head) -> Result<Result<Head, Broken>, StoreError> {
        const AT_ONCE: i64 = 1000;
        // What is written meanwhile comes behind it.
        let end = self.head().await?;
        while head.sequence < end.sequence {
            let lines = self.lines(head.sequence, AT_ONCE.min(end.sequence - head.sequence)).await?;
            if lines.is_empty() {
                break;
            }
            if let Err(broken) = lines.iter().try_for_each(|line| head.check(line)) {
                return Ok(Err(broken));
            }
        }
        Ok(head.check_end(&end).map(|()| head))
    }
}

fn line(row: &AnyRow) -> Result<Line, StoreError> {
    Ok(Line { sequence: row.try_get(0)?, text: row.try_get(1)?, hash: row.try_get(2)? })
}

fn plugin(row: &AnyRow) -> Result<PluginRow, StoreError> {
    let verdict: Option<String> = row.try_get(2)?;
    let verdict = verdict.map(|verdict| serde_json::from_str(&verdict)).transpose();
    Ok(PluginRow {
        digest: row.try_get(0)?,
        signer: row.try_get(1)?,
        verdict: verdict.map_err(|error| StoreError::Layout(format!("a verdict: {error}")))?,
        created_at: row.try_get(3)?,
    })
}

fn credential(row: &AnyRow) -> Result<CredentialRow, StoreError> {
    Ok(CredentialRow {
        tenant: row.try_get(0)?,
        name: row.try_get(1)?,
        kind: row.try_get(2)?,
        account: row.try_get(3)?,
        sealed: row.try_get(4)?,
        vault: row.try_get(5)?,
        generation: row.try_get(6)?,
    })
}

fn grant(row: &AnyRow) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        tenant: row.try_get(0)?,
        app: row.try_get(1)?,
        version: row.try_get(2)?,
        definition: row.try_get(3)?,
    })
}

pub(crate) fn execution(row: &AnyRow) -> Result<Execution, StoreError> {
    let state: String = row.try_get(7)?;
    let (status, answer): (Option<i64>, Option<String>) = (row.try_get(8)?, row.try_get(9)?);
    let status = status.and_then(|status| u16::try_from(status).ok());
    Ok(Execution {
        id: row.try_get(0)?,
        tenant: row.try_get(1)?,
        app: row.try_get(2)?,
        action: row.try_get(3)?,
        effect: row.try_get(4)?,
        idempotency_key: row.try_get(5)?,
        request_digest: row.try_get(6)?,
        state: State::parse(&state).ok_or(StoreError::Layout(format!("there is no state {state:?}")))?,
        answer: status.zip(answer),
        note: row.try_get(10)?,
        started_at: row.try_get(11)?,
        ended_at: row.try_get(12)?,
        instance: row.try_get(13)?,
        settle_by: row.try_get(14)?,
    })
}
