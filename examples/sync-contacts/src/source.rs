//! Where contacts come from: Salesforce, in the order in which they changed.

use actionbox_guest::{Error, Failure, Parameters, UpstreamFailure, serde_json::Value};

use crate::{cursor::Cursor, mapping::Mapping, sync::Execute};

const APP: &str = "salesforce";

/// A contact that changed.
#[derive(Debug)]
pub struct Changed {
    /// Where it stands in the order of changes.
    pub cursor: Cursor,
    /// Its fields, by the source's names.
    pub fields: Value,
}

/// Why there are no contacts.
#[derive(Debug)]
pub enum NoContacts {
    /// The source was reached and refused.
    Refused(Failure),
    /// The call failed.
    Failed(Error),
}

impl From<Error> for NoContacts {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Returns up to `limit` contacts that changed after a cursor: first the rest of the cursor's own moment,
/// then what changed later.
pub fn changed(
    after: Option<&Cursor>,
    mapping: &Mapping,
    limit: usize,
    execute: &impl Execute,
) -> Result<Vec<Changed>, NoContacts> {
    let mut contacts = Vec::new();
    if let Some(Cursor { modified, id }) = after {
        let rest = format!("LastModifiedDate = {modified} AND Id > '{id}'");
        contacts = query(&rest, mapping, limit, execute)?;
    }
    if contacts.len() < limit {
        let later = after.map(|cursor| format!("LastModifiedDate > {}", cursor.modified));
        contacts.extend(query(&later.unwrap_or_default(), mapping, limit - contacts.len(), execute)?);
    }
    Ok(contacts)
}

fn query(
    condition: &str,
    mapping: &Mapping,
    limit: usize,
    execute: &impl Execute,
) -> Result<Vec<Changed>, NoContacts> {
    let fields: Vec<_> = ["Id", "LastModifiedDate"].into_iter().chain(mapping.sources()).collect();
    let condition = if condition.is_empty() { String::new() } else { format!("WHERE {condition} ") };
    let query = format!(
        "SELECT {} FROM Contact {condition}ORDER BY LastModifiedDate, Id LIMIT {limit}",
        fields.join(", ")
    );
    let parameters = Parameters::from([("query", query.as_str())]);
    let answer = execute(APP, "get_entity_with_soql", &parameters)?.into_result();
    let mut data = answer.map_err(NoContacts::Refused)?.data;
    let Value::Array(records) = data["records"].take() else { return Err(unreadable("no list of records")) };
    records.into_iter().map(read).collect()
}

fn read(fields: Value) -> Result<Changed, NoContacts> {
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    // What cannot be read cannot be gone on from.
    let cursor = Cursor::parse(&format!("{}/{}", text("LastModifiedDate"), text("Id")));
    let cursor = cursor.filter(|cursor| !cursor.id.is_empty());
    let Some(cursor) = cursor else { return Err(unreadable("a contact without an id or a time")) };
    Ok(Changed { cursor, fields })
}

fn unreadable(what: &str) -> NoContacts {
    let message = format!("nothing was written: get_entity_with_soql answered {what}");
    NoContacts::Failed(UpstreamFailure::new(message).status(200).into())
}
