//! What the kit found.

use std::time::Duration;

use serde::Serialize;

use crate::measure::Measures;

/// What was found of a plugin.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The plugin's digest, `sha256:…`.
    pub digest: String,
    /// The app whose actions were tried.
    pub app: String,
    /// Every case, in the order in which the kit lists them.
    pub cases: Vec<CaseReport>,
    /// What it costs.
    pub measures: Measures,
}

/// One case, and what became of it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CaseReport {
    /// What it is about, such as `listing`.
    pub group: &'static str,
    /// What a plugin has to do.
    pub claim: &'static str,
    /// Whether this one does.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// It does.
    Held,
    /// It does not.
    Broken {
        /// What was tried.
        tried: String,
        /// What should have come of it.
        expected: String,
        /// What did.
        found: String,
    },
    /// There was nothing to judge.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Report {
    /// Tells whether no case is broken.
    pub fn is_held(&self) -> bool {
        self.broken().next().is_none()
    }

    /// Returns the cases that are broken.
    pub fn broken(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| matches!(case.verdict, Verdict::Broken { .. }))
    }

    /// Returns how many cases are held, broken and skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.cases.iter().fold((0, 0, 0), |(held, broken, skipped), case| match case.verdict {
            Verdict::Held => (held + 1, broken, skipped),
            Verdict::Broken { .. } => (held, broken + 1, skipped),
            Verdict::Skipped { .. } => (held, broken, skipped + 1),
        })
    }
}

pub(crate) fn milliseconds<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}
