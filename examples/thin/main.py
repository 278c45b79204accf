"""The smallest plugin: it passes on all of Refold's actions."""

from actionbox import Action, Outcome, Parameter, Parameters, Plugin, export, refold


class Thin(Plugin):
    def list_actions(self, app: str) -> list[Action]:
        return refold.list_actions(app)

    def describe_action(self, app: str, action: str) -> list[Parameter]:
        return refold.describe_action(app, action)

    def execute_action(self, app: str, action: str, parameters: Parameters) -> Outcome:
        return refold.execute_action(app, action, parameters)


Actions = export(Thin)
