//! One call, from the caller's request to what is written of it.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use actionbox_host::{ActionId, AppSlug, AuditEvent, Effect, Error, Outcome, Sent};
use axum::http::StatusCode;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    answer::{Answer, Problem},
    chain::Entry,
    digest::sha256,
    directory::Assigned,
    error::StoreError,
    journal,
    rates::Outcome as Ending,
    room::{Full, Place},
    service::Shared,
    store::{Execution, State, now},
    telemetry::{self, Told},
    writer::{Change, Done, End},
};

/// What is asked of a plugin.
pub(crate) enum Ask {
    List,
    Describe(String),
    Execute { action: String, parameters: Value, idempotency_key: Option<String> },
}

/// A call that may run.
pub(crate) struct Call {
    pub(crate) id: Arc<str>,
    /// The name of the key.
    pub(crate) caller: String,
    pub(crate) tenant: String,
    pub(crate) app: String,
    pub(crate) ask: Ask,
    pub(crate) assigned: Arc<Assigned>,
    /// The trace that it is part of.
    pub(crate) trace: telemetry::Caller,
}

/// How the call ended.
struct Ended {
    answer: Answer,
    state: State,
    /// Whether it may be made again, under the same idempotency key: nothing was sent, and the reason may pass.
    retryable: bool,
    counts_as: Ending,
}

/// Runs a call to its end, whether its caller waits for it or not, and returns what it is answered; or why there is
/// no room for it.
pub(crate) async fn run(shared: &Arc<Shared>, call: Call) -> Result<Answer, Full> {
    let place = shared.room.enter(&call.tenant).inspect_err(|_| {
        shared.rates.count(&call.tenant, call.assigned.plugin.digest(), Ending::Limited, None);
    })?;
    let (answer, answered) = oneshot::channel();
    let id = call.id.clone();
    // Of its own, from the journal on: whoever hangs up ends nothing, and leaves nothing begun.
    tokio::spawn(go_on(shared.clone(), call, place, answer));
    Ok(answered.await.unwrap_or_else(|_| {
        let lost = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "SERVICE_ERROR", "the call was lost");
        Problem { sent: Sent::Unknown, ..lost }.answer(&id)
    }))
}

impl Call {
    /// Returns the effect that the grant has for an action; nothing when it refuses it.
    pub(crate) fn effect(&self, action: &str) -> Option<Effect> {
        let (app, action) = (AppSlug::parse(&self.app).ok()?, ActionId::parse(action).ok()?);
        self.assigned.grant.check_execute(&app, &action).ok()
    }

    fn has_key(&self) -> bool {
        matches!(&self.ask, Ask::Execute { idempotency_key: Some(_), .. })
    }

    async fn ask(&self) -> Ended {
        let plugin = self.assigned.plugin.correlated(self.id.clone());
        let grant = &self.assigned.grant;
        let done = match &self.ask {
            Ask::List => plugin.list_actions(grant, &self.app).await.map(|all| (Answer::actions(&all), true)),
            Ask::Describe(action) => {
                let described = plugin.describe_action(grant, &self.app, action).await;
                described.map(|all| (Answer::parameters(&all), true))
            }
            Ask::Execute { action, parameters, .. } => {
                let outcome = plugin.execute_action(grant, &self.app, action, parameters).await;
                outcome.map(|outcome| (Answer::outcome(&outcome), matches!(outcome, Outcome::Succeeded(_))))
            }
        };
        self.ended(done)
    }

    fn ended(&self, done: Result<(Answer, bool), Error>) -> Ended {
        match done {
            Ok((answer, true)) => {
                Ended { answer, state: State::Succeeded, retryable: false, counts_as: Ending::Succeeded }
            }
            Ok((answer, false)) => {
                Ended { answer, state: State::Failed, retryable: false, counts_as: Ending::Failed }
            }
            Err(error) => Ended {
                answer: Problem::of(&error).answer(&self.id),
                state: State::Errored,
                retryable: error.is_retryable(),
                counts_as: match error {
                    Error::Denied { .. } => Ending::Refused,
                    Error::Limit { .. } | Error::Throttled { .. } => Ending::Limited,
                    _ => Ending::Failed,
                },
            },
        }
    }
}

/// Whether an execution that does not run is in the journal as one that does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    No,
    /// The database may have committed what it gave no answer to.
    Perhaps,
}

