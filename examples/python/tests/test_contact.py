import json
import unittest

from actionbox import InvalidParameters, Json, Parameters

import contact
from contact import Contact


def problems(text: str) -> list[tuple[str | None, str]]:
    try:
        read = contact.read(Parameters.read(text))
    except InvalidParameters as error:
        return [(problem.parameter, problem.message) for problem in error.problems]
    raise AssertionError(f"{text} was read as {read}")


class ContactTest(unittest.TestCase):
    def test_each_field_gets_the_upstreams_name(self) -> None:
        given = """{"email":" ada@example.com ","first_name":"Ada","job_title":"Countess","owner_id":7.10,"phone":"",
            "company":null,"additional_fields":"{\\"lifecyclestage\\":\\"lead\\",\\"score\\":1.10}"}"""
        fields = {
            "firstname": Json('"Ada"'),
            "jobtitle": Json('"Countess"'),
            "hubspot_owner_id": Json('"7.10"'),
            "additional_fields": Json('{"lifecyclestage":"lead","score":1.10}'),
        }
        self.assertEqual(contact.read(Parameters.read(given)), Contact("ada@example.com", fields))
        for nothing in ("null", '""', "{}", '"{}"'):
            given = f'{{"email":"a@b.c","additional_fields":{nothing}}}'
            self.assertEqual(contact.read(Parameters.read(given)), Contact("a@b.c", {}))

    def test_an_implausible_address_is_refused(self) -> None:
        bad = ["ada", "@example.com", "ada@", "ada@example", "ada@.com", "ada@example.", "a b@example.com", "a@b@c.com"]
        for email in [*bad, "a@b..c", "a\0@b.c", "a@b.c\nx", "a" * 250 + "@example.com", "é" * 130 + "@b.c"]:
            found = problems(json.dumps({"email": email}))
            self.assertEqual([name for name, _ in found], ["email"], email)
        for missing in ("{}", '{"email":null}', '{"email":" "}'):
            self.assertEqual(problems(missing), [("email", "is required")])
        for other in ("0", "false", "[]", "{}"):
            self.assertEqual(problems(f'{{"email":{other}}}'), [("email", "must be a string")])

    def test_every_problem_is_named(self) -> None:
        found = problems('{"firstname":"Ada","nickname":"A","phone":{},"additional_fields":"[]","company":true}')
        names = ["email", "additional_fields", "company", "firstname", "nickname", "phone"]
        self.assertEqual([name for name, _ in found], names)
        self.assertIn("first_name", found[3][1])
        self.assertIn("additional_fields", found[4][1])

    def test_additional_fields_cannot_change_what_was_searched_for(self) -> None:
        for key in ("email", "contact_id", "firstname", "\\u0065mail"):
            found = problems(f'{{"email":"a@b.c","additional_fields":{{"x":1,"{key}":"x"}}}}')
            self.assertEqual([name for name, _ in found], ["additional_fields"], key)
        for odd in ("[]", '"[]"', '"x"', "1", '"{"'):
            found = problems(f'{{"email":"a@b.c","additional_fields":{odd}}}')
            self.assertEqual(found, [("additional_fields", "must be a JSON object")])

    def test_every_parameter_that_is_read_is_described(self) -> None:
        for parameter in contact.PARAMETERS:
            contact.read(Parameters({parameter.name: None, "email": "a@b.c"}))
