"""The rules of an event, as the Lambda's request parser applies them; a test holds the two together."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aws_cdk import aws_apigateway as apigateway

from .choices.rules import unresolved

MAX_QUERY = 2_000
"""Characters, as the Lambda's request allows."""

MAX_BUDGET_USD = Decimal(10_000)
_AMOUNT = r"^(?=.*[1-9])(0{0,5}[0-9]{1,4}(\.[0-9]{1,12})?|0{0,4}10000(\.0{1,12})?)$"
"""A plain decimal number over 0 and at most 10000, as text; at most 9 digits before the point, 12 behind it."""

_PLAIN_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
# What Unicode calls white space, which the parser trims; Python's own strip() also takes four control characters.
_WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
# Controls, separators, lone marks; letters that are drawn as nothing: a query of these alone asks nothing.
_BLANK = frozenset({"C", "Z", "M"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def check_event(event: Any) -> None:
    """Refuse an event that every execution would refuse; tokens pass.

    Raises:
        ValueError: naming the rule; never the query's text.
    """
    if not isinstance(event, Mapping):
        raise ValueError(f"event must be an object like {{'query': '...'}}, got a {type(event).__name__}")  # noqa: TRY004
    if unknown := [field for field in event if field not in FIELDS]:
        raise ValueError(f"event must have only the fields {', '.join(FIELDS)}, got {unknown[0]!r}")
    for name, field in FIELDS.items():
        if name != "query" and name in event and not field.holds(event[name]):
            raise ValueError(f"event's {name} must be {field.rule}, got {event[name]!r}")
    query = event.get("query")
    if isinstance(query, str) and query.strip(_WHITE_SPACE) and not _is_visible(query):
        raise ValueError(f"event must have a query with a character that can be seen, got {len(query)} that cannot")
    if not _is_query(query):
        got = f"{len(query.strip(_WHITE_SPACE))} characters" if isinstance(query, str) else repr(query)
        raise ValueError(f"event must have a query of 1 to {MAX_QUERY} characters, got {got}")


def _is_query(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return unresolved(value) or (1 <= len(value.strip(_WHITE_SPACE)) <= MAX_QUERY and _is_visible(value))


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(character)[0] not in _BLANK and character not in _FILLERS for character in text)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or unresolved(value)


def _is_budget(value: Any) -> bool:
    if isinstance(value, str):
        plain = _PLAIN_DECIMAL.fullmatch(value)
        return unresolved(value) or (plain is not None and 0 < Decimal(value) <= MAX_BUDGET_USD)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    amount = Decimal(str(value))
    return unresolved(value) or (amount.is_finite() and 0 < amount <= MAX_BUDGET_USD)


@dataclass(frozen=True)
class EventField:
    """One field of an event."""

    rule: str
    holds: Callable[[Any], bool]

    schema: apigateway.JsonSchema
    """The same rule as far as API Gateway can check it; what it lets through, the function refuses."""


_Json, _Kind = apigateway.JsonSchema, apigateway.JsonSchemaType
FIELDS: Mapping[str, EventField] = {
    "query": EventField(
        f"1 to {MAX_QUERY} characters",
        _is_query,
        _Json(type=_Kind.STRING, pattern=r"\S", min_length=1, max_length=MAX_QUERY),
    ),
    "demo_checkpoint": EventField("True or False", _is_flag, _Json(type=_Kind.BOOLEAN)),
    "budget_usd": EventField(
        "a number, or a string of one, over 0 and at most 10000",
        _is_budget,
        _Json(
            any_of=[
                _Json(type=_Kind.NUMBER, minimum=0, exclusive_minimum=True, maximum=int(MAX_BUDGET_USD)),
                _Json(type=_Kind.STRING, pattern=_AMOUNT),
            ]
        ),
    ),
}
