"""Sends HTTP requests through `wasi:http`.

The host decides which requests leave, rebuilds them and adds the credentials; a plugin names the upstream by its
public authority and sets no credential of its own.
"""

from dataclasses import dataclass

from ._exchange import exchange


@dataclass(frozen=True)
class Request:
    """A request, with its whole body."""

    method: str
    """`GET`, `POST` and so on."""
    url: str
    """Begins with `https://`."""
    headers: tuple[tuple[str, str], ...] = ()
    """`content-length` is set by `send`."""
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """An answer, with its whole body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    """In their order; names are in lower case."""

    def header(self, name: str) -> str | None:
        """Returns the first header of this name."""
        return next((value for other, value in self.headers if other == name.lower()), None)


def send(request: Request) -> Response:
    """Sends a request and reads the whole answer.

    Nothing is sent twice. The upstream's refusals are answers, not errors: look at the status.

    Raises `Denied` when the host does not let the request out, `OtherError` when it cannot be sent as it is, and
    `UpstreamFailure` when there is no answer; its `may_have_run` tells whether the request may have been carried
    out.
    """
    status, headers, body = exchange(request.method, request.url, request.headers, request.body)
    return Response(status, body, headers)
