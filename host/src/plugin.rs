//! A loaded plugin: what it is, and the three calls.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;
use wasmtime::{Store, component::Component};

use crate::{
    audit::{self, AuditEvent, CallEvent, Operation, escaped},
    call::{self, CallState, Crash},
    compile::{Identity, invalid},
    contract::{
        Action, Outcome, Parameter, PluginError, Problem,
        bindings::{
            PluginWithUpstream as Bindings, PluginWithUpstreamPre as PluginPre,
            actionbox::plugin::types as wit,
        },
        json_values,
    },
    effect::Effect,
    error::{Error, LoadError, Sent},
    gate::{
        Context,
        books::{Books, Stop, Totals},
        budget::Budget,
        client::SendFailure,
    },
    grant::{Grant, Reach, Refusal},
    host::Shared,
    inspect::check_imports,
    limits::Exceeded,
    name::{ActionId, AppSlug},
    usage::Usage,
};

/// A plugin that a host has loaded. Cheap to clone, `Send` and `Sync`.
///
/// Each call runs in a fresh instance, under the grant that is given with the call.
///
/// ```no_run
/// # use actionbox_host::{ActionHost, Error, Grant, Plugin};
/// # async fn example(host: ActionHost, grants: Vec<Grant>) -> Result<(), Box<dyn std::error::Error>> {
/// // Loaded once, called for every tenant.
/// let plugin: Plugin = host.load_file("plugins/crm-sync.wasm").await?;
/// for grant in &grants {
///     println!("{}: {} actions", grant.tenant(), plugin.list_actions(grant, "hubspot").await?.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Loaded>,
    correlation: Option<Arc<str>>,
}

struct Loaded {
    pre: PluginPre<CallState>,
    digest: Arc<str>,
    size: usize,
    host: Arc<Shared>,
}

impl Plugin {
    /// Checks what a component asks for and offers, and makes a plugin of it.
    pub(crate) fn new(
        host: Arc<Shared>,
        component: &Component,
        identity: &Identity,
    ) -> Result<Self, LoadError> {
        check_imports(&host, component)?;
        let pre = host.linker.instantiate_pre(component).map_err(invalid)?;
        let pre = PluginPre::new(pre)
            .map_err(|error| LoadError::Exports { detail: escaped(&format!("{error:#}")) })?;
        let (digest, size) = (identity.digest.as_str().into(), identity.size);
        Ok(Self { loaded: Arc::new(Loaded { pre, digest, size, host }), correlation: None })
    }

