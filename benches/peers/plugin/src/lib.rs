//! Makes the one call through Extism's own function for HTTP. The host has no say in its headers, so that
//! the key has to be handed to it, as its configuration.

use extism_pdk::{FnResult, HttpRequest, config, http, plugin_fn};
use serde_json::Value;

/// Takes the parameters, as JSON; returns the data of the answer, as JSON.
#[plugin_fn]
pub fn execute(parameters: String) -> FnResult<String> {
    let setting = |name: &str| config::get(name).map(Option::unwrap_or_default);
    let request = HttpRequest::new(setting("url")?)
        .with_method("POST")
        .with_header("x-api-key", setting("key")?)
        .with_header("linked_account_id", setting("account")?)
        .with_header("accept", "application/json")
        .with_header("content-type", "application/json");
    let answer: Value = http::request(&request, Some(parameters))?.json()?;
    if answer["node_status"] != "Success" {
        return Err(extism_pdk::Error::msg(format!("the call did not succeed: {answer}")).into());
    }
    Ok(answer["data"].to_string())
}
