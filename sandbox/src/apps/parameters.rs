//! The parameters of an execute: what the caller sent, read as leniently as the service reads it.

use serde_json::{Map, Value};

use crate::catalogue::Action;

/// The JSON object an action is executed with.
#[derive(Debug, Default, Clone)]
pub(crate) struct Parameters(Map<String, Value>);

impl Parameters {
    pub(crate) fn new(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The name of the first required parameter that is missing, null or empty.
    pub(crate) fn first_missing(&self, action: &Action) -> Option<&'static str> {
        let required = action.parameters.iter().filter(|parameter| parameter.required);
        required.map(|parameter| parameter.name).find(|name| self.text(name).is_none())
    }

    /// A value as text. Numbers and booleans count as what they look like; null and `""` as missing.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A parameter of type `json`, which may come as JSON or as text that holds JSON.
    ///
    /// # Errors
    ///
    /// Answers the name of the parameter if its text is no JSON.
    pub(crate) fn json(&self, name: &'static str) -> Result<Option<Value>, &'static str> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| name),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    /// The action's own text parameters that were sent, all as text, except those named.
    pub(crate) fn fields(&self, action: &Action, except: &[&str]) -> Map<String, Value> {
        let wanted = action.parameters.iter().filter(|p| p.kind != "json" && !except.contains(&p.name));
        wanted.filter_map(|p| Some((p.name.to_owned(), self.text(p.name)?.into()))).collect()
    }

    /// A limit as the apps take it, text or number: between 1 and `most`, `default` if missing.
    ///
    /// # Errors
    ///
    /// Answers what was sent if it is no such number.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, String> {
        let Some(text) = self.text("limit") else { return Ok(default) };
        let limit = text.parse::<usize>().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or(text)
    }
}
