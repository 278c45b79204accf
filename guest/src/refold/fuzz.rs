//! What the fuzzer runs: any bytes in, a panic when a promise is broken.
//!
//! No part of the public API: there is no such module unless a fuzzer builds this crate. The tests run the
//! same over the corpus in `fuzz/`, and over mutations of it.

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

use http::{HeaderValue, Response, StatusCode, Uri, header::RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Error, Outcome, Parameters,
    bindings::actionbox::plugin::types as wit,
    refold::{AUTHORITY, answer, route::Route},
};

/// Reads an answer of the upstream to each of its endpoints, and parameters. The input is the status, the
/// length of the header `retry-after`, the header, and the body; or after the header the parameters.
pub fn answers(input: &[u8]) {
    let Some((&[high, low, length], rest)) = input.split_first_chunk() else { return };
    let (retry_after, body) = rest.split_at(rest.len().min(length.into()));
    let status = StatusCode::from_u16(100 + u16::from_be_bytes([high, low]) % 900).expect("three digits");
    let mut answer = Response::new(body.to_vec());
    *answer.status_mut() = status;
    if let Ok(value) = HeaderValue::from_bytes(retry_after) {
        answer.headers_mut().insert(RETRY_AFTER, value);
    }
    let (app, action) = ("hubspot", "get_contact");
    let listed = answer::actions(&Route::List { app }, &answer);
    let described = answer::parameters(&Route::Describe { app, action }, &answer);
    let executed = answer::outcome(&Route::Execute { app, action }, &answer);

    assert!(status.is_success() || (listed.is_err() && described.is_err() && executed.is_err()));
    // What is not read is not looked at either: a number there may be one that no type holds.
    if let Ok(parsed) = serde_json::from_slice::<Value>(body) {
        let items = parsed.as_array().map(Vec::len);
        assert!(listed.as_ref().map_or(true, |actions| Some(actions.len()) == items));
        assert!(described.as_ref().map_or(true, |parameters| Some(parameters.len()) == items));
        if let Ok(outcome) = &executed {
            is_outcome(outcome, &parsed);
        }
    }
    for error in [listed.err(), described.err(), executed.err()].into_iter().flatten() {
        is_error(error, status);
    }
    read_parameters(&String::from_utf8_lossy(body));
    build_request(&String::from_utf8_lossy(body));
}

/// Checks that only the word of success makes a success, and that the data is what was answered.
fn is_outcome(outcome: &Outcome, answered: &Value) {
    let data = match outcome {
        Outcome::Succeeded(success) => {
            assert_eq!(answered["node_status"], "Success");
            &success.data
        }
        Outcome::Failed(failure) => {
            assert_eq!(answered["node_status"], *failure.node_status);
            assert_ne!(failure.node_status, "Success");
            &failure.data
        }
    };
    assert_eq!(data, &answered["data"]);
}

/// Checks what an error says of the answer, and that it crosses to the host.
fn is_error(error: Error, status: StatusCode) {
    let refused = status.is_client_error();
    match &error {
        Error::Throttled { .. } => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        Error::Upstream(failure) => {
            assert_eq!(failure.status, Some(status.as_u16()));
            assert_eq!(failure.may_have_run(), !refused);
        }
        _ => assert!(!status.is_success(), "{error:?}"),
    }
    assert!(!error.to_string().is_empty());
    let shown = format!("{error:?}");
    let crossed = wit::Error::from(error);
    assert_eq!(matches!(crossed, wit::Error::Throttled(_)), shown.starts_with("Throttled"));
}

fn read_parameters(text: &str) {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read, and not looked at")]
    struct Strict {
        email: String,
        limit: Option<u8>,
        nested: Option<Vec<Strict>>,
    }
    let parsed = text.parse::<Parameters>();
    let object = serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    assert_eq!(parsed.is_ok(), object.is_some());
    let Ok(parameters) = parsed else { return };
    assert_eq!(Value::Object(parameters.as_map().clone()), object.unwrap_or_default());
    assert!(parameters.to_string().parse::<Parameters>().is_ok());
    for (name, value) in &parameters {
        let text = parameters.optional_str(name);
        assert_eq!(text.is_ok(), value.is_string() || value.is_null());
        assert_eq!(parameters.required_str(name).is_ok(), matches!(text, Ok(Some(_))));
        let number = parameters.optional_number::<i64>(name);
        assert_eq!(parameters.required_number::<i64>(name).is_ok(), matches!(number, Ok(Some(_))));
        assert!(value.as_i64().is_none() || number == Ok(value.as_i64()), "{value}");
    }
    if let Err(error) = parameters.parse::<Strict>() {
        assert!(matches!(&error, Error::InvalidParameters(problems) if problems.len() == 1), "{error:?}");
    }
}

/// Checks that any name stays within its segment of the path.
fn build_request(name: &str) {
    let route = Route::Execute { app: "hubspot", action: name };
    let Ok(path) = route.path() else { return };
    let uri: Uri = format!("https://{AUTHORITY}{path}").parse().expect("a URI");
    let path: Vec<_> = uri.path().split('/').collect();
    assert_eq!((path.len(), path[7], uri.query()), (8, "execute", None), "{uri}");
    assert_eq!(uri.authority().map(|authority| authority.as_str()), Some(AUTHORITY));
    assert!(!path[6].bytes().all(|byte| byte == b'.'), "{uri}");
}

#[cfg(test)]
mod tests {
    use super::{
        answers,
        replay::{mutate, replay},
    };

    #[test]
    fn whatever_the_upstream_answers_is_read_or_refused() {
        replay(answers, "answers", 2_000, mutate);
    }
}
