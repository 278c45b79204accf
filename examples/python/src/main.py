"""A plugin with an action of its own, made of several upstream calls: `upsert_contact` for `hubspot`.

All of Refold's actions are offered beside it.
"""

from actionbox import Action, Effect, Outcome, Parameter, Parameters, Plugin, export, refold

import contact
from upsert import upsert

APP = "hubspot"
UPSERT = "upsert_contact"


class UpsertContact(Plugin):
    def list_actions(self, app: str) -> list[Action]:
        actions = refold.list_actions(app)
        if app != APP:
            return actions
        # Should the upstream ever have one of this name, ours is the one that is executed.
        return [UPSERT_CONTACT, *(action for action in actions if action.id != UPSERT)]

    def describe_action(self, app: str, action: str) -> list[Parameter]:
        if (app, action) == (APP, UPSERT):
            return contact.PARAMETERS
        return refold.describe_action(app, action)

    def execute_action(self, app: str, action: str, parameters: Parameters) -> Outcome:
        if (app, action) == (APP, UPSERT):
            return upsert(contact.read(parameters), lambda *step: refold.execute_action(APP, *step))
        return refold.execute_action(app, action, parameters)


UPSERT_CONTACT = Action(
    UPSERT,
    "Upsert Contact",
    "Updates the contact with this e-mail address, or creates it when there is none.",
    claimed_effect=Effect.WRITE,
)

Actions = export(UpsertContact)
