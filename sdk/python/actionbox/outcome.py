"""How an action ended in the connected app: two types, so that the data of a failed action cannot be read as a
result by mistake."""

from dataclasses import dataclass

from .jsontext import Json


@dataclass(frozen=True)
class Success:
    """The connected app did what was asked."""

    data: Json
    """The connected app's answer."""
    http_status: int | None = None
    """The connected app's own HTTP status, when the upstream tells it."""


@dataclass(frozen=True)
class Failure:
    """The connected app was reached and refused, or failed. Hand it on, unless you know better."""

    node_status: str
    """The upstream's word for it, such as `Errored` or `Failed`."""
    data: Json
    """The connected app's own error body."""
    http_status: int | None = None
    """The connected app's own HTTP status, when the upstream tells it."""


Outcome = Success | Failure
"""How an action ended in the connected app."""
