//! What holds of many calls.

use actionbox_host::Outcome;
use actionbox_sandbox::{Fault, Response};
use serde_json::json;

use super::cases;
use crate::{
    expect::{Played, broken, check, ok},
    stage::Stage,
};

cases! { "endurance":
    "a thousand calls succeed, and the last takes no more memory than the first" => thousand,
    "calls at the same time do not mix" => at_once,
}

async fn thousand(stage: &Stage) -> Played {
    let tried = "a thousand calls";
    let action = stage.read()?;
    stage.outcome("Success", json!({ "results": [{ "id": "51" }] }));
    for _ in 0..1_000 {
        match ok(stage.execute(action, &json!({ "limit": "1" })).await, tried, "successes")? {
            Outcome::Succeeded(_) => {}
            Outcome::Failed(failure) => return Err(broken(tried, "successes", format!("{failure:?}"))),
        }
    }
    let memory: Vec<_> = stage.events().calls.iter().map(|call| call.memory_bytes).collect();
    let (first, most) =
        (memory.first().copied().unwrap_or_default(), memory.iter().copied().max().unwrap_or_default());
    check(most <= first, tried, format!("{first} bytes of memory, as in the first call"), most)
}

async fn at_once(stage: &Stage) -> Played {
    let action = stage.read()?;
    // The answer is what was asked.
    stage.always(
        Fault::respond_with(|request| {
            let body = json!({ "node_status": "Success", "data": request.json() }).to_string();
            Response::new(body.into())
        })
        .on_path("/execute"),
    );
    let tried = "sixteen calls at the same time";
    let calls = (0..16).map(|n| async move {
        let parameters = json!({ "limit": n.to_string(), "text": "x".repeat(1_000 * n) });
        (stage.execute(action, &parameters).await, parameters)
    });
    for (result, parameters) in join_all(calls).await {
        match ok(result, tried, "successes")? {
            Outcome::Succeeded(success) if success.data == parameters => {}
            other => return Err(broken(tried, "each its own answer", format!("{other:?}"))),
        }
    }
    Ok(())
}

/// Waits for all of them, each polled whenever any may go on.
async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut ready = true;
        for (future, result) in &mut waiting {
            if result.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(value) => *result = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, result)| result).collect()
}
