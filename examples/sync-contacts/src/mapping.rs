//! Which field of the source becomes which of the target.

use actionbox_guest::serde_json::{Map, Value};

/// The field by which a contact is found in the target.
pub const KEY: (&str, &str) = ("Email", "email");

const DEFAULT: [(&str, &str); 4] =
    [KEY, ("FirstName", "firstname"), ("LastName", "lastname"), ("Phone", "phone")];

/// Pairs of a source field and a target field; one of them is [`KEY`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping(Vec<(String, String)>);

impl Default for Mapping {
    fn default() -> Self {
        Self(DEFAULT.map(|(source, target)| (source.to_owned(), target.to_owned())).into())
    }
}

impl Mapping {
    /// Reads a mapping from an object of source field to target field, and says what is wrong with it.
    /// Source fields end up in a query: nothing but a name passes.
    pub fn read(object: &Map<String, Value>) -> Result<Self, String> {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let mut pairs = vec![(KEY.0.to_owned(), KEY.1.to_owned())];
        for (source, target) in object {
            let Some(target) = target.as_str().filter(|target| is_name(target) && is_name(source)) else {
                return Err(format!(
                    "expected names of fields, such as \"FirstName\": \"firstname\", at {source:?}"
                ));
            };
            let is_key = (source.as_str(), target) == KEY;
            if !is_key && (target == KEY.1 || target == "contact_id") {
                return Err(format!("{target} is how a contact is found; nothing else may be copied there"));
            }
            if pairs.iter().any(|(_, other)| other == target) && !is_key {
                return Err(format!("two fields become {target}"));
            }
            if !is_key {
                pairs.push((source.clone(), target.to_owned()));
            }
        }
        Ok(Self(pairs))
    }

    /// Returns the names of the source's fields, without the ones that every query has.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .map(|(source, _)| source.as_str())
            .filter(|name| !matches!(*name, "Id" | "LastModifiedDate"))
    }

    /// Returns a contact's fields by the target's names. What the source leaves empty is left out: it must
    /// not erase what the target knows.
    pub fn apply(&self, source: &Value) -> Map<String, Value> {
        let field = |(from, to): &(String, String)| {
            let text = match &source[from.as_str()] {
                Value::String(text) => text.trim().to_owned(),
                Value::Null => return None,
                other => other.to_string(),
            };
            (!text.is_empty()).then(|| (to.clone(), Value::from(text)))
        };
        self.0.iter().filter_map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use actionbox_guest::serde_json::json;

    use super::*;

    fn read(object: Value) -> Result<Mapping, String> {
        Mapping::read(object.as_object().expect("an object"))
    }

    #[test]
    fn fields_are_renamed_and_empty_ones_left_out() {
        let mapping =
            read(json!({ "FirstName": "firstname", "Title": "jobtitle", "Fax": "fax" })).expect("a mapping");
        let contact = json!({ "Id": "1", "Email": " ada@example.com ", "FirstName": "Ada", "Title": null, "Fax": " ", "Other": "x" });
        let expected = json!({ "email": "ada@example.com", "firstname": "Ada" });
        assert_eq!(Value::from(mapping.apply(&contact)), expected);
    }

    #[test]
    fn a_mapping_that_could_do_harm_is_refused() {
        for (bad, word) in [
            (json!({ "Id FROM User--": "a" }), "names of fields"),
            (json!({ "A": "b c" }), "names of fields"),
            (json!({ "A": 1 }), "names of fields"),
            (json!({ "": "a" }), "names of fields"),
            (json!({ "Phone": "email" }), "found"),
            (json!({ "Phone": "contact_id" }), "found"),
            (json!({ "A": "c", "B": "c" }), "two fields"),
        ] {
            let error = read(bad.clone()).expect_err("refused");
            assert!(error.contains(word), "{bad}: {error}");
        }
    }
}
