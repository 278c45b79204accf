"""From the types of this package to those of the generated bindings."""

from collections.abc import Callable

from componentize_py_types import Err
from wit_world.imports import actionbox_plugin_types as wit

from .action import Action, Parameter
from .error import (
    Denied,
    Error,
    InvalidParameters,
    ReauthorizationRequired,
    Throttled,
    UnknownAction,
    UnknownApp,
    UpstreamFailure,
)
from .jsontext import Json
from .outcome import Failure, Outcome, Success

_KINDS: dict[str, Callable[[], wit.ParameterKind]] = {
    "text": wit.ParameterKind_Text,
    "email": wit.ParameterKind_Email,
    "number": wit.ParameterKind_Number,
    "textarea": wit.ParameterKind_Textarea,
    "url": wit.ParameterKind_Url,
    "json": wit.ParameterKind_Json,
}


def action(action: Action) -> wit.Action:
    claimed = action.claimed_effect and wit.Effect[action.claimed_effect.name]
    return wit.Action(action.id, action.name, action.description, action.tag, claimed)


def parameter(parameter: Parameter) -> wit.Parameter:
    kind = _KINDS[parameter.kind]() if parameter.kind in _KINDS else wit.ParameterKind_Other(parameter.kind)
    return wit.Parameter(parameter.name, parameter.label, parameter.required, kind)


def outcome(outcome: Outcome) -> wit.Outcome:
    # Not every plugin is checked by mypy; what the bindings say of another type tells nothing of the mistake.
    if not isinstance(outcome, Success | Failure):
        raise TypeError(f"execute_action returned {outcome!r:.80}: return Success(…) or Failure(…)")
    if not isinstance(outcome.data, Json):
        raise TypeError(f"the data of an outcome is Json, not {type(outcome.data).__name__}: use Json.of(…)")
    if isinstance(outcome, Success):
        return wit.Outcome_Succeeded(wit.Success(outcome.http_status, outcome.data.text))
    return wit.Outcome_Failed(wit.Failure(outcome.node_status, outcome.http_status, outcome.data.text))


def error(error: Error) -> Err[wit.Error]:
    return Err(_error(error))


def _error(error: Error) -> wit.Error:
    match error:
        case UnknownApp():
            return wit.Error_UnknownApp(error.app)
        case UnknownAction():
            return wit.Error_UnknownAction(wit.MissingAction(error.app, error.action))
        case InvalidParameters():
            problems = [wit.Problem(problem.parameter, problem.message) for problem in error.problems]
            return wit.Error_InvalidParameters(problems)
        case ReauthorizationRequired():
            return wit.Error_ReauthorizationRequired(error.reason)
        case Denied():
            return wit.Error_Denied(error.reason)
        case Throttled():
            return wit.Error_Throttled(wit.Throttle(error.retry_after_ms))
        case UpstreamFailure():
            failure = wit.UpstreamFailure(error.status, error.code, error.message, error.request_id)
            return wit.Error_Upstream(failure)
        case _:
            return wit.Error_Other(str(error))
