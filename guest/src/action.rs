//! Actions and their parameters, as a plugin lists and describes them.

use std::{convert::Infallible, fmt, str::FromStr};

/// What an action does to the connected app, from harmless to unlimited.
///
/// The host decides the effect of every call by itself. What a plugin claims is shown to people and
/// grants nothing.
///
/// # Examples
///
/// An action made of several steps claims the effect of the worst:
///
/// ```
/// use actionbox_guest::Effect;
///
/// let steps = [Effect::Read, Effect::Write];
/// assert_eq!(steps.into_iter().max(), Some(Effect::Write));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Creates or changes something.
    Write,
    /// Deletes something, or does what cannot be undone.
    Destructive,
    /// Makes an arbitrary call, such as the `httprequest` that every connector ships.
    Raw,
}

/// One operation of a connected app.
///
/// # Examples
///
/// ```
/// use actionbox_guest::Action;
///
/// let own = [Action::new("upsert_contact", "Upsert contact"), Action::new("greet", "Greet")];
/// // What the upstream has under the same name is the plugin's own from now on.
/// let mut listed = vec![Action::new("greet", "Send greetings"), Action::new("get_contact", "Get contact")];
/// listed.retain(|action| own.iter().all(|own| own.id != action.id));
/// listed.extend(own);
/// assert_eq!(listed.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// The name that `describe_action` and `execute_action` take, such as `get_contact`.
    pub id: String,
    /// A short title for people.
    pub name: String,
    /// What the action does, in a sentence or two. May be empty.
    pub description: String,
    /// The upstream's own label, such as `v2`, when it has one.
    pub tag: Option<String>,
    /// The effect that the plugin claims. For display only.
    pub claimed_effect: Option<Effect>,
}

impl Action {
    /// Creates an action without description, tag or claimed effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Action, Effect};
    ///
    /// let action = Action::new("upsert_contact", "Upsert contact")
    ///     .description("Updates the contact with this address, or creates it.")
    ///     .claims(Effect::Write);
    /// assert_eq!(action.id, "upsert_contact");
    /// ```
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), description: String::new(), tag: None, claimed_effect: None }
    }

    /// Sets the description.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Action;
    ///
    /// let action = Action::new("count_contacts", "Count contacts").description("Counts all that match.");
    /// assert_eq!(action.description, "Counts all that match.");
    /// ```
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: description.into(), ..self }
    }

    /// Sets the tag.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Action;
    ///
    /// let action = Action::new("count_contacts", "Count contacts").tag("v2");
    /// assert_eq!(action.tag.as_deref(), Some("v2"));
    /// ```
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Claims an effect. For display only: the host decides by itself what the action may do.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Action, Effect};
    ///
    /// let action = Action::new("purge_contacts", "Purge contacts").claims(Effect::Destructive);
    /// assert_eq!(action.claimed_effect, Some(Effect::Destructive));
    /// ```
    #[must_use]
    pub fn claims(self, effect: Effect) -> Self {
        Self { claimed_effect: Some(effect), ..self }
    }
}

/// The kind of value that a parameter takes. Values are mostly sent as strings, even numbers.
///
/// # Examples
///
/// ```
/// use actionbox_guest::ParameterKind;
///
/// assert_eq!(ParameterKind::from("email"), ParameterKind::Email);
/// // What this version does not know is passed on as the upstream spells it.
/// assert_eq!(ParameterKind::from("date-range").to_string(), "date-range");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A kind that this version of the contract does not know, as the upstream spells it.
    Other(String),
}

impl From<&str> for ParameterKind {
    fn from(word: &str) -> Self {
        match word {
            "text" => Self::Text,
            "email" => Self::Email,
            "number" => Self::Number,
            "textarea" => Self::Textarea,
            "url" => Self::Url,
            "json" => Self::Json,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl FromStr for ParameterKind {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(word.into())
    }
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
            Self::Other(word) => word,
        })
    }
}

/// One input of an action.
///
/// # Examples
///
/// ```
/// use actionbox_guest::{Parameter, ParameterKind};
///
/// let form = [
///     Parameter::required("email", "E-mail").kind(ParameterKind::Email),
///     Parameter::optional("note", "Note").kind(ParameterKind::Textarea),
/// ];
/// assert_eq!(form.iter().filter(|parameter| parameter.required).count(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The key in the parameters object.
    pub name: String,
    /// A short title for people. May equal the name.
    pub label: String,
    /// Whether the action refuses to run without it.
    pub required: bool,
    /// The kind of value it takes.
    pub kind: ParameterKind,
}

impl Parameter {
    /// Creates a parameter that the action does not run without: one line of text.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Parameter, ParameterKind};
    ///
    /// let email = Parameter::required("email", "E-mail").kind(ParameterKind::Email);
    /// assert!(email.required);
    /// ```
    pub fn required(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { name: name.into(), label: label.into(), required: true, kind: ParameterKind::Text }
    }

    /// Creates a parameter that may be left out: one line of text.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::Parameter;
    ///
    /// let phone = Parameter::optional("phone", "Phone");
    /// assert!(!phone.required);
    /// ```
    pub fn optional(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self { required: false, ..Self::required(name, label) }
    }

    /// Sets the kind of value it takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use actionbox_guest::{Parameter, ParameterKind};
    ///
    /// let limit = Parameter::optional("limit", "At most").kind(ParameterKind::Number);
    /// assert_eq!(limit.kind, ParameterKind::Number);
    /// ```
    #[must_use]
    pub fn kind(self, kind: ParameterKind) -> Self {
        Self { kind, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_spelled_as_it_was_read() {
        for word in ["text", "email", "number", "textarea", "url", "json", "date-range", ""] {
            assert_eq!(ParameterKind::from(word).to_string(), word);
        }
        assert_eq!(ParameterKind::from("Text"), ParameterKind::Other("Text".into()));
    }
}
