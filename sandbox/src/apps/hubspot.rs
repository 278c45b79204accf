//! `hubspot`: contacts, companies, deals and tasks.

use serde_json::{Map, Value, json};

use super::raw::RawCall;
use super::{Outcome, Run, not_implemented};
use crate::clock::Timestamp;
use crate::store::{Record, Store};

const APP: &str = "hubspot";
const CONTACTS: &str = "contacts";

pub(super) fn run(run: Run<'_>) -> Result<Outcome, Outcome> {
    let id = run.parameters.text("contact_id").unwrap_or_default();
    match run.action.id {
        "create_contact" => create(run, CONTACTS),
        "create_company" => create(run, "companies"),
        "create_deal" => create(run, "deals"),
        "create_task" => create(run, "tasks"),
        "update_contact" => update(run, &id),
        "delete_contact" => remove(run.store, CONTACTS, &id),
        "get_contact" => list(&run),
        "get_contact_by_id" => get(run.store, CONTACTS, &id),
        "search_contacts" => search(&run),
        "httprequest" => raw(run),
        _ => Err(not_implemented()),
    }
}

/// A record as HubSpot shows one.
pub(super) fn show(record: &Record) -> Value {
    json!({
        "id": record.id,
        "properties": record.fields,
        "createdAt": record.created_at.to_iso(),
        "updatedAt": record.updated_at.to_iso(),
        "archived": false,
    })
}

/// Adds a record, numbered like the rest of the account.
pub(crate) fn add(
    store: &mut Store,
    kind: &'static str,
    mut fields: Map<String, Value>,
    now: Timestamp,
) -> Record {
    let id = store.next_number().to_string();
    fields.insert("createdate".into(), now.to_iso().into());
    fields.insert("lastmodifieddate".into(), now.to_iso().into());
    fields.insert("hs_object_id".into(), id.clone().into());
    store.insert(APP, kind, id, fields, now)
}

fn create(run: Run<'_>, kind: &'static str) -> Result<Outcome, Outcome> {
    let fields = properties(&run, &[])?;
    check_email(run.store, kind, &fields, None)?;
    // HubSpot's own answer is 201; the service reports 200.
    Ok(Outcome::success(200, show(&add(run.store, kind, fields, run.now))))
}

fn update(run: Run<'_>, id: &str) -> Result<Outcome, Outcome> {
    let fields = properties(&run, &["contact_id"])?;
    change(run.store, CONTACTS, id, fields, run.now)
}

fn change(
    store: &mut Store,
    kind: &'static str,
    id: &str,
    mut fields: Map<String, Value>,
    now: Timestamp,
) -> Result<Outcome, Outcome> {
    check_email(store, kind, &fields, Some(id))?;
    fields.insert("lastmodifieddate".into(), now.to_iso().into());
    let changed = store.update(APP, kind, id, fields, now);
    changed.map(|record| Outcome::success(200, show(record))).ok_or_else(not_found)
}

fn remove(store: &mut Store, kind: &'static str, id: &str) -> Result<Outcome, Outcome> {
    store.remove(APP, kind, id).map(|_| Outcome::success(204, Value::Null)).ok_or_else(not_found)
}

fn get(store: &Store, kind: &'static str, id: &str) -> Result<Outcome, Outcome> {
    store.get(APP, kind, id).map(|record| Outcome::success(200, show(record))).ok_or_else(not_found)
}

fn list(run: &Run<'_>) -> Result<Outcome, Outcome> {
    let limit = limit(run)?;
    let results: Vec<_> = run.store.all(APP, CONTACTS).iter().take(limit).map(show).collect();
    Ok(Outcome::success(200, json!({ "results": results, "paging": {} })))
}

fn search(run: &Run<'_>) -> Result<Outcome, Outcome> {
    let property = run.parameters.text("propertyName").unwrap_or_default();
    let operator = run.parameters.text("operator").unwrap_or_default().to_uppercase();
    let value = run.parameters.text("value").unwrap_or_default();
    let query = run.parameters.text("query").map(|query| query.to_lowercase());
    let limit = limit(run)?;

    let mut found = Vec::new();
    for record in run.store.all(APP, CONTACTS) {
        let meets = meets(record.text(&property), &operator, &value)
            .ok_or_else(|| refused(400, "VALIDATION_ERROR", &format!("Invalid operator: {operator}")))?;
        let holds = |word: &String| {
            record.fields.values().any(|field| field.to_string().to_lowercase().contains(word))
        };
        if meets && query.as_ref().is_none_or(holds) {
            found.push(show(record));
        }
    }
    let total = found.len();
    found.truncate(limit);
    Ok(Outcome::success(200, json!({ "total": total, "results": found })))
}

/// Whether a property meets a filter; `None` if there is no such operator. Text compares without
/// regard to case, as HubSpot does.
fn meets(property: Option<&str>, operator: &str, value: &str) -> Option<bool> {
    let property = property.map(str::to_lowercase);
    let value = value.to_lowercase();
    let is = |check: &dyn Fn(&str) -> bool| property.as_deref().is_some_and(check);
    let compares = |check: fn(f64, f64) -> bool| {
        let numbers = property.as_deref().and_then(|text| text.parse().ok()).zip(value.parse().ok());
        numbers.is_some_and(|(own, other)| check(own, other))
    };
    let token = |text: &str| {
        let wanted = value.trim_matches('*');
        text.split(|c: char| !c.is_alphanumeric()).any(|token| token == wanted) || text.contains(wanted)
    };
    Some(match operator {
        "EQ" => is(&|text| text == value),
        "NEQ" => !is(&|text| text == value),
        "LT" => compares(|own, other| own < other),
        "LTE" => compares(|own, other| own <= other),
        "GT" => compares(|own, other| own > other),
        "GTE" => compares(|own, other| own >= other),
        "IN" => is(&|text| value.split([';', ',']).any(|one| one.trim() == text)),
        "HAS_PROPERTY" => property.is_some(),
        "NOT_HAS_PROPERTY" => property.is_none(),
        "CONTAINS_TOKEN" => is(&token),
        "NOT_CONTAINS_TOKEN" => !is(&token),
        _ => return None,
    })
}

