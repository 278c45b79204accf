//! The two databases that there may be, how they are opened, and who else may be using them.

use std::{
    collections::HashSet,
    fmt,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use actionbox_host::SecretString;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret as _;
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _, any::AnyPoolOptions};

use crate::error::StoreError;

/// Where a service keeps what it knows.
///
/// ```
/// use actionbox_service::Database;
///
/// let file: Database = "actionbox.db".parse().expect("a path");
/// assert!(matches!(file, Database::Sqlite(_)));
/// let server: Database = "postgres://actionbox:secret@db.example.com/actionbox".parse().expect("a URL");
/// assert!(!format!("{server:?} {server}").contains("secret"));
/// ```
#[derive(Clone)]
pub enum Database {
    /// A file, which is made when it is not there. One service uses it at a time.
    Sqlite(PathBuf),
    /// A server, by its URL. Several services may use it.
    Postgres(SecretString),
}

impl FromStr for Database {
    type Err = std::convert::Infallible;

    /// Takes `postgres://…` and `postgresql://…` for a URL, everything else for a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
        Ok(if is_url { Self::Postgres(text.to_owned().into()) } else { Self::Sqlite(text.into()) })
    }
}

impl<'de> serde::Deserialize<'de> for Database {
    fn deserialize<D: serde::Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        let Ok(database) = <String as serde::Deserialize>::deserialize(given)?.parse();
        Ok(database)
    }
}

impl From<PathBuf> for Database {
    fn from(path: PathBuf) -> Self {
        Self::Sqlite(path)
    }
}

impl fmt::Display for Database {
    /// Shows no more of a URL than that it is one: there is a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(_) => f.write_str("a PostgreSQL database"),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is particular to an open database.
#[derive(Clone)]
pub(crate) enum Kind {
    /// Locked as long as the service runs; the system unlocks what a killed process leaves.
    Sqlite {
        lock: Arc<File>,
    },
    Postgres {
        url: SecretString,
    },
}

impl Kind {
    /// Whether other services may be using it at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    pub(crate) fn close(&self) {
        if let Self::Sqlite { lock } = self
            && let Err(error) = lock.unlock()
        {
            tracing::warn!(%error, "the database stays locked until this process ends");
        }
    }

    /// Reads the end of the audit trail, and keeps others from putting anything behind it until the transaction ends.
    pub(crate) fn head_to_change(&self) -> &'static str {
        match self {
            // A database of one writer.
            Self::Sqlite { .. } => "SELECT sequence, hash, generation FROM head",
            Self::Postgres { .. } => "SELECT sequence, hash, generation FROM head FOR UPDATE",
        }
    }
}

impl Database {
    pub(crate) async fn open(&self) -> Result<(AnyPool, Kind), StoreError> {
        sqlx::any::install_default_drivers();
        match self {
            Self::Sqlite(path) => {
                let failed = |error| StoreError::Database(format!("{}: {error}", path.display()));
                make_private(path).map_err(failed)?;
                let kind = Kind::Sqlite { lock: lock(path)?.into() };
                // FULL: what is committed survives a power cut, in the write-ahead log too.
                let pool = pool(&[
                    "PRAGMA busy_timeout = 5000",
                    "PRAGMA journal_mode = WAL",
                    "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",
                ]);
                let pool = pool.connect(&url(path)?).await?;
                layout(sqlx::migrate!("migrations/sqlite").run(&pool).await)?;
                Ok((pool, kind))
            }
            Self::Postgres(url) => {
                // What an administrator of the database may have set otherwise.
                let pool = pool(&[
                    "SET synchronous_commit = on",
                    "SET statement_timeout = '10s'",
                    "SET default_transaction_isolation = 'read committed'",
                ]);
                let pool = connected(pool, url).await?;
                layout(sqlx::migrate!("migrations/postgres").run(&pool).await)?;
                Ok((pool, Kind::Postgres { url: url.clone() }))
            }
        }
    }

    /// Opens it beside whoever uses it. Nothing can be changed through it.
    pub(crate) async fn open_to_read(&self) -> Result<(AnyPool, Kind), StoreError> {
        sqlx::any::install_default_drivers();
        match self {
            Self::Sqlite(path) => {
                let failed = |error| StoreError::Database(format!("{}: {error}", path.display()));
                // Nothing locks it: SQLite itself lets readers be beside the one that writes.
                let kind = Kind::Sqlite { lock: File::open(path).map_err(failed)?.into() };
                let pool = pool(&["PRAGMA busy_timeout = 5000", "PRAGMA query_only = ON"]);
                Ok((pool.connect(&url(path)?).await?, kind))
            }
            Self::Postgres(url) => {
                let pool = pool(&["SET default_transaction_read_only = on", "SET statement_timeout = '30s'"]);
                Ok((connected(pool, url).await?, Kind::Postgres { url: url.clone() }))
            }
        }
    }
}

fn pool(settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(5).acquire_timeout(Duration::from_secs(5)).after_connect(
        move |connection, _| {
            Box::pin(async move {
                for setting in settings {
                    sqlx::query(*setting).execute(&mut *connection).await?;
                }
                Ok(())
            })
        },
    )
}

