"""What it means when an endpoint does not answer 2xx."""

import re
from http import HTTPStatus

from ..client import Response
from ..error import (
    Error,
    InvalidParameters,
    Problem,
    ReauthorizationRequired,
    Throttled,
    UnknownAction,
    UnknownApp,
    UpstreamFailure,
)
from ..jsontext import Json
from ._route import Route

_U64 = (1 << 64) - 1


def refusal(route: Route, answer: Response) -> Error:
    """Reads an answer that is no success."""
    envelope = _envelope(answer.body)
    code = _text(envelope.get("error_code")) or _text(envelope.get("error"))
    said = _text(envelope.get("message"))
    message = said or f"it answered {_words(answer.status)} without a message"
    said = (said or "").lower()

    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(_retry_after_ms(answer))
    if (
        answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        or said.startswith("application authentication not found")
        # The word may be the code, in the message, or in a field of its own.
        or b"reauth_required" in answer.body.lower()
    ):
        return ReauthorizationRequired(message)
    if answer.status == HTTPStatus.NOT_FOUND:
        if said.startswith("application app_type"):
            return UnknownApp(route.app)
        if route.action is not None and said.startswith("action ") and " not found" in said:
            return UnknownAction(route.app, route.action)
    if answer.status == HTTPStatus.BAD_REQUEST and code == "VALIDATION_ERROR" and route.body is not None:
        return InvalidParameters([Problem(_quoted(message), message)])
    return UpstreamFailure(message, answer.status, code, _text(envelope.get("request_id")))


def _envelope(body: bytes) -> dict[str, object]:
    """Reads the error envelope, as far as there is one: a gateway in between answers as it likes."""
    try:
        envelope = Json(body.decode()).value()
    except ValueError:
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _text(value: object) -> str | None:
    """Reads a string that says something, or a list of them."""
    match value:
        case str():
            return value.strip() or None
        case list():
            return "; ".join(item for item in value if isinstance(item, str)) or None
        case _:
            return None


def _words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _retry_after_ms(answer: Response) -> int | None:
    """Reads the seconds to wait. A date is ignored: the sandbox has no clock that it should be trusted with."""
    seconds = (answer.header("retry-after") or "").strip()
    if not re.fullmatch(r"[0-9]{1,20}", seconds) or int(seconds) > _U64:
        return None
    return min(int(seconds) * 1000, _U64)


def _quoted(message: str) -> str | None:
    """Returns the first name in single quotes, as in `Required parameter 'email' is missing`."""
    name = re.match(r"[^']*'([A-Za-z0-9_.-]+)(?:'|$)", message)
    return name[1] if name else None
