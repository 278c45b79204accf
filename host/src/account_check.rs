//! The start-up check that an upstream tells linked accounts apart.
//!
//! A proxy on the way may drop headers with underscores, `linked_account_id` among them. What arrives then
//! is a request of the whole organisation, and looks like a success from here.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::StatusCode;
use secrecy::SecretString;

use crate::{
    credential::{Credential, CredentialError},
    gate::{budget::Allowance, client::Client, rebuild::rebuild, route::Route},
    name::AppSlug,
    upstream::Upstream,
};

const ANSWER_BYTES: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

/// Lists an app's actions for an account that does not exist, and expects to be refused.
pub(crate) async fn check(
    client: &Client,
    upstream: &Upstream,
    key: &SecretString,
    app: AppSlug,
) -> Result<(), CredentialError> {
    let failed = |why: String| CredentialError::Exchange(why);
    let nobody = format!("actionbox-check-{:016x}", fastrand::u64(..));
    let credential = Credential::api_key(key, &nobody)?;
    let request = rebuild(&Route::List { app }, upstream, &credential, Bytes::new())
        .map_err(|error| failed(error.to_string()))?;
    let answer = client.send(request, &Allowance::new(ANSWER_BYTES), Instant::now() + PATIENCE).await;
    let answer = answer.map_err(|failure| failed(failure.to_string()))?;
    let status = answer.status();
    // A refusal for another reason, of an unknown app or by a proxy, tells nothing about the account.
    let names_nobody = memchr::memmem::find(answer.body(), nobody.as_bytes()).is_some();
    match status {
        StatusCode::UNAUTHORIZED => Err(CredentialError::Refused { status: status.as_u16() }),
        _ if status.is_success() => Err(CredentialError::AccountIgnored),
        _ if status.is_client_error() && names_nobody => Ok(()),
        _ => Err(failed(format!("the upstream answered status {} and names no account", status.as_u16()))),
    }
}
