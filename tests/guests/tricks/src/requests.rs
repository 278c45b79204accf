//! Requests of any shape: other destinations, paths, methods, bodies. The tests hold the tables.

use serde_json::{Value, json};

use crate::{
    Report,
    actionbox::plugin::upstream::{self, Answer, ErrorCode},
    wire,
};

/// Sends one request and reports its answer.
pub fn send(options: &Value) -> Report {
    let reports: Vec<_> = wire::requests(options).iter().map(wire::exchange).collect();
    Ok(reports.into_iter().next_back().unwrap_or_default())
}

/// Sends several, each after the answer to the one before, and reports all answers.
pub fn send_in_turn(options: &Value) -> Report {
    Ok(json!(wire::requests(options).iter().map(wire::exchange).collect::<Vec<_>>()))
}

/// Asks by the host's own functions, in any words, and reports the answer.
pub fn ask(options: &Value) -> Report {
    Ok(asked(options))
}

/// Asks so again and again, and reports the last answer.
pub fn ask_often(options: &Value) -> Report {
    let times = options["times"].as_u64().unwrap_or_default();
    Ok((0..times).map(|_| asked(options)).last().unwrap_or_default())
}

fn asked(options: &Value) -> Value {
    // A text, or so many of one letter.
    let text = |name: &str| match &options[name] {
        Value::Number(count) => "a".repeat(count.as_u64().unwrap_or_default() as usize),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    let (app, action, parameters) = (text("app"), text("action"), text("parameters"));
    let answer = match options["function"].as_str().unwrap_or_default() {
        "list" => upstream::list_actions(&app),
        "describe" => upstream::describe_action(&app, &action),
        _ => upstream::execute_action(&app, &action, &parameters),
    };
    match answer {
        Ok(Answer { status, retry_after, body }) => {
            json!({ "status": status, "retry_after": retry_after, "body": body })
        }
        Err(code) => json!({ "code": format!("{code:?}"), "denied": code == ErrorCode::HttpRequestDenied }),
    }
}
