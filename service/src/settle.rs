//! How it is found out whether a write ran of which nobody knows: by an action that reads, which the grant names for
//! the purpose.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An action that reads, and how its answer is understood.
///
/// ```
/// use actionbox_service::SettleBy;
///
/// let by: SettleBy = serde_json::from_str(r#"{
///     "action": "search_contacts",
///     "parameters": { "propertyName": "email", "operator": "EQ", "value": "{email}" },
///     "found_at": "/results/0"
/// }"#).expect("it is one");
/// assert!(!by.absent_means_not_run);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBy {
    /// The id of an action that the grant allows to read with, of the same app.
    pub action: String,
    /// What it is asked. A text that is a name in braces, such as `{email}`, stands for that parameter of the write.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// Where in its data there is something if the write ran: a JSON pointer (RFC 6901), such as `/results/0`.
    pub found_at: String,
    /// Whether it proves that the write did not run when there is nothing. Not where the app shows late what was
    /// written. Default: no; then somebody has to look.
    #[serde(default)]
    pub absent_means_not_run: bool,
}

/// Why a grant cannot settle in such a way.
#[derive(Debug, thiserror::Error)]
#[error("{app}/{action} cannot be settled by {by}: {why}")]
pub(crate) struct NotRead {
    pub(crate) app: String,
    pub(crate) action: String,
    pub(crate) by: String,
    pub(crate) why: &'static str,
}

impl SettleBy {
    /// Returns what is to be asked about a write with these parameters, in JSON. Nothing when one is missing.
    pub(crate) fn of(&self, parameters: &Value) -> Option<String> {
        let given = |value: &Value| match value.as_str().and_then(placeholder) {
            Some(name) => parameters.get(name).cloned(),
            None => Some(value.clone()),
        };
        let asked = self.parameters.iter().map(|(name, value)| Some((name.clone(), given(value)?)));
        let asked = Self { parameters: asked.collect::<Option<_>>()?, ..self.clone() };
        serde_json::to_string(&asked).ok()
    }

    /// Tells by the data of the answer whether the write ran; nothing when that is not known.
    pub(crate) fn ran(&self, data: &Value) -> Option<bool> {
        match data.pointer(&self.found_at).is_some_and(|found| !found.is_null()) {
            true => Some(true),
            false => self.absent_means_not_run.then_some(false),
        }
    }
}

fn placeholder(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by(absent_means_not_run: bool) -> SettleBy {
        let parameters = json!({ "field": "email", "value": "{email}", "limit": 1, "note": "{not closed" });
        let Value::Object(parameters) = parameters else { unreachable!() };
        SettleBy {
            action: "find".to_owned(),
            parameters,
            found_at: "/results/0".to_owned(),
            absent_means_not_run,
        }
    }

    #[test]
    fn the_example_of_the_book_is_one() {
        let example = include_str!("../../examples/serve/settle-by.json");
        let named: crate::Named = serde_json::from_str(example).expect("it is one");
        assert!(named.settle_by.is_some());
    }

    #[test]
    fn a_question_is_made_of_the_writes_parameters() {
        let asked = by(false).of(&json!({ "email": "{limit}", "name": "Ada" })).expect("a question");
        let asked: SettleBy = serde_json::from_str(&asked).expect("JSON");
        let expected = json!({ "field": "email", "value": "{limit}", "limit": 1, "note": "{not closed" });
        assert_eq!(Value::Object(asked.parameters), expected, "and what a caller sends is not read again");
        assert_eq!(by(false).of(&json!({ "name": "Ada" })), None);
    }

    #[test]
    fn what_is_not_there_proves_nothing_unless_the_grant_says_so() {
        assert_eq!(by(false).ran(&json!({ "results": [{}] })), Some(true));
        for nothing in [json!({ "results": [] }), json!({ "results": [null] }), json!(null), json!("results")]
        {
            assert_eq!(by(false).ran(&nothing), None, "{nothing}");
            assert_eq!(by(true).ran(&nothing), Some(false), "{nothing}");
        }
    }
}
