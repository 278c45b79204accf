//! What the page shows.

use std::sync::{Arc, PoisonError};

use actionbox_host::Bound;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Looker;
use crate::{
    admin::AdminError,
    answer::Answer,
    error::StoreError,
    http::{Asking, Checked, native::problem},
    service::Shared,
    store,
    views::{Executions, Grants, Lines, Page},
};

/// How many plugins are remembered that were looked at.
const INSPECTIONS: usize = 256;

type Shares = State<Arc<Shared>>;

pub(super) fn conclude(asking: &Asking, done: Result<Value, AdminError>) -> Response {
    match done {
        Ok(body) => asking.respond(Answer::ok(&body)),
        Err(rejected) => asking.respond(problem(&rejected).answer(&asking.id)),
    }
}

fn missing(what: &str) -> AdminError {
    AdminError::Missing(what.to_owned())
}

/// Shows a page. Where the next one begins is one text, which the page hands back as it is.
fn page<K>(found: Result<Page<K>, StoreError>, cursor: impl Fn(K) -> String) -> Result<Value, AdminError> {
    let Page { rows, next } = found?;
    Ok(json!({ "rows": rows, "next": next.map(cursor) }))
}

/// Reads where a page begins: a number and a name.
fn number_and_name(cursor: Option<&str>) -> Result<Option<(i64, &str)>, AdminError> {
    let Some(cursor) = cursor else { return Ok(None) };
    let parts = cursor.split_once(' ').and_then(|(number, name)| Some((number.parse().ok()?, name)));
    parts.map(Some).ok_or_else(no_cursor)
}

fn no_cursor() -> AdminError {
    AdminError::Invalid("a page begins where the one before says that it does".to_owned())
}

/// Nothing was chosen in a filter: the same as none.
fn chosen(filter: Option<&String>) -> Option<&str> {
    filter.map(|filter| filter.trim()).filter(|filter| !filter.is_empty())
}

pub(super) async fn overview(Looker { asking }: Looker, State(shared): Shares) -> Response {
    let counts = shared.store.counts().await.map_err(AdminError::from);
    let counts = counts.map(|mut counts| {
        counts["calls_now"] = json!(shared.room.taken());
        counts
    });
    conclude(&asking, counts)
}

