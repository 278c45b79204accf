//! What a plugin makes of an upstream that answers with an error: the right case of the contract's `error`.

use std::time::Duration;

use actionbox_host::Error;
use actionbox_sandbox::Fault;
use serde_json::{Value, json};

use super::cases;
use crate::{
    expect::{Played, broken, check, err, told},
    report::Verdict,
    stage::{NO_ACTION, NO_APP, Stage, code},
};

cases! { "failures":
    "a parameter that the upstream refuses is `invalid-parameters`, and named" => invalid_parameter,
    "the code of an error may be called `error` too" => code_called_error,
    "a 400 of another code is `upstream`, with its code, message and request id" => bad_request,
    "a 401 is `reauthorization-required`" => unauthorized,
    "a 403 is `reauthorization-required`" => forbidden,
    "an app that is not connected is `reauthorization-required`" => not_connected,
    "an app that is gone is `unknown-app` when executed" => app_gone,
    "an action that is gone is `unknown-action`" => action_gone,
    "a 404 of another kind is `upstream`" => another_404,
    "a 429 is `throttled`, with the wait" => throttled,
    "a 429 without a wait is `throttled` too" => throttled_without_a_wait,
    "a 500 is `upstream`, with its code, message and request id" => server_error,
    "a gateway's HTML is `upstream`, and is not repeated as a message" => html,
    "an error without a body is `upstream`" => empty,
    "an error whose fields have other types is `upstream`" => odd_envelope,
    "another status is `upstream`, whatever it means" => other_statuses,
    "a 200 that is no outcome is `upstream`" => no_outcome,
    "a listing that fails is an error, never an empty list" => listing_fails,
    "a description that fails is an error, never an empty list" => description_fails,
    "an answer in the wrong shape is an error for a listing and a description" => wrong_shape,
    "a write that fails is not repeated" => not_repeated,
}

fn envelope(status: u16, code: &str, message: &str) -> Value {
    json!({ "status_code": status, "http_error_type": "X", "error_code": code, "message": message, "request_id": "req-7" })
}

/// Executes a write against an answer, checks that it was asked for once, and returns the error.
async fn error(
    stage: &Stage,
    status: u16,
    body: impl Into<bytes::Bytes>,
    tried: &str,
    expected: &str,
) -> Result<Error, Verdict> {
    let action = stage.write()?;
    stage.sandbox.clear_requests();
    stage.answer(status, body);
    let error = err(stage.execute(action, &json!({ "a": "1" })).await, tried, expected)?;
    check(stage.executions() == 1, tried, "one request, as the host does the repeating", stage.executions())?;
    Ok(error)
}

/// Checks what an answer becomes.
async fn becomes(
    stage: &Stage,
    (status, body): (u16, Value),
    expected: &str,
    is: impl Fn(&Error) -> bool,
) -> Played {
    let tried = format!("HTTP {status} with {body}");
    let found = error(stage, status, body.to_string(), &tried, expected).await?;
    check(is(&found), tried, expected, told(&found))
}

async fn invalid_parameter(stage: &Stage) -> Played {
    let body = envelope(400, "VALIDATION_ERROR", "Required parameter 'email' is missing");
    becomes(stage, (400, body), "invalid-parameters, with a problem of `email`", |error| {
        matches!(error, Error::InvalidParameters { problems, .. }
            if problems.iter().any(|problem| problem.parameter.as_deref() == Some("email") && problem.message.contains("is missing")))
    })
    .await
}

async fn code_called_error(stage: &Stage) -> Played {
    let body = json!({ "status_code": 400, "error": "VALIDATION_ERROR", "message": "Required parameter 'a' is missing" });
    becomes(stage, (400, body), "invalid-parameters", |error| {
        matches!(error, Error::InvalidParameters { .. })
    })
    .await
}

fn is_upstream(error: &Error, status: u16) -> bool {
    matches!(error, Error::Upstream { status: Some(found), .. } if *found == status)
}

async fn passes_on(stage: &Stage, status: u16, code: &str) -> Played {
    let body = envelope(status, code, "it is what it is");
    let expected = format!("upstream, status {status}, code {code}, request id req-7, and the message");
    becomes(stage, (status, body), &expected, |error| {
        matches!(error, Error::Upstream { status: Some(found), code: Some(code_found), message, request_id: Some(id), .. }
            if *found == status && code_found == code && message.contains("it is what it is") && id == "req-7")
    })
    .await
}

async fn bad_request(stage: &Stage) -> Played {
    passes_on(stage, 400, "SERVER_ERROR").await
}

