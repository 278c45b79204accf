//! The upstream asks to be asked again: later, never, or with another credential.

use std::time::{Duration, Instant};

use actionbox_host::{Error, Sent};
use actionbox_tests::{attacks, scoreboard::Case};

use crate::stage::{Attack, Fate, SHORT, Stage, endure_on, say};

attacks! {
    "Throttling and refusals":
        "The upstream throttles for ever, names a wait of a year, or refuses every credential. Tries are counted, waits \
         are bounded, and what is answered before the action runs is told from what is not.",
    cases,
    play,
    no_upstream_decides_how_long_or_how_often,
}

enum Way {
    /// Throttles with this header, and the embedder is told this wait.
    Throttle(&'static str, Option<Duration>),
    /// As that, where a second try comes at once.
    ThrottleAtOnce(&'static str, Option<Duration>),
    /// Answers a failure with this header.
    Fail(u16, &'static str),
    /// Refuses every key.
    RefuseKeys,
    /// Refuses every token, this often.
    RefuseTokens(usize),
    /// Says that it ran all the same.
    Refuse(u16),
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn cases() -> Vec<Case<Way>> {
    let mut all = Vec::new();
    let mut case = |name: String, way| all.push(Case::new(name, way));
    for (name, value, told) in [
        ("a year", "31536000", Some(YEAR)),
        ("an hour", "3600", Some(Duration::from_secs(3600))),
        ("more seconds than 64 bits of milliseconds hold", "18446744073709551615", Some(YEAR)),
        ("a date in a hundred years", "Thu, 01 Jan 2099 00:00:00 GMT", None),
    ] {
        case(format!("throttled, to wait {name}"), Way::Throttle(value, told));
    }
    for (name, value, told) in [
        ("no time", "0", Some(Duration::ZERO)),
        ("a negative time", "-1", None),
        ("more seconds than 64 bits hold", "99999999999999999999", None),
        ("until a date long past", "Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("until a date that is none", "Thu, 99 Jan 2099 99:99:99 GMT", None),
        ("a fraction of a second", "0.001", None),
        ("in words", "soon", None),
        ("an infinite time", "inf", None),
        ("no number", "NaN", None),
        ("nothing", "", None),
    ] {
        case(format!("throttled, to wait {name}"), Way::ThrottleAtOnce(value, told));
    }
    for status in [500, 502, 503, 504, 529] {
        case(format!("{status} for ever"), Way::Fail(status, "retry-after: 0\r\n"));
        case(format!("{status}, to wait a year"), Way::Fail(status, "retry-after: 31536000\r\n"));
    }
    case("every key refused".to_owned(), Way::RefuseKeys);
    case("one token refused".to_owned(), Way::RefuseTokens(1));
    case("every token refused, ten calls long".to_owned(), Way::RefuseTokens(usize::MAX));
    for status in [403, 408, 409, 412, 423, 425, 428] {
        case(format!("{status}, which invites another try"), Way::Refuse(status));
    }
    all
}

const ENVELOPE: &str = r#"{"message":"no","error_code":"SERVER_ERROR"}"#;

async fn play(name: String, way: Way) {
    match way {
        Way::Throttle(value, told) => throttled(&name, value, told, 1).await,
        Way::ThrottleAtOnce(value, told) => throttled(&name, value, told, 2).await,
        Way::Fail(status, header) => {
            let patient = header.contains(" 0");
            let lie = move |_: &_| say(status, header, ENVELOPE);
            let attack = Attack::new(Fate::Shown(status, ENVELOPE.into()), lie);
            let stage = Stage::new(&name, &attack).await;
            let began = Instant::now();
            let error = stage.write().await.expect_err("a failure");
            assert!(matches!(&error, Error::Upstream { sent: Sent::Yes, .. }), "{error:?}");
            assert!(!error.is_retryable(), "it may have run");
            assert_eq!(stage.received().len(), 1, "a write is not sent again");
            let error = stage.read().await.expect_err("a failure");
            assert!(matches!(&error, Error::Upstream { .. }), "{error:?}");
            assert_eq!(stage.received().len(), if patient { 3 } else { 2 });
            assert!(began.elapsed() < Duration::from_secs(10), "nobody waits a year");
        }
        Way::RefuseKeys => {
            let attack = Attack::new(Fate::Shown(401, ENVELOPE.into()), |_| say(401, "", ENVELOPE));
            let stage = Stage::new(&name, &attack).await;
            endure_on(&stage, &attack.fate).await;
            let error = stage.write().await.expect_err("refused");
            assert!(matches!(&error, Error::ReauthorizationRequired { sent: Sent::No, .. }), "{error:?}");
        }
        Way::RefuseTokens(times) => {
            let attack = Attack::says(Fate::Shown(401, ENVELOPE.into()), vec![]).with_tokens();
            let stage = Stage::with_script(&name, &attack, move |_, number, _| match number < times {
                true => say(401, "", ENVELOPE),
                false => say(200, "", r#"{"node_status":"Success","data":{}}"#),
            })
            .await;
            for _ in 0..10 {
                match stage.write().await {
                    Ok(_) => assert_eq!(times, 1, "the renewed token is accepted"),
                    Err(error) => {
                        assert!(
                            matches!(&error, Error::ReauthorizationRequired { sent: Sent::No, .. }),
                            "{error:?}"
                        );
                    }
                }
            }
            assert_eq!(stage.token_requests().len(), 2, "tokens are renewed once");
            assert_eq!(stage.received().len(), 11, "one call was tried twice");
            let second = &stage.secrets.tokens[1];
            let renewed = stage
                .received()
                .iter()
                .skip(1)
                .all(|r| r.header("authorization") == [format!("Bearer {second}")]);
            assert!(renewed, "the refused token is not used again");
        }
        Way::Refuse(status) => {
            let attack = Attack::new(Fate::Shown(status, ENVELOPE.into()), move |_| {
                say(status, "retry-after: 0\r\n", ENVELOPE)
            });
            let stage = Stage::new(&name, &attack).await;
            endure_on(&stage, &attack.fate).await;
        }
    }
}

/// Plays an upstream that throttles for ever. A read is tried so often.
async fn throttled(name: &str, value: &'static str, told: Option<Duration>, attempts: usize) {
    let header = format!("retry-after: {value}\r\n");
    let lie = move |_: &_| say(429, &header, ENVELOPE);
    let attack = Attack::new(Fate::Shown(429, ENVELOPE.into()), lie);
    let stage = Stage::new(name, &attack).await;
    let report = stage.send_write().await.expect("a report");
    assert_eq!((&report["status"], &report["body"]), (&429.into(), &ENVELOPE.into()));
    let began = Instant::now();
    for (call, expected) in [(stage.write().await, 2), (stage.read().await, 2 + attempts)] {
        let error = call.expect_err("throttled");
        let Error::Throttled { retry_after, sent } = &error else { panic!("{error:?}") };
        assert_eq!((*retry_after, *sent), (told, Sent::No));
        assert!(error.is_retryable(), "it did not run");
        if expected == 2 + attempts {
            assert_eq!(stage.received().len(), expected);
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(10) + SHORT,
        "the upstream does not decide how long a call takes"
    );
}
