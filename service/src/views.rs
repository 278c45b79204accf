//! What the console shows of the database: pages in order of a key, so that the thousandth costs as much as the first.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use crate::{
    error::StoreError,
    store::{State, Store},
};

/// How many rows a page has.
pub(crate) const PAGE: usize = 50;
/// How many lines of the audit are looked at for one page: whoever looks for something rare asks again.
const WINDOW: i64 = 10_000;

/// Rows, and where the next page begins, if there is one.
pub(crate) struct Page<K> {
    pub(crate) rows: Vec<Value>,
    pub(crate) next: Option<K>,
}

/// A query of constant pieces, whose values are all bound.
struct Query {
    text: String,
    values: Vec<Bound>,
}

enum Bound {
    Text(String),
    Number(i64),
}

impl Query {
    fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    fn add(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    fn bind(mut self, value: Bound) -> Self {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    fn text(self, before: &'static str, value: &str) -> Self {
        self.add(before).bind(Bound::Text(value.to_owned()))
    }

    fn number(self, before: &'static str, value: i64) -> Self {
        self.add(before).bind(Bound::Number(value))
    }

    /// Adds a condition if there is something to compare with.
    fn text_if(self, before: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(before, value),
            None => self,
        }
    }

    async fn all(self, store: &Store) -> Result<Vec<AnyRow>, StoreError> {
        // Constant pieces and the numbers of their values: nothing of a user's is in the text.
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Bound::Text(text) => query.bind(text),
                Bound::Number(number) => query.bind(number),
            };
        }
        Ok(query.fetch_all(&store.pool).await?)
    }

    /// Fetches one row more than a page has, which tells whether there is another page.
    async fn page<K>(
        self,
        store: &Store,
        row: impl Fn(&AnyRow) -> Result<Value, StoreError>,
        key: impl Fn(&AnyRow) -> Result<K, StoreError>,
    ) -> Result<Page<K>, StoreError> {
        let mut rows = self.number(" LIMIT ", PAGE as i64 + 1).all(store).await?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(key).transpose()?;
        Ok(Page { rows: rows.iter().map(row).collect::<Result<_, _>>()?, next })
    }
}

/// Which executions.
#[derive(Default)]
pub(crate) struct Executions<'a> {
    pub(crate) tenant: Option<&'a str>,
    pub(crate) state: Option<State>,
    pub(crate) app: Option<&'a str>,
    /// Only those before: when it began, and its id.
    pub(crate) before: Option<(i64, &'a str)>,
}

/// Which lines of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lines {
    /// Calls of plugins.
    Calls,
    /// Whatever was refused: a caller, or a request of a plugin.
    Refusals,
    /// What somebody has changed.
    Changes,
}

/// Which grants.
#[derive(Default)]
pub(crate) struct Grants<'a> {
    pub(crate) tenant: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
    /// Only those behind: the tenant and the app.
    pub(crate) after: Option<(&'a str, &'a str)>,
}

impl Store {
    /// Counts what an operator wants to know first.
    pub(crate) async fn counts(&self) -> Result<Value, StoreError> {
        let query = Query::new(
            "SELECT (SELECT COUNT(*) FROM tenants), (SELECT COUNT(*) FROM plugins), \
             (SELECT COUNT(*) FROM executions WHERE state = 'in_doubt'), \
             (SELECT COUNT(*) FROM executions WHERE state = 'running')",
        );
        let rows = query.all(self).await?;
        let count = |index| -> Result<i64, StoreError> {
            Ok(rows.first().map(|row| row.try_get(index)).transpose()?.unwrap_or_default())
        };
        Ok(json!({
            "tenants": count(0)?, "plugins": count(1)?, "in_doubt": count(2)?, "running": count(3)?,
        }))
    }

