//! What can go wrong with a service itself. What can go wrong with a call is in the host's errors.

use crate::{chain::Broken, seal::SealError};

/// Why the database cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened, or refused a statement.
    #[error("the database failed: {0}")]
    Database(String),
    /// It cannot be reached, or is held by somebody else: what is asked may work later.
    #[error("the database does not answer: {0}")]
    Away(String),
    /// It has a layout that this version does not know.
    #[error("the database has another layout: {0}")]
    Layout(String),
    /// Another service uses it. Two would take each other's running executions for lost ones.
    #[error("another service runs on this database")]
    InUse,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Database, Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
        let is_away = match &error {
            Io(_) | PoolClosed | PoolTimedOut | Tls(_) | WorkerCrashed => true,
            // SQLite's own words for SQLITE_BUSY; PostgreSQL's class for an operator's intervention, such as a shutdown.
            Database(error) => {
                error.message() == "database is locked"
                    || error.code().is_some_and(|code| code.starts_with("57P"))
            }
            _ => false,
        };
        let error = error.to_string();
        if is_away { Self::Away(error) } else { Self::Database(error) }
    }
}

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A host cannot be built.
    #[error(transparent)]
    Host(#[from] actionbox_host::ConfigError),
    /// A credential cannot be decrypted.
    #[error("the credential of {tenant} for {app} cannot be decrypted")]
    Credential {
        /// Whose it is.
        tenant: String,
        /// The app that it is granted for.
        app: String,
        /// Why.
        #[source]
        error: SealError,
    },
    /// The audit trail is not as it was written.
    #[error(transparent)]
    Audit(#[from] Broken),
    /// Traces and metrics cannot be sent.
    #[error("{0}")]
    Telemetry(String),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        error: std::io::Error,
    },
}
