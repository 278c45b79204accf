//! The steps of `sync_contacts`: read what changed → write each → say how far it came.

use actionbox_guest::{
    Error, Outcome, Parameters,
    serde_json::{Value, json},
};

use crate::{
    cursor::Cursor,
    mapping::KEY,
    request::Request,
    source::{self, Changed, NoContacts},
    target::{self, NotWritten, Written},
};

/// Executes one of the upstream's actions. A parameter, so that the steps can be tested without one.
pub trait Execute: Fn(&str, &str, &Parameters) -> Result<Outcome, Error> {}
impl<F: Fn(&str, &str, &Parameters) -> Result<Outcome, Error>> Execute for F {}

/// Copies what changed since the cursor, and returns where to go on.
///
/// When a call fails after some contacts were copied, the outcome is a success that says so: what was done
/// must not be lost with the error, and the cursor goes on where it stopped. A write whose answer was lost
/// is not repeated here; the next call looks whether it happened.
pub fn sync(request: &Request, execute: impl Execute) -> Result<Outcome, Error> {
    let after = request.cursor.as_ref();
    let contacts = match source::changed(after, &request.mapping, request.limit, &execute) {
        Ok(contacts) => contacts,
        Err(NoContacts::Refused(failure)) => return Ok(failure.into()),
        Err(NoContacts::Failed(error)) => return Err(error),
    };
    let mut report =
        Report { more: contacts.len() == request.limit, cursor: request.cursor.clone(), ..Report::default() };
    for Changed { cursor, fields } in contacts {
        let fields = request.mapping.apply(&fields);
        let written = match fields.get(KEY.1).and_then(Value::as_str) {
            Some(email) => target::write(email, &fields, &execute),
            None => Err(NotWritten::Skip("it has no e-mail address to find it by".to_owned())),
        };
        match written {
            Ok(Written::Created) => report.created += 1,
            Ok(Written::Updated) => report.updated += 1,
            Ok(Written::Unchanged) => report.unchanged += 1,
            Err(NotWritten::Skip(reason)) => report.skipped.push((cursor.id.clone(), reason)),
            Err(NotWritten::Stop(error)) if report.did_nothing() => return Err(error),
            Err(NotWritten::Stop(error)) => {
                (report.more, report.stopped) = (true, Some(error));
                break;
            }
        }
        report.cursor = Some(cursor);
    }
    Ok(Outcome::success(report.data()))
}

/// What one call did.
#[derive(Default)]
struct Report {
    created: usize,
    updated: usize,
    unchanged: usize,
    /// The source's id of each contact that was left out, and why.
    skipped: Vec<(String, String)>,
    /// What the next call takes up.
    cursor: Option<Cursor>,
    /// Whether there may be more.
    more: bool,
    /// What stopped it before its end.
    stopped: Option<Error>,
}

impl Report {
    fn did_nothing(&self) -> bool {
        self.created + self.updated + self.unchanged + self.skipped.len() == 0
    }

