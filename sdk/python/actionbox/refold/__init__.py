"""A typed client for Refold's action API: its three endpoints, and all that they answer.

It knows no credential: the host adds it. It retries nothing: the host repeats what is safe to repeat.
"""

from .. import client
from ..action import Action, Parameter
from ..outcome import Outcome
from ..parameters import Parameters
from . import _answer
from ._route import AUTHORITY, Route

__all__ = ["AUTHORITY", "describe_action", "execute_action", "list_actions"]


def list_actions(app: str) -> list[Action]:
    """Lists the actions of an app. The upstream does not tell effects, so none is claimed.

    Raises `UnknownApp`; `ReauthorizationRequired`, `Throttled` and `UpstreamFailure` as the upstream answers;
    `Denied` when the host does not let the request out.
    """
    route = Route(app)
    return _answer.actions(route, client.send(route.request()))


def describe_action(app: str, action: str) -> list[Parameter]:
    """Describes the parameters of an action.

    Raises what `list_actions` raises, and `UnknownAction`.
    """
    route = Route(app, action)
    return _answer.parameters(route, client.send(route.request()))


def execute_action(app: str, action: str, parameters: Parameters) -> Outcome:
    """Executes an action.

    Raises what `describe_action` raises, and `InvalidParameters` when the upstream refuses the parameters. The
    error's `may_have_run` tells whether the action may have run in spite of it.
    """
    route = Route(app, action, str(parameters).encode())
    return _answer.outcome(route, client.send(route.request()))