/// Writes down that an execution begins. Returns an answer when it does not: it was asked before, or it cannot be
/// written down.
async fn begin(shared: &Shared, call: &Call, effect: Option<Effect>) -> Option<(Answer, Begun)> {
    let Ask::Execute { action, parameters, idempotency_key } = &call.ask else { return None };
    let execution = Execution {
        id: call.id.to_string(),
        tenant: call.tenant.clone(),
        app: call.app.clone(),
        action: action.clone(),
        effect: effect.map_or("refused", Effect::as_str).to_owned(),
        idempotency_key: idempotency_key.clone(),
        state: State::Running,
        note: None,
        started_at: now(),
        ended_at: None,
        request_digest: sha256(format!("{}/{action}\n{parameters}", call.app).as_bytes()),
        answer: None,
        instance: shared.instance.clone(),
        settle_by: call.assigned.settle_by(&call.app, action).and_then(|by| by.of(parameters)),
    };
    let digest = execution.request_digest.clone();
    match shared.writer.make(Change::Begin(execution.into())).await {
        Ok(Done::Known(before)) => Some((again(&call.id, &digest, *before), Begun::No)),
        Ok(_) => None,
        Err(_told_by_the_writer) => {
            let message = "the journal cannot be written for now; nothing was sent";
            let held = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "JOURNAL", message);
            Some((Problem { retryable: true, ..held }.answer(&call.id), Begun::Perhaps))
        }
    }
}

/// Answers a call whose idempotency key was used before.
fn again(id: &str, digest: &str, before: Execution) -> Answer {
    if before.request_digest != digest {
        let message = "this idempotency key was used for another request; use a new one";
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", message).answer(id);
    }
    match (before.state, before.answer) {
        (State::Running, _) => {
            let message = format!("the request {} with this idempotency key is still running", before.id);
            let running = Problem::new(StatusCode::CONFLICT, "IN_PROGRESS", message);
            Problem { retryable: true, retry_after: Some(Duration::from_secs(1)), ..running }.answer(id)
        }
        (State::SettledRan, _) => {
            let note = before.note.unwrap_or_default();
            let message = format!("the app did it, as was found out afterwards: {note}; see {}", before.id);
            let settled = Problem::new(StatusCode::CONFLICT, "SETTLED", message);
            Problem { sent: Sent::Yes, ..settled }.answer(id)
        }
        (State::InDoubt, _) | (_, None) => in_doubt(id, &before.id),
        (_, Some((status, body))) => Answer {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body,
            retry_after: None,
        },
    }
}

/// Says that nobody knows, and who can find out.
fn in_doubt(id: &str, execution: &str) -> Answer {
    let message = format!(
        "nobody knows whether the app did it; it is not tried again. The operator finds it as {execution}, and settles it"
    );
    let doubt = Problem::new(StatusCode::CONFLICT, "IN_DOUBT", message);
    Problem { sent: Sent::Unknown, ..doubt }.answer(id)
}

