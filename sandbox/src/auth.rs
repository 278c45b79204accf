//! Who a request is from: the organisation's key, with or without an account, or a session token.

use crate::envelope::Refusal;
use crate::record::RecordedRequest;
use crate::state::State;
use http::StatusCode;

/// Whom a request is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The key came without `linked_account_id`: a call of the organisation itself.
    Organisation,
    /// One linked account, which need not exist.
    Account(String),
}

/// Checks the credentials of a linked-account call. A session token replaces both headers: where it is
/// present, they are not looked at.
pub(crate) fn caller(state: &State, request: &RecordedRequest) -> Result<Caller, Refusal> {
    if let Some(token) = request.header("authorization").as_deref().and_then(bearer) {
        let account = state.sessions.verify(token, state.clock.now());
        let refusal = || Refusal::new(StatusCode::UNAUTHORIZED, "Invalid session token");
        return account.map(Caller::Account).ok_or_else(refusal);
    }
    check_key(state, request)?;
    Ok(match request.header("linked_account_id").filter(|account| !account.is_empty()) {
        Some(account) => Caller::Account(account),
        None => Caller::Organisation,
    })
}

/// Checks the organisation's key, which alone opens everything else.
pub(crate) fn check_key(state: &State, request: &RecordedRequest) -> Result<(), Refusal> {
    match request.header("x-api-key") {
        Some(key) if key == state.api_key => Ok(()),
        _ => Err(Refusal::invalid_credentials()),
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_is_a_session_token() {
        for (header, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Bearer ", Some("")),
            ("Bearer", None),
            ("Basic abc", None),
            ("", None),
        ] {
            assert_eq!(bearer(header), token, "{header}");
        }
    }
}
