"""Write Actionbox plugins in Python.

A plugin lists and executes actions on connected apps. It runs in a sandbox and never holds a key: it calls
its upstream by the public name, and the host adds the credentials on the far side of the wall.

Implement `Plugin` and `export` it. This one passes on everything that Refold offers::

    from actionbox import Action, Outcome, Parameter, Parameters, Plugin, export, refold

    class Thin(Plugin):
        def list_actions(self, app: str) -> list[Action]:
            return refold.list_actions(app)

        def describe_action(self, app: str, action: str) -> list[Parameter]:
            return refold.describe_action(app, action)

        def execute_action(self, app: str, action: str, parameters: Parameters) -> Outcome:
            return refold.execute_action(app, action, parameters)

    Actions = export(Thin)

- `refold` calls the upstream's three endpoints, as typed functions.
- `client` sends any HTTP request; the host decides which ones leave.
- `Parameters` are what an action is executed with, `Outcome` is what became of it in the app, and `Error` is
  why there is no outcome. `Json` is what an app's own data comes in.
"""

from . import client, refold
from .action import Action, Effect, Parameter
from .error import (
    Denied,
    Error,
    InvalidParameters,
    OtherError,
    Problem,
    ReauthorizationRequired,
    Throttled,
    UnknownAction,
    UnknownApp,
    UpstreamFailure,
)
from .jsontext import Json
from .outcome import Failure, Outcome, Success
from .parameters import Parameters
from .plugin import Plugin, export

__all__ = [
    "Action",
    "Denied",
    "Effect",
    "Error",
    "Failure",
    "InvalidParameters",
    "Json",
    "OtherError",
    "Outcome",
    "Parameter",
    "Parameters",
    "Plugin",
    "Problem",
    "ReauthorizationRequired",
    "Success",
    "Throttled",
    "UnknownAction",
    "UnknownApp",
    "UpstreamFailure",
    "client",
    "export",
    "refold",
]
