//! The input of `upsert_contact`: what it may hold, and what the upstream calls it.

use actionbox_guest::{
    Error, Parameter, ParameterKind, Parameters, Problem,
    serde_json::{self, Map, Value},
};

const EMAIL: &str = "email";
const MORE: &str = "additional_fields";

/// The optional parameters: our name, the upstream's, the label.
const FIELDS: [(&str, &str, &str); 7] = [
    ("first_name", "firstname", "First name"),
    ("last_name", "lastname", "Last name"),
    ("phone", "phone", "Phone"),
    ("company", "company", "Company"),
    ("website", "website", "Website"),
    ("job_title", "jobtitle", "Job title"),
    ("owner_id", "hubspot_owner_id", "Owner ID"),
];

/// A contact as the caller wants it to be.
#[derive(Debug, PartialEq)]
pub struct Contact {
    /// What it is found by.
    pub email: String,
    /// What is to be set, by the upstream's names. Without the address.
    pub fields: Map<String, Value>,
}

/// Describes the parameters of `upsert_contact`.
pub fn parameters() -> Vec<Parameter> {
    let email = Parameter::required(EMAIL, "E-mail").kind(ParameterKind::Email);
    let more = Parameter::optional(MORE, "Additional fields").kind(ParameterKind::Json);
    let fields = FIELDS.map(|(name, _, label)| Parameter::optional(name, label));
    [email].into_iter().chain(fields).chain([more]).collect()
}

impl Contact {
    /// Reads a contact, and lists every problem there is, not only the first.
    pub fn read(parameters: &Parameters) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut contact = Self { email: String::new(), fields: Map::new() };
        match email(parameters.get(EMAIL)) {
            Ok(email) => contact.email = email,
            Err(problem) => problems.push(problem),
        }
        for (name, value) in parameters {
            let field = FIELDS.iter().find(|(own, ..)| own == name);
            let read = match (name.as_str(), field) {
                (EMAIL, _) => Ok(()),
                (MORE, _) => additional(value).map(|more| contact.fields.extend(more)),
                (_, Some((_, theirs, _))) => text(name, value)
                    .map(|text| contact.fields.extend(text.map(|text| (theirs.to_string(), text)))),
                (_, None) => Err(unknown(name)),
            };
            problems.extend(read.err());
        }
        if problems.is_empty() { Ok(contact) } else { Err(Error::InvalidParameters(problems)) }
    }
}

/// Plausible, not proven: only the mail server knows.
fn email(value: Option<&Value>) -> Result<String, Problem> {
    let text = match value {
        None | Some(Value::Null) => return Err(Problem::missing(EMAIL)),
        Some(Value::String(text)) if text.trim().is_empty() => return Err(Problem::missing(EMAIL)),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(Problem::new(EMAIL, "must be a string")),
    };
    let plausible = text.len() <= 254
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(name, domain)| {
            let labels = || domain.split('.');
            !name.is_empty()
                && !domain.contains('@')
                && labels().count() > 1
                && labels().all(|label| !label.is_empty())
        });
    if plausible {
        Ok(text.to_owned())
    } else {
        Err(Problem::new(EMAIL, "must be an e-mail address, such as ada@example.com"))
    }
}

/// The upstream takes numbers as text. Nothing given means that nothing is to be set.
fn text(name: &str, value: &Value) -> Result<Option<Value>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(_) => Ok(Some(value.clone())),
        Value::Number(number) => Ok(Some(number.to_string().into())),
        _ => Err(Problem::new(name, "must be a string")),
    }
}

/// Reads further properties, given as an object or as text that holds one.
fn additional(value: &Value) -> Result<Option<(String, Value)>, Problem> {
    let object = match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(serde_json::from_str(text).unwrap_or(Value::Null)),
        other => Some(other.clone()),
    };
    match object {
        None => Ok(None),
        Some(Value::Object(more)) => match more.keys().find(|key| is_taken(key)) {
            Some(taken) => {
                Err(Problem::new(MORE, format!("must not set {taken:?}, which upsert_contact sets itself")))
            }
            None => Ok((!more.is_empty()).then(|| (MORE.to_owned(), more.into()))),
        },
        Some(_) => Err(Problem::new(MORE, "must be a JSON object")),
    }
}

/// What a parameter sets cannot be set a second way: it could change the address that was searched for.
fn is_taken(key: &str) -> bool {
    key == EMAIL || key == "contact_id" || FIELDS.iter().any(|(_, theirs, _)| *theirs == key)
}

fn unknown(name: &str) -> Problem {
    match FIELDS.iter().find(|(_, theirs, _)| *theirs == name) {
        Some((own, ..)) => Problem::new(name, format!("is not known; it is called {own} here")),
        None => Problem::new(name, format!("is not known; properties of your own go into {MORE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Contact, Error> {
        Contact::read(&text.parse().expect("an object"))
    }

    fn problems(text: &str) -> Vec<(String, String)> {
        match read(text) {
            Err(Error::InvalidParameters(problems)) => problems
                .into_iter()
                .map(|problem| (problem.parameter.unwrap_or_default(), problem.message))
                .collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_field_gets_the_upstreams_name() {
        let contact = read(
            r#"{"email":" ada@example.com ","first_name":"Ada","job_title":"Countess","owner_id":7,"phone":"","company":null,
                "additional_fields":"{\"lifecyclestage\":\"lead\"}"}"#,
        );
        let fields = r#"{"firstname":"Ada","jobtitle":"Countess","hubspot_owner_id":"7","additional_fields":{"lifecyclestage":"lead"}}"#;
        let fields = serde_json::from_str(fields).expect("JSON");
        assert_eq!(contact, Ok(Contact { email: "ada@example.com".into(), fields }));
    }

    #[test]
    fn an_implausible_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in [
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "ada@.com",
            "ada@example.",
            "a b@example.com",
            "a@b@c.com",
            &long,
        ] {
            let found = problems(&format!(r#"{{"email":"{bad}"}}"#));
            assert_eq!((found.len(), found[0].0.as_str()), (1, "email"), "{bad}");
        }
        for missing in ["{}", r#"{"email":null}"#, r#"{"email":" "}"#] {
            assert_eq!(problems(missing), [("email".into(), "is required".into())], "{missing}");
        }
    }

    #[test]
    fn every_problem_is_named() {
        let found = problems(r#"{"firstname":"Ada","nickname":"A","phone":{},"additional_fields":"[]"}"#);
        let named: Vec<_> = found.iter().map(|(parameter, _)| parameter.as_str()).collect();
        assert_eq!(named, ["email", "additional_fields", "firstname", "nickname", "phone"]);
        assert!(found[2].1.contains("first_name") && found[3].1.contains("additional_fields"), "{found:?}");
    }

    #[test]
    fn additional_fields_cannot_change_what_was_searched_for() {
        for key in ["email", "contact_id", "firstname"] {
            let found = problems(&format!(r#"{{"email":"a@b.c","additional_fields":{{"{key}":"x"}}}}"#));
            assert_eq!((found.len(), found[0].0.as_str()), (1, "additional_fields"), "{key}");
        }
    }

    #[test]
    fn every_parameter_that_is_read_is_described() {
        for parameter in parameters() {
            let (name, email) = (&parameter.name, "a@b.c");
            let input = if name == EMAIL {
                format!(r#"{{"email":"{email}"}}"#)
            } else {
                format!(r#"{{"email":"{email}","{name}":null}}"#)
            };
            assert!(read(&input).is_ok(), "{name}");
        }
    }
}
