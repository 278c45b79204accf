"""What authors get wrong in Python: each action is one mistake, and is named after it."""

import asyncio
import json
import os
import urllib.request
from pathlib import Path

from wit_world.imports import outgoing_handler
from wit_world.imports import wasi_http_types as http

from actionbox import Action, Error, Json, Outcome, Parameter, Parameters, Plugin, Success, UnknownAction
from actionbox import client, export, refold

ACTIONS = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions"
THEIRS = "https://api.hubapi.com/crm/v3/objects/contacts"


class Mistakes(Plugin):
    def list_actions(self, app: str) -> list[Action]:
        return refold.list_actions(app)

    def describe_action(self, app: str, action: str) -> list[Parameter]:
        return refold.describe_action(app, action)

    def execute_action(self, app: str, action: str, parameters: Parameters) -> Outcome:
        match action:
            # Calls the app itself, as it would outside of the sandbox.
            case "wrong_authority":
                return get(THEIRS)
            case "plain_http":
                return get(ACTIONS.replace("https:", "http:"))
            case "opens_a_socket":
                return Success(Json(urllib.request.urlopen(THEIRS).read().decode()))
            # The host adds the credential.
            case "own_key":
                return get(ACTIONS, ("authorization", "Bearer pat-na1-0123"))
            # The grant says that this action only reads.
            case "writes_in_a_read":
                return refold.execute_action(app, "create_contact", Parameters({"email": "ada@example.com"}))
            case "swallowed_refusal":
                try:
                    return get(THEIRS)
                except Error:
                    return Success(Json("[]"))
            # An answer is not yet a success: nobody looked at its status.
            case "swallowed_status":
                return get(f"{ACTIONS}/no_such_action")
            case "unfinished_body":
                return unfinished_body()
            case "forgotten_await":
                return Success(Json.of({"contacts": contacts()}))
            case "runs_an_event_loop":
                return Success(Json.of(asyncio.run(contacts())))
            # The data of an outcome is JSON text.
            case "no_json":
                return Success(Json("Ada Lovelace"))
            case "object_for_json":
                return Success(Json(str({"name": "Ada Lovelace"})))
            case "plain_value":
                return Success(json.dumps({"name": "Ada Lovelace"}))  # type: ignore[arg-type]
            case "wrong_type":
                return Success(Json.of(parameters["limit"] + 1))  # type: ignore[operator]
            case "missing_key":
                return Success(parameters["contact_id"])
            case "nothing_returned":
                return None  # type: ignore[return-value]
            case "reads_a_file":
                return Success(Json(Path("settings.json").read_text()))
            case "reads_the_environment":
                return Success(Json.of(os.environ["HUBSPOT_TOKEN"]))
        raise UnknownAction(app, action)


def get(url: str, *headers: tuple[str, str]) -> Outcome:
    return Success(Json.of(len(client.send(client.Request("GET", url, headers)).body)))


async def contacts() -> int:
    return len(client.send(client.Request("GET", ACTIONS)).body)


def unfinished_body() -> Outcome:
    """Goes past the SDK: takes a body, and never finishes it."""
    request = http.OutgoingRequest(http.Fields.from_list([("content-length", b"2")]))
    request.set_method(http.Method_Post())
    request.set_scheme(http.Scheme_Https())
    request.set_authority("app.refold.ai")
    request.set_path_with_query("/api/v2/integration-schema/hubspot/actions/search_contacts/execute")
    with request.body():
        future = outgoing_handler.handle(request, None)
    with future.subscribe() as ready:
        ready.block()
    return Success(Json.of(str(future.get())))


Actions = export(Mistakes)
