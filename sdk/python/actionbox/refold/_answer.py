"""What the endpoints answer, read into types. Pure: no request is made here."""

import re
from collections.abc import Callable
from typing import TypeVar

from ..action import Action, Parameter
from ..client import Response
from ..error import UpstreamFailure
from ..jsontext import Json
from ..outcome import Failure, Outcome, Success
from ._refusal import refusal
from ._route import Route

T = TypeVar("T")


def actions(route: Route, answer: Response) -> list[Action]:
    """Reads the answer to a list request."""
    return _read(route, answer, "a list of actions", lambda body: [_action(item) for item in body.items()])


def parameters(route: Route, answer: Response) -> list[Parameter]:
    """Reads the answer to a describe request."""
    return _read(route, answer, "a list of parameters", lambda body: [_parameter(item) for item in body.items()])


def outcome(route: Route, answer: Response) -> Outcome:
    """Reads the answer to an execute request.

    The status 200 says nothing about the action. Only `Success`, exactly so, is a success.
    """
    return _read(route, answer, "the outcome of an action", _outcome)


def _action(item: Json) -> Action:
    fields = _fields(item)
    id = _required(fields, "action_id")
    name = _text(fields, "name")
    return Action(id, id if name is None else name, _text(fields, "description") or "", _text(fields, "tag"))


def _parameter(item: Json) -> Parameter:
    fields = _fields(item)
    name = _required(fields, "name")
    label, kind = _text(fields, "label"), _text(fields, "type")
    required = fields.get("required", Json("null")).text
    if required not in ("true", "false", "null"):
        raise ValueError("required is neither true nor false")
    return Parameter(name, name if label is None else label, required == "true", "text" if kind is None else kind)


def _outcome(body: Json) -> Outcome:
    fields = _fields(body)
    node_status = _required(fields, "node_status")
    data = fields.get("data", Json("null"))
    http_status = _status(fields.get("http_status"))
    if node_status == "Success":
        return Success(data, http_status)
    return Failure(node_status, data, http_status)


def _fields(item: Json) -> dict[str, Json]:
    """Takes an object apart. One that says a thing twice could be read both ways."""
    pairs = item.pairs()
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is given twice")
    return fields


def _text(fields: dict[str, Json], name: str) -> str | None:
    value = fields[name].value() if name in fields else None
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{name} is no text")


def _required(fields: dict[str, Json], name: str) -> str:
    value = _text(fields, name)
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def _status(value: Json | None) -> int | None:
    """Reads the connected app's status, which nothing depends on: what is no status is left out."""
    digits = re.fullmatch(r'"?([0-9]{1,5})"?', value.text) if value else None
    return int(digits[1]) if digits and int(digits[1]) < 1 << 16 else None


def _read(route: Route, answer: Response, what: str, read: Callable[[Json], T]) -> T:
    if not 200 <= answer.status < 300:
        raise refusal(route, answer)
    try:
        return read(Json(answer.body.decode()))
    except ValueError as error:
        got = f"something else: {error}" if answer.body else "nothing"
        raise UpstreamFailure(f"expected {what} and got {got}", answer.status) from None