/// Connects once by itself first: of a server that is not there, a pool says no more than that it has waited.
async fn connected(pool: AnyPoolOptions, url: &SecretString) -> Result<AnyPool, StoreError> {
    AnyConnection::connect(url.expose_secret()).await?.close().await?;
    Ok(pool.connect(url.expose_secret()).await?)
}

fn layout(migrated: Result<(), sqlx::migrate::MigrateError>) -> Result<(), StoreError> {
    migrated.map_err(|error| StoreError::Layout(error.to_string()))
}

/// How long the server may take to say whether a process lives.
const TIME: Duration = Duration::from_secs(5);

/// A process that uses a database, as long as it is not dropped: others can tell that it lives.
pub(crate) struct Presence {
    pub(crate) lock: i64,
    connection: Option<AnyConnection>,
    /// Those whose locks were free when they were looked at last.
    suspects: HashSet<i64>,
}

impl Presence {
    /// Locks a number of this process's own.
    pub(crate) async fn new(kind: &Kind) -> Result<Self, StoreError> {
        let mut presence = Self { lock: fastrand::i64(..), connection: None, suspects: HashSet::new() };
        presence.renew(kind).await?;
        Ok(presence)
    }

    /// Makes sure that the lock is held. It is lost with its connection.
    pub(crate) async fn renew(&mut self, kind: &Kind) -> Result<(), StoreError> {
        let renewed = tokio::time::timeout(TIME, self.hold(kind)).await;
        renewed.unwrap_or_else(|_| {
            self.connection = None;
            Err(StoreError::Away("it does not say whether this process still has its lock".to_owned()))
        })
    }

    async fn hold(&mut self, kind: &Kind) -> Result<(), StoreError> {
        let Kind::Postgres { url } = kind else { return Ok(()) };
        if let Some(connection) = &mut self.connection
            && check_is_mine(connection).await.is_ok()
        {
            return Ok(());
        }
        self.connection = None;
        let mut connection = AnyConnection::connect(url.expose_secret()).await?;
        match try_lock(&mut connection, self.lock).await? {
            true => {
                check_is_mine(&mut connection).await?;
                self.connection = Some(connection);
            }
            // The server has not noticed yet that the old connection is gone, or somebody looks whether it is.
            false => {
                return Err(StoreError::Database(
                    "this process is still taken for its predecessor".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Tells whether another process, known by what it locks, has ended: its lock was free twice, so that one whose
    /// connection has just broken is not taken for dead.
    pub(crate) async fn has_ended(&mut self, kind: &Kind, lock: i64) -> Result<bool, StoreError> {
        // Of a file there is one user: this one.
        if !kind.is_shared() {
            return Ok(true);
        }
        self.renew(kind).await?;
        let Some(connection) = &mut self.connection else { return Ok(false) };
        let looked = tokio::time::timeout(TIME, async {
            let is_free = try_lock(connection, lock).await?;
            if is_free {
                let query = sqlx::query("SELECT pg_advisory_unlock($1)").bind(lock);
                query.execute(connection).await?;
            }
            Ok(is_free)
        });
        let is_free = looked.await.unwrap_or_else(|_| {
            Err(StoreError::Away("it does not say whether another process lives".to_owned()))
        });
        match is_free {
            Ok(true) => Ok(!self.suspects.insert(lock)),
            Ok(false) => {
                self.suspects.remove(&lock);
                Ok(false)
            }
            Err(error) => {
                // In whatever state it is.
                self.connection = None;
                Err(error)
            }
        }
    }
}

/// Fails where the lock is not held, or belongs to a connection that others use too: behind a pooler that hands out
/// connections by the transaction, nobody could tell who lives.
async fn check_is_mine(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let query = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    let count: i64 = sqlx::query(query).fetch_one(connection).await?.try_get(0)?;
    if count == 0 {
        let message =
            "its connections are pooled by the transaction; connect to the server itself, or by the session";
        return Err(StoreError::Database(message.to_owned()));
    }
    Ok(())
}

async fn try_lock(connection: &mut AnyConnection, lock: i64) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT pg_try_advisory_lock($1)").bind(lock);
    Ok(query.fetch_one(connection).await?.try_get(0)?)
}

/// Makes a file that only its owner may read, if there is none. What SQLite puts beside it has the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Locks a file beside the database: to lock the database itself would keep SQLite out.
fn lock(path: &Path) -> Result<File, StoreError> {
    let failed = |error: std::io::Error| StoreError::Database(format!("{}: {error}", path.display()));
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    make_private(Path::new(&name)).map_err(failed)?;
    let file = File::options().write(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Names a database as SQLx wants it named.
fn url(path: &Path) -> Result<String, StoreError> {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');
    let path = path.to_str().ok_or_else(|| StoreError::Database("its path is no UTF-8".to_owned()))?;
    Ok(format!("sqlite://{}?mode=rw", utf8_percent_encode(path, KEPT)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_layouts_are_the_same() {
        let sqlite = include_str!("../migrations/sqlite/0001_initial.sql");
        let postgres = include_str!("../migrations/postgres/0001_initial.sql");
        let (_, postgres) = postgres.split_once('\n').expect("a first line of its own");
        assert_eq!(postgres, sqlite.replace("BLOB", "BYTEA"));
    }
}
