import unittest

from componentize_py_types import Err
from wit_world.imports import actionbox_plugin_types as wit

from actionbox import (
    Action,
    Denied,
    Effect,
    Error,
    Failure,
    InvalidParameters,
    Json,
    OtherError,
    Outcome,
    Parameter,
    Parameters,
    Plugin,
    Problem,
    ReauthorizationRequired,
    Success,
    Throttled,
    UnknownAction,
    UnknownApp,
    UpstreamFailure,
    export,
)


class Odd(Plugin):
    raised: Error = UnknownAction("app", "act")
    outcome: Outcome = Success(Json("1.10"), 201)

    def list_actions(self, app: str) -> list[Action]:
        return [Action("a", "A", tag="v2", claimed_effect=Effect.RAW), Action("b", "B")]

    def describe_action(self, app: str, action: str) -> list[Parameter]:
        if action == "act":
            raise self.raised
        return [Parameter("p", "P", True, "json"), Parameter("q", "Q", kind="date")]

    def execute_action(self, app: str, action: str, parameters: Parameters) -> Outcome:
        return self.outcome


Actions = export(Odd)


class PluginTest(unittest.TestCase):
    def test_parameters_that_are_no_object_never_reach_the_plugin(self) -> None:
        for bad in ("", "[]", "{", "null"):
            with self.assertRaises(Err) as caught:
                Actions().execute_action("app", "act", bad)
            self.assertIsInstance(caught.exception.value, wit.Error_InvalidParameters)

    def test_what_a_plugin_returns_crosses_whole(self) -> None:
        listed = [wit.Action("a", "A", "", "v2", wit.Effect.RAW), wit.Action("b", "B", "", None, None)]
        self.assertEqual(Actions().list_actions("app"), listed)
        described = [
            wit.Parameter("p", "P", True, wit.ParameterKind_Json()),
            wit.Parameter("q", "Q", False, wit.ParameterKind_Other("date")),
        ]
        self.assertEqual(Actions().describe_action("app", "other"), described)
        succeeded = wit.Outcome_Succeeded(wit.Success(201, "1.10"))
        self.assertEqual(Actions().execute_action("app", "act", "{}"), succeeded)
        self.addCleanup(setattr, Odd, "outcome", Odd.outcome)
        Odd.outcome = Failure("Errored", Json("null"), 409)
        failed = wit.Outcome_Failed(wit.Failure("Errored", 409, "null"))
        self.assertEqual(Actions().execute_action("app", "act", "{}"), failed)

    def test_every_error_crosses_whole(self) -> None:
        crossings: list[tuple[Error, wit.Error]] = [
            (UnknownApp("a"), wit.Error_UnknownApp("a")),
            (UnknownAction("a", "b"), wit.Error_UnknownAction(wit.MissingAction("a", "b"))),
            (InvalidParameters([Problem("p", "m")]), wit.Error_InvalidParameters([wit.Problem("p", "m")])),
            (ReauthorizationRequired("r"), wit.Error_ReauthorizationRequired("r")),
            (Denied("d"), wit.Error_Denied("d")),
            (Throttled(2000), wit.Error_Throttled(wit.Throttle(2000))),
            (UpstreamFailure("m", 500, "C", "r"), wit.Error_Upstream(wit.UpstreamFailure(500, "C", "m", "r"))),
            (OtherError("o"), wit.Error_Other("o")),
        ]
        self.addCleanup(setattr, Odd, "raised", Odd.raised)
        for raised, expected in crossings:
            Odd.raised = raised
            with self.assertRaises(Err) as caught:
                Actions().describe_action("app", "act")
            self.assertEqual(caught.exception.value, expected)
