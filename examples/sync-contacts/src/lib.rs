//! A plugin that copies contacts: `sync_contacts` brings what changed in `salesforce` to `hubspot`.
//!
//! It offers that action alone. Where it stands travels in a cursor: each call takes it up, copies a few
//! contacts, and returns how far it came.

mod cursor;
mod mapping;
mod request;
mod source;
mod sync;
mod target;

use actionbox_guest::{Action, Effect, Error, Outcome, Parameter, Parameters, Plugin, export, refold};

use crate::request::Request;

const APP: &str = "hubspot";
const SYNC: &str = "sync_contacts";

struct SyncContacts;

impl Plugin for SyncContacts {
    fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
        known_app(app)?;
        let sync = Action::new(SYNC, "Sync Contacts")
            .description("Brings the contacts that changed in Salesforce since a cursor to HubSpot.")
            .claims(Effect::Write);
        Ok(vec![sync])
    }

    fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
        known(app, action)?;
        Ok(request::parameters())
    }

    fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
        known(app, action)?;
        sync::sync(&Request::read(&parameters)?, refold::execute_action)
    }
}

fn known_app(app: &str) -> Result<(), Error> {
    if app == APP { Ok(()) } else { Err(Error::unknown_app(app)) }
}

fn known(app: &str, action: &str) -> Result<(), Error> {
    known_app(app)?;
    if action == SYNC { Ok(()) } else { Err(Error::unknown_action(app, action)) }
}

export!(SyncContacts);
