//! Why an operation gave no result.

use std::{fmt, time::Duration};

use crate::client::code;

/// Why an operation gave no result.
///
/// An action that ran and failed in the connected app is no error: it is an
/// [`Outcome::Failed`](crate::Outcome::Failed).
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Error, UpstreamFailure};
///
/// /// Says in the plugin's own words what the upstream's 404 means.
/// fn told(error: Error) -> Error {
///     match error {
///         Error::Upstream(UpstreamFailure { status: Some(404), .. }) => {
///             Error::invalid("id", "is of no contact")
///         }
///         other => other,
///     }
/// }
///
/// let error = told(UpstreamFailure::new("not found").status(404).into());
/// assert_eq!(error.to_string(), "invalid parameters: id: is of no contact");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The upstream has no such app. Carries the app's slug.
    UnknownApp(String),
    /// The app has no such action.
    UnknownAction {
        /// The app that was asked.
        app: String,
        /// The action it does not have.
        action: String,
    },
    /// The parameters are not acceptable: each problem is listed. Never worth a retry as it is.
    InvalidParameters(Vec<Problem>),
    /// The tenant has to connect the app again, or for the first time. Carries the reason.
    ReauthorizationRequired(String),
    /// The host, or the upstream, does not permit it. Carries the reason as far as it is known.
    Denied(String),
    /// Too many requests: wait.
    Throttled {
        /// How long to wait before the next try, when the upstream says so.
        retry_after: Option<Duration>,
    },
    /// The upstream failed, or answered what it should not.
    Upstream(UpstreamFailure),
    /// Anything else, in a sentence for people.
    Other(String),
}

/// One thing that is wrong with the parameters of a call.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Error, Parameters, Problem};
///
/// // All that is wrong at once, so that a form is filled in a second time, not a third.
/// let parameters = Parameters::from([("email", "ada")]);
/// let problems: Vec<_> = ["firstname", "lastname"]
///     .into_iter()
///     .filter(|name| parameters.get(name).is_none())
///     .map(Problem::missing)
///     .collect();
/// let error = Error::InvalidParameters(problems);
/// assert_eq!(error.to_string(), "invalid parameters: firstname: is required; lastname: is required");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The parameter it is about; `None` when it is about the parameters as a whole.
    pub parameter: Option<String>,
    /// What is wrong and what would be right, for people.
    pub message: String,
}

/// How the upstream failed.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Error, UpstreamFailure};
///
/// let failure = UpstreamFailure::new("the answer is no JSON").status(502).code("BAD_GATEWAY");
/// assert_eq!(
///     Error::from(failure).to_string(),
///     "the upstream failed with HTTP 502 (BAD_GATEWAY): the answer is no JSON"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamFailure {
    /// The HTTP status of the answer; `None` when there was no answer.
    pub status: Option<u16>,
    /// The upstream's code for it, such as `SERVER_ERROR`; when there was no answer, the code of
    /// `wasi:http`, such as `connection-refused`.
    pub code: Option<String>,
    /// The upstream's message, or what went wrong on the way, for people.
    pub message: String,
    /// The upstream's name for this request, to quote to its support.
    pub request_id: Option<String>,
}

impl Error {
    /// Creates the error for an app that does not exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Action, Error};
    ///
    /// fn list_actions(app: &str) -> Result<Vec<Action>, Error> {
    ///     match app {
    ///         "hubspot" => Ok(vec![Action::new("count_contacts", "Count contacts")]),
    ///         _ => Err(Error::unknown_app(app)),
    ///     }
    /// }
    /// assert_eq!(list_actions("hubspit").unwrap_err().to_string(), "there is no app \"hubspit\"");
    /// ```
    pub fn unknown_app(app: impl Into<String>) -> Self {
        Self::UnknownApp(app.into())
    }

    /// Creates the error for an action that the app does not have.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, Parameter};
    ///
    /// fn describe_action(app: &str, action: &str) -> Result<Vec<Parameter>, Error> {
    ///     match action {
    ///         "count_contacts" => Ok(vec![Parameter::optional("query", "Query")]),
    ///         _ => Err(Error::unknown_action(app, action)),
    ///     }
    /// }
    /// assert!(describe_action("hubspot", "count_contact").is_err());
    /// ```
    pub fn unknown_action(app: impl Into<String>, action: impl Into<String>) -> Self {
        Self::UnknownAction { app: app.into(), action: action.into() }
    }

    /// Creates the error for a required parameter that was left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, Parameters};
    ///
    /// let parameters = Parameters::new();
    /// let contacts = parameters.get("contacts").ok_or_else(|| Error::missing("contacts"));
    /// assert_eq!(contacts.unwrap_err().to_string(), "invalid parameters: contacts: is required");
    /// ```
    pub fn missing(parameter: impl Into<String>) -> Self {
        Self::InvalidParameters(vec![Problem::missing(parameter)])
    }

    /// Creates the error for a parameter whose value the action cannot take.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Error;
    ///
    /// let error = Error::invalid("limit", "must be between 1 and 100");
    /// assert_eq!(error.to_string(), "invalid parameters: limit: must be between 1 and 100");
    /// ```
    pub fn invalid(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidParameters(vec![Problem::new(parameter, message)])
    }