/// `httprequest`: the CRM objects of HubSpot's own API.
fn raw(run: Run<'_>) -> Result<Outcome, Outcome> {
    let call = RawCall::new(run.parameters).map_err(no_json)?;
    let (method, path) = call.parts();
    let ["crm", "v3", "objects", kind, rest @ ..] = path.as_slice() else { return Err(not_found()) };
    let kinds = [CONTACTS, "companies", "deals", "tasks"];
    let kind = kinds.into_iter().find(|known| known == kind).ok_or_else(not_found)?;
    let fields = || call.body.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    match (method, rest) {
        ("GET", []) => {
            let limit = call.query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10);
            let results: Vec<_> = run.store.all(APP, kind).iter().take(limit).map(show).collect();
            Ok(Outcome::success(200, json!({ "results": results })))
        }
        ("POST", []) => {
            let fields = fields();
            check_email(run.store, kind, &fields, None)?;
            Ok(Outcome::success(201, show(&add(run.store, kind, fields, run.now))))
        }
        ("GET", [id]) => get(run.store, kind, id),
        ("PATCH", [id]) => change(run.store, kind, id, fields(), run.now),
        ("DELETE", [id]) => remove(run.store, kind, id),
        _ => Err(refused(405, "VALIDATION_ERROR", "Method not allowed")),
    }
}

/// The action's properties, and those the caller put into `additional_fields`.
fn properties(run: &Run<'_>, except: &[&str]) -> Result<Map<String, Value>, Outcome> {
    let mut fields = run.parameters.fields(run.action, except);
    // What a contact is associated with is read, but the sandbox keeps no associations.
    run.parameters.json("associations").map_err(no_json)?;
    match run.parameters.json("additional_fields").map_err(no_json)? {
        None => {}
        Some(Value::Object(more)) => fields.extend(more),
        Some(_) => return Err(no_json("additional_fields")),
    }
    Ok(fields)
}

/// Two contacts cannot have the same address, and an address must look like one.
fn check_email(
    store: &Store,
    kind: &str,
    fields: &Map<String, Value>,
    own_id: Option<&str>,
) -> Result<(), Outcome> {
    let Some(email) = fields.get("email").and_then(Value::as_str).filter(|_| kind == CONTACTS) else {
        return Ok(());
    };
    if !email.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty()) {
        let message = format!("Property values were not valid: Email address {email} is invalid");
        return Err(refused(400, "VALIDATION_ERROR", &message));
    }
    let same = |record: &&Record| {
        record.text("email").is_some_and(|other| other.eq_ignore_ascii_case(email))
            && own_id != Some(record.id.as_str())
    };
    match store.all(APP, kind).iter().find(same) {
        None => Ok(()),
        Some(other) => {
            let message = format!("Contact already exists. Existing ID: {}", other.id);
            Err(refused(409, "CONFLICT", &message))
        }
    }
}

fn limit(run: &Run<'_>) -> Result<usize, Outcome> {
    run.parameters.limit(10, 100).map_err(|text| {
        refused(400, "VALIDATION_ERROR", &format!("Invalid limit '{text}': must be between 1 and 100"))
    })
}

fn no_json(name: &str) -> Outcome {
    refused(400, "VALIDATION_ERROR", &format!("Invalid input JSON in '{name}'"))
}

fn not_found() -> Outcome {
    refused(404, "OBJECT_NOT_FOUND", "resource not found")
}

/// An error as HubSpot writes one.
fn refused(http_status: u16, category: &str, message: &str) -> Outcome {
    Outcome::errored(http_status, json!({ "status": "error", "message": message, "category": category }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_mean_what_hubspot_means() {
        for (property, operator, value, expected) in [
            (Some("Ada"), "EQ", "ada", Some(true)),
            (Some("Ada"), "EQ", "ad", Some(false)),
            (None, "EQ", "", Some(false)),
            (None, "NEQ", "x", Some(true)),
            (Some("10"), "GT", "9", Some(true)),
            (Some("10"), "LTE", "9", Some(false)),
            (Some("ten"), "LT", "9", Some(false)),
            (Some("b"), "IN", "a;b", Some(true)),
            (Some(""), "HAS_PROPERTY", "", Some(true)),
            (None, "NOT_HAS_PROPERTY", "", Some(true)),
            (Some("ada@acme.example"), "CONTAINS_TOKEN", "acme", Some(true)),
            (Some("ada@acme.example"), "CONTAINS_TOKEN", "*@acme.example", Some(true)),
            (Some("ada@acme.example"), "NOT_CONTAINS_TOKEN", "acme", Some(false)),
            (Some("x"), "LIKE", "x", None),
        ] {
            assert_eq!(meets(property, operator, value), expected, "{property:?} {operator} {value}");
        }
    }
}
