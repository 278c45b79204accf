//! What the endpoints answer, read into types. Pure: no request is made here.

mod object;

use http::Response;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use self::object::Object;
use super::{refusal::refusal, route::Route};
use crate::{Action, Data, Error, Failure, Outcome, Parameter, Success, UpstreamFailure};

/// Reads the answer to a list request.
pub(super) fn actions(route: &Route<'_>, answer: &Response<Vec<u8>>) -> Result<Vec<Action>, Error> {
    #[derive(Deserialize)]
    struct Listed {
        action_id: String,
        name: Option<String>,
        description: Option<String>,
        tag: Option<String>,
    }
    let listed: Vec<Object<Listed>> = read(route, answer, "a list of actions")?;
    let action = |Object(listed): Object<Listed>| Action {
        name: listed.name.unwrap_or_else(|| listed.action_id.clone()),
        id: listed.action_id,
        description: listed.description.unwrap_or_default(),
        tag: listed.tag,
        claimed_effect: None,
    };
    Ok(listed.into_iter().map(action).collect())
}

/// Reads the answer to a describe request.
pub(super) fn parameters(route: &Route<'_>, answer: &Response<Vec<u8>>) -> Result<Vec<Parameter>, Error> {
    #[derive(Deserialize)]
    struct Described {
        name: String,
        label: Option<String>,
        required: Option<bool>,
        r#type: Option<String>,
    }
    let described: Vec<Object<Described>> = read(route, answer, "a list of parameters")?;
    let parameter = |Object(described): Object<Described>| Parameter {
        label: described.label.unwrap_or_else(|| described.name.clone()),
        name: described.name,
        required: described.required.unwrap_or(false),
        kind: described.r#type.as_deref().unwrap_or("text").into(),
    };
    Ok(described.into_iter().map(parameter).collect())
}

/// Reads the answer to an execute request.
///
/// The status 200 says nothing about the action. Only `Success`, exactly so, is a success.
pub(super) fn outcome(route: &Route<'_>, answer: &Response<Vec<u8>>) -> Result<Outcome, Error> {
    #[derive(Deserialize)]
    struct Executed {
        node_status: String,
        data: Option<Box<RawValue>>,
        #[serde(default)]
        http_status: Value,
    }
    let expected = "the outcome of an action";
    let Object(Executed { node_status, data, http_status }) = read(route, answer, expected)?;
    let data = data.map(Data::new).transpose();
    let data = data.map_err(|error| unreadable(answer, expected, format!("data that is none: {error}")))?;
    let (data, http_status) = (data.unwrap_or_default(), status(&http_status));
    Ok(match node_status.as_str() {
        "Success" => Success { http_status, data }.into(),
        _ => Failure { node_status, http_status, data }.into(),
    })
}

