//! One request that a hostile plugin tries to make, and what must become of it.

use actionbox_host::{BadBody, NotARoute, Refusal, Sent};
use actionbox_tests::{expected, tricks::SEND, world::ACCOUNT};
use serde_json::{Value, json};

use crate::cell::Cell;

/// The path of an honest listing.
pub(crate) const LIST: &str = "/api/v2/integration-schema/hubspot/actions";
/// The path of an honest description.
pub(crate) const DESCRIBE: &str = "/api/v2/integration-schema/hubspot/actions/get_contact";
/// The path of an honest execute that reads.
pub(crate) const EXECUTE: &str = "/api/v2/integration-schema/hubspot/actions/get_contact/execute";

/// What must become of a request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// The gate refuses it, for this reason, before a credential is touched and a connection opened.
    Refused(Refusal),
    /// It is none before it comes to the gate, which never hears of it.
    Unbuilt,
    /// A part of it cannot be set; what is left is refused by the gate, for this reason.
    Unset(Refusal),
    /// It breaks off: whoever notices first, nothing leaves.
    Misses,
    /// It leaves as the host builds it: a GET of this path, byte for byte.
    Gets(&'static str),
    /// It leaves as the host builds it: a POST of this path with this body, byte for byte.
    Posts(&'static str, String),
}

impl From<NotARoute> for Fate {
    fn from(why: NotARoute) -> Self {
        Self::Refused(why.into())
    }
}

impl From<BadBody> for Fate {
    fn from(why: BadBody) -> Self {
        Self::Refused(why.into())
    }
}

/// Tries to make a request, in a cell of its own.
pub(crate) async fn attempt(name: &str, request: Value, fate: &Fate) {
    attempt_in(&Cell::new(name).await, request, fate).await;
}

/// Tries to make a request twice: as a guest that shows what it got, which is returned, and as one whose
/// memory is searched.
pub(crate) async fn attempt_in(cell: &Cell, request: Value, fate: &Fate) -> Value {
    let report = cell.play(SEND, request.clone()).await.expect("a report");
    fate.assert_report(&report);
    fate.assert_books(cell);
    fate.assert_wire(cell, 1);
    cell.dump(vec![request]).await;
    fate.assert_wire(cell, 2);
    report
}

impl Fate {
    /// What the guest got.
    fn assert_report(&self, report: &Value) {
        match self {
            Self::Refused(_) => {
                assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{report}");
                assert_eq!(report["unset"], json!([]), "it could be built: {report}");
                assert!(report["status"].is_null() && report["body"].is_null(), "{report}");
            }
            Self::Unset(_) => {
                assert_eq!(report["error"], "ErrorCode::HttpRequestDenied", "{report}");
                assert_ne!(report["unset"], json!([]), "all of it was set: {report}");
            }
            Self::Misses => {
                assert!(report["error"].is_string() || report["upload"].is_string(), "{report}");
                assert!(report["status"].is_null() && report["body"].is_null(), "{report}");
            }
            Self::Unbuilt => {
                assert!(report["error"].is_string(), "{report}");
                assert_ne!(report["error"], "ErrorCode::HttpRequestDenied", "the gate saw it: {report}");
                assert!(report["status"].is_null() && report["body"].is_null(), "{report}");
            }
            Self::Gets(_) | Self::Posts(..) => {
                assert_eq!(report["status"], 200, "{report}");
                let headers = report["headers"].as_array().expect("headers");
                assert!(headers.len() == 1 && headers[0][0] == "content-type", "{report}");
                assert!(report["trailers"].is_null(), "{report}");
            }
        }
    }

    /// What the audit says.
    fn assert_books(&self, cell: &Cell) {
        let (events, call) = (cell.traces.request_events(), cell.traces.last_call());
        match (self, events.as_slice()) {
            (Self::Unbuilt, []) => assert_eq!((call.sent, call.requests), (Sent::No, 0)),
            (Self::Misses, [] | [_]) => assert_eq!(call.sent, Sent::No),
            (Self::Refused(why) | Self::Unset(why), [event]) => {
                assert_eq!(event.refusal.as_ref(), Some(why));
                assert_eq!((event.sent, event.attempts, event.status), (Sent::No, 0, None));
                assert_eq!((call.sent, call.requests), (Sent::No, 1));
            }
            (Self::Gets(_) | Self::Posts(..), [event]) => {
                assert_eq!((event.refusal.as_ref(), event.result.as_str()), (None, "answered"));
                assert_eq!((event.sent, event.attempts), (Sent::Yes, 1));
                assert_eq!((call.sent, call.requests), (Sent::Yes, 1));
            }
            _ => panic!("{self:?}: {events:#?}"),
        }
    }

    /// What the server received, after the request was made a number of times.
    fn assert_wire(&self, cell: &Cell, times: usize) {
        let host = cell.sandbox.addr();
        let expected = cell.with_bearer(ACCOUNT, |bearer| match self {
            Self::Refused(_) | Self::Unset(_) | Self::Misses | Self::Unbuilt => None,
            Self::Gets(path) => Some(expected::get(path, host, bearer)),
            Self::Posts(path, body) => Some(expected::post(path, host, bearer, body.as_bytes())),
        });
        let Some(expected) = expected else { return cell.assert_untouched() };
        let received = cell.received();
        assert_eq!(received.len(), times, "{received:#?}");
        for request in received {
            assert_eq!(request.raw.escape_ascii().to_string(), expected.escape_ascii().to_string());
        }
    }
}