    /// Returns the same plugin, whose calls carry a name that the embedder chose: an id of the request, say, that made
    /// it call. The name is in each event of the audit and in each [`SendIntent`](crate::SendIntent) of such a call.
    /// The plugin itself never sees it.
    ///
    /// ```no_run
    /// # use actionbox_host::{Error, Grant, Plugin};
    /// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Error> {
    /// let actions = plugin.correlated("request-7f3a").list_actions(&grant, "hubspot").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn correlated(&self, name: impl Into<Arc<str>>) -> Self {
        Self { loaded: self.loaded.clone(), correlation: Some(name.into()) }
    }

    /// Returns the SHA-256 of the component's bytes, as `sha256:…`.
    ///
    /// ```no_run
    /// # use actionbox_host::{ActionHost, LoadError};
    /// # async fn example(host: ActionHost, reviewed: &[String]) -> Result<(), LoadError> {
    /// let plugin = host.load_file("plugins/crm-sync.wasm").await?;
    /// assert!(reviewed.iter().any(|digest| digest == plugin.digest()), "nobody has reviewed it");
    /// # Ok(())
    /// # }
    /// ```
    pub fn digest(&self) -> &str {
        &self.loaded.digest
    }

    /// Returns the size of the component in bytes.
    ///
    /// ```no_run
    /// # use actionbox_host::Plugin;
    /// # fn example(plugin: &Plugin) {
    /// println!("{} KiB", plugin.size() >> 10);
    /// # }
    /// ```
    pub fn size(&self) -> usize {
        self.loaded.size
    }

    /// Lists the actions of an app.
    ///
    /// Only requests that list or describe actions leave the sandbox meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error`]; it says who must act, whether to retry, and whether a request was sent.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{Error, Grant, Plugin};
    /// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Error> {
    /// for action in plugin.list_actions(&grant, "hubspot").await? {
    ///     match action.effect {
    ///         Some(effect) => println!("{} ({effect})", action.name),
    ///         None => println!("{} (not granted)", action.name),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_actions(&self, grant: &Grant, app: &str) -> Result<Vec<Action>, Error> {
        let mut call = Call::begin(self, grant, Operation::List, app, None);
        let result = async {
            let app = AppSlug::parse(app)?;
            call.decide(grant.check_discover(&app).map(|()| Reach::Discover))?;
            let export = async |plugin: &Bindings, store: &mut Store<CallState>| {
                plugin.actionbox_plugin_actions().call_list_actions(store, app.as_str()).await
            };
            let effect = |id: &str| {
                let action = ActionId::parse(id).ok()?;
                grant.check_execute(&app, &action).ok()
            };
            let with_effect = |action: wit::Action| {
                let effect = effect(&action.id);
                Action::from_wit(action, effect)
            };
            call.run(export, async |actions| Ok(actions.into_iter().map(with_effect).collect())).await
        };
        let result = result.await;
        call.end(result, |_| "ok").await
    }

    /// Describes the parameters of an action.
    ///
    /// Only requests that list or describe actions leave the sandbox meanwhile.
    ///
    /// # Errors
    ///
    /// As [`list_actions`](Self::list_actions).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{Error, Grant, Plugin};
    /// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Error> {
    /// for parameter in plugin.describe_action(&grant, "hubspot", "create_contact").await? {
    ///     let mark = if parameter.required { "*" } else { "" };
    ///     println!("{}{mark}: {}", parameter.label, parameter.kind);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn describe_action(
        &self,
        grant: &Grant,
        app: &str,
        action: &str,
    ) -> Result<Vec<Parameter>, Error> {
        let mut call = Call::begin(self, grant, Operation::Describe, app, Some(action));
        let result = async {
            let (app, action) = (AppSlug::parse(app)?, ActionId::parse(action)?);
            call.decide(grant.check_discover(&app).map(|()| Reach::Discover))?;
            let export = async |plugin: &Bindings, store: &mut Store<CallState>| {
                let actions = plugin.actionbox_plugin_actions();
                actions.call_describe_action(store, app.as_str(), action.as_str()).await
            };
            call.run(export, async |parameters| Ok(parameters.into_iter().map(Parameter::from).collect()))
                .await
        };
        let result = result.await;
        call.end(result, |_| "ok").await
    }

    /// Executes an action with parameters: one JSON object, a key per parameter.
    ///
    /// `Ok` means that the connected app was reached; the [`Outcome`] says whether it did what was asked.
    /// No request above the effect that the grant has for this action leaves the sandbox meanwhile.
    ///
    /// # Errors
    ///
    /// As [`list_actions`](Self::list_actions).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{Grant, Plugin};
    /// use serde_json::json;
    ///
    /// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Box<dyn std::error::Error>> {
    /// let contact = json!({ "email": "ada@example.com", "firstname": "Ada" });
    /// let outcome = plugin.execute_action(&grant, "hubspot", "create_contact", &contact).await?;
    /// println!("{}", outcome.into_result()?.data["id"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn execute_action(
        &self,
        grant: &Grant,
        app: &str,
        action: &str,
        parameters: &Value,
    ) -> Result<Outcome, Error> {
        let mut call = Call::begin(self, grant, Operation::Execute, app, Some(action));
        let result = async {
            let (app, action) = (AppSlug::parse(app)?, ActionId::parse(action)?);
            if !parameters.is_object() {
                let problem = Problem {
                    parameter: None,
                    message: "expected one JSON object, a key per parameter".to_owned(),
                };
                return Err(Error::InvalidParameters { problems: vec![problem], sent: Sent::No });
            }
            call.decide(grant.check_execute(&app, &action).map(Reach::Execute))?;
            let parameters = parameters.to_string();
            let export = async |plugin: &Bindings, store: &mut Store<CallState>| {
                let actions = plugin.actionbox_plugin_actions();
                actions.call_execute_action(store, app.as_str(), action.as_str(), &parameters).await
            };
            call.run(export, async |outcome| call.read(outcome).await).await
        };
        let result = result.await;
        call.end(result, |outcome| match outcome {
            Outcome::Succeeded(_) => "ok",
            Outcome::Failed(_) => "failed",
        })
        .await
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("digest", &self.loaded.digest)
            .field("size", &self.loaded.size)
            .finish_non_exhaustive()
    }
}