    /// Returns tenants by name, those behind one, whose names begin with something.
    pub(crate) async fn tenants_page(
        &self,
        begins: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<String>, StoreError> {
        // The condition is written as the partial index has it.
        let query = Query::new(
            "SELECT id, created_at, (SELECT COUNT(DISTINCT app) FROM grants WHERE tenant = tenants.id), \
             (SELECT COUNT(*) FROM executions WHERE tenant = tenants.id AND state = 'in_doubt') FROM tenants \
             WHERE 1 = 1",
        );
        let mut query = query.text_if(" AND id > ", after);
        if let Some(begins) = begins {
            let letters = i64::try_from(begins.chars().count()).unwrap_or(i64::MAX);
            query = query.number(" AND SUBSTR(id, 1, CAST(", letters).text(" AS INTEGER)) = ", begins);
        }
        let row = |row: &AnyRow| {
            let (id, made): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let (grants, in_doubt): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
            Ok(json!({ "id": id, "made_at": made, "grants": grants, "in_doubt": in_doubt }))
        };
        query.add(" ORDER BY id").page(self, row, |row| Ok(row.try_get(0)?)).await
    }

    /// Returns what is known of a tenant's credentials: nothing of their secrets.
    pub(crate) async fn credentials_of(&self, tenant: &str) -> Result<Vec<Value>, StoreError> {
        let query = Query::new("SELECT name, kind, account, created_at FROM credentials")
            .text(" WHERE tenant = ", tenant);
        let row = |row: &AnyRow| {
            let (name, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let (account, stored): (String, i64) = (row.try_get(2)?, row.try_get(3)?);
            Ok(json!({ "name": name, "kind": kind, "account": account, "stored_at": stored }))
        };
        query.add(" ORDER BY name").all(self).await?.iter().map(row).collect()
    }

    /// Returns the grants that hold, by tenant and app.
    pub(crate) async fn grants_page(&self, which: Grants<'_>) -> Result<Page<(String, String)>, StoreError> {
        let query = Query::new(
            "SELECT tenant, app, version, definition, created_at FROM grants AS g WHERE version = \
             (SELECT MAX(version) FROM grants WHERE tenant = g.tenant AND app = g.app)",
        );
        let mut query = query.text_if(" AND tenant = ", which.tenant).text_if(" AND app = ", which.app);
        if let Some((tenant, app)) = which.after {
            query = query.text(" AND (tenant, app) > (", tenant).text(", ", app).add(")");
        }
        let key = |row: &AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
        query.add(" ORDER BY tenant, app").page(self, grant, key).await
    }

    /// Returns all versions of a grant, newest first, as many as a page has.
    pub(crate) async fn versions(&self, tenant: &str, app: &str) -> Result<Vec<Value>, StoreError> {
        let query = Query::new("SELECT tenant, app, version, definition, created_at FROM grants");
        let query = query.text(" WHERE tenant = ", tenant).text(" AND app = ", app);
        let query = query.number(" ORDER BY version DESC LIMIT ", PAGE as i64);
        query.all(self).await?.iter().map(grant).collect()
    }

    /// Returns plugins, newest first.
    pub(crate) async fn plugins_page(
        &self,
        before: Option<(i64, &str)>,
    ) -> Result<Page<(i64, String)>, StoreError> {
        let mut query = Query::new("SELECT digest, created_at, LENGTH(component) FROM plugins WHERE 1 = 1");
        if let Some((at, digest)) = before {
            query = query.number(" AND (created_at, digest) < (", at).text(", ", digest).add(")");
        }
        let row = |row: &AnyRow| {
            let (digest, at): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            // An integer of another width in each database.
            let size = row.try_get::<i64, _>(2).or_else(|_| row.try_get::<i32, _>(2).map(i64::from))?;
            Ok(json!({ "digest": digest, "uploaded_at": at, "bytes": size }))
        };
        let key = |row: &AnyRow| Ok((row.try_get(1)?, row.try_get(0)?));
        query.add(" ORDER BY created_at DESC, digest DESC").page(self, row, key).await
    }

    /// Returns executions, newest first. Their answers are not read: one may have megabytes.
    pub(crate) async fn executions_page(
        &self,
        which: Executions<'_>,
    ) -> Result<Page<(i64, String)>, StoreError> {
        let query = Query::new(
            "SELECT id, tenant, app, action, effect, idempotency_key, state, note, started_at, ended_at \
             FROM executions WHERE 1 = 1",
        );
        let mut query = query
            .text_if(" AND tenant = ", which.tenant)
            .text_if(" AND app = ", which.app)
            .text_if(" AND state = ", which.state.map(State::as_str));
        if let Some((at, id)) = which.before {
            query = query.number(" AND (started_at, id) < (", at).text(", ", id).add(")");
        }
        let key = |row: &AnyRow| Ok((row.try_get(8)?, row.try_get(0)?));
        query.add(" ORDER BY started_at DESC, id DESC").page(self, summary, key).await
    }

    /// Returns what an execution has sent that may have changed something.
    pub(crate) async fn sends(&self, execution: &str) -> Result<Vec<Value>, StoreError> {
        let query = Query::new(
            "SELECT request, app, action, effect, state, status, sent_at, ended_at FROM sends WHERE execution = ",
        );
        let row = |row: &AnyRow| {
            let (request, app, action): (i64, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let (effect, state): (String, String) = (row.try_get(3)?, row.try_get(4)?);
            let (status, sent, ended): (Option<i64>, i64, Option<i64>) =
                (row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
            Ok(json!({
                "request": request, "app": app, "action": action, "effect": effect, "state": state,
                "status": status, "sent_at": sent, "ended_at": ended,
            }))
        };
        let query = query.bind(Bound::Text(execution.to_owned())).number(" ORDER BY request LIMIT ", 100);
        query.all(self).await?.iter().map(row).collect()
    }

    /// Returns lines of the audit, newest first, before one.
    pub(crate) async fn lines_page(
        &self,
        which: Option<Lines>,
        tenant: Option<&str>,
        before: Option<i64>,
    ) -> Result<Page<i64>, StoreError> {
        let before = match before {
            Some(before) => before,
            None => self.head().await?.sequence.saturating_add(1),
        };
        let query = Query::new("SELECT sequence, line FROM audit").number(" WHERE sequence < ", before);
        // A tenant has an index; all of them together are searched piece by piece.
        let lowest = before.saturating_sub(WINDOW);
        let query = match tenant {
            Some(tenant) => query.text(" AND tenant = ", tenant),
            None => query.number(" AND sequence >= ", lowest),
        };
        // Within JSON, a quote that belongs to somebody's text has a backslash before it: these are the events' own.
        let query = query.add(match which {
            None => "",
            Some(Lines::Calls) => " AND line LIKE '%\"kind\":\"call\"%'",
            Some(Lines::Refusals) => {
                " AND (line LIKE '%\"kind\":\"refused\"%' OR line LIKE '%\"refusal\":\"%')"
            }
            Some(Lines::Changes) => " AND line LIKE '%\"by\":\"%'",
        });
        let row = |row: &AnyRow| {
            let line: String = row.try_get(1)?;
            serde_json::from_str(&line)
                .map_err(|error| StoreError::Layout(format!("a line of the audit is damaged: {error}")))
        };
        let query = query.add(" ORDER BY sequence DESC");
        let mut page = query.page(self, row, |row| Ok(row.try_get(0)?)).await?;
        if page.next.is_none() && tenant.is_none() && lowest > 1 {
            page.next = Some(lowest);
        }
        Ok(page)
    }

    /// Returns the lines of one request, oldest first: as many as a call may leave, and no more.
    pub(crate) async fn lines_of(&self, correlation: &str) -> Result<Vec<Value>, StoreError> {
        let query = Query::new("SELECT line FROM audit").text(" WHERE correlation = ", correlation);
        let rows = query.number(" ORDER BY sequence LIMIT ", 500).all(self).await?;
        let line = |row: &AnyRow| {
            let line: String = row.try_get(0)?;
            serde_json::from_str(&line)
                .map_err(|error| StoreError::Layout(format!("a line of the audit is damaged: {error}")))
        };
        rows.iter().map(line).collect()
    }
}

fn grant(row: &AnyRow) -> Result<Value, StoreError> {
    let (tenant, app, version): (String, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (definition, stored): (String, i64) = (row.try_get(3)?, row.try_get(4)?);
    let definition: Value = serde_json::from_str(&definition)
        .map_err(|error| StoreError::Layout(format!("a grant is damaged: {error}")))?;
    Ok(json!({
        "tenant": tenant, "app": app, "version": version, "definition": definition, "stored_at": stored,
    }))
}

fn summary(row: &AnyRow) -> Result<Value, StoreError> {
    let (id, tenant, app): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (action, effect, key): (String, String, Option<String>) =
        (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
    let (state, note): (String, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
    let (started, ended): (i64, Option<i64>) = (row.try_get(8)?, row.try_get(9)?);
    Ok(json!({
        "id": id, "tenant": tenant, "app": app, "action": action, "effect": effect, "idempotency_key": key,
        "state": state, "note": note, "started_at": started, "ended_at": ended,
    }))
}
