"""The input of `upsert_contact`: what it may hold, and what the upstream calls it."""

import re
from dataclasses import dataclass

from actionbox import InvalidParameters, Json, Parameter, Parameters, Problem

EMAIL = "email"
MORE = "additional_fields"

# The optional parameters: our name, the upstream's, the label.
FIELDS = (
    ("first_name", "firstname", "First name"),
    ("last_name", "lastname", "Last name"),
    ("phone", "phone", "Phone"),
    ("company", "company", "Company"),
    ("website", "website", "Website"),
    ("job_title", "jobtitle", "Job title"),
    ("owner_id", "hubspot_owner_id", "Owner ID"),
)
OURS = {theirs: ours for ours, theirs, _ in FIELDS}
THEIRS = {ours: theirs for ours, theirs, _ in FIELDS}

PARAMETERS = [
    Parameter(EMAIL, "E-mail", required=True, kind="email"),
    *(Parameter(ours, label) for ours, _, label in FIELDS),
    Parameter(MORE, "Additional fields", kind="json"),
]
"""The parameters of `upsert_contact`."""

# Plausible, not proven: only the mail server knows.
PLAUSIBLE = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f]+@[^@.\s\x00-\x1f\x7f-\x9f]+(\.[^@.\s\x00-\x1f\x7f-\x9f]+)+")


@dataclass(frozen=True)
class Contact:
    """A contact as the caller wants it to be."""

    email: str
    """What it is found by."""
    fields: dict[str, Json]
    """What is to be set, by the upstream's names. Without the address."""


class Misfit(Exception):
    """What is wrong with one parameter."""


def read(parameters: Parameters) -> Contact:
    """Reads a contact. Raises every problem there is, not only the first."""
    problems: list[Problem] = []
    fields: dict[str, Json] = {}
    email = ""
    for name in (EMAIL, *sorted(parameters.keys() - {EMAIL})):
        value = parameters.get(name, Json("null"))
        try:
            if name == EMAIL:
                email = _email(value)
            elif name == MORE:
                fields |= _additional(value)
            elif name in THEIRS:
                fields |= _text(THEIRS[name], value)
            else:
                raise Misfit(_unknown(name))
        except Misfit as misfit:
            problems.append(Problem(name, str(misfit)))
    if problems:
        raise InvalidParameters(problems)
    return Contact(email, fields)


def _email(value: Json) -> str:
    text = value.value()
    if text is not None and not isinstance(text, str):
        raise Misfit("must be a string")
    text = (text or "").strip()
    if not text:
        raise Misfit("is required")
    if len(text.encode()) > 254 or not PLAUSIBLE.fullmatch(text):
        raise Misfit("must be an e-mail address, such as ada@example.com")
    return text


def _text(name: str, value: Json) -> dict[str, Json]:
    """The upstream takes numbers as text. Nothing given means that nothing is to be set."""
    match value.value():
        case None | "":
            return {}
        case str():
            return {name: value}
        case bool() | list() | dict():
            raise Misfit("must be a string")
        case _:
            return {name: Json.of(value.text)}


def _additional(value: Json) -> dict[str, Json]:
    """Reads further properties, given as an object or as text that holds one."""
    given = value.value()
    if given is None or given == "":
        return {}
    try:
        more = (Json(given) if isinstance(given, str) else value).members()
    except ValueError:
        raise Misfit("must be a JSON object") from None
    # What a parameter sets cannot be set a second way: it could change the address that was searched for.
    for key in sorted(more):
        if key in (EMAIL, "contact_id") or key in OURS:
            raise Misfit(f'must not set "{key}", which upsert_contact sets itself')
    return {MORE: Json.of(more)} if more else {}


def _unknown(name: str) -> str:
    if name in OURS:
        return f"is not known; it is called {OURS[name]} here"
    return f"is not known; properties of your own go into {MORE}"
