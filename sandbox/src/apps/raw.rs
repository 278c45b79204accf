//! The arbitrary call: `httprequest`, taken apart.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Parameters;

/// A call to the connected app's own API, with the customer's stored credentials.
#[derive(Debug)]
pub(super) struct RawCall {
    pub(super) method: String,
    /// The segments of the path, decoded; the host is not looked at.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl RawCall {
    /// Reads the parameters of `httprequest`.
    ///
    /// # Errors
    ///
    /// Answers the name of a parameter whose text is no JSON.
    pub(super) fn new(parameters: &Parameters) -> Result<Self, &'static str> {
        let url = parameters.text("url").unwrap_or_default();
        let rest = url
            .split_once("://")
            .map_or(url.as_str(), |(_, rest)| rest.find(['/', '?']).map_or("", |start| &rest[start..]));
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Ok(Self {
            method: parameters.text("method").unwrap_or_default().to_uppercase(),
            path: path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect(),
            query: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(&name.replace('+', " ")), decode(&value.replace('+', " "))))
                .collect(),
            body: parameters.json("body")?.unwrap_or(Value::Null),
        })
    }

    /// Method and path, for matching.
    pub(super) fn parts(&self) -> (&str, Vec<&str>) {
        (&self.method, self.path.iter().map(String::as_str).collect())
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(url: &str) -> RawCall {
        let object = json!({ "method": "get", "url": url, "body": "{\"a\":1}" });
        RawCall::new(&Parameters::new(object.as_object().unwrap().clone())).unwrap()
    }

    #[test]
    fn url_is_taken_apart_with_or_without_a_host() {
        for url in ["https://api.example.com/a/b%20c?q=x+y%26z", "/a/b%20c?q=x+y%26z#f"] {
            let call = call(url);
            assert_eq!(call.parts(), ("GET", vec!["a", "b c"]), "{url}");
            assert_eq!(call.query["q"], "x y&z", "{url}");
            assert_eq!(call.body, json!({ "a": 1 }));
        }
        assert!(call("https://api.example.com").path.is_empty());
    }
}
