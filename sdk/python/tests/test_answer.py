import json
import unittest
from collections.abc import Callable

from actionbox import Action, Failure, Json, Parameter, Success, UpstreamFailure
from actionbox.client import Response
from actionbox.refold._answer import actions, outcome, parameters
from actionbox.refold._route import Route

LIST = Route("hubspot")
DESCRIBE = Route("hubspot", "get_contact")
EXECUTE = Route("hubspot", "get_contact", b"{}")


def ok(body: str) -> Response:
    return Response(200, body.encode())


class AnswerTest(unittest.TestCase):
    def test_a_listing_may_leave_out_what_is_not_needed(self) -> None:
        body = '[{"action_id":"a","name":"A","description":"does a","tag":"v2","new":1},{"action_id":"b","tag":null}]'
        self.assertEqual(actions(LIST, ok(body)), [Action("a", "A", "does a", "v2"), Action("b", "b")])
        self.assertEqual(actions(LIST, ok("[]")), [])

    def test_a_parameter_of_an_unknown_kind_keeps_its_word(self) -> None:
        body = '[{"name":"when","label":"When","required":true,"type":"datetime"},{"name":"x","required":null}]'
        expected = [Parameter("when", "When", True, "datetime"), Parameter("x", "x")]
        self.assertEqual(parameters(DESCRIBE, ok(body)), expected)

    def test_only_success_is_a_success(self) -> None:
        body = '{"node_status":"Success","data":{"id":"1"},"http_status":201}'
        self.assertEqual(outcome(EXECUTE, ok(body)), Success(Json('{"id":"1"}'), 201))
        for word in ("Errored", "Failed", "success", "SUCCESS", " Success", "Pending", ""):
            body = json.dumps({"node_status": word, "data": 1})
            self.assertEqual(outcome(EXECUTE, ok(body)), Failure(word, Json("1")))

    def test_data_comes_out_as_it_went_in(self) -> None:
        for data in ("null", "1", '"x"', "[]", "{}", '[1, {"a":null}]', "12345678901234567890", "1.10", '"\\u00e9"'):
            body = f'{{"node_status":"Success","data": {data} }}'
            self.assertEqual(outcome(EXECUTE, ok(body)), Success(Json(data)))
        self.assertEqual(outcome(EXECUTE, ok('{"node_status":"Success"}')), Success(Json("null")))

    def test_an_odd_http_status_is_left_out(self) -> None:
        odd = ("null", "-1", "70000", "{}", "true", "409.0", '"4o9"', "1" * 30)
        for given, expected in {"409": 409, '"409"': 409, **dict.fromkeys(odd)}.items():
            body = f'{{"node_status":"Errored","data":1,"http_status":{given}}}'
            self.assertEqual(outcome(EXECUTE, ok(body)), Failure("Errored", Json("1"), expected), given)

    def test_an_answer_of_another_shape_is_a_failure_of_the_upstream(self) -> None:
        broken: list[tuple[Callable[[Route, Response], object], Route, bytes]] = [
            (actions, LIST, b"{}"),
            (actions, LIST, b'[{"name":"A"}]'),
            (actions, LIST, b'[["a","A","",null]]'),
            (actions, LIST, b'[{"action_id":"a","name":7}]'),
            (actions, LIST, b""),
            (actions, LIST, b"\xff"),
            (parameters, DESCRIBE, b"<html>welcome</html>"),
            (parameters, DESCRIBE, b'[{"name":"a","required":1}]'),
            (outcome, EXECUTE, b'{"data":{}}'),
            (outcome, EXECUTE, b'{"node_status":null}'),
            (outcome, EXECUTE, b'{"node_status":"Failed","node_status":"Success"}'),
            (outcome, EXECUTE, b'{"node_status":"Success","da'),
            (outcome, EXECUTE, b'["Success"]'),
            (outcome, EXECUTE, b'{"node_status":"Success","data":' + b"[" * 1_000_000),
        ]
        for read, route, body in broken:
            with self.subTest(body=body[:60]), self.assertRaisesRegex(UpstreamFailure, "expected .* and got") as caught:
                read(route, Response(200, body))
            self.assertEqual(caught.exception.status, 200)
            self.assertTrue(caught.exception.may_have_run())
