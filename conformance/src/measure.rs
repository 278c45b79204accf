//! What a plugin costs.

use std::time::{Duration, Instant};

use actionbox_host::{Error, Outcome};
use serde::Serialize;
use serde_json::json;

use crate::{
    kit::KitError,
    report::milliseconds,
    stage::{Stage, Subject},
};

/// What a plugin costs on this machine, with this build of the host. Times are medians.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Measures {
    /// Bytes of the component.
    pub component_bytes: usize,
    /// Time until it was loaded: compiled, unless it was in the cache.
    #[serde(rename = "load_ms", serialize_with = "milliseconds")]
    pub load: Duration,
    /// A call whose answer is a kilobyte.
    pub small: Option<Cost>,
    /// A call whose answer is 300 KB.
    pub large: Option<Cost>,
    /// A call that makes no request, where the plugin has one: an instance, and nothing else.
    pub idle: Option<Cost>,
}

/// What one call costs.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// From its start to its end, the sandbox server included.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// How long the guest was running.
    #[serde(rename = "cpu_ms", serialize_with = "milliseconds")]
    pub cpu_time: Duration,
    /// Bytes of linear memory in the end.
    pub memory_bytes: usize,
}

/// Measures a plugin whose cases were played.
pub(crate) async fn measure(subject: &Subject, load: Duration) -> Result<Measures, KitError> {
    let stage = Stage::new(subject, "small").await?;
    let small = executed(&stage, 1_000, 100).await;
    let stage = Stage::new(subject, "large").await?;
    let large = executed(&stage, 300_000, 20).await;
    let stage = Stage::new(subject, "idle").await?;
    let idle = idle(&stage, 100).await;
    Ok(Measures { component_bytes: subject.plugin.size(), load, small, large, idle })
}

async fn executed(stage: &Stage, bytes: usize, times: usize) -> Option<Cost> {
    let action = stage.read().ok()?;
    stage.outcome("Success", json!({ "text": "x".repeat(bytes) }));
    repeat(stage, times, async || match stage.execute(action, &json!({ "limit": "1" })).await {
        Ok(Outcome::Succeeded(_)) => Ok(()),
        Ok(Outcome::Failed(_)) => Err(None),
        Err(error) => Err(Some(error)),
    })
    .await
}

async fn idle(stage: &Stage, times: usize) -> Option<Cost> {
    let action = stage.own().ok()?.first()?;
    let cost = repeat(stage, times, async || stage.describe(action).await.map(drop).map_err(Some)).await;
    let quiet = stage.events().calls.iter().all(|call| call.requests == 0);
    cost.filter(|_| quiet)
}

/// Makes a call many times; returns nothing when one fails, which is the matter of other cases.
async fn repeat(
    stage: &Stage,
    times: usize,
    call: impl AsyncFn() -> Result<(), Option<Error>>,
) -> Option<Cost> {
    let mut durations = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        call().await.ok()?;
        durations.push(began.elapsed());
    }
    let calls = stage.events().calls;
    Some(Cost {
        duration: median(durations),
        cpu_time: median(calls.iter().map(|call| call.cpu_time).collect()),
        memory_bytes: calls.iter().map(|call| call.memory_bytes).max()?,
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