/// Writes down that the call begins if it may change something, makes it, writes down what became of it, and answers.
async fn go_on(shared: Arc<Shared>, call: Call, place: Place, answer: oneshot::Sender<Answer>) {
    let effect = match &call.ask {
        Ask::Execute { action, .. } => call.effect(action),
        Ask::List | Ask::Describe(_) => None,
    };
    let (began, clock) = (SystemTime::now(), Instant::now());
    let journaled = effect.is_some_and(|effect| effect > Effect::Read) || call.has_key();
    if journaled && let Some((known, begun)) = begin(&shared, &call, effect).await {
        let entries = vec![call.answered_again(&known)];
        if begun == Begun::No {
            shared.writer.note_soon(entries);
            // Nobody may be waiting any more.
            return drop(answer.send(known));
        }
        // If it is there, it is ended, and its key is free: when the database is back.
        let end = End {
            id: call.id.to_string(),
            state: State::Errored,
            frees_key: true,
            status: known.status.as_u16(),
            answer: known.body.clone(),
            sends: Vec::new(),
            entries,
        };
        drop(answer.send(known));
        write(&shared, &call.id, Change::End(end.into()), || ()).await;
        return;
    }
    shared.collector.open(&call.id);
    let mut ended = call.ask().await;
    let events = shared.collector.take(&call.id);
    if journal::is_in_doubt(&events) {
        ended.state = State::InDoubt;
        ended.counts_as = Ending::InDoubt;
    } else if journal::is_refused(&events) {
        ended.counts_as = Ending::Refused;
    }
    let took = clock.elapsed();
    shared.rates.count(&call.tenant, call.assigned.plugin.digest(), ended.counts_as, Some(took));
    call.tell(&shared, &ended, &events, began, took);
    let mut entries: Vec<_> = events.iter().map(journal::entry).collect();
    entries.push(call.asked_by());
    let change = match journaled {
        false => Change::Note(entries),
        true => Change::End(Box::new(End {
            id: call.id.to_string(),
            state: ended.state,
            frees_key: ended.retryable && ended.state == State::Errored,
            status: ended.answer.status.as_u16(),
            answer: ended.answer.body.clone(),
            sends: journal::ended(&events),
            entries,
        })),
    };
    let mut answer = Some(answer);
    let failed = || {
        let Some(answer) = answer.take() else { return };
        // Why is in the log: callers need not know where the database is.
        let message = "the call ended, and that cannot be written down yet";
        let lost = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "JOURNAL", message);
        // Nobody may be waiting any more.
        drop(answer.send(Problem { sent: journal::sent(&events), ..lost }.answer(&call.id)));
    };
    write(&shared, &call.id, change, failed).await;
    if let Some(answer) = answer {
        drop(answer.send(ended.answer));
    }
    drop(place);
}

impl Call {
    /// Tells whoever watches how it went.
    fn tell(&self, shared: &Shared, ended: &Ended, events: &[AuditEvent], began: SystemTime, took: Duration) {
        let (operation, action) = match &self.ask {
            Ask::List => ("list", None),
            Ask::Describe(action) => ("describe", Some(&**action)),
            Ask::Execute { action, .. } => ("execute", Some(&**action)),
        };
        let told = Told {
            operation,
            tenant: &self.tenant,
            app: &self.app,
            action,
            outcome: ended.state.as_str(),
            status: ended.answer.status.as_u16(),
            id: &self.id,
            began,
            took,
        };
        shared.telemetry.metrics.call(&told, events);
        if let Some(traces) = &shared.telemetry.traces {
            traces.call(&told, &self.trace, events);
        }
    }

    /// Says that it was asked before, and not carried out again; or that it could not be begun.
    fn answered_again(&self, answer: &Answer) -> Entry {
        let event = serde_json::json!({
            "kind": "not_begun", "caller": self.caller, "app": self.app, "status": answer.status.as_u16(),
            "repeats": self.has_key(),
        });
        Entry { at: now(), tenant: Some(self.tenant.clone()), correlation: Some(self.id.to_string()), event }
    }

    /// Says who asked for it.
    fn asked_by(&self) -> Entry {
        let event = serde_json::json!({
            "kind": "caller", "caller": self.caller, "app": self.app, "grant": self.assigned.version,
        });
        Entry { at: now(), tenant: Some(self.tenant.clone()), correlation: Some(self.id.to_string()), event }
    }
}

/// Writes until it is written, however long the database is gone, and says each time that it is not yet.
async fn write(shared: &Shared, id: &str, change: Change, mut failed: impl FnMut()) {
    const LONGEST: Duration = Duration::from_secs(5);
    let mut wait = Duration::from_millis(50);
    loop {
        match shared.writer.make(change.clone()).await {
            Ok(done) => return tell_of_another_verdict(shared, id, &change, &done),
            Err(error) => {
                failed();
                if matches!(error, StoreError::Stopping) {
                    return;
                }
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
}

/// Says so when an execution has ended that somebody had settled meanwhile, taking this process for dead: what was
/// found out may not be what happened.
fn tell_of_another_verdict(shared: &Shared, id: &str, change: &Change, done: &Done) {
    let (Change::End(end), Done::Nothing) = (change, done) else { return };
    if end.sends.is_empty() {
        return;
    }
    tracing::error!(
        id,
        state = end.state.as_str(),
        "an execution has ended that was settled before: look at it again"
    );
    let event = serde_json::json!({ "kind": "ended_after_settling", "state": end.state });
    let entry = Entry { at: now(), tenant: None, correlation: Some(id.to_owned()), event };
    shared.writer.note_soon(vec![entry]);
}
