//! What a plugin makes of parameters and data.

use actionbox_host::{Error, Outcome};
use serde_json::{Value, json};

use super::cases;
use crate::{
    expect::{Played, broken, check, err, ok, same, told},
    stage::{NO_ACTION, Stage},
};

cases! { "executing":
    "a read runs once, for the tenant's account" => read,
    "a write runs once, with what it was given" => write,
    "parameters of every JSON type arrive as they are" => parameter_types,
    "text in any script arrives as it is, and comes back as it is" => unicode,
    "whole numbers keep all their digits, both ways" => digits,
    "parameters of 300 KB arrive as they are" => large_parameters,
    "no parameters at all are an empty object" => no_parameters,
    "data of every JSON type comes back as it is" => data_types,
    "data that is missing is null" => no_data,
    "data of 300 KB comes back as it is" => large_data,
    "data of 10,000 records comes back as it is" => many_records,
    "data a hundred levels deep comes back as it is" => deep_data,
    "the app's own status is passed on, and an odd one is left out" => http_status,
    "what is new in an outcome is ignored" => unknown_fields,
    "200 with any word but `Success` is a failure, with its data" => not_success,
    "an action that does not exist is `unknown-action` when executed" => unknown_action,
}

/// Executes, and returns the data of a success.
async fn data(stage: &Stage, action: &str, parameters: &Value, tried: &str) -> Result<Value, crate::Verdict> {
    let expected = "a success";
    match ok(stage.execute(action, parameters).await, tried, expected)? {
        Outcome::Succeeded(success) => Ok(success.data),
        Outcome::Failed(failure) => Err(broken(tried, expected, format!("{failure:?}"))),
    }
}

/// Lets the upstream answer data, and checks that it comes back.
async fn comes_back(stage: &Stage, tried: &str, expected: Value) -> Played {
    let action = stage.read()?;
    stage.outcome("Success", expected.clone());
    let found = data(stage, action, &json!({}), tried).await?;
    check(same(&found, &expected), tried, &expected, &found)
}

/// Executes a write with parameters, and checks that they arrive.
async fn arrives(stage: &Stage, tried: &str, parameters: Value) -> Played {
    let action = stage.write()?;
    stage.outcome("Success", Value::Null);
    data(stage, action, &parameters, tried).await?;
    let found = stage.sandbox.requests().into_iter().filter_map(|request| request.json()).next_back();
    let found = found.unwrap_or_default();
    check(same(&found, &parameters), tried, format!("{parameters} at the upstream"), found)
}

async fn read(stage: &Stage) -> Played {
    let action = stage.read()?;
    let tried = format!("execute-action({:?}, {action:?}, {{}})", stage.app());
    data(stage, action, &json!({}), &tried).await?;
    let ran: Vec<_> = stage.sandbox.executions().into_iter().map(|execution| execution.action).collect();
    check(ran == [action], tried, format!("{action} once at the upstream"), format!("{ran:?}"))
}

async fn write(stage: &Stage) -> Played {
    let action = stage.write()?;
    let parameters = json!({ "email": "kit@example.com", "name": "Kit", "channel": "C1", "text": "hello" });
    let tried = format!("execute-action({:?}, {action:?}, {parameters})", stage.app());
    stage.outcome("Success", json!({ "id": "1" }));
    let found = data(stage, action, &parameters, &tried).await?;
    check(same(&found, &json!({ "id": "1" })), &tried, "the data", &found)?;
    check(stage.executions() == 1, tried, "one request", stage.executions())
}

async fn parameter_types(stage: &Stage) -> Played {
    arrives(
        stage,
        "parameters of every JSON type",
        json!({
            "text": "a", "empty": "", "number": "1", "int": 7, "negative": -7, "float": 0.5, "tiny": 1e-9, "yes": true,
            "no": false, "null": null, "list": [1, "b", null, [true]], "empty list": [], "object": { "a": { "b": {} } },
            "text that is JSON": "{\"a\":[1]}", "key with spaces and \"quotes\"": 1, "": "empty key",
        }),
    )
    .await
}

async fn unicode(stage: &Stage) -> Played {
    let texts = json!({
        "scripts": "Grüße, 日本語, עברית, العربية, ไทย",
        "astral": "🚀 👨‍👩‍👧 𝔘𝔫𝔦",
        "combining": "e\u{301} is not é",
        "separators": "\u{2028}\u{2029}\u{feff}\u{a0}",
        "controls": "\u{0}\u{1}\t\n\r\u{1b}[31m\u{7f}",
        "quotes": "\"'\\/</script><!--",
        "noncharacters": "\u{fffd}\u{ffff}\u{10ffff}",
        "ключ": "a key in another script",
    });
    arrives(stage, "text in many scripts, as parameters", texts.clone()).await?;
    comes_back(stage, "text in many scripts, as data", texts).await
}

