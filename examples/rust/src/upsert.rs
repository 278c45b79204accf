//! The steps of `upsert_contact`: search → update what was found, or create it.
//!
//! Nothing is repeated: there is no idempotency key, so a write whose answer was lost may have happened.

use actionbox_guest::{
    Error, Outcome, Parameters, UpstreamFailure,
    serde_json::{Value, json},
};

use crate::contact::Contact;

/// Executes one of the upstream's actions. A parameter, so that the steps can be tested without one.
pub trait Execute: Fn(&str, &Parameters) -> Result<Outcome, Error> {}
impl<F: Fn(&str, &Parameters) -> Result<Outcome, Error>> Execute for F {}

/// Updates the contact with this address, or creates it.
///
/// What fails in the connected app is passed on as it is. One such case is a contact that somebody else
/// creates between our search and our create: the app refuses the duplicate, and the caller may try again.
pub fn upsert(contact: &Contact, execute: impl Execute) -> Result<Outcome, Error> {
    let found = match execute("search_contacts", &search(contact)).map_err(nothing_written)?.into_result() {
        Ok(found) => pick(&contact.email, found.data.into_value())?,
        Err(failure) => return Ok(failure.into()),
    };
    let mut fields = Parameters::from(contact.fields.clone());
    let (result, written) = match found {
        Some(found) if contact.fields.is_empty() => {
            return Ok(Outcome::success(report("unchanged", found.whole)));
        }
        Some(found) => {
            fields.insert("contact_id", found.id);
            ("updated", execute("update_contact", &fields))
        }
        None => {
            fields.insert("email", contact.email.clone());
            ("created", execute("create_contact", &fields))
        }
    };
    match written.map_err(|error| lost(result, &contact.email, error))?.into_result() {
        Ok(mut success) => {
            success.data = report(result, success.data.into_value()).into();
            Ok(success.into())
        }
        Err(failure) => Ok(failure.into()),
    }
}

/// A contact that is there already.
struct Found {
    id: String,
    whole: Value,
}

fn search(contact: &Contact) -> Parameters {
    // Two would do, to see that there is more than one; some more, should the search be a lenient one.
    Parameters::from([
        ("propertyName", "email"),
        ("operator", "EQ"),
        ("value", contact.email.as_str()),
        ("limit", "10"),
    ])
}

/// Picks the contact that has the address. What the search found beside it is not to be written to.
fn pick(email: &str, mut data: Value) -> Result<Option<Found>, Error> {
    let unreadable = |what: &str| {
        let message = format!("search_contacts answered {what}");
        nothing_written(UpstreamFailure::new(message).status(200).into())
    };
    let Some(Value::Array(results)) = data.get_mut("results").map(Value::take) else {
        return Err(unreadable("without a list of results"));
    };
    let has_address = |contact: &Value| {
        contact["properties"]["email"].as_str().is_some_and(|other| other.trim().eq_ignore_ascii_case(email))
    };
    let mut matching = results.into_iter().filter(has_address);
    let Some(whole) = matching.next() else { return Ok(None) };
    if matching.next().is_some() {
        return Err(Error::invalid(
            "email",
            "more than one contact has this address; update the right one by its id",
        ));
    }
    let id = match &whole["id"] {
        Value::String(id) if !id.is_empty() => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return Err(unreadable("a contact without an id")),
    };
    Ok(Some(Found { id, whole }))
}

fn report(result: &str, contact: Value) -> Value {
    json!({ "result": result, "contact": contact })
}

/// Says so where a failed search could be taken for a failed write.
fn nothing_written(error: Error) -> Error {
    match error {
        Error::Upstream(mut failure) => {
            failure.message = format!("nothing was written: {}", failure.message);
            failure.into()
        }
        other => other,
    }
}

