//! What an app answered: JSON that is read when somebody looks into it, and handed on as it came otherwise.

use std::{
    borrow::Cow,
    fmt,
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::OnceLock,
};

use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};

use self::check::Plain;

mod check;
mod glance;

/// What an app answered: a JSON value that is read when somebody looks into it, and handed on as it came
/// otherwise.
///
/// It is used as the [`Value`] to which it dereferences, and made of whatever a `Value` is made of. Text is
/// checked when it comes in, so looking into it never fails.
///
/// What nobody changes keeps its text, spaces included. Numbers keep digits that no 64-bit number holds,
/// and an object keeps a key that it has twice; the `Value` has the nearest number and the last of the two,
/// as `serde_json` reads them. [Looking at it mutably](DerefMut) drops the text.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Outcome, serde_json::json};
///
/// let outcome = Outcome::success(json!({ "results": [{ "id": "51" }] }));
/// let mut data = outcome.into_result()?.data;
/// assert_eq!(data["results"][0]["id"], "51");
///
/// data["total"] = 1.into();
/// assert_eq!(data, json!({ "results": [{ "id": "51" }], "total": 1 }));
/// # Ok::<(), actionbox_guest::Failure>(())
/// ```
///
/// From text, of which nothing is lost on the way:
///
/// ```
/// use actionbox_guest::{Data, Outcome};
///
/// let data: Data = r#"{"id": 123456789012345678901234567890}"#.parse()?;
/// assert!(data["id"].is_number());
/// assert_eq!(data.to_string(), r#"{"id": 123456789012345678901234567890}"#);
/// let outcome = Outcome::success(data);
/// assert!(outcome.is_success());
/// # Ok::<(), actionbox_guest::serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Data(Form);

#[derive(Clone)]
enum Form {
    /// As it came, and the value once somebody has looked.
    Text { text: Box<RawValue>, read: OnceLock<Value> },
    /// Made or changed by the plugin.
    Value(Value),
}

impl Data {
    /// Holds a text that is JSON, if it is one that a [`Value`] can be read from.
    pub(crate) fn new(text: Box<RawValue>) -> serde_json::Result<Self> {
        let can_be_read =
            glance::can_be_read(text.get()) || serde_json::from_str(text.get()).is_ok_and(|Plain| true);
        if can_be_read {
            return Ok(Self(Form::Text { text, read: OnceLock::new() }));
        }
        // Read at once, which is right for all that is not plain, and says what is wrong.
        serde_json::from_str::<Value>(text.get()).map(Self::from)
    }

    /// Returns the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Data, serde_json::{Value, json}};
    ///
    /// let data = Data::from(json!([1, 2]));
    /// let Value::Array(items) = data.into_value() else { panic!("no array") };
    /// assert_eq!(items.len(), 2);
    /// ```
    pub fn into_value(self) -> Value {
        match self.0 {
            Form::Text { text, read } => read.into_inner().unwrap_or_else(|| value(&text)),
            Form::Value(value) => value,
        }
    }

    /// Tells whether it is an object, without looking into it.
    pub(crate) fn is_object_text(&self) -> bool {
        match &self.0 {
            Form::Text { text, .. } => text.get().starts_with('{'),
            Form::Value(value) => value.is_object(),
        }
    }

    /// Returns the JSON text, without copying one that is there.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Form::Text { text, .. } => text.get().into(),
            Form::Value(value) => value.to_string().into(),
        }
    }

    /// Returns the JSON text, without copying one that is there.
    pub(crate) fn into_text(self) -> String {
        match self.0 {
            Form::Text { text, .. } => Box::<str>::from(text).into_string(),
            Form::Value(value) => value.to_string(),
        }
    }
}

/// Reads a text that was checked.
fn value(text: &RawValue) -> Value {
    serde_json::from_str(text.get()).expect("a text that was checked can be read")
}

impl Deref for Data {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &self.0 {
            Form::Text { text, read } => read.get_or_init(|| value(text)),
            Form::Value(value) => value,
        }
    }
}

impl DerefMut for Data {
    /// The text is dropped: it may say something else from now on.
    fn deref_mut(&mut self) -> &mut Value {
        if let Form::Text { .. } = self.0 {
            *self = Self(Form::Value(std::mem::take(self).into_value()));
        }
        match &mut self.0 {
            Form::Value(value) => value,
            Form::Text { .. } => unreachable!("it has just become a value"),
        }
    }
}

impl Default for Data {
    /// Returns `null`.
    fn default() -> Self {
        Self(Form::Value(Value::Null))
    }
}

impl FromStr for Data {
    type Err = serde_json::Error;

    /// Holds a JSON text.
    fn from_str(text: &str) -> serde_json::Result<Self> {
        Self::new(serde_json::from_str(text)?)
    }
}

