"""Actions and their parameters, as a plugin lists and describes them."""

from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """What an action does to the connected app, from harmless to unlimited.

    The host decides the effect of every call by itself. What a plugin claims is shown to people and grants
    nothing.
    """

    READ = "read"
    """Changes nothing."""
    WRITE = "write"
    """Creates or changes something."""
    DESTRUCTIVE = "destructive"
    """Deletes something, or does what cannot be undone."""
    RAW = "raw"
    """Makes an arbitrary call, such as the `httprequest` that every connector ships."""


@dataclass(frozen=True)
class Action:
    """One operation of a connected app."""

    id: str
    """The name that `describe_action` and `execute_action` take, such as `get_contact`."""
    name: str
    """A short title for people."""
    description: str = ""
    """What the action does, in a sentence or two."""
    tag: str | None = None
    """The upstream's own label, such as `v2`, when it has one."""
    claimed_effect: Effect | None = None
    """The effect that the plugin claims. For display only."""


@dataclass(frozen=True)
class Parameter:
    """One input of an action."""

    name: str
    """The key in the parameters object."""
    label: str
    """A short title for people. May equal the name."""
    required: bool = False
    """Whether the action refuses to run without it."""
    kind: str = "text"
    """The kind of value it takes: `text`, `email`, `number`, `textarea`, `url` or `json`, or another word as
    the upstream spells it. Values are mostly sent as strings, even numbers."""
