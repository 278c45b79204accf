//! What authors get wrong in Rust: each action is one mistake, and is named after it.

use std::{env, fmt::Display, fs, net::TcpStream};

use actionbox_guest::{
    Action, Error, Outcome, Parameter, Parameters, Plugin, client, export, http::Request, refold,
    serde_json::json,
};
use wasi::http::{
    outgoing_handler::handle,
    types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme},
};

// For whoever goes past the SDK.
wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package mistakes:raw; world raw { import wasi:http/outgoing-handler@0.2.12; }",
    generate_all,
});

const CONTACTS: &str = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions";

struct Mistakes;

impl Plugin for Mistakes {
    fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
        refold::list_actions(app)
    }

    fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
        refold::describe_action(app, action)
    }

    fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
        match action {
            // Calls the app itself, as it would outside of the sandbox.
            "wrong_authority" => get("https://api.hubapi.com/crm/v3/objects/contacts", &[]),
            "plain_http" => get(&CONTACTS.replace("https:", "http:"), &[]),
            "own_query" => get(&format!("{CONTACTS}?limit=10"), &[]),
            // The host adds the credential.
            "own_key" => get(CONTACTS, &[("authorization", "Bearer pat-na1-0123")]),
            // The host knows for whom it runs.
            "chooses_account" => refold::execute_action(
                app,
                "search_contacts",
                &Parameters::from([("linked_account_id", "acme")]),
            ),
            // The grant says that this action only reads.
            "writes_in_a_read" => refold::execute_action(
                app,
                "create_contact",
                &Parameters::from([("email", "ada@example.com")]),
            ),
            "swallowed_refusal" => {
                let _ = get("https://api.hubapi.com/crm/v3/objects/contacts", &[]);
                Ok(Outcome::success(json!({ "contacts": [] })))
            }
            // An answer is not yet a success: nobody looked at its status.
            "swallowed_status" => get(&format!("{CONTACTS}/no_such_action"), &[]),
            "swallowed_error" => {
                let found = refold::describe_action(app, "no_such_action").unwrap_or_default();
                Ok(Outcome::success(json!({ "parameters": found.len() })))
            }
            "unfinished_body" => unfinished_body(false),
            "dropped_too_early" => unfinished_body(true),
            "panics" => Ok(Outcome::success(json!(parameters.get("contact_id").unwrap()))),
            "wrong_type" => Ok(Outcome::success(json!(parameters.required_str("limit")?))),
            "reads_a_file" => Ok(Outcome::success(json!(fs::read_to_string("settings.json").map_err(said)?))),
            "reads_the_environment" => {
                Ok(Outcome::success(json!(env::var("HUBSPOT_TOKEN").expect("HUBSPOT_TOKEN"))))
            }
            "opens_a_socket" => {
                TcpStream::connect("api.hubapi.com:443").map_err(said)?;
                Ok(Outcome::success(json!("connected")))
            }
            _ => refold::execute_action(app, action, &parameters),
        }
    }
}

fn get(url: &str, headers: &[(&str, &str)]) -> Result<Outcome, Error> {
    let request =
        headers.iter().fold(Request::get(url), |request, (name, value)| request.header(*name, *value));
    let answer = client::send(request.body(Vec::new()).map_err(said)?)?;
    Ok(Outcome::success(json!(answer.body().len())))
}

/// Goes past the SDK: begins a body, and leaves it.
fn unfinished_body(drop_the_body_first: bool) -> Result<Outcome, Error> {
    let length = ("content-length".to_owned(), b"2".to_vec());
    let request = OutgoingRequest::new(Fields::from_list(&[length]).map_err(said)?);
    let path = "/api/v2/integration-schema/hubspot/actions/search_contacts/execute";
    let addressed = request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&Scheme::Https)))
        .and_then(|()| request.set_authority(Some("app.refold.ai")))
        .and_then(|()| request.set_path_with_query(Some(path)));
    addressed.map_err(|()| Error::other("the request cannot be addressed"))?;
    let body: OutgoingBody = request.body().map_err(|()| Error::other("the body was taken"))?;
    let stream = body.write().map_err(|()| Error::other("the stream was taken"))?;
    let future = handle(request, None).map_err(said)?;
    if drop_the_body_first {
        drop(body);
        drop(stream);
    } else {
        drop(stream);
        drop(body);
    }
    future.subscribe().block();
    let answer = future.get().and_then(Result::ok).ok_or_else(|| Error::other("there is no answer"))?;
    Ok(Outcome::success(json!(answer.map_err(said)?.status())))
}

fn said(error: impl Display) -> Error {
    Error::other(error.to_string())
}

export!(Mistakes);
