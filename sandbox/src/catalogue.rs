//! What can be called: apps, their actions and their parameters, as data.

mod hubspot;
mod salesforce;
mod slack;

use serde::Serialize;

pub(crate) const APPS: &[App] = &[hubspot::APP, salesforce::APP, slack::APP];

/// A connected application and everything it offers.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) slug: &'static str,
    pub(crate) actions: &'static [Action],
}

/// One operation; serialises to an entry of the listing.
#[derive(Debug, Serialize)]
pub(crate) struct Action {
    #[serde(rename = "action_id")]
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<&'static str>,
    #[serde(skip)]
    pub(crate) parameters: &'static [Parameter],
}

/// One parameter; serialises to an entry of the schema.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) required: bool,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

impl App {
    pub(crate) fn named(slug: &str) -> Option<&'static Self> {
        APPS.iter().find(|app| app.slug == slug)
    }

    pub(crate) fn action(&self, id: &str) -> Option<&'static Action> {
        self.actions.iter().find(|action| action.id == id)
    }
}

impl Parameter {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

const fn action(
    id: &'static str,
    name: &'static str,
    description: &'static str,
    parameters: &'static [Parameter],
) -> Action {
    Action { id, name, description, tag: Some("v2"), parameters }
}

/// The arbitrary call that every connector ships, with no tag, as the oldest actions have none.
const HTTP_REQUEST: Action = Action {
    id: "httprequest",
    name: "HTTP Request",
    description: "Make an arbitrary call to the application with the stored credentials.",
    tag: None,
    parameters: &[
        text("method", "Method").required(),
        parameter("url", "URL", "url").required(),
        parameter("headers", "Headers", "json"),
        parameter("body", "Body", "json"),
    ],
};

const fn parameter(name: &'static str, label: &'static str, kind: &'static str) -> Parameter {
    Parameter { name, label, required: false, kind }
}

const fn text(name: &'static str, label: &'static str) -> Parameter {
    parameter(name, label, "text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_app_ships_the_raw_call() {
        for app in APPS {
            assert!(app.action("httprequest").is_some(), "{}", app.slug);
        }
    }

    #[test]
    fn ids_and_parameter_names_are_unique() {
        for app in APPS {
            for (index, action) in app.actions.iter().enumerate() {
                assert!(!app.actions[..index].iter().any(|other| other.id == action.id), "{}", action.id);
                for (index, parameter) in action.parameters.iter().enumerate() {
                    let earlier = &action.parameters[..index];
                    assert!(!earlier.iter().any(|other| other.name == parameter.name), "{}", parameter.name);
                }
            }
        }
    }

    #[test]
    fn documented_ids_are_all_there() {
        let hubspot = "httprequest create_contact create_task create_company create_deal update_contact \
                       delete_contact get_contact get_contact_by_id search_contacts";
        let salesforce = "httprequest get_entity_with_soql get_accounts create_account update_account \
                          delete_account create_contact create_lead create_opportunity";
        for (slug, ids) in [("hubspot", hubspot), ("salesforce", salesforce)] {
            let app = App::named(slug).unwrap();
            for id in ids.split_whitespace() {
                assert!(app.action(id).is_some(), "{slug}/{id}");
            }
        }
    }
}
