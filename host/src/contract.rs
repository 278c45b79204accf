//! The contract's values as an embedder sees them, and their way out of the bindings.

use std::fmt;

use serde_json::Value;

use crate::{audit::escaped, effect::Effect};

/// The generated bindings of the world `plugin`, and of what a plugin may import beside it.
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "plugin-with-upstream",
        imports: { "actionbox:plugin/upstream": async },
        exports: { default: async },
        require_store_data_send: true,
        with: {
            "wasi:http": wasmtime_wasi_http::p2::bindings::http,
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        },
    });
}

use bindings::actionbox::plugin::types as wit;

/// One operation of a connected app.
///
/// ```
/// use actionbox_host::{Action, Effect};
///
/// /// Keeps what the tenant may use, for a menu; what a plugin claims of itself does not count.
/// fn offered(mut actions: Vec<Action>) -> Vec<Action> {
///     actions.retain(|action| action.effect.is_some());
///     actions
/// }
///
/// let action = Action {
///     id: "delete_contact".to_owned(),
///     name: "Delete contact".to_owned(),
///     description: String::new(),
///     tag: None,
///     effect: None,
///     claimed_effect: Some(Effect::Read),
/// };
/// assert!(offered(vec![action]).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Action {
    /// The id that `describe_action` and `execute_action` take.
    pub id: String,
    /// A short title for people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The upstream's own label, such as `v2`.
    pub tag: Option<String>,
    /// The effect that the host enforces for it under the grant of the call; `None` when the grant does
    /// not allow it.
    pub effect: Option<Effect>,
    /// The effect that the plugin claims: for display only, it grants nothing.
    pub claimed_effect: Option<Effect>,
}

/// The kind of value that a parameter takes.
///
/// ```
/// use actionbox_host::ParameterKind;
///
/// fn input_type(kind: &ParameterKind) -> &'static str {
///     match kind {
///         ParameterKind::Email => "email",
///         ParameterKind::Number => "number",
///         ParameterKind::Url => "url",
///         _ => "text",
///     }
/// }
/// assert_eq!(input_type(&ParameterKind::Other("date-range".to_owned())), "text");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ParameterKind {
    /// One line of text.
    Text,
    /// An e-mail address.
    Email,
    /// A number.
    Number,
    /// Several lines of text.
    Textarea,
    /// A URL.
    Url,
    /// A JSON value.
    Json,
    /// A kind that the contract does not know, as the upstream spells it.
    #[serde(untagged)]
    Other(String),
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Number => "number",
            Self::Textarea => "textarea",
            Self::Url => "url",
            Self::Json => "json",
            Self::Other(other) => other,
        })
    }
}

/// One input of an action.
///
/// ```
/// use actionbox_host::{Parameter, ParameterKind};
/// use serde_json::{Value, json};
///
/// /// Tells which required parameters are not there, before a call is made of it.
/// fn missing<'a>(form: &'a [Parameter], given: &Value) -> Vec<&'a str> {
///     let needed = form.iter().filter(|parameter| parameter.required).map(|parameter| &*parameter.name);
///     needed.filter(|name| given.get(name).is_none()).collect()
/// }
///
/// let (name, label) = ("email".to_owned(), "E-mail".to_owned());
/// let form = [Parameter { name, label, required: true, kind: ParameterKind::Email }];
/// assert_eq!(missing(&form, &json!({ "firstname": "Ada" })), ["email"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Parameter {
    /// The key in the parameters object.
    pub name: String,
    /// A short title for people.
    pub label: String,
    /// Whether the action refuses to run without it.
    pub required: bool,
    /// The kind of value it takes.
    pub kind: ParameterKind,
}

/// How an action ended in the connected app.
///
/// Two cases, so that the data of a failed action is not read as a result by mistake. The upstream answers
/// HTTP 200 in both.
///
/// ```no_run
/// # use actionbox_host::{Grant, Outcome, Plugin};
/// # use serde_json::json;
/// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Box<dyn std::error::Error>> {
/// match plugin.execute_action(&grant, "hubspot", "get_contact", &json!({ "limit": "1" })).await? {
///     Outcome::Succeeded(success) => println!("{}", success.data),
///     Outcome::Failed(failure) => eprintln!("{failure}: {}", failure.data),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an action that was executed may still have failed in the connected app"]
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// The connected app did what was asked.
    Succeeded(Success),
    /// The connected app refused or failed.
    Failed(Failure),
}

/// What the connected app answered when it did what was asked.
///
/// ```
/// use actionbox_host::{Outcome, Success};
/// use serde_json::json;
///
/// let outcome = Outcome::Succeeded(Success { http_status: Some(200), data: json!({ "id": "51" }) });
/// assert_eq!(outcome.into_result()?.data["id"], "51");
/// # Ok::<(), actionbox_host::Failure>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Success {
    /// The connected app's own HTTP status, when the upstream tells it.
    pub http_status: Option<u16>,
    /// The connected app's answer.
    pub data: Value,
}

