//! Parameters for an action of which only its description is known.

use actionbox_host::{Parameter, ParameterKind};
use serde_json::{Map, Value};

/// Returns a plausible value for every parameter that is required, and for some that are not.
pub(crate) fn parameters(described: &[Parameter]) -> Value {
    let of = |parameter: &Parameter| {
        let name = parameter.name.to_ascii_lowercase();
        let value = match &parameter.kind {
            ParameterKind::Email => "conformance@example.com",
            _ if name.contains("email") => "conformance@example.com",
            ParameterKind::Number => "1",
            ParameterKind::Url => "https://example.com/",
            ParameterKind::Json => "{}",
            _ => "conformance",
        };
        (parameter.name.clone(), Value::from(value))
    };
    // One that is not required makes a difference to what is to be changed.
    let optional = described.iter().filter(|parameter| !parameter.required).take(1);
    let required = described.iter().filter(|parameter| parameter.required);
    Value::Object(required.chain(optional).map(of).collect::<Map<_, _>>())
}
