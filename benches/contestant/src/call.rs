//! The one call that all contestants make, and what they find in its answer.

use anyhow::ensure;
use serde_json::{Value, json};

/// The app whose action is called.
pub const APP: &str = "hubspot";
/// The action.
pub const ACTION: &str = "get_contact";
/// Where it is called, by POST.
pub const PATH: &str = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";
/// The value of the header `x-api-key`.
pub const KEY: &str = "tk_bench_0123456789abcdef";
/// The value of the header `linked_account_id`.
pub const ACCOUNT: &str = "customer@example.com";

/// Returns the parameters of the call, which are its body.
pub fn parameters() -> Value {
    json!({ "limit": "1" })
}

/// Reads an answer, all of it, and makes sure that it tells of success.
///
/// # Errors
///
/// When it does not.
pub fn check(answer: &[u8]) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    ensure!(answer["node_status"] == "Success", "the call did not succeed: {answer}");
    Ok(())
}
