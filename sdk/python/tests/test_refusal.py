import json
import unittest

from actionbox import Error, InvalidParameters, Problem, ReauthorizationRequired, Throttled, UnknownAction, UnknownApp
from actionbox import UpstreamFailure
from actionbox.client import Response
from actionbox.refold._refusal import refusal
from actionbox.refold._route import Route

LIST = Route("hubspot")
DESCRIBE = Route("hubspot", "get_x")
EXECUTE = Route("hubspot", "get_x", b"{}")
ALL = (LIST, DESCRIBE, EXECUTE)


def envelope(status: int, code: str, message: str) -> Response:
    body = {"status_code": status, "http_error_type": "X", "error_code": code, "message": message, "request_id": "r1"}
    return Response(status, json.dumps(body).encode())


class RefusalTest(unittest.TestCase):
    def check(self, error: Error, expected: Error) -> None:
        self.assertEqual(repr(error), repr(expected))

    def test_an_unknown_app_is_told_from_an_unknown_action(self) -> None:
        app = envelope(404, "SERVER_ERROR", "Application app_type 'hubspot' not found")
        for route in ALL:
            self.check(refusal(route, app), UnknownApp("hubspot"))
        action = envelope(404, "SERVER_ERROR", "Action get_x not found in Application hubspot")
        for route in (DESCRIBE, EXECUTE):
            self.check(refusal(route, action), UnknownAction("hubspot", "get_x"))
        self.assertIsInstance(refusal(LIST, action), UpstreamFailure)

    def test_a_404_of_another_kind_is_no_unknown_action(self) -> None:
        for body in ("", "<html>404</html>", '{"message":"Not Found"}', '{"message":"Actions are off"}'):
            for route in ALL:
                self.assertIsInstance(refusal(route, Response(404, body.encode())), UpstreamFailure)

    def test_a_missing_parameter_is_named(self) -> None:
        missing = envelope(400, "VALIDATION_ERROR", "Required parameter 'email' is missing")
        problem = Problem("email", "Required parameter 'email' is missing")
        self.check(refusal(EXECUTE, missing), InvalidParameters([problem]))
        for vague in ("Body isn't what it should be, isn't it", "it's wrong in ''", "no"):
            error = refusal(EXECUTE, envelope(400, "VALIDATION_ERROR", vague))
            self.check(error, InvalidParameters([Problem(None, vague)]))
        # Nothing was given that could be invalid.
        self.assertIsInstance(refusal(LIST, missing), UpstreamFailure)
        # Another code is another thing.
        self.assertIsInstance(refusal(EXECUTE, envelope(400, "SERVER_ERROR", "no")), UpstreamFailure)

    def test_the_code_may_be_called_error(self) -> None:
        body = b'{"status_code":400,"error":"VALIDATION_ERROR","message":"Required parameter \'a\' is missing"}'
        self.assertIsInstance(refusal(EXECUTE, Response(400, body)), InvalidParameters)
        failure = refusal(EXECUTE, Response(500, b'{"error":"BOOM","message":"m"}'))
        self.check(failure, UpstreamFailure("m", 500, "BOOM"))

    def test_the_tenant_is_asked_to_connect_again(self) -> None:
        not_connected = "Application Authentication not found for linked_account_id x and app hubspot"
        for answer in (
            envelope(401, "SERVER_ERROR", "Invalid Credentials"),
            envelope(403, "SERVER_ERROR", "no"),
            Response(401),
            envelope(400, "SERVER_ERROR", not_connected),
            envelope(404, "SERVER_ERROR", not_connected),
            envelope(400, "reauth_required", "token expired"),
            envelope(422, "SERVER_ERROR", "REAUTH_REQUIRED: token expired"),
            Response(400, b'{"details":{"reason":"reauth_required"}}'),
        ):
            for route in ALL:
                self.assertIsInstance(refusal(route, answer), ReauthorizationRequired, answer)

    def test_being_throttled_carries_the_wait(self) -> None:
        waits: dict[str, int | None] = {"3": 3000, " 0 ": 0, "18446744073709551615": 2**64 - 1}
        for bad in ("-1", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "", "18446744073709551616", "٣", "1" * 5000):
            waits[bad] = None
        for value, expected in waits.items():
            answer = Response(429, b"<html>slow down</html>", (("retry-after", value), ("retry-after", "9")))
            self.check(refusal(EXECUTE, answer), Throttled(expected))
        self.check(refusal(EXECUTE, Response(429)), Throttled(None))

    def test_a_failure_keeps_what_was_said(self) -> None:
        failure = refusal(EXECUTE, envelope(503, "SERVER_ERROR", "try later"))
        self.check(failure, UpstreamFailure("try later", 503, "SERVER_ERROR", "r1"))
        failure = refusal(EXECUTE, Response(500, b'{"message":["a is bad",7,"b too"],"error":{}}'))
        self.check(failure, UpstreamFailure("a is bad; b too", 500))

    def test_a_body_that_is_no_envelope_is_not_repeated(self) -> None:
        bodies = ("", "<html>Bad Gateway</html>", "null", "[]", '"x"', "{", '{"message":7}', "\0\1", "[" * 100_000)
        for body in bodies:
            failure = refusal(EXECUTE, Response(502, body.encode()))
            self.check(failure, UpstreamFailure("it answered 502 Bad Gateway without a message", 502))

    def test_a_redirect_is_a_failure(self) -> None:
        self.check(refusal(LIST, Response(302)), UpstreamFailure("it answered 302 Found without a message", 302))
        self.check(refusal(LIST, Response(599)), UpstreamFailure("it answered 599 without a message", 599))
