//! When a request is tried again, and how long to wait before. Pure.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};

use crate::{effect::Effect, gate::client::SendFailure};

/// Waits double from here, with jitter.
const FIRST: Duration = Duration::from_millis(100);
/// No wait is longer; when the upstream asks for more, its answer goes to the plugin instead.
const LONGEST: Duration = Duration::from_secs(10);

/// Returns how long to wait before the next try, or `None` when there must be none.
///
/// A read is repeated on every transient failure. Anything else is repeated only when it never left.
/// `jitter` is between 0 and 1.
pub(crate) fn wait(
    effect: Effect,
    attempt: u32,
    last: &Result<Response<Bytes>, SendFailure>,
    jitter: f64,
    now: SystemTime,
) -> Option<Duration> {
    let asked = match last {
        Ok(answer) if effect == Effect::Read && is_transient(answer.status()) => {
            retry_after(answer.headers(), now)
        }
        Err(SendFailure::Connect(_)) => None,
        Err(failure) if effect == Effect::Read && failure.is_transient() => None,
        _ => return None,
    };
    let backoff = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(10));
    let wait = asked.unwrap_or_else(|| backoff.mul_f64(jitter.clamp(0.0, 1.0)));
    (wait <= LONGEST).then_some(wait)
}

fn is_transient(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Sent;

    fn answer(status: u16, retry_after: Option<&str>) -> Result<Response<Bytes>, SendFailure> {
        let mut response = Response::builder().status(status);
        if let Some(value) = retry_after {
            response = response.header(header::RETRY_AFTER, value);
        }
        Ok(response.body(Bytes::new()).expect("a response"))
    }

    #[test]
    fn only_reads_are_repeated_after_they_left() {
        let connect = || Err(SendFailure::Connect("refused".into()));
        let broken = || Err(SendFailure::Broken("reset".into()));
        let timeout = || Err(SendFailure::Timeout { sent: Sent::Unknown });
        let tls = || Err(SendFailure::Tls("expired".into()));
        let large = || Err(SendFailure::TooLarge);
        type Case = (&'static str, Result<Response<Bytes>, SendFailure>, bool, bool);
        let table: [Case; 12] = [
            ("connect", connect(), true, true),
            ("broken", broken(), true, false),
            ("timeout", timeout(), true, false),
            ("tls", tls(), false, false),
            ("too large", large(), false, false),
            ("200", answer(200, None), false, false),
            ("400", answer(400, None), false, false),
            ("401", answer(401, None), false, false),
            ("404", answer(404, None), false, false),
            ("429", answer(429, None), true, false),
            ("500", answer(500, None), true, false),
            ("503", answer(503, Some("1")), true, false),
        ];
        for (name, last, read, write) in table {
            let repeats = |effect| wait(effect, 1, &last, 1.0, SystemTime::UNIX_EPOCH).is_some();
            assert_eq!(repeats(Effect::Read), read, "a read after {name}");
            for effect in [Effect::Write, Effect::Destructive, Effect::Raw] {
                assert_eq!(repeats(effect), write, "a {effect} after {name}");
            }
        }
    }

    #[test]
    fn the_upstreams_wait_is_honoured_and_capped() {
        let at = |value| wait(Effect::Read, 1, &answer(429, Some(value)), 0.5, SystemTime::UNIX_EPOCH);
        assert_eq!(at("2"), Some(Duration::from_secs(2)));
        assert_eq!(at("0"), Some(Duration::ZERO));
        assert_eq!(at("Thu, 01 Jan 1970 00:00:03 GMT"), Some(Duration::from_secs(3)));
        assert_eq!(at("Thu, 01 Jan 1900 00:00:03 GMT"), Some(FIRST.mul_f64(0.5)));
        assert_eq!(at("31536000"), None);
        assert_eq!(at("18446744073709551615"), None);
        assert_eq!(at("soon"), Some(FIRST.mul_f64(0.5)));
    }

    #[test]
    fn waits_double_with_jitter() {
        let last = answer(500, None);
        for (attempt, most) in [(1, 100), (2, 200), (3, 400)] {
            for jitter in [0.0, 0.3, 1.0] {
                let got = wait(Effect::Read, attempt, &last, jitter, SystemTime::UNIX_EPOCH).expect("a wait");
                assert!(got <= Duration::from_millis(most), "{attempt}: {got:?}");
            }
        }
        assert_eq!(wait(Effect::Read, u32::MAX, &last, 1.0, SystemTime::UNIX_EPOCH), None);
    }
}
