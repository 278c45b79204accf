//! Has uploaded plugins tried, one at a time and beside the calls.

use std::sync::Arc;

use serde_json::json;

use crate::{chain::Entry, error::StoreError, service::Shared, store::now, verdict::Verdict, writer::Change};

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
