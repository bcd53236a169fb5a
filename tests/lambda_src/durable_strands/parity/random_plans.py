"""How programs drawn at random are drawn and compared: a few in the gate, always the same; all by PARITY_SWEEP=1."""

from __future__ import annotations

import os
from typing import Protocol

from hypothesis import HealthCheck, settings

from tests.lambda_src.durable_strands.parity.harness import bare, compared, durable
from tests.lambda_src.durable_strands.parity.lab import Program

SWEEP = bool(os.environ.get("PARITY_SWEEP"))


class Suspended(Protocol):
    """Where a plan's program is suspended, in what kind of process."""

    @property
    def at(self) -> int: ...

    @property
    def cold(self) -> bool: ...


def drawn(*, gate: int, whole: int) -> settings:
    """So many examples in the gate, and in a whole sweep."""
    return settings(
        max_examples=whole if SWEEP else gate,
        derandomize=not SWEEP,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def comparison(program: Program, plan: Suspended) -> str:
    """What became of the program, suspended as the plan says: "alike" as under plain Strands."""
    return compared(bare(program), durable(program, plan.at, cold=plan.cold))
