//! The catalogue of `hubspot`.

use super::{Action, App, HTTP_REQUEST, action, parameter, text};

pub(super) const APP: App = App { slug: "hubspot", actions: ACTIONS };

const ACTIONS: &[Action] = &[
    HTTP_REQUEST,
    action(
        "create_contact",
        "Create Contact",
        "Create a new contact.",
        &[
            text("firstname", "First Name"),
            text("lastname", "Last Name"),
            text("email", "Email").required(),
            text("phone", "Phone"),
            text("company", "Company"),
            text("website", "Website"),
            text("jobtitle", "Job Title"),
            text("hubspot_owner_id", "Owner ID"),
            parameter("associations", "Associations", "json"),
            parameter("additional_fields", "Additional Fields", "json"),
        ],
    ),
    action(
        "create_task",
        "Create Task",
        "Create a new task.",
        &[
            text("hs_task_subject", "Subject").required(),
            parameter("hs_task_body", "Body", "textarea"),
            text("hs_timestamp", "Due Date"),
            text("hs_task_status", "Status"),
            text("hs_task_priority", "Priority"),
            text("hubspot_owner_id", "Owner ID"),
            parameter("associations", "Associations", "json"),
            parameter("additional_fields", "Additional Fields", "json"),
        ],
    ),
    action(
        "create_company",
        "Create Company",
        "Create a new company.",
        &[
            text("name", "Name").required(),
            parameter("domain", "Domain", "url"),
            text("phone", "Phone"),
            text("city", "City"),
            text("industry", "Industry"),
            parameter("description", "Description", "textarea"),
            parameter("associations", "Associations", "json"),
            parameter("additional_fields", "Additional Fields", "json"),
        ],
    ),
    action(
        "create_deal",
        "Create Deal",
        "Create a new deal.",
        &[
            text("dealname", "Deal Name").required(),
            parameter("amount", "Amount", "number"),
            text("dealstage", "Deal Stage"),
            text("pipeline", "Pipeline"),
            text("closedate", "Close Date"),
            text("hubspot_owner_id", "Owner ID"),
            parameter("associations", "Associations", "json"),
            parameter("additional_fields", "Additional Fields", "json"),
        ],
    ),
    action(
        "update_contact",
        "Update Contact",
        "Change properties of a contact.",
        &[
            text("contact_id", "Contact ID").required(),
            text("firstname", "First Name"),
            text("lastname", "Last Name"),
            parameter("email", "Email", "email"),
            text("phone", "Phone"),
            text("company", "Company"),
            text("website", "Website"),
            text("jobtitle", "Job Title"),
            text("hubspot_owner_id", "Owner ID"),
            parameter("additional_fields", "Additional Fields", "json"),
        ],
    ),
    action(
        "delete_contact",
        "Delete Contact",
        "Delete a contact.",
        &[text("contact_id", "Contact ID").required()],
    ),
    action("get_contact", "Get Contact", "List contacts.", &[text("limit", "Limit")]),
    action(
        "get_contact_by_id",
        "Get Contact by ID",
        "Get one contact by its id.",
        &[text("contact_id", "Contact ID").required()],
    ),
    action(
        "search_contacts",
        "Search Contacts",
        "Find contacts by the value of a property.",
        &[
            text("propertyName", "Property Name").required(),
            text("operator", "Operator").required(),
            text("value", "Value").required(),
            text("query", "Query"),
            text("limit", "Limit"),
        ],
    ),
];
