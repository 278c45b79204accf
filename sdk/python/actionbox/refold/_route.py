"""The three endpoints, and the requests for them."""

from dataclasses import dataclass
from urllib.parse import quote

from ..client import Request
from ..error import UnknownAction, UnknownApp

AUTHORITY = "app.refold.ai"
"""The authority by which plugins name the upstream. Where it really is, only the host knows."""


@dataclass(frozen=True)
class Route:
    """One endpoint: list without an action, describe with one, execute with a body beside it."""

    app: str
    action: str | None = None
    body: bytes | None = None

    def request(self) -> Request:
        """Builds the request for this endpoint."""
        if _climbs(self.app):
            raise UnknownApp(self.app)
        url = f"https://{AUTHORITY}/api/v2/integration-schema/{quote(self.app, safe='')}/actions"
        if self.action is not None:
            if _climbs(self.action):
                raise UnknownAction(self.app, self.action)
            url += "/" + quote(self.action, safe="")
        accept = ("accept", "application/json")
        if self.body is None:
            return Request("GET", url, (accept,))
        headers = (("content-type", "application/json"), accept)
        return Request("POST", url + "/execute", headers, self.body)


def _climbs(name: str) -> bool:
    """Tells what no segment of a path can be: nothing, or dots that would climb."""
    return not name.strip(".")
