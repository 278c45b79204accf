//! Whether a plugin keeps the contract: tried by whoever the embedder has for it.

use actionbox_host::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Tries plugins: against a sandbox server, never an upstream that is real.
pub trait Judge: Send + Sync + 'static {
    /// Tries a component, and tells what was found.
    fn judge(&self, component: Vec<u8>) -> BoxFuture<'_, Verdict>;
}

/// What was found of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// How many claims of the contract it holds.
    pub held: usize,
    /// Those that it breaks.
    pub broken: Vec<String>,
    /// How many it could not be judged by.
    pub skipped: usize,
    /// Why it could not be tried at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Verdict {
    /// Tells whether it was tried, and nothing was broken.
    pub fn is_good(&self) -> bool {
        self.failed.is_none() && self.broken.is_empty() && self.held > 0
    }
}
