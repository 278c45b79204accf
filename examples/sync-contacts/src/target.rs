//! Where contacts go: HubSpot. Looks before it writes, so that doing it twice does no harm.

use actionbox_guest::{
    Data, Error, Failure, Parameters, UpstreamFailure,
    serde_json::{Map, Value},
};

use crate::{mapping::KEY, sync::Execute};

const APP: &str = "hubspot";

/// What became of one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Created,
    Updated,
    /// The target knew all of it.
    Unchanged,
}

/// Why one contact was not written.
#[derive(Debug)]
pub enum NotWritten {
    /// This one cannot be, however often it is tried. Says why.
    Skip(String),
    /// The call failed: the same may go better later.
    Stop(Error),
}

impl From<Error> for NotWritten {
    fn from(error: Error) -> Self {
        Self::Stop(error)
    }
}

/// Brings a contact's fields, by the target's names, to the target.
pub fn write(
    email: &str,
    fields: &Map<String, Value>,
    execute: &impl Execute,
) -> Result<Written, NotWritten> {
    let Some(found) = find(email, execute)? else {
        run("create_contact", &Parameters::from(fields.clone()), execute)?;
        return Ok(Written::Created);
    };
    let known = &found["properties"];
    // The address is how it was found; another spelling of it is no change.
    let differs = |(name, value): &(&String, &Value)| *name != KEY.1 && known[name.as_str()] != **value;
    let changes: Map<_, _> =
        fields.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect();
    if changes.is_empty() {
        return Ok(Written::Unchanged);
    }
    let mut changes = Parameters::from(changes);
    changes.insert("contact_id", id(&found)?);
    run("update_contact", &changes, execute)?;
    Ok(Written::Updated)
}

/// Finds the one contact that has the address.
fn find(email: &str, execute: &impl Execute) -> Result<Option<Value>, NotWritten> {
    let search =
        Parameters::from([("propertyName", KEY.1), ("operator", "EQ"), ("value", email), ("limit", "10")]);
    let mut data = run("search_contacts", &search, execute)?;
    let Value::Array(results) = data["results"].take() else {
        return Err(unreadable("search_contacts answered without a list of results"));
    };
    let has_address = |contact: &Value| {
        let other = contact["properties"][KEY.1].as_str();
        other.is_some_and(|other| other.trim().eq_ignore_ascii_case(email))
    };
    let mut matching = results.into_iter().filter(has_address);
    let found = matching.next();
    if matching.next().is_some() {
        return Err(NotWritten::Skip(format!("HubSpot has more than one contact with the address {email}")));
    }
    Ok(found)
}

fn id(found: &Value) -> Result<String, NotWritten> {
    match &found["id"] {
        Value::String(id) if !id.is_empty() => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(unreadable("search_contacts answered a contact without an id")),
    }
}

/// Executes an action; what the app refuses concerns this contact alone.
fn run(action: &str, parameters: &Parameters, execute: &impl Execute) -> Result<Data, NotWritten> {
    match execute(APP, action, parameters)?.into_result() {
        Ok(success) => Ok(success.data),
        // The app is busy or broken, not the contact.
        Err(Failure { http_status: Some(status), node_status, .. }) if status == 429 || status >= 500 => {
            let message = format!("HubSpot answered {status} ({node_status}) to {action}");
            Err(NotWritten::Stop(UpstreamFailure::new(message).status(status).into()))
        }
        Err(failure) => Err(NotWritten::Skip(format!("{action} was refused: {}", failure.data))),
    }
}

fn unreadable(what: &str) -> NotWritten {
    NotWritten::Stop(UpstreamFailure::new(what).status(200).into())
}