/// Reads the connected app's status, which nothing depends on: what is no status is left out.
fn status(value: &Value) -> Option<u16> {
    match value {
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn read<T: DeserializeOwned>(route: &Route<'_>, answer: &Response<Vec<u8>>, what: &str) -> Result<T, Error> {
    if !answer.status().is_success() {
        return Err(refusal(route, answer));
    }
    let got = |got: String| unreadable(answer, what, got);
    if answer.body().is_empty() {
        return Err(got("nothing".to_owned()));
    }
    // As a whole, which is faster than string by string, as `serde_json` does with bytes.
    let text = str::from_utf8(answer.body()).map_err(|error| got(format!("something else: {error}")))?;
    serde_json::from_str(text).map_err(|error| got(format!("something else: {error}")))
}

fn unreadable(answer: &Response<Vec<u8>>, expected: &str, got: String) -> Error {
    let message = format!("expected {expected} and got {got}");
    UpstreamFailure::new(message).status(answer.status().as_u16()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ParameterKind, bindings::actionbox::plugin::types as wit};

    const LIST: Route<'_> = Route::List { app: "hubspot" };
    const DESCRIBE: Route<'_> = Route::Describe { app: "hubspot", action: "get_contact" };
    const EXECUTE: Route<'_> = Route::Execute { app: "hubspot", action: "get_contact" };

    fn ok(body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
        Response::new(body.into())
    }

    #[test]
    fn a_listing_may_leave_out_what_is_not_needed() {
        let body = r#"[{"action_id":"a","name":"A","description":"does a","tag":"v2","new":1},{"action_id":"b","tag":null}]"#;
        let expected = [Action::new("a", "A").description("does a").tag("v2"), Action::new("b", "b")];
        assert_eq!(actions(&LIST, &ok(body)).expect("a listing"), expected);
        assert_eq!(actions(&LIST, &ok("[]")).expect("a listing"), []);
    }

    #[test]
    fn a_parameter_of_an_unknown_kind_keeps_its_word() {
        let body = r#"[{"name":"when","label":"When","required":true,"type":"datetime"},{"name":"x"}]"#;
        let when = Parameter::required("when", "When").kind(ParameterKind::Other("datetime".into()));
        let expected = [when, Parameter::optional("x", "x")];
        assert_eq!(parameters(&DESCRIBE, &ok(body)).expect("a description"), expected);
    }

    #[test]
    fn only_success_is_a_success() {
        let body = r#"{"node_status":"Success","data":{"id":"1"},"http_status":201}"#;
        let expected = Success { http_status: Some(201), data: json!({"id": "1"}).into() };
        assert_eq!(outcome(&EXECUTE, &ok(body)), Ok(expected.into()));
        for word in ["Errored", "Failed", "success", "SUCCESS", " Success", "Pending", ""] {
            let body = json!({"node_status": word, "data": {"id": "1"}}).to_string();
            let expected =
                Failure { node_status: word.into(), http_status: None, data: json!({"id": "1"}).into() };
            assert_eq!(outcome(&EXECUTE, &ok(body)), Ok(expected.into()), "{word}");
        }
    }

    #[test]
    fn data_may_be_anything() {
        for data in ["null", "1", "\"x\"", "[]", "{}", "[1,{\"a\":null}]"] {
            let body = format!(r#"{{"node_status":"Success","data":{data}}}"#);
            let success = outcome(&EXECUTE, &ok(body)).expect("an outcome").into_result().expect("a success");
            assert_eq!(success.data.to_string(), data);
        }
        let success = outcome(&EXECUTE, &ok(r#"{"node_status":"Success"}"#)).expect("an outcome");
        assert_eq!(success, Outcome::success(Value::Null));
    }

    #[test]
    fn data_that_is_passed_on_keeps_what_no_value_holds() {
        let data = r#"{"id": 123456789012345678901234567890, "twice": 1, "twice": 2}"#;
        for (word, is_success) in [("Success", true), ("Errored", false)] {
            let body = format!(r#"{{"node_status":"{word}","data":{data} }}"#);
            let outcome = outcome(&EXECUTE, &ok(body)).expect("an outcome");
            assert_eq!(outcome.is_success(), is_success);
            let passed_on = match outcome.into() {
                wit::Outcome::Succeeded(success) => success.data,
                wit::Outcome::Failed(failure) => failure.data,
            };
            assert_eq!(passed_on, data);
        }
    }

    #[test]
    fn an_odd_http_status_is_left_out() {
        for (given, expected) in [
            ("409", Some(409)),
            ("\"409\"", Some(409)),
            ("null", None),
            ("-1", None),
            ("70000", None),
            ("{}", None),
        ] {
            let body = format!(r#"{{"node_status":"Errored","data":1,"http_status":{given}}}"#);
            let failure =
                outcome(&EXECUTE, &ok(body)).expect("an outcome").into_result().expect_err("a failure");
            assert_eq!(failure.http_status, expected, "{given}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_a_failure_of_the_upstream() {
        let html = "<html>welcome</html>";
        let broken = [
            ("an object for a listing", actions(&LIST, &ok("{}")).map(drop)),
            ("a listing without ids", actions(&LIST, &ok(r#"[{"name":"A"}]"#)).map(drop)),
            ("a listing of arrays", actions(&LIST, &ok(r#"[["a","A","",null]]"#)).map(drop)),
            ("nothing", actions(&LIST, &ok("")).map(drop)),
            ("HTML", parameters(&DESCRIBE, &ok(html)).map(drop)),
            ("no node_status", outcome(&EXECUTE, &ok(r#"{"data":{}}"#)).map(drop)),
            (
                "two words",
                outcome(&EXECUTE, &ok(r#"{"node_status":"Failed","node_status":"Success"}"#)).map(drop),
            ),
            ("a broken body", outcome(&EXECUTE, &ok(r#"{"node_status":"Success","da"#)).map(drop)),
            (
                "a number out of range",
                outcome(&EXECUTE, &ok(r#"{"node_status":"x","data":[1e999]}"#)).map(drop),
            ),
            ("half a character", outcome(&EXECUTE, &ok(r#"{"node_status":"x","data":"\ud800"}"#)).map(drop)),
            (
                "data of absurd depth",
                outcome(
                    &EXECUTE,
                    &ok(format!(r#"{{"node_status":"x","data":{}}}"#, "[".repeat(1000) + &"]".repeat(1000))),
                )
                .map(drop),
            ),
            ("an array for an outcome", outcome(&EXECUTE, &ok(r#"["Success"]"#)).map(drop)),
        ];
        for (name, result) in broken {
            let error = result.expect_err(name);
            assert!(
                matches!(&error, Error::Upstream(failure) if failure.status == Some(200)),
                "{name}: {error:?}"
            );
            assert!(error.to_string().contains("expected"), "{name}: {error}");
            assert!(error.may_have_run(), "{name}");
        }
    }
}