    fn data(&self) -> Value {
        let skipped: Vec<_> =
            self.skipped.iter().map(|(id, reason)| json!({ "id": id, "reason": reason })).collect();
        json!({
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": skipped,
            "cursor": self.cursor.as_ref().map(Cursor::to_string),
            "more": self.more,
            "stopped": self.stopped.as_ref().map(Error::to_string),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use actionbox_guest::UpstreamFailure;

    use super::*;

    type Answer = Result<Outcome, Error>;

    /// Runs the steps against scripted answers, and returns the actions that were executed beside the end.
    fn run(input: &str, answers: Vec<Answer>) -> (Answer, Vec<String>) {
        let request = Request::read(&input.parse().expect("an object")).expect("a request");
        let (answers, calls) = (RefCell::new(answers.into_iter()), RefCell::new(Vec::new()));
        let end = sync(&request, |app: &str, action: &str, parameters: &Parameters| {
            calls.borrow_mut().push(format!("{app}/{action} {parameters}"));
            answers.borrow_mut().next().expect("no further step")
        });
        assert_eq!(answers.into_inner().count(), 0, "a step was left out");
        (end, calls.into_inner())
    }

    fn contact(id: &str, email: Value, first: &str) -> Value {
        json!({ "Id": id, "LastModifiedDate": "2026-01-01T09:00:00.000Z", "Email": email, "FirstName": first, "LastName": null, "Phone": null })
    }

    fn source(records: &[Value]) -> Answer {
        Ok(Outcome::success(json!({ "totalSize": records.len(), "done": true, "records": records })))
    }

    fn target(results: Value) -> Answer {
        Ok(Outcome::success(json!({ "results": results })))
    }

    fn ok() -> Answer {
        Ok(Outcome::success(Value::Null))
    }

    fn data(end: Answer) -> Value {
        end.expect("an outcome").into_result().expect("a success").data.into_value()
    }

    #[test]
    fn contacts_are_created_updated_and_left_as_they_are() {
        let contacts = [
            contact("1", "new@example.com".into(), "New"),
            contact("2", "old@example.com".into(), "Old"),
            contact("3", "same@example.com".into(), "Same"),
        ];
        let old = json!([{ "id": "52", "properties": { "email": "OLD@example.com", "firstname": "Older" } }]);
        let same = json!([{ "id": "53", "properties": { "email": "same@example.com", "firstname": "Same", "phone": "1" } }]);
        let answers = vec![source(&contacts), target(json!([])), ok(), target(old), ok(), target(same)];
        let (end, calls) = run("{}", answers);
        let expected = json!({
            "created": 1, "updated": 1, "unchanged": 1, "skipped": [], "cursor": "2026-01-01T09:00:00.000Z/3", "more": false,
            "stopped": null,
        });
        assert_eq!(data(end), expected);
        assert_eq!(calls[2], r#"hubspot/create_contact {"email":"new@example.com","firstname":"New"}"#);
        assert_eq!(calls[4], r#"hubspot/update_contact {"contact_id":"52","firstname":"Old"}"#);
        assert_eq!(calls.len(), 6);
    }

    #[test]
    fn a_cursor_is_taken_up_within_its_own_moment() {
        let input = r#"{"cursor":"2026-01-01T09:00:00.000Z/7","limit":2}"#;
        let (end, calls) = run(input, vec![source(&[]), source(&[])]);
        assert!(calls[0].contains("WHERE LastModifiedDate = 2026-01-01T09:00:00.000Z AND Id > '7' ORDER BY LastModifiedDate, Id LIMIT 2"), "{calls:?}");
        assert!(calls[1].contains("WHERE LastModifiedDate > 2026-01-01T09:00:00.000Z ORDER BY"), "{calls:?}");
        let data = data(end);
        assert_eq!((&data["cursor"], &data["more"]), (&json!("2026-01-01T09:00:00.000Z/7"), &json!(false)));
    }

    #[test]
    fn a_contact_that_cannot_be_copied_does_not_hold_up_the_rest() {
        let contacts = [
            contact("1", Value::Null, "No address"),
            contact("2", "twice@example.com".into(), "Twice"),
            contact("3", "bad@example.com".into(), "Bad"),
            contact("4", "good@example.com".into(), "Good"),
        ];
        let twice = json!([{ "id": "1", "properties": { "email": "twice@example.com" } }, { "id": "2", "properties": { "email": "twice@example.com" } }]);
        let answers = vec![
            source(&contacts),
            target(twice),
            target(json!([])),
            Ok(Outcome::failure("invalid")),
            target(json!([])),
            ok(),
        ];
        let (end, _) = run("{}", answers);
        let data = data(end);
        let skipped: Vec<_> =
            data["skipped"].as_array().expect("a list").iter().map(|skipped| skipped["id"].clone()).collect();
        assert_eq!((skipped, &data["created"]), (vec![json!("1"), json!("2"), json!("3")], &json!(1)));
        assert_eq!(data["cursor"], "2026-01-01T09:00:00.000Z/4");
    }

    #[test]
    fn what_was_done_is_not_lost_with_an_error() {
        let contacts = [contact("1", "a@example.com".into(), "A"), contact("2", "b@example.com".into(), "B")];
        let lost = || Err(UpstreamFailure::new("timeout").into());
        let answers = vec![source(&contacts), target(json!([])), ok(), target(json!([])), lost()];
        let (end, calls) = run("{}", answers);
        let data = data(end);
        assert_eq!((&data["cursor"], &data["more"]), (&json!("2026-01-01T09:00:00.000Z/1"), &json!(true)));
        assert!(data["stopped"].as_str().is_some_and(|why| why.contains("timeout")), "{data}");
        assert_eq!(calls.len(), 5, "it is not repeated");
        // With nothing done, the error is the error.
        let throttled = || Err(Error::Throttled { retry_after: None });
        assert_eq!(run("{}", vec![source(&contacts), throttled()]).0, throttled());
        assert_eq!(run("{}", vec![throttled()]).0, throttled());
        let refused = Ok(Outcome::failure("no"));
        assert_eq!(run("{}", vec![refused.clone()]).0, refused);
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_no_empty_one() {
        for odd in [
            json!({}),
            json!(null),
            json!({ "records": [{}] }),
            json!({ "records": [{ "Id": "", "LastModifiedDate": "2026-01-01T09:00:00.000Z" }] }),
        ] {
            let (end, _) = run("{}", vec![Ok(Outcome::success(odd.clone()))]);
            assert!(
                matches!(&end, Err(Error::Upstream(failure)) if failure.message.contains("nothing was written")),
                "{odd}: {end:?}"
            );
        }
    }
}