/// Says honestly what is known when a write gave no answer.
fn lost(result: &str, email: &str, error: Error) -> Error {
    if !error.may_have_run() {
        return error;
    }
    let advice = format!("it is unknown whether the contact {email} was {result}: look before trying again");
    match error {
        Error::Upstream(mut failure) => {
            failure.message = format!("{advice} ({})", failure.message);
            failure.into()
        }
        other => Error::other(format!("{advice} ({other})")),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    type Answer = Result<Outcome, Error>;

    /// Runs the steps against scripted answers, and returns the actions that were executed beside the end.
    fn run(input: &str, answers: Vec<Answer>) -> (Answer, Vec<String>) {
        let contact = Contact::read(&input.parse().expect("an object")).expect("a contact");
        let (answers, calls) = (RefCell::new(answers.into_iter()), RefCell::new(Vec::new()));
        let end = upsert(&contact, |action: &str, parameters: &Parameters| {
            calls.borrow_mut().push(format!("{action} {parameters}"));
            answers.borrow_mut().next().expect("no further step")
        });
        assert_eq!(answers.into_inner().count(), 0, "a step was left out");
        (end, calls.into_inner())
    }

    fn found(results: Value) -> Answer {
        Ok(Outcome::success(json!({ "results": results })))
    }

    fn ada() -> Value {
        json!({ "id": "51", "properties": { "email": "Ada@Example.com" } })
    }

    const SEARCH: &str =
        r#"search_contacts {"limit":"10","operator":"EQ","propertyName":"email","value":"ada@example.com"}"#;
    const ADA: &str = r#"{"email":"ada@example.com","first_name":"Ada"}"#;

    #[test]
    fn a_contact_that_is_there_is_updated() {
        let (end, calls) = run(ADA, vec![found(json!([ada()])), Ok(Outcome::success(ada()))]);
        assert_eq!(end, Ok(Outcome::success(json!({ "result": "updated", "contact": ada() }))));
        assert_eq!(calls, [SEARCH, r#"update_contact {"contact_id":"51","firstname":"Ada"}"#]);
    }

    #[test]
    fn a_contact_that_is_not_there_is_created() {
        let (end, calls) = run(ADA, vec![found(json!([])), Ok(Outcome::success(ada()))]);
        assert_eq!(end, Ok(Outcome::success(json!({ "result": "created", "contact": ada() }))));
        assert_eq!(calls, [SEARCH, r#"create_contact {"email":"ada@example.com","firstname":"Ada"}"#]);
    }

    #[test]
    fn nothing_to_change_is_not_written() {
        let (end, calls) = run(r#"{"email":"ada@example.com"}"#, vec![found(json!([ada()]))]);
        assert_eq!(end, Ok(Outcome::success(json!({ "result": "unchanged", "contact": ada() }))));
        assert_eq!(calls, [SEARCH]);
    }

    #[test]
    fn nobody_else_is_written_to() {
        let other = json!({ "id": 7, "properties": { "email": "ada@example.com.evil" } });
        let nameless = json!({ "id": 8 });
        let (_, calls) = run(ADA, vec![found(json!([other, nameless])), Ok(Outcome::success(ada()))]);
        assert!(calls[1].starts_with("create_contact "), "{calls:?}");
        let (_, calls) = run(ADA, vec![found(json!([other, ada()])), Ok(Outcome::success(ada()))]);
        assert!(calls[1].starts_with(r#"update_contact {"contact_id":"51""#), "{calls:?}");
        let (end, _) = run(ADA, vec![found(json!([ada(), ada()]))]);
        assert!(matches!(end, Err(Error::InvalidParameters(_))), "{end:?}");
    }

    #[test]
    fn a_search_that_fails_is_not_taken_for_nobody() {
        let (end, _) = run(ADA, vec![Ok(Outcome::failure("no"))]);
        assert_eq!(end, Ok(Outcome::failure("no")));
        let (end, _) = run(ADA, vec![Err(UpstreamFailure::new("no answer").into())]);
        assert_eq!(end, Err(UpstreamFailure::new("nothing was written: no answer").into()));
        for odd in [
            json!({}),
            json!([]),
            Value::Null,
            json!({ "results": {} }),
            json!({ "results": [{ "properties": { "email": "ada@example.com" } }] }),
        ] {
            let (end, calls) = run(ADA, vec![Ok(Outcome::success(odd.clone()))]);
            assert!(
                matches!(&end, Err(Error::Upstream(f)) if f.message.starts_with("nothing was written")),
                "{odd}: {end:?}"
            );
            assert_eq!(calls.len(), 1, "{odd}");
        }
    }

    #[test]
    fn a_duplicate_that_came_in_between_is_passed_on() {
        let (end, _) = run(ADA, vec![found(json!([])), Ok(Outcome::failure("Contact already exists"))]);
        assert_eq!(end, Ok(Outcome::failure("Contact already exists")));
    }

    #[test]
    fn a_lost_answer_to_a_write_is_said_to_be_unknown_and_not_repeated() {
        let lost = [
            UpstreamFailure::new("timeout"),
            UpstreamFailure::new("down").status(503),
            UpstreamFailure::new("garbled").status(200),
        ];
        for failure in lost {
            for results in [json!([]), json!([ada()])] {
                let (end, calls) = run(ADA, vec![found(results), Err(failure.clone().into())]);
                let error = end.expect_err("no answer").to_string();
                assert!(error.contains("it is unknown whether the contact ada@example.com was"), "{error}");
                assert!(error.contains(&failure.message), "{error}");
                assert_eq!(calls.len(), 2);
            }
        }
    }

    #[test]
    fn a_write_that_surely_did_not_happen_is_not_called_unknown() {
        for error in [
            Error::Throttled { retry_after: None },
            Error::Denied("no".into()),
            UpstreamFailure::new("refused").code("connection-refused").into(),
        ] {
            let (end, _) = run(ADA, vec![found(json!([])), Err(error.clone())]);
            assert_eq!(end, Err(error));
        }
    }
}
