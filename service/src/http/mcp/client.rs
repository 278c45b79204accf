//! What one client may use: what its tenant is granted, called as the HTTP API calls it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actionbox_host::{
    Action, ActionId, AppSlug, Failure, Outcome, Parameter, ParameterKind, Refusal, Sent, Success,
};
use actionbox_mcp::{Asked, Granted, Refused, Source};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use super::Holder;
use crate::{
    answer::{Answer, Problem},
    directory::Assigned,
    http::Asking,
    run::{Ask, Call, run},
    service::Shared,
    telemetry,
};

/// A client: somebody's, for one tenant.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) shared: Arc<Shared>,
    pub(super) holder: Holder,
    /// The name of the key.
    pub(super) caller: Arc<str>,
    pub(super) is_ending: Arc<AtomicBool>,
}

/// An action, as the API answers it.
#[derive(Deserialize)]
struct Told {
    action_id: String,
    name: String,
    description: String,
    tag: Option<String>,
}

#[derive(Deserialize)]
struct ToldParameter {
    name: String,
    label: String,
    required: bool,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct ToldOutcome {
    node_status: String,
    data: Value,
    http_status: Option<u16>,
}

#[derive(Deserialize)]
struct ToldProblem {
    error_code: String,
    message: String,
    sent: String,
    retryable: bool,
}

impl Source for Client {
    fn granted(&self) -> Vec<Granted> {
        if !self.is_open() {
            return Vec::new();
        }
        let all = self.shared.directory.all_of(&self.holder.tenant);
        let granted = |(app, assigned): (String, Arc<Assigned>)| {
            let version = version(&self.holder.tenant, &app, &assigned);
            Some(Granted { app: AppSlug::parse(&app).ok()?, grant: assigned.grant.clone(), version })
        };
        all.into_iter().filter_map(granted).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.directory.changes()
    }

    fn is_open(&self) -> bool {
        !self.is_ending.load(Ordering::Relaxed) && self.holder.is_admitted(&self.shared)
    }

    async fn actions(&self, of: &Granted) -> Result<Vec<Action>, Refused> {
        let answer = self.ask(of.app.as_str(), Some(of), Ask::List, trace(None)).await?;
        let told: Vec<Told> = read(&answer)?;
        let action = |Told { action_id: id, name, description, tag }| Action {
            id,
            name,
            description,
            tag,
            effect: None,
            claimed_effect: None,
        };
        Ok(told.into_iter().map(action).collect())
    }

    async fn parameters(&self, of: &Granted, action: &ActionId) -> Result<Vec<Parameter>, Refused> {
        let answer =
            self.ask(of.app.as_str(), Some(of), Ask::Describe(action.to_string()), trace(None)).await?;
        let told: Vec<ToldParameter> = read(&answer)?;
        let parameter = |ToldParameter { name, label, required, kind }| Parameter {
            name,
            label,
            required,
            kind: match &*kind {
                "text" => ParameterKind::Text,
                "email" => ParameterKind::Email,
                "number" => ParameterKind::Number,
                "textarea" => ParameterKind::Textarea,
                "url" => ParameterKind::Url,
                "json" => ParameterKind::Json,
                _ => ParameterKind::Other(kind),
            },
        };
        Ok(told.into_iter().map(parameter).collect())
    }

