"""A benchmark, and a row of its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured figure.

    Attributes:
        name: unique and stable, starts with the benchmark's name.
        what: in words.
        value: the figure, in `unit`.
        target: most that it should be. Default: no target, the figure is only reported.
        how: how it was measured.
    """

    name: str
    what: str
    value: float
    unit: str
    how: str
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        return None if self.target is None else self.value <= self.target


@dataclass(frozen=True)
class Asked:
    """What the caller asked of a benchmark.

    Attributes:
        repeat: how often to measure; the least is reported, since the machine may be busy with other work.
        scratch: an empty folder.
    """

    repeat: int
    scratch: Path


@dataclass(frozen=True)
class Benchmark:
    """A measurement that yields one or more rows.

    Attributes:
        name: for `--only`.
        measure: does it.
        slow: whether it runs only when asked for. Default: it always runs.
    """

    name: str
    measure: Callable[[Asked], Iterator[Row]]
    slow: bool = False


class NotMeasured(RuntimeError):
    """A benchmark could not be measured; the message says why."""
