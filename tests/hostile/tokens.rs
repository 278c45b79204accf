//! The endpoint that gives out session tokens lies.

use actionbox_host::{CredentialError, Error, Sent, Withheld};
use actionbox_tests::{
    attacks,
    liar::{Act, Asked},
    scoreboard::Case,
};
use serde_json::json;

use crate::stage::{Attack, Fate, SHORT, Secrets, Stage, answer, say, wire};

attacks! {
    "The token endpoint":
        "The upstream gives out session tokens that are none, echoes the API key where a token belongs, or leaks a token \
         after it was renewed. No action call is made without a good token, and no token is shown.",
    cases,
    play,
    no_token_is_shown_and_no_call_made_without_one,
}

type Say = fn(&Secrets) -> Vec<Act>;

enum Lie {
    /// The endpoint says this, and there is no token.
    Says(Say),
    /// As that, and the call's time runs out.
    Stalls(Say),
    /// The endpoint gives out a token, and each action call is answered with this.
    Echoes(fn(&Secrets) -> String),
    /// The first action call is refused, so that there is a second token, and the rest is answered with this.
    EchoesRenewed(fn(&Secrets) -> String),
    /// The endpoint gives out a token that is this, and an honest answer holds it by chance, or not.
    GivesOut(fn(&Secrets) -> String, bool),
}

