//! The parameters of an action, read from the command line, from files and from stdin.

use std::io::Read;

use actionbox_host::Actor;
use serde_json::{Map, Value};

use crate::failure::{Exit, Failure};

/// The forms a parameter may take, for whoever used another.
const FORMS: &str =
    "expected key=value (a string), key:=json, @FILE (a JSON object) or - (a JSON object on stdin)";

/// Reads parameters into one JSON object. A later one overrides the same key of an earlier one.
///
/// # Errors
///
/// [`Failure`] that names the first parameter that cannot be read, and what would be right.
pub(crate) fn read(arguments: &[String], mut stdin: impl Read) -> Result<Value, Failure> {
    let mut parameters = Map::new();
    for argument in arguments {
        match Parameter::parse(argument)? {
            Parameter::One(key, value) => drop(parameters.insert(key, value)),
            Parameter::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| bad(format!("the file {path} cannot be read")).because(error))?;
                parameters.extend(object(&format!("the file {path}"), &text)?);
            }
            Parameter::Stdin => {
                let mut text = String::new();
                stdin
                    .read_to_string(&mut text)
                    .map_err(|error| bad("stdin cannot be read".to_owned()).because(error))?;
                parameters.extend(object("stdin", &text)?);
            }
        }
    }
    Ok(Value::Object(parameters))
}

/// One argument.
#[derive(Debug, PartialEq)]
enum Parameter<'a> {
    One(String, Value),
    File(&'a str),
    Stdin,
}

impl<'a> Parameter<'a> {
    fn parse(argument: &'a str) -> Result<Self, Failure> {
        if argument == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(path) = argument.strip_prefix('@') {
            return Ok(Self::File(path));
        }
        let (key, value) = argument
            .split_once('=')
            .ok_or_else(|| bad(format!("{argument:?} is no parameter")).hint(FORMS))?;
        let (key, value) = match key.strip_suffix(':') {
            Some(key) => (key, json(argument, key, value)?),
            None => (key, Value::from(value)),
        };
        if key.is_empty() {
            return Err(bad(format!("{argument:?} is a parameter without a key")).hint(FORMS));
        }
        Ok(Self::One(key.to_owned(), value))
    }
}

fn json(argument: &str, key: &str, value: &str) -> Result<Value, Failure> {
    serde_json::from_str(value).map_err(|error| {
        bad(format!("the value in {argument:?} is no JSON"))
            .because(error)
            .hint(format!("{key}={value} passes it as a string; JSON strings need quotes: {key}:='\"…\"'"))
    })
}

fn object(place: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    const EXPECTED: &str = "expected one JSON object with a key per parameter, such as {\"limit\": \"1\"}";
    let found = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(Value::Array(_)) => "an array",
        Ok(Value::String(_)) => "a string",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::Bool(_)) => "a boolean",
        Ok(Value::Null) => "null",
        Err(_) if text.trim().is_empty() => return Err(bad(format!("{place} is empty")).hint(EXPECTED)),
        Err(error) => return Err(bad(format!("{place} holds no JSON")).because(error).hint(EXPECTED)),
    };
    Err(bad(format!("{place} holds {found}, which is no JSON object")).hint(EXPECTED))
}

fn bad(message: String) -> Failure {
    Failure::new(Exit::Usage, "parameters", Actor::Caller, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(arguments: &[&str], stdin: &str) -> Result<Value, Failure> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        read(&arguments, stdin.as_bytes())
    }

    #[test]
    fn each_form_is_read() {
        let table = [
            (vec![], "", json!({})),
            (vec!["limit=1"], "", json!({ "limit": "1" })),
            (vec!["limit:=1"], "", json!({ "limit": 1 })),
            (vec!["x="], "", json!({ "x": "" })),
            (vec!["url=https://a.example/?b=c"], "", json!({ "url": "https://a.example/?b=c" })),
            (vec![r#"filter:={"a":[1,null]}"#], "", json!({ "filter": { "a": [1, null] } })),
            (vec!["-"], r#" {"limit":"3"} "#, json!({ "limit": "3" })),
        ];
        for (arguments, stdin, expected) in table {
            assert_eq!(read_all(&arguments, stdin).expect("readable"), expected, "{arguments:?}");
        }
    }

    #[test]
    fn a_later_parameter_overrides_an_earlier_one() {
        let object = r#"{"a":"stdin","b":"stdin"}"#;
        let read = |arguments: &[&str]| read_all(arguments, object).expect("readable");
        assert_eq!(read(&["a=1", "-", "b=2"]), json!({ "a": "stdin", "b": "2" }));
        assert_eq!(read(&["a=1", "a:=2"]), json!({ "a": 2 }));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_what_would_be_right() {
        let table = [
            (vec!["limit"], "", "\"limit\" is no parameter", "key=value"),
            (vec!["=1"], "", "\"=1\" is a parameter without a key", "key=value"),
            (vec![":=1"], "", "\":=1\" is a parameter without a key", "key=value"),
            (vec!["a:=x"], "", "the value in \"a:=x\" is no JSON", "a=x passes it as a string"),
            (vec!["@/nowhere/at/all"], "", "the file /nowhere/at/all cannot be read", ""),
            (vec!["-"], "[1]", "stdin holds an array, which is no JSON object", "a key per parameter"),
            (vec!["-"], "\"x\"", "stdin holds a string, which is no JSON object", "a key per parameter"),
            (vec!["-"], " ", "stdin is empty", "a key per parameter"),
            (vec!["-"], "{", "stdin holds no JSON", "a key per parameter"),
            (vec!["-"], "{}{}", "stdin holds no JSON", "a key per parameter"),
        ];
        for (arguments, stdin, message, hint) in table {
            let failure = read_all(&arguments, stdin).expect_err(message);
            assert_eq!(failure.message, message);
            assert_eq!(failure.exit, Exit::Usage, "{message}");
            assert!(failure.hint.unwrap_or_default().contains(hint), "{message}");
        }
    }
}
