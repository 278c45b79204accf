//! What an action is executed with: one JSON object.

mod decode;

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    Data,
    error::{Error, Problem},
};

/// The parameters of an action: one JSON object, a key per parameter.
///
/// Values are mostly strings, even where they mean numbers. What nobody changes is handed on as it came, as
/// [`Data`] is; who looks into it sees numbers as `serde_json` holds them: one that fits neither 64-bit integer
/// is a 64-bit float.
///
/// # Examples
///
/// Into a type of your own; what does not fit becomes [`Error::InvalidParameters`] and names the key:
///
/// ```
/// use actionbox_guest::Parameters;
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Search {
///     query: String,
///     #[serde(default)]
///     archived: bool,
/// }
///
/// let search: Search = Parameters::from([("query", "ada")]).parse()?;
/// assert!(search.query == "ada" && !search.archived);
///
/// let error = Parameters::from([("query", 1)]).parse::<Search>().err().expect("no text");
/// assert_eq!(
///     error.to_string(),
///     "invalid parameters: query: invalid type: integer `1`, expected a string"
/// );
/// # Ok::<(), actionbox_guest::Error>(())
/// ```
///
/// Or one by one:
///
/// ```
/// # use actionbox_guest::Parameters;
/// let parameters: Parameters = r#"{"email": "ada@example.com", "limit": "5"}"#.parse()?;
/// assert_eq!(parameters.required_str("email")?, "ada@example.com");
/// assert_eq!(parameters.optional_number("limit")?, Some(5));
/// assert_eq!(parameters.optional_str("phone")?, None);
/// # Ok::<(), actionbox_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Parameters(
    /// An object.
    Data,
);

impl Parameters {
    /// Creates parameters without a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// let mut parameters = Parameters::new();
    /// parameters.insert("limit", "1");
    /// assert_eq!(parameters.to_string(), r#"{"limit":"1"}"#);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the parameters into a type of the plugin's own.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameters`] with the first key that does not fit, where `serde` tells.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Search {
    ///     query: String,
    /// }
    ///
    /// let search: Search = Parameters::from([("query", "ada")]).parse()?;
    /// assert_eq!(search.query, "ada");
    /// # Ok::<(), actionbox_guest::Error>(())
    /// ```
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        decode::decode(self.as_map().clone()).map_err(Error::from)
    }

    /// Returns the text of a parameter that must be there.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameters`] when it is missing, `null` or blank, or no string.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, Parameters};
    ///
    /// let parameters = Parameters::from([("email", "ada@example.com"), ("lastname", " ")]);
    /// assert_eq!(parameters.required_str("email")?, "ada@example.com");
    /// assert_eq!(parameters.required_str("lastname"), Err(Error::missing("lastname")));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn required_str(&self, name: &str) -> Result<&str, Error> {
        self.optional_str(name)?.ok_or_else(|| Error::missing(name))
    }

    /// Returns the text of a parameter, or `None` when it is missing, `null` or blank.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameters`] when it is no string.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// let parameters = Parameters::from([("order", "")]);
    /// assert_eq!(parameters.optional_str("order")?.unwrap_or("ascending"), "ascending");
    /// # Ok::<(), actionbox_guest::Error>(())
    /// ```
    pub fn optional_str(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.trim().is_empty())),
            Some(_) => Err(Error::invalid(name, "must be a string")),
        }
    }

    /// Returns a parameter that must be there as a number, sent as one (`5`) or as text (`"5"`).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameters`] when it is missing, `null` or blank, or no number of this type.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// let parameters = Parameters::from([("amount", "12.50")]);
    /// assert_eq!(parameters.required_number::<f64>("amount")?, 12.5);
    /// assert!(parameters.required_number::<u32>("amount").is_err());
    /// # Ok::<(), actionbox_guest::Error>(())
    /// ```
    pub fn required_number<N: FromStr>(&self, name: &str) -> Result<N, Error> {
        self.optional_number(name)?.ok_or_else(|| Error::missing(name))
    }

    /// Returns a parameter as a number, sent as one (`5`) or as text (`"5"`), or `None` when it is missing,
    /// `null` or blank.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameters`] when it is no number of this type.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// let parameters = Parameters::from([("limit", "20")]);
    /// assert_eq!(parameters.optional_number("limit")?.unwrap_or(100_u32), 20);
    /// assert_eq!(parameters.optional_number("offset")?.unwrap_or(0_u32), 0);
    /// # Ok::<(), actionbox_guest::Error>(())
    /// ```
    pub fn optional_number<N: FromStr>(&self, name: &str) -> Result<Option<N>, Error> {
        let text = match self.get(name) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
            None | Some(Value::Null | Value::String(_)) => return Ok(None),
            Some(_) => return Err(Error::invalid(name, "must be a number")),
        };
        let what = std::any::type_name::<N>();
        text.parse().map(Some).map_err(|_| Error::invalid(name, format!("{text:?} is no number ({what})")))
    }

    /// Returns the value of a parameter.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Parameters, serde_json::json};
    ///
    /// let parameters = Parameters::from([("tags", json!(["new", "vip"]))]);
    /// let tags = parameters.get("tags").and_then(|tags| tags.as_array());
    /// assert_eq!(tags.map(Vec::len), Some(2));
    /// ```
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map().get(name)
    }

    /// Sets a parameter, and returns the value it had.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// let mut parameters = Parameters::from([("limit", "5000")]);
    /// let asked = parameters.insert("limit", "100");
    /// assert_eq!(asked, Some("5000".into()));
    /// ```
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        match &mut *self.0 {
            Value::Object(map) => map.insert(name.into(), value.into()),
            _ => unreachable!("parameters are an object"),
        }
    }

    /// Returns the JSON object.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameters;
    ///
    /// let parameters = Parameters::from([("emial", "ada@example.com")]);
    /// let unknown: Vec<_> = parameters.as_map().keys().filter(|name| *name != "email").collect();
    /// assert_eq!(unknown, ["emial"]);
    /// ```
    pub fn as_map(&self) -> &Map<String, Value> {
        match &*self.0 {
            Value::Object(map) => map,
            _ => unreachable!("parameters are an object"),
        }
    }

    /// Returns the JSON object.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Parameters, serde_json::Value};
    ///
    /// let parameters = Parameters::from([("email", "ada@example.com"), ("dry_run", "yes")]);
    /// let mut contact = parameters.into_map();
    /// contact.remove("dry_run");
    /// assert_eq!(Value::Object(contact).to_string(), r#"{"email":"ada@example.com"}"#);
    /// ```
    pub fn into_map(self) -> Map<String, Value> {
        match self.0.into_value() {
            Value::Object(map) => map,
            _ => unreachable!("parameters are an object"),
        }
    }

    /// Takes the text of one JSON object, without copying it.
    pub(crate) fn from_text(text: String) -> Result<Self, Error> {
        let data = RawValue::from_string(text).and_then(Data::new);
        let data = data.map_err(|error| Problem::with_all(format!("must be one JSON object: {error}")))?;
        if !data.is_object_text() {
            let message = format!("must be one JSON object, not {}", article(&data));
            return Err(Problem::with_all(message).into());
        }
        Ok(Self(data))
    }

    /// Returns the JSON text, without copying one that is there.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        self.0.text()
    }
}

