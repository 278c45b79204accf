//! The catalogue of `salesforce`.

use super::{Action, App, HTTP_REQUEST, action, parameter, text};

pub(super) const APP: App = App { slug: "salesforce", actions: ACTIONS };

const ACTIONS: &[Action] = &[
    HTTP_REQUEST,
    action(
        "get_entity_with_soql",
        "Get Entity with SOQL",
        "Run a SOQL query.",
        &[parameter("query", "Query", "textarea").required()],
    ),
    action("get_accounts", "Get Accounts", "List accounts.", &[text("limit", "Limit")]),
    action(
        "create_account",
        "Create Account",
        "Create a new account.",
        &[
            text("Name", "Name").required(),
            text("Phone", "Phone"),
            parameter("Website", "Website", "url"),
            text("Industry", "Industry"),
            parameter("Description", "Description", "textarea"),
        ],
    ),
    action(
        "update_account",
        "Update Account",
        "Change fields of an account.",
        &[
            text("account_id", "Account ID").required(),
            text("Name", "Name"),
            text("Phone", "Phone"),
            parameter("Website", "Website", "url"),
            text("Industry", "Industry"),
            parameter("Description", "Description", "textarea"),
        ],
    ),
    action(
        "delete_account",
        "Delete Account",
        "Delete an account.",
        &[text("account_id", "Account ID").required()],
    ),
    action(
        "create_contact",
        "Create Contact",
        "Create a new contact.",
        &[
            text("LastName", "Last Name").required(),
            text("FirstName", "First Name"),
            parameter("Email", "Email", "email"),
            text("Phone", "Phone"),
            text("AccountId", "Account ID"),
        ],
    ),
    action(
        "create_lead",
        "Create Lead",
        "Create a new lead.",
        &[
            text("LastName", "Last Name").required(),
            text("Company", "Company").required(),
            text("FirstName", "First Name"),
            parameter("Email", "Email", "email"),
            text("Phone", "Phone"),
            text("Status", "Status"),
        ],
    ),
    action(
        "create_opportunity",
        "Create Opportunity",
        "Create a new opportunity.",
        &[
            text("Name", "Name").required(),
            text("StageName", "Stage").required(),
            text("CloseDate", "Close Date").required(),
            parameter("Amount", "Amount", "number"),
            text("AccountId", "Account ID"),
        ],
    ),
];
