"""The one lower-case line that says which rule was broken, where, and what was got instead."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SHOWN_CHARACTERS = 60
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")


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
        case int():
            text = _digits(value)
        case _:
            text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python refuses to write thousands of digits
        return f"a number of {number.bit_length()} bits"


def hidden(value: object) -> str:
    """The same for a value that may be a caller's text: of a text only its length, since messages reach logs."""
    return f"a string of length {len(value.strip())}" if isinstance(value, str) else shown(value)


def refusal(error: "ValidationError", *, private: bool = False) -> str:
    """The first broken rule of a pydantic check, as one line.

    Args:
        error: what pydantic raised.
        private: the texts are a caller's, and must not be repeated. Default: values are shown.
    """
    detail = error.errors(include_url=False)[0]
    place = _place(detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{place} is required"
        case "extra_forbidden":
            return f"unknown field {field_name(place) if private else shown(place)}"
    rule = detail["msg"][0].lower() + detail["msg"][1:].removesuffix(".")
    return f"{place}: {rule}, got {_got(detail, hide=private)}"


def field_name(field: str) -> str:
    """A field as a caller named it; one that puts the question in a name's place must not find it in a log."""
    return shown(field) if _FIELD.fullmatch(field) else f"whose name has {len(field)} characters"


def _place(location: tuple[int | str, ...]) -> str:
    """("agents", 1, "limits", "turns") becomes agents[1].limits.turns."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return place.removeprefix(".")


def _got(detail: "ErrorDetails", *, hide: bool) -> str:
    value: Any = detail["input"]
    return hidden(value) if hide or "string_too" in detail["type"] else shown(value)