    /// Creates an error of no other kind, from a sentence for people.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, serde_json::{Value, json}};
    ///
    /// fn total(listed: &Value) -> Result<u64, Error> {
    ///     listed["total"].as_u64().ok_or_else(|| Error::other("the listing has no total"))
    /// }
    /// assert_eq!(total(&json!({ "total": 3 })), Ok(3));
    /// assert!(total(&json!({})).is_err());
    /// ```
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    /// Tells whether an action whose execution gave this error may have run all the same.
    ///
    /// A write that may have run must not be repeated blindly. When in doubt, this says `true`.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, UpstreamFailure};
    ///
    /// let refused: Error = UpstreamFailure::new("Required parameter 'email' is missing").status(400).into();
    /// assert!(!refused.may_have_run());
    ///
    /// let broken: Error = UpstreamFailure::new("bad gateway").status(502).into();
    /// assert!(broken.may_have_run(), "the contact may be there: search before you create it again");
    /// ```
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::UnknownApp(_)
            | Self::UnknownAction { .. }
            | Self::InvalidParameters(_)
            | Self::ReauthorizationRequired(_)
            | Self::Denied(_)
            | Self::Throttled { .. } => false,
            Self::Upstream(failure) => failure.may_have_run(),
            Self::Other(_) => true,
        }
    }
}

impl Problem {
    /// Creates a problem with one parameter.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Problem;
    ///
    /// let problem = Problem::new("email", "has no @: expected an address such as ada@example.com");
    /// assert_eq!(problem.parameter.as_deref(), Some("email"));
    /// ```
    pub fn new(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), message: message.into() }
    }

    /// Creates the problem of a required parameter that was left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Problem;
    ///
    /// assert_eq!(Problem::missing("email").to_string(), "email: is required");
    /// ```
    pub fn missing(parameter: impl Into<String>) -> Self {
        Self::new(parameter, "is required")
    }

    /// Creates a problem with the parameters as a whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, Problem};
    ///
    /// let error = Error::from(Problem::with_all("give either an id or an email, not both"));
    /// assert_eq!(error.to_string(), "invalid parameters: give either an id or an email, not both");
    /// ```
    pub fn with_all(message: impl Into<String>) -> Self {
        Self { parameter: None, message: message.into() }
    }
}

impl UpstreamFailure {
    /// Creates a failure from a message for people.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Error, UpstreamFailure};
    ///
    /// let listed: Option<Vec<u32>> = None;
    /// let listed = listed.ok_or_else(|| Error::from(UpstreamFailure::new("the answer holds no contacts")));
    /// assert_eq!(listed.unwrap_err().to_string(), "the upstream failed: the answer holds no contacts");
    /// ```
    pub fn new(message: impl Into<String>) -> Self {
        Self { status: None, code: None, message: message.into(), request_id: None }
    }

    /// Sets the HTTP status of the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::UpstreamFailure;
    ///
    /// let failure = UpstreamFailure::new("try again later").status(503);
    /// assert_eq!(failure.to_string(), "the upstream failed with HTTP 503: try again later");
    /// ```
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Sets the upstream's code.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::UpstreamFailure;
    ///
    /// let failure = UpstreamFailure::new("no such list").status(404).code("LIST_NOT_FOUND");
    /// assert_eq!(failure.code.as_deref(), Some("LIST_NOT_FOUND"));
    /// ```
    #[must_use]
    pub fn code(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }

    /// Tells whether the request may have been carried out: not when it never left, and not when the
    /// upstream refused it with a status from 400 to 499.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::UpstreamFailure;
    ///
    /// assert!(!UpstreamFailure::new("conflict").status(409).may_have_run());
    /// assert!(UpstreamFailure::new("bad gateway").status(502).may_have_run());
    /// ```
    pub fn may_have_run(&self) -> bool {
        match (self.status, self.code.as_deref()) {
            (Some(status), _) => !(400..500).contains(&status),
            (None, Some(code)) => !code::is_not_sent(code),
            (None, None) => true,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::InvalidParameters(vec![problem])
    }
}

impl From<UpstreamFailure> for Error {
    fn from(failure: UpstreamFailure) -> Self {
        Self::Upstream(failure)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownApp(app) => write!(f, "there is no app {app:?}"),
            Self::UnknownAction { app, action } => write!(f, "the app {app:?} has no action {action:?}"),
            Self::InvalidParameters(problems) => {
                f.write_str("invalid parameters")?;
                for (index, problem) in problems.iter().enumerate() {
                    write!(f, "{} {problem}", if index == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
            Self::ReauthorizationRequired(reason) => write!(f, "the app has to be connected again: {reason}"),
            Self::Denied(reason) => write!(f, "denied: {reason}"),
            Self::Throttled { retry_after: Some(wait) } => {
                write!(f, "too many requests: wait {} s", wait.as_secs_f32())
            }
            Self::Throttled { retry_after: None } => f.write_str("too many requests"),
            Self::Upstream(failure) => failure.fmt(f),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parameter {
            Some(parameter) => write!(f, "{parameter}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for UpstreamFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the upstream failed")?;
        if let Some(status) = self.status {
            write!(f, " with HTTP {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told() {
        let problems = vec![Problem::missing("email"), Problem::with_all("too many keys")];
        assert_eq!(
            Error::InvalidParameters(problems).to_string(),
            "invalid parameters: email: is required; too many keys"
        );
    }

    #[test]
    fn only_what_surely_did_not_run_is_said_not_to_have_run() {
        let failure = || UpstreamFailure::new("x");
        for (error, expected) in [
            (Error::missing("email"), false),
            (Error::Throttled { retry_after: None }, false),
            (failure().status(409).into(), false),
            (failure().code("connection-refused").into(), false),
            (failure().code("http-response-timeout").into(), true),
            (failure().code("SOMETHING").into(), true),
            (failure().status(200).into(), true),
            (failure().status(302).into(), true),
            (failure().status(503).code("connection-refused").into(), true),
            (failure().into(), true),
            (Error::other("x"), true),
        ] {
            assert_eq!(error.may_have_run(), expected, "{error:?}");
        }
    }
}
