//! `salesforce`: accounts, contacts, leads, opportunities, and queries over them.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::raw::RawCall;
use super::soql::{Condition, Query, QueryError};
use super::{Outcome, Run, not_implemented};
use crate::clock::Timestamp;
use crate::store::{Record, Store};

const APP: &str = "salesforce";

/// One type of record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object {
    name: &'static str,
    kind: &'static str,
    /// The first three characters of its ids.
    prefix: &'static str,
    fields: &'static [&'static str],
}

const OBJECTS: [Object; 4] = [
    Object {
        name: "Account",
        kind: "accounts",
        prefix: "001",
        fields: &["Name", "Phone", "Website", "Industry", "Description"],
    },
    Object {
        name: "Contact",
        kind: "contacts",
        prefix: "003",
        fields: &["FirstName", "LastName", "Email", "Phone", "AccountId"],
    },
    Object {
        name: "Lead",
        kind: "leads",
        prefix: "00Q",
        fields: &["FirstName", "LastName", "Company", "Email", "Phone", "Status"],
    },
    Object {
        name: "Opportunity",
        kind: "opportunities",
        prefix: "006",
        fields: &["Name", "StageName", "CloseDate", "Amount", "AccountId"],
    },
];

pub(super) fn run(run: Run<'_>) -> Result<Outcome, Outcome> {
    let id = run.parameters.text("account_id").unwrap_or_default();
    let fields = run.parameters.fields(run.action, &["account_id"]);
    match run.action.id {
        "create_account" => create(run.store, object("Account")?, fields, run.now),
        "create_contact" => create(run.store, object("Contact")?, fields, run.now),
        "create_lead" => create(run.store, object("Lead")?, fields, run.now),
        "create_opportunity" => create(run.store, object("Opportunity")?, fields, run.now),
        "update_account" => change(run.store, object("Account")?, &id, fields, run.now),
        "delete_account" => remove(run.store, object("Account")?, &id),
        "get_accounts" => accounts(&run),
        "get_entity_with_soql" => query(run.store, &run.parameters.text("query").unwrap_or_default()),
        "httprequest" => raw(run),
        _ => Err(not_implemented()),
    }
}

/// A record as Salesforce shows one, with all its fields.
pub(super) fn show(record: &Record) -> Value {
    let object = OBJECTS.iter().find(|object| record.id.starts_with(object.prefix));
    let mut shown = Map::new();
    if let Some(object) = object {
        shown.insert("attributes".into(), attributes(object, record));
    }
    shown.insert("Id".into(), record.id.clone().into());
    shown.extend(record.fields.clone());
    shown.insert("CreatedDate".into(), record.created_at.to_iso().into());
    shown.insert("LastModifiedDate".into(), record.updated_at.to_iso().into());
    Value::Object(shown)
}

