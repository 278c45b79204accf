import unittest
from dataclasses import fields
from typing import get_args

from wit_world.imports import wasi_http_types as http

from actionbox import Denied, Error, InvalidParameters, OtherError, Problem, Throttled, UpstreamFailure, _codes
from actionbox._exchange import failed


class ErrorTest(unittest.TestCase):
    def test_every_problem_is_told(self) -> None:
        error = InvalidParameters([Problem.missing("email"), Problem(None, "too many keys")])
        self.assertEqual(str(error), "invalid parameters: email: is required; too many keys")

    def test_only_what_surely_did_not_run_is_said_not_to_have_run(self) -> None:
        cases: list[tuple[Error, bool]] = [
            (InvalidParameters([Problem.missing("email")]), False),
            (Denied("no"), False),
            (Throttled(), False),
            (UpstreamFailure("x", 409), False),
            (UpstreamFailure("x", code="connection-refused"), False),
            (UpstreamFailure("x", code="http-response-timeout"), True),
            (UpstreamFailure("x", code="SOMETHING"), True),
            (UpstreamFailure("x", 200), True),
            (UpstreamFailure("x", 302), True),
            (UpstreamFailure("x", 503, "connection-refused"), True),
            (UpstreamFailure("x"), True),
            (OtherError("x"), True),
        ]
        for error, expected in cases:
            self.assertEqual(error.may_have_run(), expected, error)

    def test_every_code_of_the_contract_has_its_name(self) -> None:
        names = {_codes.name(code(*[None] * len(fields(code)))) for code in get_args(http.ErrorCode)}
        self.assertEqual(len(names), 39)
        self.assertLessEqual(_codes._NOT_SENT, names)
        self.assertIn("http-request-uri-invalid", names)

    def test_a_refusal_of_the_host_is_denied(self) -> None:
        error = failed(http.ErrorCode_HttpRequestDenied())
        self.assertEqual(repr(error), repr(Denied("the host does not let this request out")))

    def test_a_lost_answer_says_that_nobody_knows(self) -> None:
        error = failed(http.ErrorCode_HttpResponseTimeout())
        message = "no usable answer came back (http response timeout); whether the request was carried out is unknown"
        self.assertEqual(repr(error), repr(UpstreamFailure(message, code="http-response-timeout")))
        self.assertTrue(error.may_have_run())

    def test_a_refused_connection_says_that_nothing_was_sent(self) -> None:
        error = failed(http.ErrorCode_ConnectionRefused())
        expected = UpstreamFailure("the request was not sent: connection refused", code="connection-refused")
        self.assertEqual(repr(error), repr(expected))
        self.assertFalse(error.may_have_run())