fn token_answer(token: &str, lifetime: &str) -> String {
    format!(r#"{{"token":{},"expires_in":{lifetime}}}"#, json!(token))
}

fn cases() -> Vec<Case<Lie>> {
    let mut all = Vec::new();
    let mut says = |name: &str, lie: Say| all.push(Case::new(name, Lie::Says(lie)));
    for status in [400, 401, 403, 404, 429, 500, 503] {
        // A function pointer holds no status: each has its own.
        let lie: Say = match status {
            400 => |s| say(400, "", json!({ "message": s.key }).to_string()),
            401 => |s| say(401, "", json!({ "message": s.key }).to_string()),
            403 => |s| say(403, "", json!({ "message": s.key }).to_string()),
            404 => |s| say(404, "", json!({ "message": s.key }).to_string()),
            429 => |s| say(429, "retry-after: 31536000\r\n", json!({ "message": s.key }).to_string()),
            500 => |s| say(500, "", json!({ "message": s.key }).to_string()),
            _ => |s| say(503, "retry-after: 0\r\n", json!({ "message": s.key }).to_string()),
        };
        says(&format!("{status} that repeats the key"), lie);
    }
    says("the key in the reason phrase", |s| {
        wire(format!("HTTP/1.1 403 {}\r\ncontent-length: 0\r\n\r\n", s.key))
    });
    says("the key in the place of a status", |s| wire(format!("HTTP/1.1 {}\r\n\r\n", s.key)));
    says("the key in the name of a field", |s| say(200, "", format!(r#"{{"{}":1}}"#, s.key)));
    says("a token in HTML", |s| say(200, "content-type: text/html\r\n", format!("<p>{}</p>", s.tokens[0])));
    says("a token in a field of another name", |s| {
        say(200, "", json!({ "jwt": s.tokens[0], "expires_in": 9 }).to_string())
    });
    says("a token in an array", |s| {
        say(200, "", json!([{ "token": s.tokens[0], "expires_in": 9 }]).to_string())
    });
    says("a token in a string of JSON", |s| say(200, "", json!(token_answer(&s.tokens[0], "9")).to_string()));
    says("a token that is a number", |_| say(200, "", r#"{"token":12345678901234567890,"expires_in":9}"#));
    says("a token that is null", |_| say(200, "", r#"{"token":null,"expires_in":9}"#));
    says("a token that is an object", |s| {
        say(200, "", json!({ "token": { "x": s.tokens[0] }, "expires_in": 9 }).to_string())
    });
    says("a token twice", |s| {
        say(200, "", format!(r#"{{"token":"{}","token":"{}","expires_in":9}}"#, s.tokens[0], s.tokens[1]))
    });
    says("a token without a lifetime", |s| say(200, "", json!({ "token": s.tokens[0] }).to_string()));
    says("a negative lifetime", |s| say(200, "", token_answer(&s.tokens[0], "-1")));
    says("a lifetime with a fraction", |s| say(200, "", token_answer(&s.tokens[0], "1.5")));
    says("a lifetime in a string", |s| say(200, "", token_answer(&s.tokens[0], "\"3600\"")));
    says("a lifetime beyond 64 bits", |s| say(200, "", token_answer(&s.tokens[0], "99999999999999999999")));
    says("an infinite lifetime", |s| say(200, "", token_answer(&s.tokens[0], "1e999")));
    says("an empty token", |_| say(200, "", token_answer("", "9")));
    says("a token too short to be screened for", |_| say(200, "", token_answer("0123456789abcde", "9")));
    says("a token too long to be sent", |_| say(200, "", token_answer(&"x".repeat(9000), "9")));
    says("a token that holds another header", |s| {
        say(200, "", token_answer(&format!("{}\r\nx: y", s.tokens[0]), "9"))
    });
    says("a token with blanks", |s| say(200, "", token_answer(&format!("{} and more", s.tokens[0]), "9")));
    says("a token beyond ASCII", |s| say(200, "", token_answer(&format!("{}\u{e9}", s.tokens[0]), "9")));
    says("a token with a NUL", |s| say(200, "", token_answer(&format!("{}\0", s.tokens[0]), "9")));
    says("a token that breaks off", |s| {
        let whole = answer(200, "", token_answer(&s.tokens[0], "9"));
        wire(&whole[..whole.len() - 20])
    });
    says("a token after nonsense", |s| say(200, "", format!(")]}}'\n{}", token_answer(&s.tokens[0], "9"))));
    says("a token before nonsense", |s| {
        say(200, "", format!("{} {}", token_answer(&s.tokens[0], "9"), s.key))
    });
    says("bytes that are no text", |_| say(200, "", b"{\"token\":\"\xff\xfe\"}"));
    says("JSON of absurd depth", |_| say(200, "", "[".repeat(60_000)));
    says("a token in a redirect", |s| {
        say(307, &format!("location: /?{}\r\n", s.tokens[0]), token_answer(&s.tokens[0], "9"))
    });
    says("a token in a compressed answer", |_| say(200, "content-encoding: gzip\r\n", b"\x1f\x8b\x08\0"));
    says("an answer without end", |_| {
        vec![Act::Say(b"HTTP/1.1 200 OK\r\n\r\n".into()), Act::Flood(vec![b' '; 16 << 10])]
    });
    says("headers without end", |_| {
        vec![Act::Say(b"HTTP/1.1 200 OK\r\n".into()), Act::Flood(b"x-more: x\r\n".repeat(1000))]
    });
    says("a close", |_| vec![]);
    says("a reset", |_| vec![Act::Reset]);

    let mut stalls = |name: &str, lie: Say| all.push(Case::new(name, Lie::Stalls(lie)));
    stalls("silence", |_| vec![Act::Hush]);
    stalls("silence within the token", |s| {
        let whole = answer(200, "", token_answer(&s.tokens[0], "9"));
        vec![Act::Say(whole[..whole.len() - 20].into()), Act::Hush]
    });
    stalls("a token, one byte at a time, for ever", |_| {
        vec![Act::Say(b"HTTP/1.1 200 OK\r\n\r\n".into()), Act::Trickle(b" ".into())]
    });
    stalls("interim answers without end", |_| vec![Act::Flood(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100))]);

    let mut echoes = |name: &str, lie| all.push(Case::new(name, lie));
    echoes("the token in an answer", Lie::Echoes(|s| s.tokens[0].clone()));
    echoes("the key in an answer, though it is on no call", Lie::Echoes(|s| s.key.clone()));
    echoes("the renewed token in an answer", Lie::EchoesRenewed(|s| s.tokens[1].clone()));
    echoes(
        "the refused token in an answer, after it was renewed",
        Lie::EchoesRenewed(|s| s.tokens[0].clone()),
    );
    echoes("the key in an answer, after a token was renewed", Lie::EchoesRenewed(|s| s.key.clone()));
    echoes("the API key given out as a token", Lie::GivesOut(|s| s.key.clone(), false));
    echoes(
        "a token that looks like an honest answer",
        Lie::GivesOut(|_| r#""node_status":"Success""#.to_owned(), true),
    );
    echoes("a token of one letter, many times", Lie::GivesOut(|_| "a".repeat(100), false));
    echoes(
        "a token that looks like a header",
        Lie::GivesOut(|_| "x-api-key:linked_account_id".to_owned(), false),
    );
    all
}

fn is_for_token(asked: &Asked) -> bool {
    asked.target.contains("session-token")
}

async fn play(name: String, lie: Lie) {
    match lie {
        Lie::Says(lie) => no_token(&name, lie, false).await,
        Lie::Stalls(lie) => no_token(&name, lie, true).await,
        Lie::Echoes(echo) => echoed(&name, echo, 0).await,
        Lie::EchoesRenewed(echo) => echoed(&name, echo, 1).await,
        Lie::GivesOut(token, held) => given_out(&name, token, held).await,
    }
}

async fn no_token(name: &str, lie: Say, stalls: bool) {
    let mut attack = Attack::says(Fate::Broken, vec![]).with_tokens();
    if stalls {
        attack.limits.wall_time = SHORT;
    }
    let stage = Stage::with_tokens(name, &attack, move |secrets, asked| {
        assert!(is_for_token(asked), "no call without a token");
        lie(secrets)
    })
    .await;
    match stage.send_write().await {
        Ok(report) => assert_eq!(report["error"], "ErrorCode::DestinationUnavailable", "{report}"),
        Err(error) => assert!(stalls && matches!(&error, Error::Credential { .. }), "{error:?}"),
    }
    for error in [stage.write().await, stage.read().await].map(|call| call.expect_err("no token")) {
        assert!(matches!(&error, Error::Credential { sent: Sent::No, .. }), "{error:?}");
        assert!(
            !matches!(&error, Error::Credential { error: CredentialError::Provider(_), .. }) || stalls,
            "{error:?}"
        );
    }
    assert!(stage.received().is_empty(), "no action call is made");
    let asked = stage.token_requests();
    assert_eq!(asked.len(), 3, "the endpoint is asked once a call");
    assert!(asked.iter().all(|asked| asked.header("x-api-key") == [stage.secrets.key.as_str()]));
    let events = stage.traces.request_events();
    assert!(events.iter().all(|event| event.attempts == 0 && event.sent == Sent::No), "{events:?}");
}

/// Refuses so many calls, and then echoes.
async fn echoed(name: &str, echo: fn(&Secrets) -> String, refusals: usize) {
    let fate = Fate::Withheld(Withheld::Secret, 200);
    let attack = Attack::says(fate, vec![]).with_tokens();
    let stage = Stage::with_script(name, &attack, move |secrets, number, _| match number < refusals {
        true => say(401, "", "{}"),
        false => say(200, "", echo(secrets)),
    })
    .await;
    for _ in 0..2 {
        let report = stage.send_write().await.expect("a report");
        assert_eq!(report["error"], "ErrorCode::HttpProtocolError", "{report}");
    }
    let error = stage.write().await.expect_err("withheld");
    assert!(matches!(&error, Error::Withheld { reason: Withheld::Secret, sent: Sent::Yes }), "{error:?}");
    assert_eq!(stage.token_requests().len(), 1 + refusals);
}

async fn given_out(name: &str, token: fn(&Secrets) -> String, held: bool) {
    let attack = Attack::says(Fate::Broken, vec![]).with_tokens();
    let stage = Stage::with_tokens(name, &attack, move |secrets, asked| match is_for_token(asked) {
        true => say(200, "", token_answer(&token(secrets), "3600")),
        false => say(200, "", r#"{"node_status":"Success","data":"aaaa x-api-key"}"#),
    })
    .await;
    let report = stage.send_write().await.expect("a report");
    // Whatever a token looks like, it is a secret.
    match held {
        true => assert_eq!(report["error"], "ErrorCode::HttpProtocolError", "{report}"),
        false => assert_eq!(report["status"], 200, "{report}"),
    }
    let asked = stage.received();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), [format!("Bearer {}", token(&stage.secrets))]);
    assert!(asked[0].header("x-api-key").is_empty());
}
