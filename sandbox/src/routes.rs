//! From a request to its answer: which endpoint it is for.

use bytes::Bytes;
use http::{Method, Response};

use crate::envelope::Refusal;
use crate::record::RecordedRequest;
use crate::state::State;
use crate::target::Target;
use crate::{actions, org};

/// Answers a request that has arrived whole.
pub(crate) fn answer(state: &State, request: &RecordedRequest) -> Response<Bytes> {
    let answer = dispatch(state, request).unwrap_or_else(|refusal| refusal.into_answer(state.ids.next()));
    state.changed();
    answer
}

/// An unknown path is 404 and a wrong method 405, whatever the credentials.
fn dispatch(state: &State, request: &RecordedRequest) -> Result<Response<Bytes>, Refusal> {
    let target = Target::parse(&request.target);
    match target.segments().as_slice() {
        ["api", "v2", "integration-schema", app, "actions"] => {
            check_method(request, &Method::GET, "GET")?;
            actions::list(state, request, app)
        }
        ["api", "v2", "integration-schema", app, "actions", action] => {
            check_method(request, &Method::GET, "GET")?;
            actions::describe(state, request, app, action)
        }
        ["api", "v2", "integration-schema", app, "actions", action, "execute"] => {
            check_method(request, &Method::POST, "POST")?;
            actions::execute(state, request, app, action)
        }
        ["api", "v2", "public", "session-token"] => {
            check_method(request, &Method::POST, "POST")?;
            org::session_token(state, request, target.query("force_refresh") == Some("true"))
        }
        ["api", "v2", "public", rest @ ..] => org::public(state, request, rest, &target),
        ["api", "v1", "workflow", "public", "scheduled", ..] => org::scheduled(state, request),
        _ => Err(Refusal::unknown_path()),
    }
}

fn check_method(request: &RecordedRequest, method: &Method, allow: &'static str) -> Result<(), Refusal> {
    if request.method == *method { Ok(()) } else { Err(Refusal::method_not_allowed(allow)) }
}