/// What the connected app answered when it refused or failed.
///
/// ```
/// use actionbox_host::{Failure, Outcome};
/// use serde_json::json;
///
/// let data = json!({ "error": "not_in_channel" });
/// let outcome = Outcome::Failed(Failure { node_status: "Errored".to_owned(), http_status: None, data });
/// let failure = outcome.into_result().unwrap_err();
/// // What it shows of itself holds none of the tenant's data.
/// assert_eq!(failure.to_string(), "the connected app answered \"Errored\"");
/// assert_eq!(failure.data["error"], "not_in_channel");
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, thiserror::Error)]
#[error("the connected app answered \"{}\"", escaped(.node_status))]
pub struct Failure {
    /// The upstream's word for it, such as `Errored`.
    pub node_status: String,
    /// The connected app's own HTTP status, when the upstream tells it.
    pub http_status: Option<u16>,
    /// The connected app's own error body.
    pub data: Value,
}

impl Outcome {
    /// Returns the success, or the failure as an error.
    ///
    /// # Errors
    ///
    /// The [`Failure`], when the connected app refused or failed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use actionbox_host::{Grant, Plugin};
    /// # use serde_json::json;
    /// # async fn example(plugin: Plugin, grant: Grant) -> Result<(), Box<dyn std::error::Error>> {
    /// let first = json!({ "limit": "1" });
    /// let outcome = plugin.execute_action(&grant, "hubspot", "get_contact", &first).await?;
    /// // Where a refusal of the app is as bad as no answer at all.
    /// let contacts = outcome.into_result()?.data;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_result(self) -> Result<Success, Failure> {
        match self {
            Self::Succeeded(success) => Ok(success),
            Self::Failed(failure) => Err(failure),
        }
    }
}

/// One thing that is wrong with the parameters of a call.
///
/// ```
/// use actionbox_host::{Error, Problem, Sent};
///
/// let problem = Problem { parameter: Some("email".to_owned()), message: "is required".to_owned() };
/// assert_eq!(problem.to_string(), "email: is required");
///
/// let error = Error::InvalidParameters { problems: vec![problem], sent: Sent::No };
/// assert_eq!(error.to_string(), "the parameters are not acceptable: email: is required");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The parameter it is about; `None` when it is about the parameters as a whole.
    pub parameter: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    pub(crate) fn join(problems: &[Self]) -> String {
        let shown: Vec<_> = problems.iter().map(Self::to_string).collect();
        shown.join("; ")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parameter {
            Some(parameter) => write!(f, "{}: {}", escaped(parameter), escaped(&self.message)),
            None => f.write_str(&escaped(&self.message)),
        }
    }
}

/// The contract's error, as the plugin returned it.
pub(crate) use wit::Error as PluginError;

impl Action {
    pub(crate) fn from_wit(action: wit::Action, effect: Option<Effect>) -> Self {
        Self {
            id: action.id,
            name: action.name,
            description: action.description,
            tag: action.tag,
            effect,
            claimed_effect: action.claimed_effect.map(Effect::from),
        }
    }
}

impl From<wit::Effect> for Effect {
    fn from(effect: wit::Effect) -> Self {
        match effect {
            wit::Effect::Read => Self::Read,
            wit::Effect::Write => Self::Write,
            wit::Effect::Destructive => Self::Destructive,
            wit::Effect::Raw => Self::Raw,
        }
    }
}

impl From<wit::Parameter> for Parameter {
    fn from(parameter: wit::Parameter) -> Self {
        Self {
            name: parameter.name,
            label: parameter.label,
            required: parameter.required,
            kind: match parameter.kind {
                wit::ParameterKind::Text => ParameterKind::Text,
                wit::ParameterKind::Email => ParameterKind::Email,
                wit::ParameterKind::Number => ParameterKind::Number,
                wit::ParameterKind::Textarea => ParameterKind::Textarea,
                wit::ParameterKind::Url => ParameterKind::Url,
                wit::ParameterKind::Json => ParameterKind::Json,
                wit::ParameterKind::Other(other) => ParameterKind::Other(other),
            },
        }
    }
}

impl From<wit::Problem> for Problem {
    fn from(problem: wit::Problem) -> Self {
        Self { parameter: problem.parameter, message: problem.message }
    }
}

impl wit::Outcome {
    /// Returns the data as the plugin gave it: text that should be JSON.
    pub(crate) fn data(&self) -> &str {
        match self {
            Self::Succeeded(success) => &success.data,
            Self::Failed(failure) => &failure.data,
        }
    }
}

/// Counts what begins or parts the values of JSON text, without parsing it: what it will take in memory
/// has to be known before.
pub(crate) fn json_values(text: &str) -> usize {
    let mut count = 1;
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'{' | b'[' | b',' | b':' => count += 1,
            b'"' => loop {
                match rest.next() {
                    Some(b'\\') => drop(rest.next()),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    count
}

impl TryFrom<&wit::Outcome> for Outcome {
    type Error = serde_json::Error;

    /// Fails when the data is not the JSON text that the contract asks for.
    fn try_from(outcome: &wit::Outcome) -> Result<Self, Self::Error> {
        Ok(match outcome {
            wit::Outcome::Succeeded(success) => Self::Succeeded(Success {
                http_status: success.http_status,
                data: serde_json::from_str(&success.data)?,
            }),
            wit::Outcome::Failed(failure) => Self::Failed(Failure {
                node_status: failure.node_status.clone(),
                http_status: failure.http_status,
                data: serde_json::from_str(&failure.data)?,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        for (text, count) in [
            ("null", 1),
            ("", 1),
            (r#"{"a":1}"#, 3),
            (r#"[{"":0},{"":0}]"#, 7),
            (r#"{"a,b:[{":"\",[{"}"#, 3),
            (r#""open [ , :"#, 1),
        ] {
            assert_eq!(json_values(text), count, "{text}");
        }
    }
}
