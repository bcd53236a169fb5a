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
MIN_TOPICS, MAX_TOPICS, MAX_TOPIC = 2, 20, 200
"""How many topics, and of how many characters."""

MAX_REVIEW_SECONDS = 31_622_400
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


def _is_whole(value: Any, low: int, high: int) -> bool:
    return unresolved(value) or (isinstance(value, int) and not isinstance(value, bool) and low <= value <= high)


def _is_topic(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return unresolved(value) or (1 <= len(value.strip(_WHITE_SPACE)) <= MAX_TOPIC and _is_visible(value))


def _are_topics(value: Any) -> bool:
    if unresolved(value) or value == "auto":
        return True
    if not isinstance(value, list | tuple) or not MIN_TOPICS <= len(value) <= MAX_TOPICS:
        return False
    return all(map(_is_topic, value)) and len({topic.strip(_WHITE_SPACE) for topic in value}) == len(value)


def _is_review(value: Any) -> bool:
    if isinstance(value, bool) or unresolved(value):
        return True
    if not isinstance(value, Mapping):
        return False
    return all(name in _REVIEW and _REVIEW[name](chosen) for name, chosen in value.items())


_REVIEW: Mapping[str, Callable[[Any], bool]] = {
    "after": lambda value: value in ("analysis", "report"),
    "timeout_seconds": lambda value: _is_whole(value, 60, MAX_REVIEW_SECONDS),
    "on_timeout": lambda value: value in ("reject", "approve", "escalate"),
    "max_rounds": lambda value: _is_whole(value, 1, 10),
}


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
    "topics": EventField(
        f"{MIN_TOPICS} to {MAX_TOPICS} different topics of 1 to {MAX_TOPIC} characters, or 'auto'",
        _are_topics,
        _Json(
            any_of=[
                _Json(type=_Kind.STRING, enum=["auto"]),
                _Json(
                    type=_Kind.ARRAY,
                    items=_Json(type=_Kind.STRING, pattern=r"\S", min_length=1),
                    min_items=MIN_TOPICS,
                    max_items=MAX_TOPICS,
                    unique_items=True,
                ),
            ]
        ),
    ),
    "max_failed_topics": EventField(
        f"a whole number from 0 to {MAX_TOPICS}",
        lambda value: _is_whole(value, 0, MAX_TOPICS),
        _Json(type=_Kind.INTEGER, minimum=0, maximum=MAX_TOPICS),
    ),
    "review": EventField(
        "True, False or an object of after, timeout_seconds, on_timeout and max_rounds, each by its rule",
        _is_review,
        _Json(
            any_of=[
                _Json(type=_Kind.BOOLEAN),
                _Json(
                    type=_Kind.OBJECT,
                    additional_properties=False,
                    properties={
                        "after": _Json(type=_Kind.STRING, enum=["analysis", "report"]),
                        "timeout_seconds": _Json(type=_Kind.INTEGER, minimum=60, maximum=MAX_REVIEW_SECONDS),
                        "on_timeout": _Json(type=_Kind.STRING, enum=["reject", "approve", "escalate"]),
                        "max_rounds": _Json(type=_Kind.INTEGER, minimum=1, maximum=10),
                    },
                ),
            ]
        ),
    ),
}
