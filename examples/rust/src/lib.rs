//! A plugin with an action of its own, made of several upstream calls: `upsert_contact` for `hubspot`.
//!
//! All of Refold's actions are offered beside it.

mod contact;
mod upsert;

use actionbox_guest::{Action, Effect, Error, Outcome, Parameter, Parameters, Plugin, export, refold};

use crate::contact::Contact;

const APP: &str = "hubspot";
const UPSERT: &str = "upsert_contact";

struct UpsertContact;

impl Plugin for UpsertContact {
    fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
        let mut actions = refold::list_actions(app)?;
        if app == APP {
            // Should the upstream ever have one of this name, ours is the one that is executed.
            actions.retain(|action| action.id != UPSERT);
            actions.insert(0, upsert_contact());
        }
        Ok(actions)
    }

    fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
        match (app, action) {
            (APP, UPSERT) => Ok(contact::parameters()),
            _ => refold::describe_action(app, action),
        }
    }

    fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
        match (app, action) {
            (APP, UPSERT) => upsert::upsert(&Contact::read(&parameters)?, |action, parameters| {
                refold::execute_action(APP, action, parameters)
            }),
            _ => refold::execute_action(app, action, &parameters),
        }
    }
}

fn upsert_contact() -> Action {
    Action::new(UPSERT, "Upsert Contact")
        .description("Updates the contact with this e-mail address, or creates it when there is none.")
        .claims(Effect::Write)
}

export!(UpsertContact);