    async fn execute(&self, asked: Asked) -> Result<Outcome, Refused> {
        let Asked { app, action, parameters, idempotency_key, traceparent } = asked;
        let ask = Ask::Execute { action: action.to_string(), parameters, idempotency_key };
        let answer = self.ask(app.as_str(), None, ask, trace(traceparent.as_deref())).await;
        let answer = answer.map_err(|refused| self.advise(refused, &app, &action))?;
        let ToldOutcome { node_status, data, http_status } = read(&answer)?;
        Ok(match &*node_status {
            "Success" => Outcome::Succeeded(Success { http_status, data }),
            _ => Outcome::Failed(Failure { node_status, http_status, data }),
        })
    }
}

impl Client {
    /// Calls the plugin that the tenant has for the app; under the grant that is named, if it is still that one.
    async fn ask(
        &self,
        app: &str,
        under: Option<&Granted>,
        ask: Ask,
        trace: telemetry::Caller,
    ) -> Result<Answer, Refused> {
        let asking = Asking::of(Method::POST, Uri::from_static("/mcp"));
        let tenant = self.holder.tenant.to_string();
        let refuse = |why: &str| asking.note_refusal(&self.shared, Some(&self.caller), Some(&tenant), why);
        // Also in a session that began before: its key may have been revoked a moment ago.
        let assigned = self.is_open().then(|| self.shared.directory.assigned(&tenant, app)).flatten();
        let Some(assigned) = assigned else {
            refuse("nothing is granted to this tenant for this app");
            let message = format!("nothing is granted to this tenant for the app {app}");
            let next = format!("an administrator of the service can: PUT /v1/tenants/{tenant}/grants/{app}");
            return Err(Refused::new("DENIED", message).next(next));
        };
        if under.is_some_and(|of| of.version != version(&tenant, app, &assigned)) {
            let message = format!("what is granted for the app {app} has changed meanwhile");
            return Err(Refused { retryable: true, ..Refused::new("CHANGED", message) });
        }
        let id = asking.id.clone();
        let (caller, app) = (self.caller.to_string(), app.to_owned());
        let call = Call { id: id.clone(), caller, tenant: tenant.clone(), app, ask, assigned, trace };
        let answer = match run(&self.shared, call).await {
            Ok(answer) => answer,
            Err(full) => {
                let busy = Problem::busy(full);
                refuse(&busy.message);
                busy.answer(&id)
            }
        };
        match answer.status {
            StatusCode::OK => Ok(answer),
            _ => Err(refused(&answer, &id)),
        }
    }

    /// Says what to change.
    fn advise(&self, mut refused: Refused, app: &AppSlug, action: &ActionId) -> Refused {
        let tenant = &self.holder.tenant;
        let assigned = self.shared.directory.assigned(tenant, app.as_str());
        let refusal = assigned.and_then(|assigned| assigned.grant.check_execute(app, action).err());
        let next = match (&*refused.code, refusal) {
            ("DENIED", Some(Refusal::Action { .. })) => format!(
                "an administrator of the service can grant it: PUT /v1/tenants/{tenant}/grants/{app}, with \
                 {{\"id\": \"{action}\"}} among the \"actions\" of {app}"
            ),
            ("REAUTH_REQUIRED", _) => format!("{app} has to be connected again for the tenant {tenant}"),
            ("VALIDATION_ERROR", _) => "the arguments: the tool's input schema says what it takes".to_owned(),
            ("NOT_FOUND", _) => "the name: list the tools, the app has no such action".to_owned(),
            ("IDEMPOTENCY_KEY_REUSED", _) => "the idempotency key: take a new one".to_owned(),
            _ => return refused,
        };
        refused.next = Some(next);
        refused
    }
}

/// Returns the trace that a client names; a new one where it names none.
fn trace(traceparent: Option<&str>) -> telemetry::Caller {
    let mut headers = HeaderMap::new();
    if let Some(value) = traceparent.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert("traceparent", value);
    }
    telemetry::Caller::of(&headers)
}

/// Names what is granted, as long as it is the same.
fn version(tenant: &str, app: &str, assigned: &Assigned) -> Arc<str> {
    let Assigned { plugin, version, credential, .. } = assigned;
    format!("{tenant}/{app}/{version}/{credential}/{}", plugin.digest()).into()
}

/// Reads an answer of our own.
fn read<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, Refused> {
    serde_json::from_str(&answer.body).map_err(|error| {
        tracing::error!(%error, "an answer of the service is not what it should be");
        Refused { sent: Sent::Unknown, ..Refused::new("SERVICE_ERROR", "the answer cannot be read") }
    })
}

/// Reads an error in the envelope.
fn refused(answer: &Answer, id: &str) -> Refused {
    let problem: ToldProblem = match read(answer) {
        Ok(problem) => problem,
        Err(refused) => return refused,
    };
    let sent = match &*problem.sent {
        "no" => Sent::No,
        "yes" => Sent::Yes,
        _ => Sent::Unknown,
    };
    Refused {
        message: format!("{} (request {id})", problem.message),
        sent,
        retryable: problem.retryable,
        retry_after: answer.retry_after,
        ..Refused::new(problem.error_code, "")
    }
}
