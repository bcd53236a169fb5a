"""The rules of an event, as the Lambda's request parser applies them; a test holds the two together."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from aws_cdk import aws_apigateway as apigateway

from .choices.rules import unresolved

MAX_QUERY = 2_000
"""Characters, as the Lambda's request allows."""

MAX_BUDGET_USD = Decimal(10_000)
_SMALLEST_USD = Decimal("0.000000000001")
MIN_TOPICS, MAX_TOPICS, MAX_TOPIC = 2, 20, 200
"""How many topics, and of how many characters."""

MIN_QUERIES, MAX_QUERIES = 2, 50
"""How many requests a batch has."""

QUERIES, BESIDE_QUERIES = "queries", ("budget_usd",)
"""The field of a batch, and what may stand beside it."""

_TENANT = "[A-Za-z0-9._-]{1,64}"
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
    if QUERIES in event:
        _check_batch(event)
        return
    if unknown := [field for field in event if field not in FIELDS]:
        raise ValueError(f"event must have only the fields {', '.join((*FIELDS, QUERIES))}, got {unknown[0]!r}")
    for name, field in FIELDS.items():
        if name != "query" and name in event and not field.holds(event[name]):
            raise ValueError(f"event's {name} must be {field.rule}, got {event[name]!r}")
    query = event.get("query")
    if isinstance(query, str) and query.strip(_WHITE_SPACE) and not _is_visible(query):
        raise ValueError(f"event must have a query with a character that can be seen, got {len(query)} that cannot")
    if not _is_query(query):
        got = f"{len(query.strip(_WHITE_SPACE))} characters" if isinstance(query, str) else repr(query)
        raise ValueError(f"event must have a query of 1 to {MAX_QUERY} characters, got {got}")


def _check_batch(event: Mapping[str, Any]) -> None:
    if wrong := [field for field in event if field not in (QUERIES, *BESIDE_QUERIES)]:
        raise ValueError(f"event with {QUERIES} may also have {', '.join(BESIDE_QUERIES)} only, got {wrong[0]!r}")
    queries, budget = event[QUERIES], event.get("budget_usd")
    if not isinstance(queries, list | tuple) or not MIN_QUERIES <= len(queries) <= MAX_QUERIES:
        raise ValueError(f"event must have {MIN_QUERIES} to {MAX_QUERIES} {QUERIES}, got {queries!r}")
    if "budget_usd" in event and not FIELDS["budget_usd"].holds(budget):
        raise ValueError(f"event's budget_usd must be {FIELDS['budget_usd'].rule}, got {budget!r}")
    for each in queries:
        if isinstance(each, Mapping) and QUERIES in each:
            raise ValueError(f"event's {QUERIES} must hold no {QUERIES} of their own")
        check_event(each)
    _check_shares(budget, [each["budget_usd"] for each in queries if "budget_usd" in each], len(queries))


def _check_shares(budget: Any, own: Sequence[Any], queries: int) -> None:
    """Those without a budget of their own share what the others leave of the batch's."""
    if budget is None or any(map(unresolved, (budget, *own))):
        return
    left = Decimal(str(budget)) - sum(Decimal(str(amount)) for amount in own)
    sharing = queries - len(own)
    if left < 0 or (sharing and (left / sharing).quantize(_SMALLEST_USD, ROUND_DOWN) <= 0):
        raise ValueError(f"event's budget_usd must be more than those of its {QUERIES} together, got {budget!r}")


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


def _is_tenant(value: Any) -> bool:
    return isinstance(value, str) and (unresolved(value) or re.fullmatch(_TENANT, value) is not None)


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
    "tenant": EventField("1 to 64 of A-Z a-z 0-9 . _ -", _is_tenant, _Json(type=_Kind.STRING, pattern=f"^{_TENANT}$")),
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
