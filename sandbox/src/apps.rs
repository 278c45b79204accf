//! The connected apps: what each of their actions does to an account's store.

mod hubspot;
mod parameters;
mod raw;
mod salesforce;
mod slack;
mod soql;

pub(crate) use hubspot::add as add_hubspot;
pub(crate) use parameters::Parameters;
pub(crate) use salesforce::add as add_salesforce;
pub(crate) use slack::{add_channel as add_slack_channel, add_user as add_slack_user};

use serde_json::{Value, json};

use crate::catalogue::Action;
use crate::clock::Timestamp;
use crate::store::Store;

/// What the connected app answered.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) node_status: &'static str,
    pub(crate) data: Value,
    pub(crate) http_status: u16,
}

impl Outcome {
    fn success(http_status: u16, data: Value) -> Self {
        Self { node_status: "Success", data, http_status }
    }

    fn errored(http_status: u16, data: Value) -> Self {
        Self { node_status: "Errored", data, http_status }
    }
}

/// One run of one action: everything it may read and change.
pub(crate) struct Run<'a> {
    pub(crate) action: &'static Action,
    pub(crate) parameters: &'a Parameters,
    pub(crate) store: &'a mut Store,
    pub(crate) now: Timestamp,
}

/// Runs an action of an app; the app's refusal is an outcome like any other.
pub(crate) fn run(app: &str, run: Run<'_>) -> Outcome {
    let result = match app {
        "hubspot" => hubspot::run(run),
        "salesforce" => salesforce::run(run),
        "slack" => slack::run(run),
        _ => Err(not_implemented()),
    };
    result.unwrap_or_else(|refused| refused)
}

/// Everything an account holds of one kind, as the app shows it.
pub(crate) fn records(store: &Store, app: &str, kind: &str) -> Vec<Value> {
    let show = match app {
        "hubspot" => hubspot::show,
        "salesforce" => salesforce::show,
        _ => slack::show,
    };
    store.all(app, kind).iter().map(show).collect()
}

/// An entry of the catalogue that no code stands behind, which a test keeps from happening.
fn not_implemented() -> Outcome {
    Outcome::errored(501, json!({ "message": "not implemented by the sandbox" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::APPS;

    #[test]
    fn every_action_of_the_catalogue_is_implemented() {
        for app in APPS {
            for action in app.actions {
                let mut store = Store::new(1);
                let parameters = Parameters::default();
                let now = Timestamp::from_millis(0);
                let outcome = run(app.slug, Run { action, parameters: &parameters, store: &mut store, now });
                assert_ne!(outcome.http_status, 501, "{}/{}", app.slug, action.id);
            }
        }
    }
}
