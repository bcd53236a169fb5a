"""What a caller may change about one alarm."""

from dataclasses import dataclass
from typing import Literal, get_args

from .rules import one_of

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, kw_only=True)
class AlarmChoice:
    """One alarm's threshold, severity, or end.

    Raises:
        ValueError: for a threshold that is not above 0, an unknown severity, or an `enabled` that is no bool.
    """

    threshold: float | None = None
    """The alarm goes off at this value or above, in the unit of the alarm's metric. Default: the construct's own."""

    severity: Severity | None = None
    """"page" wakes somebody, "ticket" waits for the morning: the first word of the alarm's description and the value
    of its tag `severity`. Default: the construct's own."""

    enabled: bool = True
    """Whether the alarm exists at all; one that does not cannot take a gradual deployment back. Default: yes."""

    def __post_init__(self) -> None:
        number = self.threshold
        if not isinstance(self.enabled, bool):
            raise ValueError(f"enabled of an alarm must be True or False, got {self.enabled!r}")  # noqa: TRY004
        wrong = isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < float("inf")
        if number is not None and wrong:
            raise ValueError(f"threshold of an alarm must be a number above 0, got {number!r}")
        if self.severity is not None:
            one_of("severity of an alarm", self.severity, get_args(Severity))
