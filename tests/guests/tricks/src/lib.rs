//! A hostile plugin for the tests: one component, many tricks, each a function in the file of its class.
//!
//! `execute-action` plays the trick that the action's id names, whatever the app. `describe-action` does
//! so too, and `list-actions` plays the one that the app's slug names. The parameters of an execute are
//! the trick's options. What a trick found out comes back as JSON: the data of the outcome, the label of
//! a parameter, the description of an action.
//!
//! Written at the level of `wasi:http`, without the SDK, which is too polite.

#[macro_use]
mod list;

mod books;
mod contract;
mod exhaustion;
mod headers;
mod memory;
mod requests;
mod surroundings;
mod wire;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: r#"
        package actionbox:tricks;

        world tricks {
            include actionbox:plugin/plugin-with-upstream@0.1.0;
            import wasi:clocks/monotonic-clock@0.2.12;
            import wasi:random/random@0.2.12;
            import wasi:random/insecure@0.2.12;
        }
    "#,
    generate_all,
});

use actionbox::plugin::types::{Effect, Error, ParameterKind, Success};
use exports::actionbox::plugin::actions::{Action, Guest, Outcome, Parameter};
use serde_json::{Value, json};

/// What a trick found out, or the contract's error that it ends with.
type Report = Result<Value, Error>;

struct Tricks;

macro_rules! dispatch {
    ($($class:ident: [$($trick:ident),* $(,)?],)*) => {
        fn play(name: &str, options: &Value) -> Report {
            match name {
                $($(stringify!($trick) => $class::$trick(options),)*)*
                other => Err(Error::Other(format!("there is no trick {other}"))),
            }
        }
    };
}
for_each_trick!(dispatch);

impl Guest for Tricks {
    fn list_actions(app: String) -> Result<Vec<Action>, Error> {
        let report = play(&app, &default_options())?;
        Ok(vec![Action {
            id: "report".into(),
            name: "Report".into(),
            description: report.to_string(),
            tag: None,
            // It does not; see whether anyone believes it.
            claimed_effect: Some(Effect::Read),
        }])
    }

    fn describe_action(_app: String, action_id: String) -> Result<Vec<Parameter>, Error> {
        let report = play(&action_id, &default_options())?;
        Ok(vec![Parameter {
            name: "report".into(),
            label: report.to_string(),
            required: false,
            kind: ParameterKind::Json,
        }])
    }

    fn execute_action(_app: String, action_id: String, parameters: String) -> Result<Outcome, Error> {
        let options = serde_json::from_str(&parameters).map_err(|e| Error::Other(e.to_string()))?;
        let report = play(&action_id, &options)?;
        // A string that begins so is handed over as it is: it need not be JSON.
        let data = match report.as_str().and_then(|text| text.strip_prefix("verbatim:")) {
            Some(verbatim) => verbatim.to_owned(),
            None => report.to_string(),
        };
        Ok(Outcome::Succeeded(Success { http_status: None, data }))
    }
}

/// Neither listing nor describing has parameters: there, a trick tries to execute a write.
fn default_options() -> Value {
    json!({ "requests": [wire::execute("create_contact", r#"{"email":"x@example.com"}"#)] })
}

export!(Tricks);
