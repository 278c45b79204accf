//! How an action ended in the connected app.

use std::fmt;

use crate::Data;

/// How an action ended in the connected app: two cases, so that the data of a failed action cannot be
/// read as a result by mistake.
///
/// # Examples
///
/// An action made of two steps stops at the first that failed, and hands its failure on:
///
/// ```no_run
/// use actionbox_guest::{Error, Outcome, Parameters, refold};
///
/// fn first_contact_again() -> Result<Outcome, Error> {
///     let listed = refold::execute_action("hubspot", "get_contact", &[("limit", "1")].into())?;
///     let listed = match listed.into_result() {
///         Ok(listed) => listed,
///         Err(failure) => return Ok(failure.into()),
///     };
///     let id = listed.data["results"][0]["id"].as_str().unwrap_or_default();
///     refold::execute_action("hubspot", "get_contact_by_id", &[("contact_id", id)].into())
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an action that was executed may have failed in the connected app"]
pub enum Outcome {
    /// The connected app did what was asked.
    Succeeded(Success),
    /// The connected app was reached and refused, or failed.
    Failed(Failure),
}

/// The connected app did what was asked.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Outcome, serde_json::json};
///
/// let counted = Outcome::success(json!({ "total": 3 })).into_result()?;
/// assert_eq!((counted.data["total"].as_u64(), counted.http_status), (Some(3), None));
/// # Ok::<(), actionbox_guest::Failure>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Success {
    /// The connected app's own HTTP status, when the upstream tells it.
    pub http_status: Option<u16>,
    /// The connected app's answer, of which nothing is lost when it is passed on.
    pub data: Data,
}

/// The connected app was reached and refused, or failed.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Outcome, serde_json::json};
///
/// let refused = Outcome::failure(json!({ "error": "not_in_channel" }));
/// let failure = refused.into_result().unwrap_err();
/// assert_eq!(failure.data["error"], "not_in_channel");
/// assert_eq!(failure.to_string(), "the connected app did not do it: Failed");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// The upstream's word for it, such as `Errored` or `Failed`.
    pub node_status: String,
    /// The connected app's own HTTP status, when the upstream tells it.
    pub http_status: Option<u16>,
    /// The connected app's own error body.
    pub data: Data,
}

impl Outcome {
    /// Creates the outcome of an action that did what was asked.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Outcome, serde_json::json};
    ///
    /// let outcome = Outcome::success(json!({ "created": true, "id": "51" }));
    /// assert!(outcome.is_success());
    /// ```
    pub fn success(data: impl Into<Data>) -> Self {
        Success { http_status: None, data: data.into() }.into()
    }

    /// Creates the outcome of an action that the connected app refused; `node_status` is `Failed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Outcome, serde_json::json};
    ///
    /// let outcome = Outcome::failure(json!({ "matches": 2, "message": "the address is not unique" }));
    /// assert!(!outcome.is_success());
    /// ```
    pub fn failure(data: impl Into<Data>) -> Self {
        Failure { node_status: "Failed".to_owned(), http_status: None, data: data.into() }.into()
    }

    /// Returns the success, or the failure as an error.
    ///
    /// # Errors
    ///
    /// The [`Failure`] of an action that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Outcome, serde_json::json};
    ///
    /// let found = Outcome::success(json!({ "results": [{ "id": "51" }] }));
    /// assert_eq!(found.into_result()?.data["results"][0]["id"], "51");
    /// # Ok::<(), actionbox_guest::Failure>(())
    /// ```
    pub fn into_result(self) -> Result<Success, Failure> {
        match self {
            Self::Succeeded(success) => Ok(success),
            Self::Failed(failure) => Err(failure),
        }
    }

    /// Tells whether the connected app did what was asked.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Outcome;
    ///
    /// let steps = [Outcome::success("created"), Outcome::failure("a note is too long")];
    /// assert_eq!(steps.iter().filter(|step| step.is_success()).count(), 1);
    /// ```
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Succeeded(_))
    }
}

impl From<Success> for Outcome {
    fn from(success: Success) -> Self {
        Self::Succeeded(success)
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connected app did not do it: {}", self.node_status)?;
        match self.http_status {
            Some(status) => write!(f, " (HTTP {status})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_a_failed_action_is_an_error() {
        let failure = Outcome::failure("no").into_result().unwrap_err();
        assert_eq!(
            (failure.to_string().as_str(), failure.data),
            ("the connected app did not do it: Failed", "no".into())
        );
        assert_eq!(Outcome::success(1).into_result().unwrap().data, 1);
    }
}
