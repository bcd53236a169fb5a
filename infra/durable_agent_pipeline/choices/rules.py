"""The rules a choice must keep, and how a refusal is worded."""

import math
import re
import sys
from collections.abc import Collection
from decimal import Decimal, InvalidOperation

from aws_cdk import Duration, Token

_SECONDS_OF = {"seconds": 1, "days": 24 * 60 * 60}
_MADE = re.compile(r"Duration\.([a-z]+)\((.+)\)")


def unresolved(value: object) -> bool:
    """Whether a text or a number stands for what only the deployment knows.

    Numbers without an end never do, and must not be asked about: jsii's process does not survive them.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if isinstance(value, int) and abs(value) > sys.maxsize:
        return False
    return isinstance(value, str | int | float) and Token.is_unresolved(value)


def between(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Refuse a number outside low..high.

    Raises:
        ValueError: naming the rule and the value got.
    """
    if unresolved(value):
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}{_spaced(unit)}, got {_number(value)}")


def whole(name: str, value: float, low: int, high: int, unit: str = "") -> None:
    """Refuse what is not a whole number within low..high."""
    if not unresolved(value) and not (isinstance(value, int) and not isinstance(value, bool)):
        raise ValueError(f"{name} must be a whole number between {low} and {high}{_spaced(unit)}, got {value!r}")
    between(name, value, low, high, unit)


def lasting(name: str, value: Duration, low: Duration, high: Duration, *, whole_units: str = "seconds") -> None:
    """Refuse a duration outside low..high, or one that the service cannot count; unresolved tokens pass.

    Args:
        name: of the choice.
        value: the choice.
        low: shortest allowed.
        high: longest allowed.
        whole_units: what the service counts in, "seconds" or "days".

    Raises:
        ValueError: naming the rule and the value in the author's own unit.
    """
    if value.is_unresolved():
        return
    seconds = value.to_seconds(integral=False)
    if not low.to_seconds() <= seconds <= high.to_seconds():
        raise ValueError(f"{name} must be between {spoken(low)} and {spoken(high)}, got {spoken(value)}")
    if seconds % _SECONDS_OF[whole_units]:
        raise ValueError(f"{name} must be whole {whole_units}, got {spoken(value)}")


def no_longer_than(name: str, value: Duration, limit_name: str, limit: Duration) -> None:
    """Refuse a duration longer than another choice; unresolved tokens pass."""
    if value.is_unresolved() or limit.is_unresolved():
        return
    if value.to_seconds(integral=False) > limit.to_seconds(integral=False):
        raise ValueError(f"{name} must be at most {limit_name}, {spoken(limit)}, got {spoken(value)}")


def spoken(value: Duration) -> str:
    """A duration in the unit it was made in: "367 days"."""
    made = _MADE.fullmatch(value.to_string())
    if made is None:
        return value.to_human_string()
    number, unit = float(made[2]), {"millis": "milliseconds"}.get(made[1], made[1])
    return f"{number:.12g} {unit.removesuffix('s') if number == 1 else unit}"


def one_of(name: str, value: str, allowed: Collection[str]) -> None:
    """Refuse a word that is not in the list."""
    if not unresolved(value) and value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def matching(name: str, value: str, pattern: str, rule: str) -> None:
    """Refuse text that does not match the whole pattern; unresolved tokens pass."""
    if not unresolved(value) and not re.fullmatch(pattern, value):
        raise ValueError(f"{name} must be {rule}, got {value!r}")


def positive_usd(name: str, value: Decimal | str | float) -> Decimal:
    """Read an amount of money exactly.

    Returns:
        The amount in USD; a float is read by its printed digits, so 0.1 means ten cents.

    Raises:
        ValueError: when it is not a number above 0 and at most 1,000,000.
    """
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(0)
    if isinstance(value, bool) or not amount.is_finite() or not 0 < amount <= Decimal(1_000_000):
        raise ValueError(f"{name} must be an amount in USD above 0 and at most 1000000, got {_number(value)}")
    return amount


def _number(value: object) -> str:
    """A number as a refusal shows it: not hundreds of digits."""
    if isinstance(value, int) and abs(value) > sys.maxsize:
        return f"a number of {value.bit_length()} bits"
    return repr(value)


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""