async fn server_error(stage: &Stage) -> Played {
    passes_on(stage, 500, "SERVER_ERROR").await?;
    passes_on(stage, 503, "BUSY").await
}

async fn reauthorize(stage: &Stage, answer: (u16, Value)) -> Played {
    becomes(stage, answer, "reauthorization-required", |error| {
        matches!(error, Error::ReauthorizationRequired { .. })
    })
    .await
}

async fn unauthorized(stage: &Stage) -> Played {
    reauthorize(stage, (401, envelope(401, "SERVER_ERROR", "Invalid Credentials"))).await
}

async fn forbidden(stage: &Stage) -> Played {
    reauthorize(stage, (403, envelope(403, "SERVER_ERROR", "no"))).await
}

async fn not_connected(stage: &Stage) -> Played {
    let message = "Application Authentication not found for linked_account_id x and app y";
    for status in [400, 404] {
        reauthorize(stage, (status, envelope(status, "SERVER_ERROR", message))).await?;
    }
    Ok(())
}

async fn app_gone(stage: &Stage) -> Played {
    let message = format!("Application app_type '{}' not found", stage.app());
    becomes(stage, (404, envelope(404, "SERVER_ERROR", &message)), "unknown-app", |error| {
        matches!(error, Error::UnknownApp { .. })
    })
    .await
}

async fn action_gone(stage: &Stage) -> Played {
    let message = format!("Action {} not found in Application {}", stage.write()?, stage.app());
    becomes(stage, (404, envelope(404, "SERVER_ERROR", &message)), "unknown-action", |error| {
        matches!(error, Error::UnknownAction { .. })
    })
    .await
}

async fn another_404(stage: &Stage) -> Played {
    becomes(stage, (404, json!({ "message": "Not Found" })), "upstream, status 404", |error| {
        is_upstream(error, 404)
    })
    .await
}

async fn throttled_as(stage: &Stage, header: Option<&str>, wait: Option<Duration>) -> Played {
    let action = stage.write()?;
    stage.sandbox.clear_requests();
    let fault = Fault::json_body(code(429), envelope(429, "SERVER_ERROR", "slow down").to_string())
        .on_path("/execute");
    stage.always(header.into_iter().fold(fault, |fault, header| fault.with_header("retry-after", header)));
    let tried = format!("HTTP 429 with Retry-After {header:?}");
    let expected = format!("throttled, with the wait {wait:?}");
    let found = err(stage.execute(action, &json!({})).await, &tried, &expected)?;
    check(stage.executions() == 1, &tried, "one request", stage.executions())?;
    check(
        matches!(&found, Error::Throttled { retry_after, .. } if *retry_after == wait),
        tried,
        expected,
        told(&found),
    )
}

async fn throttled(stage: &Stage) -> Played {
    for seconds in [0, 7, 3_600] {
        throttled_as(stage, Some(&seconds.to_string()), Some(Duration::from_secs(seconds))).await?;
    }
    Ok(())
}

async fn throttled_without_a_wait(stage: &Stage) -> Played {
    throttled_as(stage, None, None).await?;
    throttled_as(stage, Some("soon"), None).await
}

async fn html(stage: &Stage) -> Played {
    let page = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>";
    let tried = "HTTP 502 with a gateway's page";
    let expected = "upstream, status 502, with a message that is no HTML";
    let found = error(stage, 502, page, tried, expected).await?;
    let held = is_upstream(&found, 502) && !found.to_string().contains("<html");
    check(held, tried, expected, told(&found))
}

async fn empty(stage: &Stage) -> Played {
    for status in [400, 404, 500, 503] {
        let (tried, expected) =
            (format!("HTTP {status} without a body"), format!("upstream, status {status}, with a message"));
        let found = error(stage, status, "", &tried, &expected).await?;
        let held = matches!(&found, Error::Upstream { status: Some(s), message, .. } if *s == status && !message.is_empty());
        check(held, tried, expected, told(&found))?;
    }
    Ok(())
}

async fn odd_envelope(stage: &Stage) -> Played {
    for body in [
        json!(null),
        json!([]),
        json!("x"),
        json!(7),
        json!({ "message": 7, "error_code": {}, "request_id": [] }),
        json!({ "message": null }),
    ] {
        becomes(stage, (500, body), "upstream, status 500", |error| is_upstream(error, 500)).await?;
    }
    Ok(())
}