/// One call from its first check to its audit event, which is written even when the call is dropped.
struct Call<'a> {
    plugin: &'a Plugin,
    grant: &'a Grant,
    /// Gone once the call is over.
    ending: Option<Box<Ending>>,
}

/// How a call ended, handed to the audit when it is dropped, whatever dropped it.
struct Ending {
    /// Gone once it is handed over.
    event: Option<CallEvent>,
    began: Instant,
    host: Arc<Shared>,
    /// Set once the call may run.
    context: Option<Arc<Context>>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(mut event) = self.event.take() else { return };
        if let Some(context) = &self.context {
            let totals = context.books.totals();
            event.sent = totals.sent();
            event.requests = totals.requests;
            event.memory_bytes = context.usage.memory();
            event.queued = context.usage.queued();
            event.instantiation = context.usage.instantiation();
            event.cpu_time = context.usage.cpu_time();
        }
        event.duration = self.began.elapsed();
        if event.result.is_empty() {
            event.result = "dropped by the embedder".to_owned();
        }
        audit::record(&*self.host.audit, AuditEvent::Call(event));
    }
}

impl<'a> Call<'a> {
    fn begin(
        plugin: &'a Plugin,
        grant: &'a Grant,
        operation: Operation,
        app: &str,
        action: Option<&str>,
    ) -> Self {
        let event = CallEvent {
            call: plugin.loaded.host.next_call(),
            correlation: plugin.correlation.clone(),
            tenant: grant.tenant().to_owned(),
            plugin: plugin.digest().to_owned(),
            operation,
            app: escaped(app),
            action: action.map(escaped),
            effect: None,
            // Until it ends.
            result: String::new(),
            sent: Sent::No,
            requests: 0,
            memory_bytes: 0,
            queued: Duration::ZERO,
            instantiation: Duration::ZERO,
            cpu_time: Duration::ZERO,
            started: SystemTime::now(),
            duration: Duration::ZERO,
        };
        let event = Some(event);
        let (host, began) = (plugin.loaded.host.clone(), Instant::now());
        Self { plugin, grant, ending: Some(Box::new(Ending { event, began, host, context: None })) }
    }

    /// Takes the grant's decision on the call itself, before any guest code runs.
    fn decide(&mut self, decision: Result<Reach, Refusal>) -> Result<(), Error> {
        let reach = decision.map_err(|refusal| Error::Denied { refusal, sent: Sent::No })?;
        let host = &self.plugin.loaded.host;
        let limits = self.grant.limits().unwrap_or(&host.limits).clone();
        let Some(Ending { event: Some(event), began, context, .. }) = self.ending.as_deref_mut() else {
            return Ok(());
        };
        event.effect = Some(match reach {
            Reach::Discover => Effect::Read,
            Reach::Execute(effect) => effect,
        });
        *context = Some(Arc::new(Context {
            call: event.call,
            correlation: event.correlation.clone(),
            plugin: self.plugin.loaded.digest.clone(),
            grant: self.grant.clone(),
            reach,
            budget: Budget::new(&limits),
            deadline: deadline(*began, limits.wall_time),
            limits,
            books: Books::default(),
            usage: Usage::default(),
            host: host.clone(),
        }));
        Ok(())
    }

