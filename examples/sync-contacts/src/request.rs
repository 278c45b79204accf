//! The input of `sync_contacts`.

use actionbox_guest::{Error, Parameter, ParameterKind, Parameters, Problem, serde_json::Value};

use crate::{cursor::Cursor, mapping::Mapping};

/// How many contacts one call copies, unless told otherwise; each takes two requests.
const USUAL: usize = 20;
/// A call may make 64 requests by default.
const MOST: usize = 25;

/// What one call is to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Where to go on; from the very first contact when there is none.
    pub cursor: Option<Cursor>,
    /// How many contacts to copy at most.
    pub limit: usize,
    /// Which field becomes which.
    pub mapping: Mapping,
}

/// Describes the parameters of `sync_contacts`.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::optional("cursor", "Cursor"),
        Parameter::optional("limit", "Limit").kind(ParameterKind::Number),
        Parameter::optional("mapping", "Field mapping").kind(ParameterKind::Json),
    ]
}

impl Request {
    /// Reads the parameters, and lists every problem there is.
    pub fn read(parameters: &Parameters) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut problem = |name: &str, message: String| {
            problems.push(Problem::new(name, message));
        };
        let mut request = Self { cursor: None, limit: USUAL, mapping: Mapping::default() };
        for (name, value) in parameters.as_map() {
            if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
                continue;
            }
            match name.as_str() {
                "cursor" => match value.as_str().map(str::trim).and_then(Cursor::parse) {
                    Some(cursor) => request.cursor = Some(cursor),
                    None => problem(name, "expected a cursor that an earlier call returned, or a time such as 2026-01-01T00:00:00Z".to_owned()),
                },
                "limit" => match number(value).filter(|limit| (1..=MOST).contains(limit)) {
                    Some(limit) => request.limit = limit,
                    None => problem(name, format!("expected a number from 1 to {MOST}")),
                },
                "mapping" => match object(value).ok_or_else(|| "expected a JSON object".to_owned()).and_then(|object| Mapping::read(&object)) {
                    Ok(mapping) => request.mapping = mapping,
                    Err(message) => problem(name, message),
                },
                _ => problem(name, "is no parameter of sync_contacts".to_owned()),
            }
        }
        if problems.is_empty() { Ok(request) } else { Err(Error::InvalidParameters(problems)) }
    }
}

/// Values are mostly sent as strings, even numbers.
fn number(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64()?.try_into().ok(),
    }
}

fn object(value: &Value) -> Option<actionbox_guest::serde_json::Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object.clone()),
        Value::String(text) => actionbox_guest::serde_json::from_str(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, Error> {
        Request::read(&text.parse().expect("an object"))
    }

    #[test]
    fn everything_has_a_default() {
        for text in ["{}", r#"{"cursor":"","limit":null,"mapping":" "}"#] {
            let request = read(text).expect("a request");
            assert_eq!(
                request,
                Request { cursor: None, limit: USUAL, mapping: Mapping::default() },
                "{text}"
            );
        }
    }

    #[test]
    fn values_may_be_strings() {
        let text = r#"{"cursor":"2026-01-01T00:00:00Z","limit":"5","mapping":"{\"Title\":\"jobtitle\"}"}"#;
        let typed = r#"{"cursor":"2026-01-01T00:00:00Z","limit":5,"mapping":{"Title":"jobtitle"}}"#;
        assert_eq!(read(text).expect("a request"), read(typed).expect("a request"));
    }

    #[test]
    fn every_problem_is_named() {
        let Err(Error::InvalidParameters(problems)) =
            read(r#"{"cursor":"' OR 1","limit":26,"mapping":[],"since":"x"}"#)
        else {
            panic!("refused")
        };
        let named: Vec<_> = problems.iter().filter_map(|problem| problem.parameter.as_deref()).collect();
        assert_eq!(named, ["cursor", "limit", "mapping", "since"]);
        for limit in ["0", "-1", "1.5", "\"x\"", "{}"] {
            assert!(read(&format!(r#"{{"limit":{limit}}}"#)).is_err(), "{limit}");
        }
    }
}
