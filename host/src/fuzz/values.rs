//! Any text that a guest hands over: read as what the contract has it be, and shown in errors.

use serde_json::Value;

use crate::{
    audit::escaped,
    contract::{Outcome, Problem, bindings::actionbox::plugin::types as wit, json_values},
    error::{Error, Sent},
    gate::{
        rebuild::{BadBody, check_body},
        route::Route,
    },
    name::{ActionId, AppSlug},
};

/// Reads a text as data, as a body, as a name, and shows it in every error that holds words of a guest.
pub fn values(input: &[u8]) {
    let text = &*String::from_utf8_lossy(input);
    read_as_data(text);
    read_as_body(input);
    read_as_name(text);
    for error in errors(text) {
        is_fit_for_a_log(&error.to_string());
    }
    let shown = escaped(text);
    is_fit_for_a_log(&shown);
    assert_eq!(escaped(text).ends_with('…'), text.chars().count() > 200 || text.ends_with('…'));
}

/// Checks that only JSON is an outcome, that a failure stays one, and that values are not undercounted.
fn read_as_data(text: &str) {
    let parsed = serde_json::from_str::<Value>(text).ok();
    if let Some(value) = &parsed {
        assert!(count(value) <= json_values(text), "{} values, {} counted", count(value), json_values(text));
    }
    let data = text.to_owned();
    let succeeded = wit::Outcome::Succeeded(wit::Success { http_status: Some(200), data: data.clone() });
    let node_status = text.to_owned();
    let failed = wit::Outcome::Failed(wit::Failure { node_status, http_status: None, data });
    match (Outcome::try_from(&succeeded), Outcome::try_from(&failed), parsed) {
        (Ok(Outcome::Succeeded(success)), Ok(Outcome::Failed(failure)), Some(value)) => {
            assert_eq!((&success.data, &failure.data, &*failure.node_status), (&value, &value, text));
            is_fit_for_a_log(&failure.to_string());
        }
        (Err(_), Err(_), None) => {}
        (succeeded, failed, _) => panic!("{succeeded:?} {failed:?}"),
    }
}

/// Counts the values of JSON, the keys of objects among them.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(|value| 1 + count(value)).sum::<usize>(),
        _ => 1,
    }
}

/// Checks that a body is one JSON object without a key that selects an account, for an execute request alone.
fn read_as_body(body: &[u8]) {
    const SUSPECT: [&str; 8] = [
        "apikey",
        "authorization",
        "constructor",
        "linkedaccount",
        "linkedaccountid",
        "proto",
        "sessiontoken",
        "xapikey",
    ];
    let app = AppSlug::parse("hubspot").expect("a slug");
    let action = ActionId::parse("get_contact").expect("an id");
    let length = Some(body.len() as u64);
    let list = check_body(&Route::List { app: app.clone() }, length, body);
    assert_eq!(list.is_ok(), body.is_empty());
    let route = Route::Execute { app, action };
    assert_eq!(check_body(&route, None, body), Err(BadBody::Incomplete));
    assert_eq!(check_body(&route, length.map(|length| length + 1), body), Err(BadBody::Incomplete));

    let checked = check_body(&route, length, body);
    match serde_json::from_slice(body) {
        Ok(Value::Object(entries)) => {
            let plain =
                |key: &String| key.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
            let suspect = entries.keys().any(|key| SUSPECT.contains(&&*plain(key)));
            assert_eq!(suspect, matches!(checked, Err(BadBody::SelectsAccount(_))), "{checked:?}");
            assert!(suspect || checked.is_ok(), "{checked:?}");
        }
        Ok(_) => assert_eq!(checked, Err(BadBody::NotAnObject)),
        // Of the values, only the syntax is checked: a number may be one that no type holds.
        Err(_) => assert!(checked.is_err() || body.starts_with(b"{") || body[0].is_ascii_whitespace()),
    }
}

fn read_as_name(text: &str) {
    let is_word = |lower: bool| {
        let fits = |c: char| c.is_ascii_alphanumeric() && !(lower && c.is_ascii_uppercase());
        text.chars().all(|c| fits(c) || c == '_' || c == '-')
    };
    let app = AppSlug::parse(text);
    assert_eq!(app.is_ok(), (1..=64).contains(&text.len()) && is_word(true) && !text.starts_with(['_', '-']));
    let action = ActionId::parse(text);
    assert_eq!(action.is_ok(), (1..=128).contains(&text.len()) && is_word(false));
    for error in [app.map(drop), action.map(drop)].into_iter().filter_map(Result::err) {
        is_fit_for_a_log(&error.to_string());
    }
}

/// Returns every error that holds words of a guest, with these words.
fn errors(text: &str) -> Vec<Error> {
    let words = || text.to_owned();
    let sent = Sent::No;
    let problem = |parameter| Problem { parameter, message: words() };
    vec![
        Error::UnknownApp { app: words(), sent },
        Error::UnknownAction { app: words(), action: words(), sent },
        Error::InvalidParameters { problems: vec![problem(None), problem(Some(words()))], sent },
        Error::DeniedByPlugin { reason: words(), sent },
        Error::ReauthorizationRequired { reason: words(), sent },
        Error::Upstream {
            status: None,
            code: Some(words()),
            message: words(),
            request_id: Some(words()),
            sent,
        },
        Error::Plugin { message: words(), sent },
    ]
}

/// Checks that a text forges no line of a log and floods none: each of at most three words is cut at 200
/// characters, and an escaped one is at most ten long.
pub(super) fn is_fit_for_a_log(text: &str) {
    assert!(text.chars().count() < 7_000, "{} characters", text.chars().count());
    assert!(
        !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}')),
        "{text:?}"
    );
}
