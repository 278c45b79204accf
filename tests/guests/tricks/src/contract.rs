//! Returning what the contract does not allow, and what it does.

use serde_json::{Value, json};

use crate::Report;

/// Does nothing, and succeeds.
pub fn succeed(_: &Value) -> Report {
    Ok(json!({}))
}

/// Returns data that is not JSON.
pub fn return_no_json(options: &Value) -> Report {
    Ok(json!(format!("verbatim:{}", options["text"].as_str().unwrap_or("<html>"))))
}