async fn other_statuses(stage: &Stage) -> Played {
    for status in [402, 405, 409, 410, 418, 422, 501, 504, 599] {
        let expected = format!("upstream, status {status}");
        becomes(stage, (status, envelope(status, "X", "no")), &expected, |error| is_upstream(error, status))
            .await?;
    }
    Ok(())
}

async fn no_outcome(stage: &Stage) -> Played {
    for (status, body) in [
        (200, ""),
        (200, "<html>welcome</html>"),
        (200, "null"),
        (200, "[]"),
        (200, "\"Success\""),
        (200, "{"),
        (200, "{}"),
        (200, r#"{"data":{}}"#),
        (200, r#"{"node_status":null,"data":1}"#),
        (200, r#"{"node_status":true,"data":1}"#),
        (200, r#"{"node_status":"Success","data":{"#),
        (200, r#"["Success"]"#),
        (200, r#"{"node_status":"Success","data":1} x"#),
        (204, ""),
        (202, ""),
    ] {
        let tried = format!("HTTP {status} with {body:?}");
        let expected = "upstream: that is no outcome";
        let found = error(stage, status, body, &tried, expected).await?;
        check(matches!(found, Error::Upstream { .. }), tried, expected, told(&found))?;
    }
    Ok(())
}

async fn listing_fails(stage: &Stage) -> Played {
    stage.passes_on()?;
    for (status, body) in
        [(500, envelope(500, "X", "no").to_string()), (404, String::new()), (200, "<html>".to_owned())]
    {
        stage.always(Fault::json_body(code(status), body.clone()));
        let tried = format!("a listing answered with HTTP {status} and {body:?}");
        let found = err(stage.list(stage.app()).await, &tried, "upstream")?;
        check(matches!(found, Error::Upstream { .. }), tried, "upstream", told(&found))?;
    }
    stage.always(Fault::json_body(code(401), envelope(401, "X", "Invalid Credentials").to_string()));
    let found =
        err(stage.list(stage.app()).await, "a listing answered with HTTP 401", "reauthorization-required")?;
    check(
        matches!(found, Error::ReauthorizationRequired { .. }),
        "a listing answered with HTTP 401",
        "reauthorization-required",
        told(&found),
    )
}

async fn description_fails(stage: &Stage) -> Played {
    let action = stage.read()?;
    for (status, body) in
        [(500, envelope(500, "X", "no").to_string()), (404, String::new()), (200, "<html>".to_owned())]
    {
        stage.always(Fault::json_body(code(status), body.clone()));
        let tried = format!("a description answered with HTTP {status} and {body:?}");
        let found = err(stage.describe(action).await, &tried, "upstream")?;
        check(matches!(found, Error::Upstream { .. }), tried, "upstream", told(&found))?;
    }
    let gone = format!("Action {NO_ACTION} not found in Application {NO_APP}");
    stage.always(Fault::json_body(code(404), envelope(404, "X", &gone).to_string()));
    let found =
        err(stage.describe(action).await, "a description of an action that is gone", "unknown-action")?;
    check(
        matches!(found, Error::UnknownAction { .. }),
        "a description of an action that is gone",
        "unknown-action",
        told(&found),
    )
}

async fn wrong_shape(stage: &Stage) -> Played {
    let action = stage.read()?;
    for body in [
        "{}",
        "null",
        r#"[{"label":"no name or id"}]"#,
        r#"[["get_x","X"]]"#,
        "[7]",
        r#"[{"action_id":7,"name":7}]"#,
        "[{}",
        "",
    ] {
        stage.always(Fault::json_body(code(200), body));
        let tried = format!("a listing and a description that are {body:?}");
        for found in [stage.list(stage.app()).await.map(drop), stage.describe(action).await.map(drop)] {
            let found = err(found, &tried, "upstream")?;
            check(matches!(found, Error::Upstream { .. }), &tried, "upstream", told(&found))?;
        }
    }
    Ok(())
}

async fn not_repeated(stage: &Stage) -> Played {
    let action = stage.write()?;
    for fault in [
        Fault::status(code(500)),
        Fault::status(code(503)),
        Fault::throttled("0"),
        Fault::html_error(code(502)),
    ] {
        stage.sandbox.clear_requests();
        let tried = format!("{fault:?}");
        let tried = tried.get(..60).unwrap_or(&tried).to_owned();
        stage.always(fault.on_path("/execute"));
        let error = err(stage.execute(action, &json!({})).await, &tried, "an error")?;
        if stage.executions() != 1 {
            return Err(broken(
                tried,
                "one request",
                format!("{} requests, and {}", stage.executions(), told(&error)),
            ));
        }
    }
    Ok(())
}
