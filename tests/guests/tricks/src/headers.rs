//! Headers: setting what is the host's, and looking for what it added.

use serde_json::{Value, json};

use crate::{
    Report,
    wasi::http::{
        outgoing_handler,
        types::{Fields, OutgoingRequest, Scheme},
    },
    wire,
};

/// Tries every way to have headers of the given names, and reports which worked.
pub fn set_forbidden(options: &Value) -> Report {
    let mut report = json!({});
    for name in options["names"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let value = b"forged".to_vec();
        let fields = Fields::new();
        let mut worked = Vec::new();
        for (way, result) in [
            ("append", fields.append(name, &value)),
            ("set", fields.set(name, std::slice::from_ref(&value))),
            ("delete", fields.delete(name)),
            ("from-list", Fields::from_list(&[(name.to_owned(), value.clone())]).map(drop)),
            ("on a clone", fields.clone().append(name, &value)),
        ] {
            if result.is_ok() {
                worked.push(way);
            }
        }
        report[name] = json!(worked);
    }
    Ok(report)
}

/// Keeps handles on a request's headers, sends it, and reads them and those of the answer afterwards.
pub fn read_back(_: &Value) -> Report {
    let fields = Fields::new();
    let _ = fields.append("x-mine", b"1");
    let request = OutgoingRequest::new(fields);
    let _ = request.set_scheme(Some(&Scheme::Https));
    let _ = request.set_authority(Some("app.refold.ai"));
    let _ = request.set_path_with_query(Some("/api/v2/integration-schema/hubspot/actions"));
    let (kept, another) = (request.headers(), request.headers());
    let Ok(future) = outgoing_handler::handle(request, None) else { return Ok(json!("not sent")) };
    future.subscribe().block();
    let Some(Ok(Ok(answer))) = future.get() else { return Ok(json!("no answer")) };
    let shown = |fields: &Fields| -> Vec<Value> {
        fields.entries().into_iter().map(|(name, value)| wire::show(&name, &value)).collect()
    };
    let direct = |name: &str| {
        let count = kept.get(name).len() + answer.headers().get(name).len();
        count + usize::from(kept.has(name)) + usize::from(another.clone().has(name))
    };
    let hidden: usize = ["x-api-key", "authorization", "linked_account_id", "cookie", "host", "user-agent"]
        .into_iter()
        .map(direct)
        .sum();
    let late = kept.append("x-late", b"1").is_ok() || answer.headers().append("x-late", b"1").is_ok();
    Ok(json!({ "request": shown(&kept), "again": shown(&another), "answer": shown(&answer.headers()),
               "hidden": hidden, "late": late, "status": answer.status() }))
}