/// Adds a record of the named type, numbered like the rest of the account.
pub(crate) fn add(
    store: &mut Store,
    name: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> Option<Record> {
    let object = OBJECTS.into_iter().find(|object| object.name == name)?;
    let id = format!("{}5g{:010}AAA", object.prefix, store.next_number());
    Some(store.insert(APP, object.kind, id, fields, now))
}

fn create(
    store: &mut Store,
    object: Object,
    fields: Map<String, Value>,
    now: Timestamp,
) -> Result<Outcome, Outcome> {
    let record = add(store, object.name, fields, now).ok_or_else(not_found)?;
    Ok(Outcome::success(201, json!({ "id": record.id, "success": true, "errors": [] })))
}

fn change(
    store: &mut Store,
    object: Object,
    id: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> Result<Outcome, Outcome> {
    let changed = store.update(APP, object.kind, id, fields, now);
    changed.map(|_| Outcome::success(204, Value::Null)).ok_or_else(not_found)
}

fn remove(store: &mut Store, object: Object, id: &str) -> Result<Outcome, Outcome> {
    store.remove(APP, object.kind, id).map(|_| Outcome::success(204, Value::Null)).ok_or_else(not_found)
}

fn accounts(run: &Run<'_>) -> Result<Outcome, Outcome> {
    let limit = run.parameters.limit(200, 2000);
    let limit = limit.map_err(|text| refused(400, "MALFORMED_QUERY", &format!("invalid limit: '{text}'")))?;
    let records: Vec<_> = run.store.all(APP, "accounts").iter().take(limit).map(show).collect();
    Ok(Outcome::success(200, json!({ "totalSize": records.len(), "done": true, "records": records })))
}

fn query(store: &Store, text: &str) -> Result<Outcome, Outcome> {
    let query = Query::parse(text).map_err(|QueryError(why)| refused(400, "MALFORMED_QUERY", &why))?;
    let object =
        OBJECTS.iter().find(|object| object.name.eq_ignore_ascii_case(&query.object)).ok_or_else(|| {
            let message = format!("sObject type '{}' is not supported.", query.object);
            refused(400, "INVALID_TYPE", &message)
        })?;
    let known = |field: &str| {
        let standard = ["Id", "CreatedDate", "LastModifiedDate"];
        let mut all = standard.iter().chain(object.fields);
        all.find(|known| known.eq_ignore_ascii_case(field)).copied().ok_or_else(|| {
            let message = format!("No such column '{field}' on entity '{}'.", object.name);
            refused(400, "INVALID_FIELD", &message)
        })
    };
    let fields = query.fields.iter().map(|field| known(field)).collect::<Result<Vec<_>, _>>()?;
    let mut conditions = Vec::new();
    for Condition { field, comparison, literal } in &query.conditions {
        conditions.push((known(field)?, *comparison, literal.to_lowercase()));
    }
    let mut order = Vec::new();
    for (field, descending) in &query.order {
        order.push((known(field)?, *descending));
    }

    // Text compares without regard to case; times are written so that they compare as text.
    let text = |shown: &Value, name: &str| shown[name].as_str().map(str::to_lowercase);
    let meets = |shown: &Value| {
        conditions.iter().all(|(name, comparison, literal)| {
            text(shown, name).is_some_and(|own| comparison.holds(own.cmp(literal)))
        })
    };
    let all = store.all(APP, object.kind).iter().map(|record| (show(record), record));
    let mut found: Vec<_> = all.filter(|(shown, _)| meets(shown)).collect();
    found.sort_by(|(a, _), (b, _)| {
        let by = |&(name, descending): &(&str, bool)| {
            let ordering = text(a, name).cmp(&text(b, name));
            if descending { ordering.reverse() } else { ordering }
        };
        order.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    });
    found.truncate(query.limit.unwrap_or(2000));
    let row = |(shown, record): (Value, &Record)| {
        let mut row = Map::from_iter([("attributes".to_owned(), attributes(object, record))]);
        row.extend(fields.iter().map(|name| ((*name).to_owned(), shown[*name].clone())));
        Value::Object(row)
    };
    let records: Vec<_> = found.into_iter().map(row).collect();
    Ok(Outcome::success(200, json!({ "totalSize": records.len(), "done": true, "records": records })))
}

/// `httprequest`: queries and records of Salesforce's own API.
fn raw(run: Run<'_>) -> Result<Outcome, Outcome> {
    let call = RawCall::new(run.parameters)
        .map_err(|name| refused(400, "JSON_PARSER_ERROR", &format!("'{name}' is no JSON")))?;
    let fields = || call.body.as_object().cloned().unwrap_or_default();
    let (method, path) = call.parts();
    match (method, path.as_slice()) {
        ("GET", ["services", "data", _, "query"]) => {
            query(run.store, call.query.get("q").map_or("", String::as_str))
        }
        ("POST", ["services", "data", _, "sobjects", name]) => {
            create(run.store, object(name)?, fields(), run.now)
        }
        ("GET", ["services", "data", _, "sobjects", name, id]) => {
            let found = run.store.get(APP, object(name)?.kind, id);
            found.map(|record| Outcome::success(200, show(record))).ok_or_else(not_found)
        }
        ("PATCH", ["services", "data", _, "sobjects", name, id]) => {
            change(run.store, object(name)?, id, fields(), run.now)
        }
        ("DELETE", ["services", "data", _, "sobjects", name, id]) => remove(run.store, object(name)?, id),
        _ => Err(not_found()),
    }
}

fn object(name: &str) -> Result<Object, Outcome> {
    OBJECTS.into_iter().find(|object| object.name == name).ok_or_else(not_found)
}

fn attributes(object: &Object, record: &Record) -> Value {
    json!({ "type": object.name, "url": format!("/services/data/v60.0/sobjects/{}/{}", object.name, record.id) })
}

fn not_found() -> Outcome {
    refused(404, "NOT_FOUND", "The requested resource does not exist")
}

/// An error as Salesforce writes one: an array.
fn refused(http_status: u16, code: &str, message: &str) -> Outcome {
    Outcome::errored(http_status, json!([{ "message": message, "errorCode": code }]))
}
