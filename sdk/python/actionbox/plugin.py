"""What a plugin author implements, and what exports it."""

from abc import ABC, abstractmethod

from wit_world import exports
from wit_world.imports import actionbox_plugin_types as wit

from . import _wire
from .action import Action, Parameter
from .error import Error
from .outcome import Outcome
from .parameters import Parameters


class Plugin(ABC):
    """A plugin: lists, describes and executes the actions of connected apps.

    An app is named by its slug (`hubspot`), an action by its id (`get_contact`). Each call may run in a fresh
    instance: a plugin keeps no state between calls. What must last, such as a cursor, travels in the parameters
    and the data.

    During `list_actions` and `describe_action` only requests that list or describe actions leave the sandbox;
    during `execute_action`, none above the effect that the host resolved for the action.
    """

    @abstractmethod
    def list_actions(self, app: str) -> list[Action]:
        """Lists the actions of an app.

        Raises `UnknownApp` when there is no such app, and whatever the upstream's answer comes to.
        """

    @abstractmethod
    def describe_action(self, app: str, action: str) -> list[Parameter]:
        """Describes the parameters of an action, in the order in which a form would show them.

        Raises what `list_actions` raises, and `UnknownAction` when the app has no such action.
        """

    @abstractmethod
    def execute_action(self, app: str, action: str, parameters: Parameters) -> Outcome:
        """Executes an action.

        An outcome means that the connected app was reached, not that it did what was asked: that is a `Success`.

        Raises what `describe_action` raises, and `InvalidParameters` when a parameter is missing or has a value
        that the action cannot take. Parameters that are no JSON object are refused before this is called.
        """


def export(plugin: type[Plugin]) -> type[exports.Actions]:
    """Returns the class that the component exports. Its name has to be `Actions`, in the module that is built::

        Actions = export(MyPlugin)
    """

    class Actions(exports.Actions):
        def list_actions(self, app: str) -> list[wit.Action]:
            try:
                return [_wire.action(action) for action in plugin().list_actions(app)]
            except Error as error:
                raise _wire.error(error) from error

        def describe_action(self, app: str, action_id: str) -> list[wit.Parameter]:
            try:
                return [_wire.parameter(parameter) for parameter in plugin().describe_action(app, action_id)]
            except Error as error:
                raise _wire.error(error) from error

        def execute_action(self, app: str, action_id: str, parameters: str) -> wit.Outcome:
            try:
                return _wire.outcome(plugin().execute_action(app, action_id, Parameters.read(parameters)))
            except Error as error:
                raise _wire.error(error) from error

    return Actions