    /// Runs the guest, waits for its requests, sorts out what ended it, and reads what it returned: all of
    /// it within the call's turn.
    async fn run<T, U>(
        &self,
        export: impl AsyncFnOnce(&Bindings, &mut Store<CallState>) -> wasmtime::Result<Result<T, PluginError>>,
        read: impl AsyncFnOnce(T) -> Result<U, Error>,
    ) -> Result<U, Error> {
        let Some(context) = self.context() else {
            return Err(Error::Host { reason: "the call was not decided".to_owned(), sent: Sent::No });
        };
        let host = &self.plugin.loaded.host;
        let asked = Instant::now();
        let turn = host.turns.take(self.grant.tenant(), context.deadline).await;
        context.usage.set_queued(asked.elapsed());
        let turn = turn.map_err(|exceeded| Error::Limit { exceeded, sent: Sent::No })?;
        let ended = call::run(host, &self.plugin.loaded.pre, context, &turn.running, export).await;
        // The guest is gone; what it has sent is not.
        context.books.settle().await;
        read(conclude(ended, context.books.totals())?).await
    }

    /// Reads the data of an outcome.
    async fn read(&self, outcome: wit::Outcome) -> Result<Outcome, Error> {
        const SMALL: usize = 256 << 10;
        let sent = self.sent();
        let small = outcome.data().len() < SMALL;
        let most = self.context().map_or(0, |context| context.limits.result_values);
        let read = move || {
            // There is a byte to each value at least.
            if outcome.data().len() >= most && json_values(outcome.data()) > most {
                return Err(Error::Limit { exceeded: Exceeded::ResultValues(most), sent });
            }
            Outcome::try_from(&outcome).map_err(|error| {
                let begins: String = outcome.data().chars().take(40).collect();
                let begins = escaped(&begins);
                let detail = format!("the data of the outcome is not JSON: {error}; it begins: {begins}");
                Error::Contract { detail, sent }
            })
        };
        if small {
            return read();
        }
        // Takes long enough to hold up others.
        tokio::task::spawn_blocking(read)
            .await
            .unwrap_or_else(|_| Err(Error::Host { reason: "the outcome could not be read".to_owned(), sent }))
    }

    fn context(&self) -> Option<&Arc<Context>> {
        self.ending.as_ref()?.context.as_ref()
    }

    fn sent(&self) -> Sent {
        self.context().map_or(Sent::No, |context| context.books.totals().sent())
    }

    /// Completes the audit event and hands the result on.
    async fn end<T>(
        mut self,
        result: Result<T, Error>,
        label: impl FnOnce(&T) -> &'static str,
    ) -> Result<T, Error> {
        let text = match &result {
            Ok(value) => label(value).to_owned(),
            Err(error) => kind(error),
        };
        if let Some(Ending { event: Some(event), .. }) = self.ending.as_deref_mut() {
            event.result = text;
        }
        result
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let Some(ending) = self.ending.take() else { return };
        let Some(context) = ending.context.clone().filter(|context| !context.books.is_settled()) else {
            return drop(ending);
        };
        // Dropped by the embedder while a request is on its way: the event waits for the truth about it. A
        // runtime that is shutting down drops the task, and the event is handed over with what is known.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(async move {
                context.books.settle().await;
                drop(ending);
            }));
        }
    }
}

/// Returns when a call ends; a wall time beyond what the clock can tell is a century.
fn deadline(began: Instant, wall_time: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    began + wall_time.min(CENTURY)
}

/// Sorts out what ended a call: bounds first, then what the host knows better than the guest, then the
/// guest's own words.
fn conclude<T>(ended: Result<Result<T, PluginError>, Crash>, totals: Totals) -> Result<T, Error> {
    let sent = totals.sent();
    if let Some(exceeded) = totals.exceeded {
        return Err(Error::Limit { exceeded, sent });
    }
    // What the plugin made of it would be told of another upstream than the recorded one.
    if let Some(request) = totals.not_recorded {
        return Err(Error::NotRecorded(request));
    }
    match ended {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(match (is_vague(&error), totals.stop) {
            (true, Some(stop)) => stopped(stop, sent),
            _ => reported(error, sent),
        }),
        Err(Crash::Exceeded(exceeded)) => Err(match (exceeded, totals.stop) {
            // The request and the guest run out of time at the same moment: whichever is noticed first,
            // the answer is the same.
            (
                Exceeded::WallTime(_),
                Some(
                    stop @ (Stop::Failed(SendFailure::Timeout { .. })
                    | Stop::Credential(_)
                    | Stop::HeldBack(_)),
                ),
            ) => stopped(stop, sent),
            _ => Error::Limit { exceeded, sent },
        }),
        Err(Crash::Trapped(reason)) => Err(Error::Trapped { reason, sent }),
        Err(Crash::NoRoom(reason)) => Err(Error::Host { reason, sent }),
    }
}

