"""One alarm's rehearsal: its cause, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scripts.rehearse.stage import Stage


@dataclass(frozen=True)
class Scenario:
    """What is provoked, and what must ring.

    alarm: the alarm that must ring, and the section of the runbook; "" for a run that must ring none.
    cause: what is provoked, in words.
    provoke: does it once, from nothing to the point at which it is measured; is called once for each datapoint that the
        alarm needs, with the number of the call.
    finds: what the runbook's first commands must say, a regular expression.
    beside: alarms that ring too, as the runbook says. Default: none.
    looks_at: the name of the execution that the runbook's `$EXECUTION` is then. Default: there is none.
    queue: the stack's output that is the runbook's `$QUEUE_URL`. Default: there is none.
    prepare: is called before any scenario, for what takes its time. Default: nothing.
    settle: puts back what the cause changed. Default: nothing.
    """

    alarm: str
    cause: str
    provoke: Callable[[Stage, int], None]
    finds: str = ""
    beside: frozenset[str] = frozenset()
    looks_at: str = ""
    queue: str = ""
    prepare: Callable[[Stage], None] | None = None
    settle: Callable[[Stage], None] | None = None

    @property
    def name(self) -> str:
        """As the command line calls it."""
        return self.alarm or "Healthy"


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    rang: alarm -> seconds from the cause to its going off, at the latest.
    delivered: the beginning of the message that the subscriber read; None if none came.
    found_by: how many of the runbook's commands it took; None if none of them said it.
    reasons: why it does not hold; empty if it does.
    """

    scenario: Scenario
    rang: Mapping[str, float] = field(default_factory=dict)
    delivered: str | None = None
    found_by: int | None = None
    commands: int = 0
    reasons: tuple[str, ...] = ()
    seconds: float = 0
