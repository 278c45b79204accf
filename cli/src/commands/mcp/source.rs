//! What is behind the tools: one plugin, in this process, under what is allowed at the moment.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use actionbox_host::{Action, ActionId, AppSlug, Error, Grant, Outcome, Parameter, Plugin, Refusal, Sent};
use actionbox_mcp::{Asked, Granted, IDEMPOTENCY_KEY, Refused, Source};
use tokio::sync::{Semaphore, watch};

use crate::{
    connect::{Connection, Setup},
    failure::Failure,
};

/// How many calls go on at once. The host runs fewer; the others wait for it.
const AT_ONCE: u32 = 16;

/// What is allowed of one app.
pub(super) struct Allowed {
    pub(super) app: AppSlug,
    pub(super) grant: Grant,
}

/// A plugin that acts on one upstream, as one account.
#[derive(Clone)]
pub(super) struct Local(Arc<Inner>);

struct Inner {
    setup: Arc<Setup>,
    plugin: Plugin,
    /// What may be edited to allow more, where there is such a file.
    file: Option<PathBuf>,
    granted: RwLock<Vec<Granted>>,
    changes: watch::Sender<u64>,
    room: Arc<Semaphore>,
}

impl Local {
    pub(super) fn new(
        setup: Arc<Setup>,
        plugin: Plugin,
        allowed: Vec<Allowed>,
        file: Option<PathBuf>,
    ) -> Self {
        let local = Self(Arc::new(Inner {
            setup,
            plugin,
            file,
            granted: RwLock::default(),
            changes: watch::Sender::new(0),
            room: Arc::new(Semaphore::new(AT_ONCE as usize)),
        }));
        local.allow(allowed);
        local
    }

    /// Allows this, and nothing else, from the next call on.
    pub(super) fn allow(&self, allowed: Vec<Allowed>) {
        let version = *self.0.changes.borrow() + 1;
        let granted =
            |Allowed { app, grant }| Granted { version: format!("{app}/{version}").into(), app, grant };
        let granted = allowed.into_iter().map(granted).collect();
        *self.0.granted.write().unwrap_or_else(PoisonError::into_inner) = granted;
        self.0.changes.send_replace(version);
    }

    /// Waits until no call goes on, but not for longer than is given.
    pub(super) async fn rest(&self, patience: Duration) {
        if tokio::time::timeout(patience, self.0.room.acquire_many(AT_ONCE)).await.is_err() {
            tracing::warn!("a call is cut off");
        }
    }

    /// Makes a call, which goes on to its end whether anybody waits for it or not.
    async fn call<T: Send + 'static, F>(
        &self,
        grant: Grant,
        app: &AppSlug,
        action: Option<&ActionId>,
        make: impl FnOnce(Plugin, Grant) -> F,
    ) -> Result<T, Refused>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let inner = &self.0;
        let id: Arc<str> = format!("mcp-{}", inner.next_call()).into();
        let plugin = inner.plugin.correlated(id.clone());
        let action = action.map(ActionId::as_str);
        let connection =
            Connection::under(inner.setup.clone(), plugin.clone(), grant.clone(), app.as_str(), action);
        let (call, local, room) = (make(plugin, grant), self.clone(), inner.room.clone());
        let made = tokio::spawn(async move {
            // Fails only when it is closed, which nobody does.
            let _place = room.acquire_owned().await;
            let result = call.await;
            let hint = result.as_ref().err().and_then(|error| local.0.hint(error));
            let concluded = connection.conclude_of(result, &local.0.setup.calls.take_of(&id));
            concluded.map_err(|failure| refused(failure, hint))
        });
        made.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a call is lost");
            Err(Refused { sent: Sent::Unknown, ..Refused::new("host", "the call is lost") })
        })
    }
}

impl Inner {
    fn next_call(&self) -> u64 {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    /// Says what to change in the file, where there is one.
    fn hint(&self, error: &Error) -> Option<String> {
        let Error::Denied { refusal: Refusal::Action { app, action, .. }, .. } = error else { return None };
        Some(match &self.file {
            Some(file) => format!(
                "{{\"id\": \"{action}\"}} among the \"actions\" of {app} in {} allows it",
                file.display()
            ),
            None => format!("actionbox mcp with --allow {app}/{action} allows it"),
        })
    }
}

impl Source for Local {
    fn granted(&self) -> Vec<Granted> {
        self.0.granted.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    async fn actions(&self, of: &Granted) -> Result<Vec<Action>, Refused> {
        let app = of.app.clone();
        let list = |plugin: Plugin, grant| async move { plugin.list_actions(&grant, app.as_str()).await };
        self.call(of.grant.clone(), &of.app, None, list).await
    }

    async fn parameters(&self, of: &Granted, action: &ActionId) -> Result<Vec<Parameter>, Refused> {
        let (app, id) = (of.app.clone(), action.clone());
        let describe = |plugin: Plugin, grant| async move {
            plugin.describe_action(&grant, app.as_str(), id.as_str()).await
        };
        self.call(of.grant.clone(), &of.app, Some(action), describe).await
    }

    async fn execute(&self, asked: Asked) -> Result<Outcome, Refused> {
        let Asked { app, action, parameters, idempotency_key, .. } = asked;
        if idempotency_key.is_some() {
            let message = format!("there is no journal here, so that {IDEMPOTENCY_KEY} cannot be kept");
            return Err(Refused::new("usage", message).next("leave it out, or use actionbox serve"));
        }
        let granted = self.granted().into_iter().find(|granted| granted.app == app);
        let Some(Granted { grant, .. }) = granted else {
            return Err(Refused::new("denied", format!("nothing is allowed for the app {app}")));
        };
        let (of, id) = (app.clone(), action.clone());
        let execute = |plugin: Plugin, grant| async move {
            plugin.execute_action(&grant, of.as_str(), id.as_str(), &parameters).await
        };
        self.call(grant, &app, Some(&action), execute).await
    }
}

/// Tells an agent what a person would be told in a shell.
fn refused(failure: Failure, hint: Option<String>) -> Refused {
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    Refused {
        message: std::iter::once(failure.message).chain(causes).collect(),
        next: hint.or(failure.hint),
        sent: failure.sent,
        retryable: failure.retryable,
        ..Refused::new(failure.kind, "")
    }
}