/// Tells the plugin's errors that may be its words for a request that the host stopped.
fn is_vague(error: &PluginError) -> bool {
    match error {
        PluginError::Denied(_) | PluginError::Other(_) => true,
        PluginError::Upstream(failure) => failure.status.is_none(),
        _ => false,
    }
}

fn stopped(stop: Stop, sent: Sent) -> Error {
    match stop {
        Stop::Refused(refusal) => Error::Denied { refusal, sent },
        Stop::Exceeded(exceeded) => Error::Limit { exceeded, sent },
        Stop::Credential(error) => Error::Credential { error, sent },
        Stop::HeldBack(reason) => Error::HeldBack { reason, sent },
        Stop::Failed(failure) => Error::Unreachable { failure, sent },
        Stop::Withheld(reason) => Error::Withheld { reason, sent },
        Stop::NotRecorded(request) => Error::NotRecorded(request),
        Stop::Internal(reason) => Error::Host { reason, sent },
    }
}

fn reported(error: PluginError, sent: Sent) -> Error {
    /// No wait that a plugin names is longer, so that adding it to the time overflows nowhere.
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    match error {
        PluginError::UnknownApp(app) => Error::UnknownApp { app, sent },
        PluginError::UnknownAction(missing) => {
            Error::UnknownAction { app: missing.app, action: missing.action_id, sent }
        }
        PluginError::InvalidParameters(problems) => {
            Error::InvalidParameters { problems: problems.into_iter().map(Problem::from).collect(), sent }
        }
        PluginError::ReauthorizationRequired(reason) => Error::ReauthorizationRequired { reason, sent },
        PluginError::Denied(reason) => Error::DeniedByPlugin { reason, sent },
        PluginError::Throttled(throttle) => Error::Throttled {
            retry_after: throttle.retry_after_ms.map(|wait| Duration::from_millis(wait).min(YEAR)),
            sent,
        },
        PluginError::Upstream(failure) => Error::Upstream {
            status: failure.status,
            code: failure.code,
            message: failure.message,
            request_id: failure.request_id,
            sent,
        },
        PluginError::Other(message) => Error::Plugin { message, sent },
    }
}

/// Returns what the audit says of an error: its kind and what the host itself knows, never the words of a
/// plugin or an upstream, which may hold a tenant's data.
fn kind(error: &Error) -> String {
    match error {
        Error::InvalidName(_) => "invalid name".to_owned(),
        Error::UnknownApp { .. } => "unknown app".to_owned(),
        Error::UnknownAction { .. } => "unknown action".to_owned(),
        Error::InvalidParameters { .. } => "invalid parameters".to_owned(),
        Error::DeniedByPlugin { .. } => "denied by the plugin or the upstream".to_owned(),
        Error::ReauthorizationRequired { .. } => "reauthorization required".to_owned(),
        Error::Throttled { .. } => "throttled".to_owned(),
        Error::Upstream { status: Some(status), .. } => format!("upstream failure, status {status}"),
        Error::Upstream { .. } => "upstream failure".to_owned(),
        Error::Trapped { .. } => "the plugin crashed".to_owned(),
        Error::Contract { .. } => "the plugin broke the contract".to_owned(),
        Error::Plugin { .. } => "the plugin failed".to_owned(),
        Error::NotRecorded(_) => "not recorded".to_owned(),
        Error::Denied { .. }
        | Error::Unreachable { .. }
        | Error::Withheld { .. }
        | Error::Limit { .. }
        | Error::Credential { .. }
        | Error::HeldBack { .. }
        | Error::Host { .. } => error.to_string(),
    }
}
