//! Recordings as text: JSON for people to read, compare and edit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::exchange::{Exchange, ExchangeOutcome};

/// The version of this form.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    actionbox_cassette: u32,
    exchanges: Vec<Written>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    method: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Outcome {
    Answered {
        status: u16,
        headers: BTreeMap<String, String>,
        /// A body that is JSON, as it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        json: Option<Box<RawValue>>,
        /// Any other body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    Unconnected(String),
    Unsecured(String),
    TimedOut,
    Broken(String),
    Stopped(String),
}

/// Reads exchanges.
///
/// # Errors
///
/// What is wrong with the text, and where.
pub(super) fn read(json: &str) -> Result<Vec<Exchange>, String> {
    let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
    match file.actionbox_cassette {
        VERSION => Ok(file.exchanges.into_iter().map(Exchange::from).collect()),
        other => Err(format!("its version is {other}, and this program reads version {VERSION}")),
    }
}

/// Writes exchanges.
pub(super) fn write(exchanges: &[Exchange]) -> String {
    let exchanges = exchanges.iter().map(Written::from).collect();
    let file = File { actionbox_cassette: VERSION, exchanges };
    let mut text = serde_json::to_string_pretty(&file).expect("texts and numbers are always written");
    text.push('\n');
    text
}

/// Takes a text as JSON, if it is.
fn raw(text: &str) -> Option<Box<RawValue>> {
    let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
    // Space around it would be lost, and `null` would be read as nothing at all.
    (raw.get().len() == text.len() && text != "null").then_some(raw)
}

impl From<Written> for Exchange {
    fn from(written: Written) -> Self {
        let text = |raw: Box<RawValue>| Box::<str>::from(raw).into_string();
        let outcome = match written.outcome {
            Outcome::Answered { status, headers, json, text: other } => {
                let body = json.map(text).or(other).unwrap_or_default();
                ExchangeOutcome::Answered { status, headers: headers.into_iter().collect(), body }
            }
            Outcome::Unconnected(reason) => ExchangeOutcome::Unconnected(reason),
            Outcome::Unsecured(reason) => ExchangeOutcome::Unsecured(reason),
            Outcome::TimedOut => ExchangeOutcome::TimedOut,
            Outcome::Broken(reason) => ExchangeOutcome::Broken(reason),
            Outcome::Stopped(reason) => ExchangeOutcome::Stopped(reason),
        };
        Self { method: written.method, url: written.url, body: written.body.map(text), outcome }
    }
}

impl From<&Exchange> for Written {
    fn from(exchange: &Exchange) -> Self {
        let outcome = match &exchange.outcome {
            ExchangeOutcome::Answered { status, headers, body } => {
                let json = raw(body);
                let text = (json.is_none() && !body.is_empty()).then(|| body.clone());
                Outcome::Answered { status: *status, headers: headers.iter().cloned().collect(), json, text }
            }
            ExchangeOutcome::Unconnected(reason) => Outcome::Unconnected(reason.clone()),
            ExchangeOutcome::Unsecured(reason) => Outcome::Unsecured(reason.clone()),
            ExchangeOutcome::TimedOut => Outcome::TimedOut,
            ExchangeOutcome::Broken(reason) => Outcome::Broken(reason.clone()),
            ExchangeOutcome::Stopped(reason) => Outcome::Stopped(reason.clone()),
        };
        let body = exchange.body.as_deref().and_then(raw);
        Self { method: exchange.method.clone(), url: exchange.url.clone(), body, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(outcome: ExchangeOutcome) -> Exchange {
        let url = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions".to_owned();
        Exchange { method: "GET".to_owned(), url, body: None, outcome }
    }

    fn answered(body: &str) -> Exchange {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        exchange(ExchangeOutcome::Answered { status: 200, headers, body: body.to_owned() })
    }

    #[test]
    fn what_is_written_is_read_byte_for_byte() {
        let bodies =
            ["", "[]", r#"{"b": 1.0,"a":12345678901234567890123}"#, " {}", "{", "\u{feff}é\n", "null"];
        let mut exchanges: Vec<_> = bodies.iter().map(|body| answered(body)).collect();
        exchanges.push(Exchange { body: Some(r#"{"limit": "1"}"#.to_owned()), ..answered("{}") });
        let because = || "because".to_owned();
        exchanges.extend(
            [
                ExchangeOutcome::Unconnected(because()),
                ExchangeOutcome::Unsecured(because()),
                ExchangeOutcome::TimedOut,
                ExchangeOutcome::Broken(because()),
                ExchangeOutcome::Stopped(because()),
            ]
            .map(exchange),
        );
        assert_eq!(read(&write(&exchanges)), Ok(exchanges));
    }

    #[test]
    fn what_is_no_recording_is_told_with_the_place() {
        let table = [
            ("", "line 1"),
            ("[]", "line 1"),
            ("{}", "actionbox_cassette"),
            (r#"{"actionbox_cassette":2,"exchanges":[]}"#, "version 1"),
            (r#"{"actionbox_cassette":1,"exchanges":[{"method":"GET","url":"x","outcome":"lost"}]}"#, "lost"),
            (r#"{"actionbox_cassette":1,"exchanges":[],"key":"x"}"#, "key"),
        ];
        for (text, reason) in table {
            let error = read(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