impl Default for Parameters {
    /// Returns parameters without a key.
    fn default() -> Self {
        Map::new().into()
    }
}

impl FromStr for Parameters {
    type Err = Error;

    /// Parses the text of one JSON object.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_text(text.to_owned())
    }
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl fmt::Display for Parameters {
    /// Writes the JSON text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Map<String, Value>> for Parameters {
    fn from(map: Map<String, Value>) -> Self {
        Self(Value::Object(map).into())
    }
}

impl<K: Into<String>, V: Into<Value>, const N: usize> From<[(K, V); N]> for Parameters {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value.into()));
        Map::from_iter(entries).into()
    }
}

impl<'a> IntoIterator for &'a Parameters {
    type Item = (&'a String, &'a Value);
    type IntoIter = serde_json::map::Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_map().iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parameters {
        text.parse().expect("parameters")
    }

    #[test]
    fn text_that_is_no_object_is_refused() {
        for bad in ["", "null", "[]", "\"{}\"", "1", "{", "{}{}", "{} x", "\u{feff}{}", &"[".repeat(1000)] {
            let error = bad.parse::<Parameters>().expect_err(bad);
            assert!(
                matches!(&error, Error::InvalidParameters(problems) if problems[0].parameter.is_none()),
                "{bad:.20}"
            );
        }
    }

    #[test]
    fn blank_is_as_good_as_missing() {
        for text in ["{}", r#"{"a":null}"#, r#"{"a":""}"#, r#"{"a":" "}"#] {
            assert_eq!(parse(text).optional_str("a"), Ok(None), "{text}");
            assert_eq!(parse(text).required_str("a"), Err(Error::missing("a")), "{text}");
            assert_eq!(parse(text).optional_number::<u8>("a"), Ok(None), "{text}");
            assert_eq!(parse(text).required_number::<u8>("a"), Err(Error::missing("a")), "{text}");
        }
        assert!(parse(r#"{"a":1}"#).optional_str("a").is_err());
    }

    #[test]
    fn a_number_may_come_as_text() {
        for text in [r#"{"a":7}"#, r#"{"a":"7"}"#, r#"{"a":" 7 "}"#] {
            assert_eq!(parse(text).required_number::<u8>("a"), Ok(7), "{text}");
        }
        for text in [r#"{"a":"seven"}"#, r#"{"a":300}"#, r#"{"a":-1}"#, r#"{"a":1.5}"#, r#"{"a":true}"#] {
            assert!(parse(text).required_number::<u8>("a").is_err(), "{text}");
        }
    }

    #[test]
    fn what_nobody_changes_is_handed_on_as_it_came() {
        let text = r#"{"id":123456789012345678901234567890,"rate":0.1000000000000000055511151231257827}"#;
        let mut parameters = parse(text);
        assert_eq!(
            parameters.get("id").and_then(Value::as_f64),
            Some(123_456_789_012_345_678_901_234_567_890.0)
        );
        assert_eq!((parameters.to_string().as_str(), &*parameters.text()), (text, text));
        parameters.insert("id", "7");
        assert_eq!(parameters.to_string(), r#"{"id":"7","rate":0.1}"#);
        assert_eq!(parse(" {\n} \n").to_string(), "{\n}");
        assert_eq!(Parameters::default(), parse("{}"));
    }

    #[test]
    fn text_comes_out_as_it_went_in() {
        let text = r#"{"a":[1,1.0,-0.5,18446744073709551615],"é":"☃ \" \n"}"#;
        assert_eq!(parse(text).to_string(), text);
    }
}
