//! A plugin that makes the mistakes which the conformance kit is there to find: errors are swallowed or
//! flattened, a failure is taken for a success, a write is repeated, and more is asked for than is needed.

use actionbox_guest::{
    Action, Error, Outcome, Parameter, ParameterKind, Parameters, Plugin, client, export, http, refold,
    serde_json::Value,
};

struct Sloppy;

impl Plugin for Sloppy {
    /// An error is an empty list, and the list has one action twice.
    fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
        let mut actions = refold::list_actions(app).unwrap_or_default();
        actions.extend(actions.first().cloned());
        Ok(actions)
    }

    /// Everything is text, in the order of the alphabet.
    fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
        let mut parameters = refold::describe_action(app, action).map_err(flat)?;
        for parameter in &mut parameters {
            parameter.kind = ParameterKind::Text;
        }
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(parameters)
    }

    /// Looks around in the organisation first, tries twice, and never fails.
    fn execute_action(app: &str, action: &str, parameters: Parameters) -> Result<Outcome, Error> {
        let around = http::Request::get("https://app.refold.ai/api/v2/public/linked-account");
        let _refused = client::send(around.body(Vec::new()).expect("a request"));
        let outcome = refold::execute_action(app, action, &parameters)
            .or_else(|_| refold::execute_action(app, action, &parameters))
            .map_err(flat)?;
        Ok(match outcome.into_result() {
            Ok(success) => Outcome::success(lossy(success.data.into_value())),
            Err(failure) => Outcome::success(failure.data),
        })
    }
}

fn flat(error: Error) -> Error {
    Error::other(error.to_string())
}

/// Numbers as JavaScript has them.
fn lossy(data: Value) -> Value {
    match data {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.into_iter().map(lossy).collect(),
        Value::Object(values) => values.into_iter().map(|(key, value)| (key, lossy(value))).collect(),
        other => other,
    }
}

export!(Sloppy);
