"""The steps of `upsert_contact`: search → update what was found, or create it.

Nothing is repeated: there is no idempotency key, so a write whose answer was lost may have happened.
"""

from collections.abc import Callable
from dataclasses import replace

from actionbox import Error, Failure, InvalidParameters, Json, OtherError, Outcome, Parameters, Problem, Success
from actionbox import UpstreamFailure

from contact import Contact

Execute = Callable[[str, Parameters], Outcome]
"""Executes one of the upstream's actions. An argument, so that the steps can be tested without one."""


def upsert(contact: Contact, execute: Execute) -> Outcome:
    """Updates the contact with this address, or creates it.

    What fails in the connected app is passed on as it is. One such case is a contact that somebody else creates
    between our search and our create: the app refuses the duplicate, and the caller may try again.
    """
    try:
        searched = execute("search_contacts", _search(contact.email))
        if isinstance(searched, Failure):
            return searched
        found = _pick(contact.email, searched.data)
    except UpstreamFailure as failure:
        # A failed search could be taken for a failed write.
        raise replace(failure, message=f"nothing was written: {failure.message}") from failure

    if found and not contact.fields:
        return Success(_report("unchanged", found))
    if found:
        result, action, key = "updated", "update_contact", {"contact_id": _id(found)}
    else:
        result, action, key = "created", "create_contact", {"email": contact.email}
    try:
        written = execute(action, Parameters({**contact.fields, **key}))
    except Error as error:
        raise _lost(result, contact.email, error) from error
    if isinstance(written, Failure):
        return written
    return replace(written, data=_report(result, written.data))


def _search(email: str) -> Parameters:
    # Two would do, to see that there is more than one; some more, should the search be a lenient one.
    return Parameters({"propertyName": "email", "operator": "EQ", "value": email, "limit": "10"})


def _pick(email: str, data: Json) -> Json | None:
    """Picks the contact that has the address. What the search found beside it is not to be written to."""
    try:
        results = data.members()["results"].items()
    except (KeyError, ValueError):
        raise UpstreamFailure("search_contacts answered without a list of results", 200) from None
    matching = [contact for contact in results if _has_address(contact.value(), email)]
    if len(matching) > 1:
        problem = Problem("email", "more than one contact has this address; update the right one by its id")
        raise InvalidParameters([problem])
    if matching and not _id(matching[0]):
        raise UpstreamFailure("search_contacts answered a contact without an id", 200)
    return matching[0] if matching else None


def _has_address(contact: object, email: str) -> bool:
    match contact:
        case {"properties": {"email": str(other)}}:
            # Bytes are lowered in ASCII alone: other letters that look alike are other letters.
            return other.strip().encode().lower() == email.encode().lower()
        case _:
            return False


def _id(contact: Json) -> str:
    """Returns the contact's id as text, or nothing."""
    id = contact.members().get("id", Json("null"))
    match id.value():
        case str(text):
            return text
        case None | bool() | list() | dict():
            return ""
        case _:
            return id.text


def _report(result: str, contact: Json) -> Json:
    return Json.of({"result": result, "contact": contact})


def _lost(result: str, email: str, error: Error) -> Error:
    """Says honestly what is known when a write gave no answer."""
    if not error.may_have_run():
        return error
    advice = f"it is unknown whether the contact {email} was {result}: look before trying again"
    if isinstance(error, UpstreamFailure):
        return replace(error, message=f"{advice} ({error.message})")
    return OtherError(f"{advice} ({error})")
