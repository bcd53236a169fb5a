"""Runs a program bare, then durable with suspensions, and says in which respects the two differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from aws_durable_execution_sdk_python import DurableContext, state

from durable_strands import AgentFailed
from durable_strands.records import total_usage
from durable_strands.testing import EVERY_CALL, LocalRun, suspended
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.parity.lab import DurableLab, Lab, Program, answer_people
from tests.lambda_src.durable_strands.parity.world import World
from tests.lambda_src.durable_strands.scripted import USAGE

EVERY = EVERY_CALL
"""Suspend at every step, one after the other, in one execution."""
NEVER = 1_000_000
"""Suspend nowhere."""


@contextmanager
def hurried() -> Iterator[None]:
    """Hundreds of invocations in seconds: the engine's idle polls shortened, nothing else."""
    with patch.object(state, "_STOP_SIGNAL_POLL_SECONDS", 0.005):
        yield


def bare(program: Program) -> dict[str, Any]:
    """The evidence of `program` under plain Strands."""
    lab = Lab(World())
    failure = _played(program, lab, (Exception,))
    return lab.evidence(failure)


def _played(program: Program, lab: Lab, caught: tuple[type[Exception], ...]) -> Exception | None:
    try:
        program(lab)
    except caught as failure:
        return failure
    return None


@dataclasses.dataclass
class Durable:
    """One durable execution of a program: its evidence, its ledger, how it ran."""

    evidence: dict[str, Any]
    ledger: dict[str, Any]
    outcome: LocalRun
    steps: int


def durable(program: Program, at: int = EVERY, *, waits: bool = True, cold: bool = False) -> Durable:
    """Run `program` durably, suspended at step `at` (from 1); `cold` gives each invocation a process of its own."""
    world, watcher, last = World(), Watcher(), {}

    def body(context: DurableContext) -> str:
        watcher.start_pass()
        if cold:
            world.warm.pop("agent", None)
        lab = DurableLab(world, context, watcher, waits=waits)
        failure = _played(program, lab, (AgentFailed,))
        last.update(lab.evidence(failure))
        last["calls"] = failure.calls if isinstance(failure, AgentFailed) else ()
        return "ended"

    def ending(context: DurableContext) -> str:
        try:
            ended = body(context)
        except Exception:
            world.warm["ended"] = True
            raise
        world.warm["ended"] = True
        return ended

    with hurried(), suspended(at) as steps:
        outcome = on_engine(ending, answer_people(world))
        return Durable(last, _ledger(world, watcher), outcome, steps())


def _ledger(world: World, watcher: Watcher) -> dict[str, Any]:
    """What the observer was told against what was paid."""
    returned = [record for record in watcher.returned if record.kind == "model"]
    made = [record for record in watcher.made if record.kind == "model"]
    return {
        "paid": len(world.paid),
        "returned": len(returned),
        "made": len(made),
        "input tokens": total_usage(returned).input_tokens // USAGE["inputTokens"],
    }


def verdict(program: Program, at: int = EVERY, *, cold: bool = False) -> str:
    """`alike`; or the named failure of the durable run; or the respects in which it differs from the bare one."""
    return compared(bare(program), durable(program, at, cold=cold))


def swept(program: Program) -> set[str]:
    """The verdicts with a suspension nowhere, at each step alone, at every step; in a warm process and in new ones."""
    expected, steps = bare(program), durable(program, NEVER).steps
    places = [NEVER, EVERY, *range(1, steps + 1)]
    return {compared(expected, durable(program, at, cold=cold)) for at in places for cold in (False, True)}


def compared(expected: dict[str, Any], found: Durable) -> str:
    """What a durable execution is beside the evidence of the bare program."""
    if found.outcome.status != "SUCCEEDED":
        return f"the execution failed: {(found.outcome.error_type or '').rpartition('.')[2]}"
    different = [name for name, value in expected.items() if found.evidence[name] != value]
    if "failure" in different:
        return f"{expected['failure'] or 'an answer'} became {found.evidence['failure'] or 'an answer'}"
    if len(set(found.ledger.values())) > 1:
        different.append("ledger")
    return "differs: " + ", ".join(different) if different else "alike"