async fn digits(stage: &Stage) -> Played {
    let numbers = json!({
        "beyond 2^53": 9_007_199_254_740_993_u64, "below": -9_007_199_254_740_993_i64,
        "largest": u64::MAX, "smallest": i64::MIN, "list": [9_223_372_036_854_775_807_u64],
    });
    comes_back(stage, "large whole numbers, as data", numbers.clone()).await?;
    arrives(stage, "large whole numbers, as parameters", numbers).await
}

async fn large_parameters(stage: &Stage) -> Played {
    arrives(stage, "300 KB of parameters", json!({ "text": "0123456789".repeat(30_000), "last": "x" })).await
}

async fn no_parameters(stage: &Stage) -> Played {
    let action = stage.read()?;
    stage.outcome("Success", Value::Null);
    data(stage, action, &json!({}), "no parameters").await?;
    let found =
        stage.sandbox.requests().into_iter().map(|request| request.body).next_back().unwrap_or_default();
    let found = String::from_utf8_lossy(&found).into_owned();
    check(found.trim() == "{}", "no parameters", "the body {}", found)
}

async fn data_types(stage: &Stage) -> Played {
    for value in [
        json!({}),
        json!({ "a": [{ "b": null }] }),
        json!([]),
        json!([1, "2", null]),
        json!("text"),
        json!(""),
        json!(0),
        json!(-1.25),
        json!(true),
        json!(false),
        Value::Null,
        json!("{\"json\":\"in text\"}"),
    ] {
        comes_back(stage, &format!("the data {value}"), value).await?;
    }
    Ok(())
}

async fn no_data(stage: &Stage) -> Played {
    let action = stage.read()?;
    stage.answer(200, r#"{"node_status":"Success"}"#);
    let found = data(stage, action, &json!({}), "an outcome without data").await?;
    check(found.is_null(), "an outcome without data", "null", found)
}

async fn large_data(stage: &Stage) -> Played {
    comes_back(stage, "300 KB of data", json!({ "text": "0123456789".repeat(30_000), "last": "x" })).await
}

async fn many_records(stage: &Stage) -> Played {
    let record =
        |n| json!({ "id": format!("{n}"), "properties": { "email": format!("c{n}@example.com"), "n": n } });
    comes_back(stage, "10,000 records", json!({ "results": (0..10_000).map(record).collect::<Vec<_>>() }))
        .await
}

async fn deep_data(stage: &Stage) -> Played {
    let deep = (0..50).fold(json!("bottom"), |inner, _| json!({ "down": [inner] }));
    comes_back(stage, "data a hundred levels deep", deep).await
}

async fn http_status(stage: &Stage) -> Played {
    let action = stage.read()?;
    for (given, expected) in [
        ("200", Some(200)),
        ("201", Some(201)),
        ("\"404\"", Some(404)),
        ("null", None),
        ("-1", None),
        ("70000", None),
        ("{}", None),
    ] {
        stage.answer(200, format!(r#"{{"node_status":"Success","data":1,"http_status":{given}}}"#));
        let tried = format!("an outcome with the http_status {given}");
        let found = match ok(stage.execute(action, &json!({})).await, &tried, "a success")? {
            Outcome::Succeeded(success) => success.http_status,
            Outcome::Failed(failure) => return Err(broken(tried, "a success", format!("{failure:?}"))),
        };
        check(found == expected, tried, format!("{expected:?}"), format!("{found:?}"))?;
    }
    Ok(())
}

async fn unknown_fields(stage: &Stage) -> Played {
    let action = stage.read()?;
    stage.answer(200, r#"{"trace":[{"a":1}],"node_status":"Success","data":{"id":"1"},"warnings":null,"http_status":200,"node_id":7}"#);
    let found = data(stage, action, &json!({}), "an outcome with more fields").await?;
    check(same(&found, &json!({ "id": "1" })), "an outcome with more fields", r#"{"id":"1"}"#, found)
}

async fn not_success(stage: &Stage) -> Played {
    let action = stage.write()?;
    for word in ["Errored", "Failed", "Pending", "success", "SUCCESS", " Success", ""] {
        let body = json!({ "node_status": word, "data": { "error": "not_in_channel" }, "http_status": 403 });
        stage.answer(200, body.to_string());
        let tried = format!("HTTP 200 with the node_status {word:?}");
        let expected = "`failed`, with the word, the data and the status 403";
        match ok(stage.execute(action, &json!({})).await, &tried, expected)? {
            Outcome::Failed(failure) => {
                let held = failure.node_status == word
                    && failure.http_status == Some(403)
                    && failure.data["error"] == "not_in_channel";
                check(held, tried, expected, format!("{failure:?}"))?;
            }
            Outcome::Succeeded(success) => return Err(broken(tried, expected, format!("{success:?}"))),
        }
    }
    Ok(())
}

async fn unknown_action(stage: &Stage) -> Played {
    let tried = format!("execute-action({:?}, {NO_ACTION:?}, {{}})", stage.app());
    let expected = format!("unknown-action of {NO_ACTION:?}");
    match err(stage.execute(NO_ACTION, &json!({})).await, &tried, &expected)? {
        Error::UnknownAction { action, .. } if action == NO_ACTION => Ok(()),
        other => Err(broken(tried, expected, told(&other))),
    }
}
