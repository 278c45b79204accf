//! The audit trail for those who only read it: beside a service that runs, or after it.

use serde_json::Value;

use crate::{
    chain::{Broken, Head},
    database::Database,
    error::StoreError,
    store::Store,
};

/// The audit trail of a database, which is not changed.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use actionbox_service::Trail;
///
/// let Ok(database) = "actionbox.db".parse();
/// let trail = Trail::open(&database).await?;
/// let end = trail.verify().await?;
/// println!("{} lines, the last of which has the hash {}", end.lines, end.hash);
/// # Ok(())
/// # }
/// ```
pub struct Trail {
    store: Store,
}

/// The end of a trail that is as it was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct End {
    /// How many lines it has; also the number of the last one.
    pub lines: i64,
    /// The hash of the last line, over itself and the hash before it: SHA-256, in hexadecimal digits.
    pub hash: String,
}

/// Why a trail is not good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrailError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not as it was written.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A line has another hash than somebody has kept.
    #[error(
        "line {line} is there with another hash than the one that was kept, or is not there: all of it was written anew"
    )]
    Rewritten {
        /// Its number.
        line: i64,
    },
    /// A line is no JSON.
    #[error("line {line} is no JSON: {error}")]
    NoJson {
        /// Its number.
        line: i64,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Of one tenant.
    pub tenant: Option<&'a str>,
    /// Of one request, by its id.
    pub request: Option<&'a str>,
}

impl Wanted<'_> {
    fn wants(self, line: &Value) -> bool {
        let is = |key: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| line[key] == wanted);
        is("tenant", self.tenant) && is("correlation", self.request)
    }
}

impl Trail {
    /// Opens a database to read it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it is not there, or is none of a service.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        let store = Store::open_to_read(database).await?;
        // Tells at once when there is no trail in it.
        store.head().await?;
        Ok(Self { store })
    }

    /// Checks every line.
    ///
    /// # Errors
    ///
    /// [`TrailError`].
    pub async fn verify(&self) -> Result<End, TrailError> {
        let Head { sequence, hash } = self.store.verify().await??;
        Ok(End { lines: sequence, hash })
    }

    /// Checks that a line still has the hash that somebody has kept of it. Together with [`verify`](Self::verify), that
    /// proves everything up to it against whoever can write to the database.
    ///
    /// # Errors
    ///
    /// [`TrailError`].
    pub async fn check_kept(&self, line: i64, hash: &str) -> Result<(), TrailError> {
        let found = self.store.lines(line - 1, 1).await?.pop();
        match found.is_some_and(|found| found.sequence == line && found.hash.eq_ignore_ascii_case(hash)) {
            true => Ok(()),
            false => Err(TrailError::Rewritten { line }),
        }
    }

    /// Returns the newest lines that are wanted, oldest first, and how far the trail went.
    ///
    /// # Errors
    ///
    /// [`TrailError`].
    pub async fn newest(&self, wanted: Wanted<'_>, most: u32) -> Result<(Vec<Value>, i64), TrailError> {
        let end = self.store.head().await?.sequence;
        let lines = self.store.trail(wanted.request, wanted.tenant, most.into()).await?;
        let lines = lines.into_iter().filter(|line| line.sequence <= end);
        Ok((lines.map(|line| json(line.sequence, &line.text)).collect::<Result<_, _>>()?, end))
    }

    /// Returns the lines that are wanted behind one of them, and how far it looked.
    ///
    /// # Errors
    ///
    /// [`TrailError`].
    pub async fn after(&self, line: i64, wanted: Wanted<'_>) -> Result<(Vec<Value>, i64), TrailError> {
        const AT_ONCE: i64 = 1000;
        let lines = self.store.lines(line, AT_ONCE).await?;
        let end = lines.last().map_or(line, |line| line.sequence);
        let lines = lines.iter().map(|line| json(line.sequence, &line.text));
        let lines: Vec<Value> = lines.collect::<Result<_, _>>()?;
        Ok((lines.into_iter().filter(|line| wanted.wants(line)).collect(), end))
    }
}

fn json(line: i64, text: &str) -> Result<Value, TrailError> {
    serde_json::from_str(text).map_err(|error| TrailError::NoJson { line, error })
}