pub(super) async fn rates(Looker { asking }: Looker, State(shared): Shares) -> Response {
    let mut told = shared.rates.tell();
    told["calls_now"] = json!(shared.room.taken());
    asking.respond(Answer::ok(&told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenants {
    begins: Option<String>,
    from: Option<String>,
}

pub(super) async fn tenants(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<Tenants>>,
) -> Response {
    let found = shared.store.tenants_page(chosen(which.begins.as_ref()), which.from.as_deref()).await;
    conclude(&asking, page(found, |next| next))
}

pub(super) async fn tenant(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Path(tenant)): Checked<Path<String>>,
) -> Response {
    let look = async {
        if !shared.directory.has_tenant(&tenant) {
            return Err(missing("such tenant"));
        }
        let credentials = shared.store.credentials_of(&tenant).await?;
        Ok(json!({ "id": tenant, "credentials": credentials }))
    };
    conclude(&asking, look.await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantsOf {
    tenant: Option<String>,
    app: Option<String>,
    from: Option<String>,
}

pub(super) async fn grants(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<GrantsOf>>,
) -> Response {
    let look = async {
        // Neither a tenant's name nor an app's has a space in it.
        let after =
            which.from.as_deref().map(|from| from.split_once(' ').ok_or_else(no_cursor)).transpose()?;
        let (tenant, app) = (chosen(which.tenant.as_ref()), chosen(which.app.as_ref()));
        let found = shared.store.grants_page(Grants { tenant, app, after }).await;
        let mut shown = page(found, |(tenant, app)| format!("{tenant} {app}"))?;
        for row in shown["rows"].as_array_mut().into_iter().flatten() {
            let (tenant, app) = (row["tenant"].as_str(), row["app"].as_str());
            let assigned = tenant.zip(app).and_then(|(tenant, app)| shared.directory.assigned(tenant, app));
            row["usable"] = json!(assigned.is_some());
        }
        Ok(shown)
    };
    conclude(&asking, look.await)
}

pub(super) async fn grant(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Path((tenant, app))): Checked<Path<(String, String)>>,
) -> Response {
    let look = async {
        let versions = shared.store.versions(&tenant, &app).await?;
        if versions.is_empty() {
            return Err(missing("such grant"));
        }
        let assigned = shared.directory.assigned(&tenant, &app);
        let limits =
            assigned.as_ref().and_then(|assigned| assigned.grant.limits()).unwrap_or(shared.host.limits());
        Ok(json!({
            "tenant": tenant, "app": app, "versions": versions, "usable": assigned.is_some(),
            "effects": assigned.as_ref().map(|assigned| assigned.effects(&app)).unwrap_or_default(),
            "limits": limits.bounds().iter().map(bound).collect::<Vec<_>>(),
        }))
    };
    conclude(&asking, look.await)
}

fn bound(bound: &Bound) -> Value {
    json!({ "name": bound.name, "value": bound.value.to_string(), "about": bound.about })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    from: Option<String>,
}

pub(super) async fn plugins(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<From>>,
) -> Response {
    let look = async {
        let before = number_and_name(which.from.as_deref())?;
        let found = shared.store.plugins_page(before).await;
        let mut shown = page(found, |(at, digest)| format!("{at} {digest}"))?;
        for row in shown["rows"].as_array_mut().into_iter().flatten() {
            let digest = row["digest"].as_str().unwrap_or_default();
            row["grants"] = json!(shared.directory.granted(digest).len());
        }
        Ok(shown)
    };
    conclude(&asking, look.await)
}

pub(super) async fn plugin(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Path(digest)): Checked<Path<String>>,
) -> Response {
    let look = async {
        let known = shared.store.plugin(&digest).await?.ok_or_else(|| missing("such plugin"))?;
        let mut granted = shared.directory.granted(&digest);
        granted.sort();
        let count = granted.len();
        granted.truncate(crate::views::PAGE);
        let granted: Vec<_> =
            granted.into_iter().map(|(tenant, app)| json!({ "tenant": tenant, "app": app })).collect();
        Ok(json!({
            "plugin": *inspect(&shared, &digest).await?,
            "granted": granted,
            "grants": count,
            "verdict": known.verdict.as_ref().map(|verdict| json!({ "good": verdict.is_good(), "found": verdict })),
            "signer": known.signer,
            "limits": shared.host.limits().bounds().iter().map(bound).collect::<Vec<_>>(),
        }))
    };
    conclude(&asking, look.await)
}

/// Tells what a plugin is, and remembers it: its bytes never change.
async fn inspect(shared: &Shared, digest: &str) -> Result<Arc<Value>, AdminError> {
    let known = || shared.console.inspections.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known().get(digest) {
        return Ok(known.clone());
    }
    let component = shared.store.component(digest).await?.ok_or_else(|| missing("such plugin"))?;
    let found = shared.host.inspect(component).await;
    let told = Arc::new(json!({
        "digest": found.digest, "bytes": found.size, "imports": found.imports, "exports": found.exports,
        "producers": found.producers, "memory_bytes": found.memory_bytes,
        "refused": found.verdict.err().map(|error| error.to_string()),
    }));
    let mut all = known();
    if all.len() >= INSPECTIONS {
        all.clear();
    }
    all.insert(digest.to_owned(), told.clone());
    Ok(told)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    tenant: Option<String>,
    app: Option<String>,
    state: Option<store::State>,
    from: Option<String>,
}

pub(super) async fn executions(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Query(which)): Checked<Query<Which>>,
) -> Response {
    let look = async {
        let found = shared.store.executions_page(Executions {
            tenant: chosen(which.tenant.as_ref()),
            app: chosen(which.app.as_ref()),
            state: which.state,
            before: number_and_name(which.from.as_deref())?,
        });
        page(found.await, |(at, id)| format!("{at} {id}"))
    };
    conclude(&asking, look.await)
}

/// Everything about one request: what the journal has, what it sent, and its lines of the audit.
pub(super) async fn call(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Path(id)): Checked<Path<String>>,
) -> Response {
    let look = async {
        let execution = shared.store.execution(&id).await?;
        let (sends, lines) = (shared.store.sends(&id).await?, shared.store.lines_of(&id).await?);
        if execution.is_none() && lines.is_empty() {
            return Err(missing("such request; one that only reads is here when it has ended"));
        }
        let can_be_read = execution.as_ref().is_some_and(|execution| execution.settle_by.is_some());
        Ok(json!({
            "id": id, "execution": execution, "sends": sends, "lines": lines, "can_be_read": can_be_read,
        }))
    };
    conclude(&asking, look.await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audit {
    tenant: Option<String>,
    which: Option<Lines>,
    from: Option<i64>,
}

pub(super) async fn audit(
    Looker { asking }: Looker,
    State(shared): Shares,
    Checked(Query(asked)): Checked<Query<Audit>>,
) -> Response {
    let found = shared.store.lines_page(asked.which, chosen(asked.tenant.as_ref()), asked.from).await;
    conclude(&asking, page(found, |sequence| sequence.to_string()))
}
