"""How agents.toml is read: each field of a table by its rule, refused in one line that says the rule and the value.

Part of the rule book: it needs nothing but Python, because synth loads it too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar, cast

SHOWN_CHARACTERS = 100
_RULE = "rule"
T = TypeVar("T")


@dataclass(frozen=True)
class Rule:
    """What a field of agents.toml must be."""

    says: str
    holds: Callable[[Any], bool]

    read: Callable[[Any, str], Any] = lambda value, _: value
    """Makes the field's value of what TOML holds; the text says where it stands."""


def ruled(rule: Rule, **default: Any) -> Any:
    """A field of a dataclass that is read by `rule`."""
    return field(metadata={_RULE: rule}, **default)


def whole(low: int, high: int) -> Rule:
    """A whole number."""
    return Rule(
        f"a whole number between {low} and {high}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
    )


def text(pattern: str, says: str) -> Rule:
    """A text that matches a pattern."""
    return Rule(says, lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)))


def words(says: str, least: int) -> Rule:
    """A list of at least so many texts, none of them empty."""

    def holds(value: Any) -> bool:
        return isinstance(value, list) and len(value) >= least and all(isinstance(word, str) and word for word in value)

    return Rule(says, holds, lambda value, _: tuple(value))


def is_table(value: Any) -> bool:
    """Whether TOML holds a table."""
    return isinstance(value, dict)


FLAG = Rule("true or false", lambda value: isinstance(value, bool))


def made(kind: Callable[..., T], given: Mapping[str, Any], where: str) -> T:
    """A value of `kind` out of a table, each field by its rule.

    Raises:
        ValueError: a field is unknown, missing or breaks its rule; the message begins with `where`.
    """
    by_name = {one.name: one for one in fields(cast(Any, kind))}
    if unknown := sorted(given.keys() - by_name.keys()):
        raise ValueError(f"{where} must have only the fields {', '.join(by_name)}, got {shown(unknown[0])}")
    read = {}
    for name, one in by_name.items():
        rule: Rule = one.metadata[_RULE]
        if name in given or (one.default is MISSING and one.default_factory is MISSING):
            if not rule.holds(given.get(name)):
                got = shown(given[name]) if name in given else "none"
                raise ValueError(f"{where}: {name} must be {rule.says}, got {got}")
            read[name] = rule.read(given[name], where)
    return kind(**read)


def shown(value: object) -> str:
    """A value as a refusal shows it: cut where it is long."""
    try:
        text_of = repr(value)
    except (RecursionError, ValueError):  # depth without end, or a number of thousands of digits
        return f"a {type(value).__name__}"
    return (
        text_of if len(text_of) <= SHOWN_CHARACTERS else f"{text_of[:SHOWN_CHARACTERS]}... ({len(text_of)} characters)"
    )
