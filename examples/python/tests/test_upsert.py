import unittest
from collections.abc import Iterable

from actionbox import Denied, Error, Failure, InvalidParameters, Json, Outcome, Parameters, Success, Throttled
from actionbox import UpstreamFailure

import contact
from upsert import upsert

ADA = Json('{ "id": "51", "score": 1.10, "properties": {"email": " Ada@Example.com"} }')
SEARCH = 'search_contacts {"propertyName":"email","operator":"EQ","value":"ada@example.com","limit":"10"}'


def found(*contacts: Json) -> Outcome:
    return Success(Json.of({"results": list(contacts)}))


def report(result: str, contact: Json = ADA) -> Json:
    return Json(f'{{"result":"{result}","contact":{contact.text}}}')


class UpsertTest(unittest.TestCase):
    def run_steps(self, *answers: Outcome | Error, fields: Iterable[str] = ("first_name",)) -> Outcome:
        """Runs the steps against scripted answers, and keeps what was executed in `calls`."""
        script, self.calls = iter(answers), list[str]()

        def execute(action: str, parameters: Parameters) -> Outcome:
            self.calls.append(f"{action} {parameters}")
            answer = next(script)
            if isinstance(answer, Error):
                raise answer
            return answer

        try:
            given = {"email": "ada@example.com", **dict.fromkeys(fields, "Ada")}
            return upsert(contact.read(Parameters(given)), execute)
        finally:
            self.assertEqual(list(script), [], "a step was left out")

    def test_a_contact_that_is_there_is_updated(self) -> None:
        end = self.run_steps(found(ADA), Success(ADA, 200))
        self.assertEqual(end, Success(report("updated"), 200))
        self.assertEqual(self.calls, [SEARCH, 'update_contact {"firstname":"Ada","contact_id":"51"}'])

    def test_a_contact_that_is_not_there_is_created(self) -> None:
        end = self.run_steps(found(), Success(ADA))
        self.assertEqual(end, Success(report("created")))
        self.assertEqual(self.calls, [SEARCH, 'create_contact {"firstname":"Ada","email":"ada@example.com"}'])

    def test_nothing_to_change_is_not_written(self) -> None:
        self.assertEqual(self.run_steps(found(ADA), fields=()), Success(report("unchanged")))
        self.assertEqual(self.calls, [SEARCH])

    def test_an_id_may_be_a_number(self) -> None:
        ada = Json('{"id":12345678901234567890,"properties":{"email":"ada@example.com"}}')
        self.run_steps(found(ada), Success(ada))
        self.assertIn('"contact_id":"12345678901234567890"', self.calls[1])

    def test_nobody_else_is_written_to(self) -> None:
        others = [
            Json('{"id":7,"properties":{"email":"ada@example.com.evil"}}'),
            Json('{"id":8}'),
            Json('{"id":9,"properties":{"email":"ada@e\u212aample.com"}}'),
            Json("[]"),
            Json("null"),
        ]
        self.run_steps(found(*others), Success(ADA))
        self.assertTrue(self.calls[1].startswith("create_contact "), self.calls)
        self.run_steps(found(*others, ADA), Success(ADA))
        self.assertIn('"contact_id":"51"', self.calls[1])
        self.assertRaises(InvalidParameters, self.run_steps, found(ADA, ADA))

    def test_a_search_that_fails_is_not_taken_for_nobody(self) -> None:
        refused = Failure("Errored", Json('"no"'), 403)
        self.assertEqual(self.run_steps(refused), refused)
        lost = UpstreamFailure("no answer", 503, "CODE", "r1")
        with self.assertRaises(UpstreamFailure) as caught:
            self.run_steps(lost)
        expected = UpstreamFailure("nothing was written: no answer", 503, "CODE", "r1")
        self.assertEqual(repr(caught.exception), repr(expected))
        nameless = '{"results":[{"properties":{"email":"ada@example.com"}}]}'
        for odd in ("{}", "[]", "null", '{"results":{}}', nameless, nameless.replace('{"p', '{"id":"","p')):
            with self.assertRaisesRegex(UpstreamFailure, "nothing was written", msg=odd):
                self.run_steps(Success(Json(odd)))
            self.assertEqual(len(self.calls), 1, odd)

    def test_a_duplicate_that_came_in_between_is_passed_on(self) -> None:
        duplicate = Failure("Errored", Json('"Contact already exists"'), 409)
        self.assertEqual(self.run_steps(found(), duplicate), duplicate)

    def test_a_lost_answer_to_a_write_is_said_to_be_unknown_and_not_repeated(self) -> None:
        for failure in (UpstreamFailure("timeout"), UpstreamFailure("down", 503), UpstreamFailure("garbled", 200)):
            for searched, result in ((found(), "created"), (found(ADA), "updated")):
                said = f"unknown whether the contact ada@example.com was {result}: .*{failure.message}"
                with self.assertRaisesRegex(UpstreamFailure, said) as caught:
                    self.run_steps(searched, failure)
                self.assertEqual(caught.exception.status, failure.status)
                self.assertEqual(len(self.calls), 2)

    def test_a_write_that_surely_did_not_happen_is_not_called_unknown(self) -> None:
        for error in (Throttled(), Denied("no"), UpstreamFailure("refused", code="connection-refused")):
            with self.assertRaises(type(error)) as caught:
                self.run_steps(found(), error)
            self.assertIs(caught.exception, error)
