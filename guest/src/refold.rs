//! A typed client for Refold's action API: its three endpoints, and all that they answer.
//!
//! It knows no credential: the host adds it. It retries nothing: the host repeats what is safe to repeat.
//!
//! Requests go over `wasi:http`. With the feature `upstream` of this crate, they go through the host's own
//! functions for the three endpoints, the import `actionbox:plugin/upstream`: one call of the host in place of some
//! twenty, which makes a call cheaper and changes nothing else. The same gate is asked.

mod answer;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod refusal;
mod route;
#[cfg(feature = "upstream")]
mod typed;

use self::route::Route;
#[cfg(feature = "upstream")]
use self::typed::send;
#[cfg(not(feature = "upstream"))]
use crate::client::Outgoing;
use crate::{Action, Error, Outcome, Parameter, Parameters};

/// The authority by which plugins name the upstream. Where it really is, only the host knows.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{http::Request, refold};
///
/// let list = format!("https://{}/api/v2/integration-schema/hubspot/actions", refold::AUTHORITY);
/// let request = Request::get(list).body(Vec::<u8>::new())?;
/// assert_eq!(request.uri().host(), Some("app.refold.ai"));
/// # Ok::<(), actionbox_guest::http::Error>(())
/// ```
pub const AUTHORITY: &str = "app.refold.ai";

/// Lists the actions of an app.
///
/// The upstream does not tell effects, so none is claimed.
///
/// # Errors
///
/// [`Error::UnknownApp`]; [`Error::ReauthorizationRequired`], [`Error::Throttled`] and [`Error::Upstream`]
/// as the upstream answers; [`Error::Denied`] when the host does not let the request out.
///
/// # Examples
///
/// ```no_run
/// # use actionbox_guest::{Action, Error, refold};
/// /// Offers what the upstream offers, and one action of its own.
/// fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
///     let mut actions = refold::list_actions(app)?;
///     actions.push(Action::new("upsert_contact", "Upsert contact"));
///     Ok(actions)
/// }
/// ```
pub fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
    let route = Route::List { app };
    answer::actions(&route, &send(&route, "")?)
}

/// Describes the parameters of an action.
///
/// # Errors
///
/// As [`list_actions`], and [`Error::UnknownAction`].
///
/// # Examples
///
/// ```no_run
/// # use actionbox_guest::{Error, Parameter, refold};
/// /// Tells which parameters of an upstream action have to be there.
/// fn required(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
///     let mut parameters = refold::describe_action(app, action)?;
///     parameters.retain(|parameter| parameter.required);
///     Ok(parameters)
/// }
/// ```
pub fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
    let route = Route::Describe { app, action };
    answer::parameters(&route, &send(&route, "")?)
}

/// Executes an action.
///
/// # Errors
///
/// As [`describe_action`], and [`Error::InvalidParameters`] when the upstream refuses the parameters.
/// [`Error::may_have_run`] tells whether the action may have run in spite of the error.
///
/// # Examples
///
/// ```no_run
/// # use actionbox_guest::{Error, Outcome, Parameters, refold};
/// fn find_by_email(email: &str) -> Result<Outcome, Error> {
///     let parameters = [("propertyName", "email"), ("operator", "EQ"), ("value", email)].into();
///     refold::execute_action("hubspot", "search_contacts", &parameters)
/// }
/// ```
pub fn execute_action(app: &str, action: &str, parameters: &Parameters) -> Result<Outcome, Error> {
    let route = Route::Execute { app, action };
    answer::outcome(&route, &send(&route, &parameters.text())?)
}

/// Asks for an endpoint over `wasi:http`; an execute request has parameters.
#[cfg(not(feature = "upstream"))]
fn send(route: &Route<'_>, parameters: &str) -> Result<http::Response<Vec<u8>>, Error> {
    let path = route.path()?;
    let request = Outgoing::new(route.method(), AUTHORITY, &path, parameters.as_bytes());
    // Of the headers of an answer, one of a refusal is of use, which says when to ask again.
    let headers = |status: http::StatusCode| !status.is_success();
    Ok(crate::client::exchange(request, headers)?)
}
