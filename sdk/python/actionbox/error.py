"""Why an operation gave no result."""

from dataclasses import dataclass, field
from typing import Self

from . import _codes


class Error(Exception):
    """Why an operation gave no result. Raise one of the classes below.

    An action that ran and failed in the connected app is no error: it is a `Failure`. Any other exception that
    leaves a plugin ends the call as a crash.
    """

    def may_have_run(self) -> bool:
        """Tells whether an action whose execution gave this error may have run all the same.

        A write that may have run must not be repeated blindly. When in doubt, this says `True`.
        """
        return False


@dataclass(eq=False)
class UnknownApp(Error):
    """The upstream has no such app."""

    app: str

    def __str__(self) -> str:
        return f'there is no app "{self.app}"'


@dataclass(eq=False)
class UnknownAction(Error):
    """The app has no such action."""

    app: str
    action: str

    def __str__(self) -> str:
        return f'the app "{self.app}" has no action "{self.action}"'


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the parameters of a call."""

    parameter: str | None
    """The parameter it is about; `None` when it is about the parameters as a whole."""
    message: str
    """What is wrong and what would be right, for people."""

    @classmethod
    def missing(cls, parameter: str) -> Self:
        """Makes the problem of a required parameter that was left out."""
        return cls(parameter, "is required")

    def __str__(self) -> str:
        return self.message if self.parameter is None else f"{self.parameter}: {self.message}"


@dataclass(eq=False)
class InvalidParameters(Error):
    """The parameters are not acceptable: each problem is listed. Never worth a retry as it is."""

    problems: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        return "invalid parameters: " + "; ".join(map(str, self.problems))


@dataclass(eq=False)
class ReauthorizationRequired(Error):
    """The tenant has to connect the app again, or for the first time."""

    reason: str

    def __str__(self) -> str:
        return f"the app has to be connected again: {self.reason}"


@dataclass(eq=False)
class Denied(Error):
    """The host, or the upstream, does not permit it. The reason is given as far as it is known."""

    reason: str

    def __str__(self) -> str:
        return f"denied: {self.reason}"


@dataclass(eq=False)
class Throttled(Error):
    """Too many requests: wait."""

    retry_after_ms: int | None = None
    """How long to wait before the next try, in milliseconds, when the upstream says so."""

    def __str__(self) -> str:
        wait = "" if self.retry_after_ms is None else f": wait {self.retry_after_ms / 1000:g} s"
        return f"too many requests{wait}"


@dataclass(eq=False)
class UpstreamFailure(Error):
    """The upstream failed, or answered what it should not."""

    message: str
    """The upstream's message, or what went wrong on the way, for people."""
    status: int | None = None
    """The HTTP status of the answer; `None` when there was no answer."""
    code: str | None = None
    """The upstream's code for it, such as `SERVER_ERROR`; when there was no answer, the code of `wasi:http`,
    such as `connection-refused`."""
    request_id: str | None = None
    """The upstream's name for this request, to quote to its support."""

    def may_have_run(self) -> bool:
        """Says no when the request never left, and when the upstream refused it with a status from 400 to 499."""
        if self.status is not None:
            return not 400 <= self.status < 500
        return self.code is None or not _codes.is_not_sent(self.code)

    def __str__(self) -> str:
        status = "" if self.status is None else f" with HTTP {self.status}"
        code = "" if self.code is None else f" ({self.code})"
        return f"the upstream failed{status}{code}: {self.message}"


@dataclass(eq=False)
class OtherError(Error):
    """Anything else, in a sentence for people."""

    message: str

    def may_have_run(self) -> bool:
        """Says yes: nothing is known."""
        return True

    def __str__(self) -> str:
        return self.message
