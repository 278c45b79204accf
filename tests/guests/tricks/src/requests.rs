//! Requests of any shape: other destinations, paths, methods, bodies. The tests hold the tables.

use serde_json::{Value, json};

use crate::{Report, wire};

/// Sends one request and reports its answer.
pub fn send(options: &Value) -> Report {
    let reports: Vec<_> = wire::requests(options).iter().map(wire::exchange).collect();
    Ok(reports.into_iter().next_back().unwrap_or_default())
}

/// Sends several, each after the answer to the one before, and reports all answers.
pub fn send_in_turn(options: &Value) -> Report {
    Ok(json!(wire::requests(options).iter().map(wire::exchange).collect::<Vec<_>>()))
}
