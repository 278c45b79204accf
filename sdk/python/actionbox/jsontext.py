"""JSON that is kept as the text it came in, and taken apart without being changed.

Python would print some numbers another way than it read them (`1.10`, `1e5`), and printing large data takes time.
What is only passed on is checked, and comes out as it went in.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Self

_NESTED = 127
"""How deep a value may nest: as deep as the host reads it. Python's own reader has no bound but the stack, and
to run out of stack ends the call."""

_SPACE = re.compile(r"[ \t\n\r]*")
# The next bracket that is not within a string.
_BRACKET = re.compile(r'(?:[^][{}"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([][{}])', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Json:
    """One JSON value, as text.

    The text is not checked before it is read: `value`, `members` and `items` raise `ValueError` when it is not
    JSON. Two values are equal when their texts are.
    """

    text: str

    @classmethod
    def of(cls, value: object) -> Self:
        """Writes a Python value as JSON. Any `Json` in it is put in as it is.

        Raises `ValueError` or `TypeError` for what JSON does not have.
        """
        match value:
            case Json():
                return cls(value.text)
            case dict():
                members = (f"{cls.of(_key(key)).text}:{cls.of(member).text}" for key, member in value.items())
                return cls("{" + ",".join(members) + "}")
            case list() | tuple():
                return cls("[" + ",".join(cls.of(item).text for item in value) + "]")
            case _:
                text = json.dumps(value, ensure_ascii=False, allow_nan=False)
                text.encode()  # Half a surrogate pair is no text, and could not leave the sandbox.
                return cls(text)

    def value(self) -> Any:
        """Reads the value: `dict`, `list`, `str`, `int`, `float`, `bool` or `None`.

        Raises `ValueError` when the text is not one JSON value.
        """
        text = self._checked()
        value, at = _read(text, _skip(text, 0))
        _end(text, at)
        return value

    def members(self) -> dict[str, "Json"]:
        """Takes an object apart; of two members with one name, the last one counts.

        Raises `ValueError` when the text is not one JSON object.
        """
        return dict(self.pairs())

    def pairs(self) -> list[tuple[str, "Json"]]:
        """Takes an object apart, in its order and with every member whose name comes twice.

        Raises `ValueError` when the text is not one JSON object.
        """
        text, pairs = self._checked(), list[tuple[str, Json]]()
        at, more = _open(text, "{", "}", "an object")
        while more:
            name, at = _read(text, at)
            if not isinstance(name, str):
                raise ValueError(f"expected a name at character {at}")
            at = _skip(text, at)
            if not text.startswith(":", at):
                raise ValueError(f"expected a colon at character {at}")
            value, at = _cut(text, _skip(text, at + 1))
            pairs.append((name, value))
            at, more = _next(text, at, "}")
        _end(text, at)
        return pairs

    def items(self) -> list["Json"]:
        """Takes an array apart.

        Raises `ValueError` when the text is not one JSON array.
        """
        text, items = self._checked(), list[Json]()
        at, more = _open(text, "[", "]", "an array")
        while more:
            item, at = _cut(text, at)
            items.append(item)
            at, more = _next(text, at, "]")
        _end(text, at)
        return items

    def _checked(self) -> str:
        """Refuses what Python would read and the host would not."""
        if self.text.count("[") + self.text.count("{") > _NESTED:
            at = depth = 0
            while bracket := _BRACKET.match(self.text, at):
                at = bracket.end()
                depth += 1 if bracket[1] in "[{" else -1
                if depth > _NESTED:
                    raise ValueError(f"it is nested more than {_NESTED} levels deep")
        return self.text


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the name of a member must be a string, not {type(key).__name__}")
    return key


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("a number is out of range")
    return number


def _whole(text: str) -> int:
    # The reader of the host takes the largest ones for floating-point numbers.
    if len(text) > 300:
        _finite(text)
    return int(text)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_refuse)


def _read(text: str, at: int) -> tuple[Any, int]:
    """Reads the value that begins here, and returns it beside its end."""
    value, end = _DECODER.raw_decode(text, at)
    if _SURROGATE.search(text, at, end):
        # Fails for half a surrogate pair, which is no text and could not leave the sandbox.
        json.dumps(value, ensure_ascii=False).encode()
    return value, end


def _cut(text: str, at: int) -> tuple[Json, int]:
    _, end = _read(text, at)
    return Json(text[at:end]), end


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _open(text: str, opening: str, closing: str, what: str) -> tuple[int, bool]:
    """Enters a container, and tells where its first member begins and whether there is one."""
    at = _skip(text, 0)
    if not text.startswith(opening, at):
        raise ValueError(f"expected {what}")
    at = _skip(text, at + 1)
    return (at + 1, False) if text.startswith(closing, at) else (at, True)


def _next(text: str, at: int, closing: str) -> tuple[int, bool]:
    """Goes on behind a member, and tells where the next one begins and whether there is one."""
    at = _skip(text, at)
    if text.startswith(closing, at):
        return at + 1, False
    if not text.startswith(",", at):
        raise ValueError(f"expected a comma or {closing} at character {at}")
    return _skip(text, at + 1), True


def _end(text: str, at: int) -> None:
    if (at := _skip(text, at)) != len(text):
        raise ValueError(f"expected the end at character {at}")
