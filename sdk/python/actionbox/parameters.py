"""What an action is executed with: one JSON object."""

from collections.abc import Iterator, Mapping
from typing import Self

from .error import InvalidParameters, Problem
from .jsontext import Json


class Parameters(Mapping[str, Json]):
    """The parameters of an action: one JSON object, a key per parameter.

    Values are mostly strings, even where they mean numbers. A mapping that is never changed; make another one
    from it: `Parameters({**parameters, "limit": "10"})`.
    """

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        """Makes parameters from Python values; any `Json` among them is passed on as it is."""
        self._values = {name: Json.of(value) for name, value in (values or {}).items()}

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads the text of one JSON object.

        Raises `InvalidParameters` when it is none.
        """
        try:
            return cls(Json(text).members())
        except ValueError as error:
            raise InvalidParameters([Problem(None, f"must be one JSON object: {error}")]) from None

    def optional_str(self, name: str) -> str | None:
        """Returns the text of a parameter, or `None` when it is missing, `null` or blank.

        Raises `InvalidParameters` when it is no string.
        """
        value = self[name].value() if name in self else None
        if value is not None and not isinstance(value, str):
            raise InvalidParameters([Problem(name, "must be a string")])
        return value if value and value.strip() else None

    def required_str(self, name: str) -> str:
        """Returns the text of a parameter that must be there.

        Raises `InvalidParameters` when it is missing, `null` or blank, or no string.
        """
        value = self.optional_str(name)
        if value is None:
            raise InvalidParameters([Problem.missing(name)])
        return value

    def __getitem__(self, name: str) -> Json:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        """Returns the JSON text."""
        return Json.of(self._values).text

    def __repr__(self) -> str:
        return f"Parameters({self})"
