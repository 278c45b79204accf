//! A crowd of tenants that come once: what the host keeps for each is forgotten.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use actionbox_host::{Error, Limits, SendFailure};
use actionbox_tests::listener::closed_port;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    calls::patient,
    stage::{CALLS, Stage},
};

/// How many tenants come. Were their names kept, or those of their accounts, it would be more than the
/// margin.
const TENANTS: usize = 800;
const NAME: usize = 48 << 10;

/// Makes one call for each of many tenants, each with an account of its own.
pub(crate) async fn come_and_go(stage: &Arc<Stage>) {
    let before = stage.begun.load(SeqCst);
    let once = Limits { attempts: 1, ..patient() };
    let upstream: Arc<str> = format!("http://{}", closed_port().await).into();
    let mut callers = JoinSet::new();
    for caller in 0..CALLS {
        let (stage, upstream, once) = (stage.clone(), upstream.clone(), once.clone());
        callers.spawn(async move {
            for number in (caller..TENANTS).step_by(CALLS) {
                // No two crowds have a name in common.
                let name = format!("{number}-{before}-{}", "x".repeat(NAME));
                let grant = stage.grant_at(&upstream, &name, &name, once.clone());
                stage.begin();
                let called =
                    stage.refold.execute_action(&grant, "hubspot", "create_contact", &json!({})).await;
                let Err(Error::Unreachable { failure: SendFailure::Connect(_), .. }) = called else {
                    panic!("nobody listens there: {called:?}")
                };
            }
        });
    }
    callers.join_all().await;
}
