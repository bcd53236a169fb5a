"""The one lower-case line that says which rule was broken, where, and what was got instead."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

SHOWN_CHARACTERS = 60


def shown(value: object) -> str:
    """The value as a message shows it: JSON's words for kinds, long values cut, containers only counted."""
    match value:
        case None | bool():
            text = {None: "null", True: "true", False: "false"}[value]
        case str():
            text = repr(value)
        case dict():
            text = f"an object of {len(value)} fields"
        case list() | tuple():
            text = f"a list of {len(value)} values"
        case _:
            text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


def refusal(error: ValidationError, *, private: frozenset[str] = frozenset()) -> str:
    """The first broken rule of a pydantic check, as one line.

    Args:
        error: what pydantic raised.
        private: fields whose text must not be repeated, because messages reach logs. Default: every value is shown.
    """
    detail = error.errors(include_url=False)[0]
    place = _place(detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{place} is required"
        case "extra_forbidden":
            return f"unknown field {shown(place)}"
    rule = detail["msg"][0].lower() + detail["msg"][1:].removesuffix(".")
    return f"{place}: {rule}, got {_got(detail, hide=place in private)}"


def _place(location: tuple[int | str, ...]) -> str:
    """("agents", 1, "limits", "turns") becomes agents[1].limits.turns."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return place.removeprefix(".")


def _got(detail: ErrorDetails, *, hide: bool) -> str:
    value: Any = detail["input"]
    if isinstance(value, str) and (hide or "string_too" in detail["type"]):
        return f"a string of length {len(value.strip())}"
    return shown(value)
