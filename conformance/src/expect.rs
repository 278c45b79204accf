//! What a case says of what it found.

use std::fmt;

use actionbox_host::Error;
use serde_json::{Number, Value};

use crate::report::Verdict;

/// How a case ends: it holds, or the verdict.
pub(crate) type Played = Result<(), Verdict>;

/// Says that something else should have happened.
pub(crate) fn broken(
    tried: impl fmt::Display,
    expected: impl fmt::Display,
    found: impl fmt::Display,
) -> Verdict {
    Verdict::Broken { tried: cut(tried), expected: cut(expected), found: cut(found) }
}

/// Says that there is nothing to judge.
pub(crate) fn skipped(reason: impl Into<String>) -> Verdict {
    Verdict::Skipped { reason: reason.into() }
}

/// Holds when a condition does.
pub(crate) fn check(
    condition: bool,
    tried: impl fmt::Display,
    expected: impl fmt::Display,
    found: impl fmt::Display,
) -> Played {
    if condition { Ok(()) } else { Err(broken(tried, expected, found)) }
}

/// Returns the value, or says that there should have been one.
pub(crate) fn ok<T>(
    result: Result<T, Error>,
    tried: impl fmt::Display,
    expected: impl fmt::Display,
) -> Result<T, Verdict> {
    result.map_err(|error| broken(tried, expected, told(&error)))
}

/// Returns the error, or says that there should have been one.
pub(crate) fn err<T: fmt::Debug>(
    result: Result<T, Error>,
    tried: impl fmt::Display,
    expected: impl fmt::Display,
) -> Result<Error, Verdict> {
    match result {
        Ok(value) => Err(broken(tried, expected, format!("{value:?}"))),
        Err(error) => Ok(error),
    }
}

/// Returns an error as an author recognises it: the case of the contract, and what it holds.
pub(crate) fn told(error: &Error) -> String {
    let debug = format!("{error:?}");
    let case = debug.split([' ', '(', '{']).next().unwrap_or_default();
    format!("{case}: {error}")
}

/// Tells whether two JSON values mean the same: a number may be written in another way.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Returns a number that is whole, however it is written.
fn whole(number: &Number) -> Option<i128> {
    /// Beyond, a float is not worth comparing digit by digit.
    const LARGEST: f64 = 1e30;
    let exact = number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from));
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and within range")]
    let float = || {
        number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < LARGEST)
            .map(|float| float as i128)
    };
    exact.or_else(float)
}

fn cut(text: impl fmt::Display) -> String {
    const SHOWN: usize = 300;
    let text = text.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_may_be_written_in_another_way_but_not_lose_a_digit() {
        assert!(same(&json!({ "a": [1.0, 2] }), &json!({ "a": [1, 2.0] })));
        assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
        assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992.0)));
        assert!(!same(&json!([1]), &json!([1, 2])) && !same(&json!({ "a": 1 }), &json!({ "b": 1 })));
        assert!(!same(&json!("1"), &json!(1)));
    }
}
