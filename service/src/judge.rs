//! Whether uploaded plugins keep the contract: tried by whoever the embedder has for it, beside the calls.

use std::sync::Arc;

use actionbox_host::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{chain::Entry, error::StoreError, service::Shared, store::now, writer::Change};

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

impl Shared {
    /// Has a plugin tried, one at a time and beside everything else, and writes down what is found.
    pub(crate) fn judge(self: &Arc<Self>, digest: String, component: Vec<u8>) {
        let Some(judge) = self.judge.clone() else { return };
        let shared = self.clone();
        tokio::spawn(async move {
            // Not any more when the service stops.
            let Ok(_turn) = shared.judging.acquire().await else { return };
            let verdict = judge.judge(component).await;
            if let Err(error) = shared.keep_verdict(&digest, &verdict).await {
                tracing::error!(plugin = digest, %error, "the verdict is lost: upload the plugin again");
            }
        });
    }

    async fn keep_verdict(&self, digest: &str, verdict: &Verdict) -> Result<(), StoreError> {
        let event = json!({ "kind": "plugin", "change": "judged", "plugin": digest, "verdict": verdict });
        let entry = Entry { at: now(), tenant: None, correlation: None, event };
        let verdict =
            serde_json::to_string(verdict).map_err(|error| StoreError::Layout(error.to_string()))?;
        self.writer.make(Change::Verdict { digest: digest.to_owned(), verdict, entry }).await?;
        Ok(())
    }
}
