//! The description of both APIs, in [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0), made of the same lines that
//! answer requests.

use std::collections::BTreeMap;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi, ToResponse, ToSchema,
    openapi::{
        RefOr, Response as Described,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

/// What the path of a tenant is.
pub(super) const TENANT: &str = "The name of a tenant.";
/// What the path of an app is.
pub(super) const APP: &str = "The slug of an app, such as hubspot.";

/// An error, in the upstream's envelope.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "it is only there to be described; src/answer.rs writes it")]
struct Envelope {
    status_code: u16,
    /// The reason phrase, in capital letters.
    http_error_type: String,
    /// For programs.
    error_code: String,
    /// For people: what happened, and what to do.
    message: String,
    /// Also in the audit.
    request_id: String,
    /// Whether anything left for the app: `no`, `yes` or `unknown`.
    sent: Sent,
    /// Whether the same request may be made again.
    retryable: bool,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only there to be described")]
enum Sent {
    No,
    Yes,
    Unknown,
}

/// Refused, or not done: the status and the error code say why.
#[derive(ToResponse)]
#[response(description = "Refused, or not done: the status and the error code say why.")]
#[expect(dead_code, reason = "it is only there to be described")]
struct Refused(#[to_schema] Envelope);

/// What each endpoint may answer instead.
pub(super) struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let (_, refused) = <Refused as ToResponse>::response();
        BTreeMap::from([("default".to_owned(), refused)])
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Actionbox",
        description = "Lists and executes actions on connected apps, for many tenants, through plugins that never see a \
                       credential. Callers use the upstream's own API; administrators and viewers the one under /v1.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    security(("key" = [])),
    modifiers(&Keys),
    components(schemas(Envelope)),
)]
pub(super) struct Description;

struct Keys;

impl Modify for Keys {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let about = "A key of this service: a caller's for the upstream's API, a viewer's or an administrator's for /v1.";
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("x-api-key", about)));
        description.components.get_or_insert_default().add_security_scheme("key", key);
    }
}

/// Completes a description, each response of which has to have words too, and writes it down.
pub(super) fn text(mut description: utoipa::openapi::OpenApi) -> Result<Bytes, String> {
    for path in description.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    response.description = "Done.".to_owned();
                }
            }
        }
    }
    description.to_pretty_json().map(Bytes::from).map_err(|error| error.to_string())
}

/// Shows the description. It is no secret.
pub(super) fn page(text: Result<Bytes, String>) -> Response {
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}
