//! Reads parameters into a type, and remembers which key did not fit.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, value::MapAccessDeserializer,
};
use serde_json::{Map, Value};

use crate::error::Problem;

/// Reads the parameters into a type.
pub(super) fn decode<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T, Problem> {
    let entries = Entries { rest: map.into_iter(), current: None };
    T::deserialize(MapAccessDeserializer::new(entries)).map_err(|misfit| misfit.0)
}

/// The entries of the parameters, one after the other.
struct Entries {
    rest: serde_json::map::IntoIter,
    current: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        let read = seed.deserialize(key.as_str().into_deserializer());
        self.current = Some((key, value));
        read.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (key, value) =
            self.current.take().ok_or_else(|| Misfit::custom("a value was asked before its key"))?;
        seed.deserialize(value).map_err(|error| Misfit(Problem::new(key, error.to_string())))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A problem as an error of `serde`, which tells the field where it knows it.
#[derive(Debug)]
struct Misfit(Problem);

impl Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Problem::with_all(message.to_string()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Problem::missing(field))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self(Problem::new(field, format!("is not known; expected {}", expected.join(", "))))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self(Problem::new(field, "is given twice"))
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Misfit {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Input {
        email: String,
        #[serde(alias = "max")]
        limit: Option<u8>,
        address: Option<Address>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Address {
        city: String,
    }

    fn decoded<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
        decode(value.as_object().expect("an object").clone())
    }

    #[test]
    fn what_fits_is_read() {
        let input = decoded::<Input>(json!({"email": "a@b", "limit": 3, "address": {"city": "x"}}));
        let address = Some(Address { city: "x".into() });
        assert_eq!(input, Ok(Input { email: "a@b".into(), limit: Some(3), address }));
        let map = decoded::<BTreeMap<String, u8>>(json!({"a": 1}));
        assert_eq!(map, Ok(BTreeMap::from([("a".into(), 1)])));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (value, parameter, message) in [
            (json!({}), "email", "is required"),
            (json!({"email": 1}), "email", "invalid type: integer `1`, expected a string"),
            (json!({"email": "a", "limit": "3"}), "limit", "invalid type: string \"3\", expected u8"),
            (json!({"email": "a", "limit": 256}), "limit", "invalid value: integer `256`, expected u8"),
            (json!({"email": "a", "address": {}}), "address", "missing field `city`"),
            (json!({"email": "a", "mail": 1}), "mail", "is not known; expected email, limit, max, address"),
            (json!({"email": "a", "limit": 1, "max": 1}), "limit", "is given twice"),
        ] {
            let problem = decoded::<Input>(value).unwrap_err();
            assert_eq!((problem.parameter.as_deref(), problem.message.as_str()), (Some(parameter), message));
        }
    }
}