impl<T> From<T> for Data
where
    Value: From<T>,
{
    fn from(value: T) -> Self {
        Self(Form::Value(value.into()))
    }
}

/// Data is equal to what its value is equal to, other data included.
impl<T: ?Sized> PartialEq<T> for Data
where
    Value: PartialEq<T>,
{
    fn eq(&self, other: &T) -> bool {
        **self == *other
    }
}

impl PartialEq<Data> for Value {
    fn eq(&self, other: &Data) -> bool {
        *self == **other
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Text { text, .. } => text.serialize(serializer),
            Form::Value(value) => value.serialize(serializer),
        }
    }
}

impl fmt::Display for Data {
    /// Writes the JSON text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text { text, .. } => f.write_str(text.get()),
            Form::Value(value) => value.fmt(f),
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(text: &str) -> Data {
        text.parse().expect("JSON")
    }

    fn is_read(data: &Data) -> bool {
        match &data.0 {
            Form::Text { read, .. } => read.get().is_some(),
            Form::Value(_) => true,
        }
    }

    #[test]
    fn what_nobody_looks_into_is_handed_on_as_it_came() {
        for text in [
            r#"{"id":123456789012345678901234567890,"rate":0.10000000000000000000000000000000001}"#,
            r#"{"twice":1,"twice":2}"#,
            "[ 1.50,\n\t1e2 ]",
            r#""\u00e9\/""#,
            r#"["\\","\"","$5","e9",1e9,[1.5,-0,"9e999\n"],true,false,null,"☃"]"#,
            &("1".repeat(300) + ".5"),
            "null",
        ] {
            let data = data(text);
            assert_eq!((data.to_string().as_str(), data.clone().into_text().as_str()), (text, text));
            assert!(!is_read(&data), "{text}");
            // Looking takes nothing away.
            assert_eq!(*data, serde_json::from_str::<Value>(text).expect("JSON"));
            assert_eq!(data.into_text(), text);
        }
    }

    #[test]
    fn what_is_changed_is_written_anew() {
        let mut data = data(r#"{ "a": 1, "a": 2 }"#);
        data["b"] = json!(3);
        assert_eq!(data.to_string(), r#"{"a":2,"b":3}"#);
        assert_eq!(data["a"].take(), 2);
        assert_eq!(data.into_text(), r#"{"a":null,"b":3}"#);
    }

    #[test]
    fn what_a_value_cannot_be_read_from_is_refused_at_once() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for text in [
            "",
            "{",
            "1 2",
            "1e999",
            "[-1e999]",
            "[1.5E+999]",
            &"9".repeat(310),
            r#""\ud800""#,
            r#"{"\udc00":1}"#,
            "\"\u{1}\"",
            r#""\x""#,
            "nul",
            "01",
            // By these keys serde_json tells values of its own from objects.
            r#"[{"$serde_json::private::RawValue":"{"}]"#,
            r#"{"\u0024serde_json::private::RawValue":5}"#,
            &deep(128),
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text:.40}");
            assert!(text.parse::<Data>().is_err(), "{text:.40}");
        }
        for depth in [99, 100, 101, 127] {
            assert!(is_array(&data(&deep(depth))));
        }
    }

    fn is_array(value: &Value) -> bool {
        value.is_array()
    }

    #[test]
    fn a_key_that_serde_json_keeps_to_itself_is_read_as_it_reads_it() {
        for text in [
            r#"{"$serde_json::private::RawValue":"[1]"}"#,
            r#"{"$serde_json::private::Number":"7"}"#,
            r#"{"a":1,"$serde_json::private::RawValue":"{"}"#,
        ] {
            assert_eq!(data(text), serde_json::from_str::<Value>(text).expect("JSON"), "{text}");
        }
    }

    #[test]
    fn it_is_compared_and_built_as_a_value_is() {
        assert_eq!(data(r#"{"a": 1}"#), data(r#"{ "a":1 }"#));
        assert_eq!((data("1"), data("true")), (1.into(), true.into()));
        assert_eq!((data("\"no\""), Data::default()), (Data::from("no"), Data::from(())));
        assert!(
            data("\"no\"") == "no" && data("1.5") == 1.5 && data("1") == 1 && json!("no") == data("\"no\"")
        );
        assert_ne!(data("[1]"), data("[2]"));
        assert_eq!(Data::from(vec![1, 2]), json!([1, 2]));
        assert_eq!(format!("{:?}", data("[1]")), format!("{:?}", json!([1])));
    }

    #[test]
    fn it_goes_into_other_json_as_it_came() {
        let data = data("[12345678901234567890123]");
        assert_eq!(serde_json::to_string(&[&data]).expect("JSON"), "[[12345678901234567890123]]");
        assert_eq!(json!({ "all": data }), json!({ "all": [12345678901234567890123_f64] }));
    }
}
