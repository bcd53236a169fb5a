"""Whether a choice is the kind of value that its annotation says; the refusal shows the rule with the value got."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from aws_cdk import Duration, Size
from aws_cdk import aws_lambda as lambda_

from .rules import unresolved

SHOWN_CHARACTERS = 100
_SHOWN = (str, bytes, int, float, Decimal, list, tuple, set, frozenset, dict, Path, type(None))
_PLAIN = (*_SHOWN, Enum, type, Duration, Size)
_HIDDEN = "environment"
"""Its values may be credentials, so a refusal shows none."""

_WORDS: Mapping[object, str] = {
    bool: "True or False",
    str: "text",
    Duration: "a Duration, such as Duration.minutes(15)",
    Size: "a Size, such as Size.gibibytes(1)",
    lambda_.Architecture: "an Architecture, ARM_64 or X86_64",
    lambda_.Runtime: "a Runtime, such as Runtime.PYTHON_3_13",
    Mapping: "a mapping, such as a dict",
    Sequence: "a list",
}


def check_kinds(props: Any) -> None:
    """Refuse the first value that is of another kind than its field.

    Numbers are left to their own rules, which say a range as well.

    Raises:
        ValueError: naming the choice, the rule and the value got; of `environment` only the kind of value got.
    """
    for name, kind in get_type_hints(type(props)).items():
        _check(name, getattr(props, name), kind, hide=name == _HIDDEN)


def _check(name: str, value: Any, kind: Any, *, hide: bool) -> None:
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    chosen = [one for one in kinds if _accepts(value, one)]
    if not chosen:
        said = " or ".join(dict.fromkeys(_words(one) for one in kinds if one is not type(None)))
        raise ValueError(f"{name} must be {said}, got {_kind_of(value) if hide else _shown(value)}")
    inner = get_args(chosen[0])
    if get_origin(chosen[0]) is Mapping:
        for key, each in value.items():
            _check(f"a name in {name}", key, inner[0], hide=hide)
            _check(f"{name}[{key!r}]", each, inner[1], hide=hide)
    elif get_origin(chosen[0]) is Sequence:
        for index, each in enumerate(value):
            _check(f"{name}[{index}]", each, inner[0], hide=hide)


def _accepts(value: Any, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin is Literal:
        return unresolved(value) or value in get_args(kind)
    if origin is Sequence:
        return isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if kind in (int, float, Decimal):
        return True  # has a rule of its own, which says the range too
    if getattr(kind, "_is_protocol", False):  # jsii's interfaces cannot be asked, so what is certainly none is refused
        return not isinstance(value, _PLAIN)
    if hasattr(kind, "__jsii_struct_bases__") and isinstance(value, Mapping):
        return True  # CDK takes a dict for a struct
    return isinstance(value, origin or kind)


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"a value of {kind.__name__}, such as {kind.__name__}.{next(iter(kind)).name}"
    return _WORDS.get(get_origin(kind) or kind) or f"an object of {kind.__name__}"


def _shown(value: object) -> str:
    if not isinstance(value, _SHOWN):
        return _kind_of(value)
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"


def _kind_of(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a value of {type(value).__name__}"
