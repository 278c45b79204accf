//! What a recording has instead of a request that is not in it.

use serde_json::Value;

use super::exchange::{Exchange, ExchangeOutcome};
use crate::audit::escaped;

/// How many differences between two bodies are told.
const TOLD: usize = 3;
/// How much of a value is shown.
const SHOWN: usize = 60;

/// Says why none of the recorded exchanges answers what was asked: the nearest one, and how it differs.
pub(super) fn describe(asked: &Exchange, recorded: &[&Exchange]) -> String {
    let same = |exchange: &&&Exchange| exchange.asks_the_same(asked);
    let times = recorded.iter().filter(same).filter(|exchange| exchange.is_playable()).count();
    if times > 0 {
        return format!("it is recorded {times} times, and has been played as often");
    }
    let to_it = || numbered(recorded).filter(|(_, exchange)| is_to(asked, exchange));
    // What is stopped early has no body.
    let stopped = to_it().find_map(|(at, exchange)| match &exchange.outcome {
        ExchangeOutcome::Stopped(reason) if exchange.body.is_none() => Some((at, reason)),
        ExchangeOutcome::Stopped(reason) if exchange.asks_the_same(asked) => Some((at, reason)),
        _ => None,
    });
    if let Some((at, reason)) = stopped {
        return format!("when it was recorded, as number {at}, it was stopped: {reason}");
    }
    let of_it = to_it().map(|(at, exchange)| (at, differences(asked, exchange)));
    if let Some((at, differences)) = of_it.min_by_key(|(_, differences)| differences.len()) {
        let more = differences.len().saturating_sub(TOLD);
        let mut told = differences.into_iter().take(TOLD).collect::<Vec<_>>().join("; ");
        if more > 0 {
            told.push_str(&format!("; and {more} more"));
        }
        return format!("the nearest is number {at}, with another body: {told}");
    }
    // Of several, the first.
    let nearest = numbered(recorded).rev().max_by_key(|(_, exchange)| in_common(asked, exchange));
    match nearest {
        Some((at, exchange)) => format!("the nearest is number {at}, {} {}", exchange.method, exchange.url),
        None => "nothing is recorded in it".to_owned(),
    }
}

fn numbered<'a>(
    recorded: &'a [&Exchange],
) -> impl DoubleEndedIterator<Item = (usize, &'a Exchange)> + ExactSizeIterator {
    recorded.iter().enumerate().map(|(at, exchange)| (at + 1, *exchange))
}

fn is_to(asked: &Exchange, exchange: &Exchange) -> bool {
    (&asked.method, &asked.url) == (&exchange.method, &exchange.url)
}

/// Counts the words that two URLs have at the same place, beside the method.
fn in_common(asked: &Exchange, exchange: &Exchange) -> usize {
    let same = asked.url.split('/').zip(exchange.url.split('/')).filter(|(one, other)| one == other).count();
    2 * same + usize::from(asked.method == exchange.method)
}

/// Tells how two bodies differ, key by key.
fn differences(asked: &Exchange, exchange: &Exchange) -> Vec<String> {
    let mut found = Vec::new();
    compare("", &asked.body_value(), &exchange.body_value(), &mut found);
    found
}

fn compare(path: &str, asked: &Value, recorded: &Value, found: &mut Vec<String>) {
    match (asked, recorded) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let inside = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in ours {
                match theirs.get(key) {
                    Some(other) => compare(&inside(key), value, other, found),
                    None => found.push(format!("{} is asked and not recorded", escaped(&inside(key)))),
                }
            }
            let gone = theirs.keys().filter(|key| !ours.contains_key(*key));
            found.extend(gone.map(|key| format!("{} is recorded and not asked", escaped(&inside(key)))));
        }
        _ if asked == recorded => {}
        _ => {
            let path = if path.is_empty() { "the body".to_owned() } else { escaped(path) };
            found.push(format!("{path} is {}, recorded is {}", shown(asked), shown(recorded)));
        }
    }
}

fn shown(value: &Value) -> String {
    let text = escaped(&value.to_string());
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(url: &str, body: &str, outcome: ExchangeOutcome) -> Exchange {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let body = (!body.is_empty()).then(|| body.to_owned());
        Exchange { method: method.to_owned(), url: url.to_owned(), body, outcome }
    }

    #[test]
    fn the_nearest_request_is_told_and_how_it_differs() {
        let recorded = [
            exchange("https://u/hubspot/actions", "", ExchangeOutcome::TimedOut),
            exchange("https://u/hubspot/actions/get", r#"{"limit":"1"}"#, ExchangeOutcome::TimedOut),
            exchange(
                "https://u/hubspot/actions/get",
                r#"{"limit":"2","a":{"b":1}}"#,
                ExchangeOutcome::TimedOut,
            ),
            exchange("https://u/slack/actions", "", ExchangeOutcome::Stopped("refused: so".to_owned())),
        ];
        let table = [
            ("https://u/hubspot/actions", "", "it is recorded 1 times, and has been played as often"),
            ("https://u/slack/actions", "", "when it was recorded, as number 4, it was stopped: refused: so"),
            (
                "https://u/hubspot/actions/get",
                r#"{"limit":"9"}"#,
                "number 2, with another body: limit is \"9\", recorded is \"1\"",
            ),
            (
                "https://u/hubspot/actions/get",
                r#"{"limit":"2","a":{"b":2}}"#,
                "number 3, with another body: a.b is 2, recorded is 1",
            ),
            (
                "https://u/hubspot/actions/get",
                r#"{"limit":"1","x":1}"#,
                "number 2, with another body: x is asked and not recorded",
            ),
            (
                "https://u/hubspot/actions/get",
                "{}",
                "number 2, with another body: limit is recorded and not asked",
            ),
            (
                "https://u/hubspot/actions/create",
                "{}",
                "the nearest is number 2, POST https://u/hubspot/actions/get",
            ),
            ("https://u/slack/actions/send", "{}", "the nearest is number 4, GET https://u/slack/actions"),
        ];
        let recorded: Vec<_> = recorded.iter().collect();
        for (url, body, expected) in table {
            let told = describe(&exchange(url, body, ExchangeOutcome::TimedOut), &recorded);
            assert!(told.contains(expected), "{url} {body}: {told}");
        }
        assert_eq!(describe(recorded[0], &[]), "nothing is recorded in it");
    }

    #[test]
    fn what_is_told_is_short_and_harmless() {
        let body = |value: String| serde_json::json!({ "a\u{1b}[2J": value }).to_string();
        let recorded = exchange("https://u/x", &body("y".repeat(1_000_000)), ExchangeOutcome::TimedOut);
        let asked = exchange("https://u/x", &body("\u{1b}]0;".repeat(100_000)), ExchangeOutcome::TimedOut);
        let told = describe(&asked, &[&recorded]);
        assert!(told.len() < 1000 && !told.contains(char::is_control), "{told}");
    }
}
