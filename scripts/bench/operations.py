"""How many durable operations and API calls an execution takes: counted where they reach the engine."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.bench import durable_api
from scripts.bench.row import Asked, Row
from scripts.bench.scripted import AGENT, CALL, workloads

MODEL_SECONDS = 0.3
"""Longer than the SDK waits to put a start and an end into one call."""


def default_run(asked: Asked) -> Iterator[Row]:
    """The default pipeline, no failures."""
    for name, design in (("call", CALL), ("agent", AGENT)):
        scratch = asked.scratch / name
        scratch.mkdir()
        with workloads(scratch) as ready, durable_api.counted() as calls:
            ready.run(ready.three_agents, design)
        yield Row(
            name=f"operations-{name}",
            what=f"durable operations of the default run, {name}-level",
            value=1 + durable_api.operations(calls),
            unit="operations",
            target=7,
            how="distinct operations at the durable API, plus the execution itself",
        )


def api_calls(asked: Asked) -> Iterator[Row]:
    """Ten turns with a search each."""
    with workloads(asked.scratch) as ready, durable_api.counted() as calls:
        ready.run(ready.ten_turns, CALL, MODEL_SECONDS)
    steps = durable_api.operations(calls, "STEP")
    how = f"CheckpointDurableExecution calls of a 10-turn agent with {steps} steps, model of {MODEL_SECONDS} s"
    carrying = sum(any(kind == "STEP" for _, kind in call) for call in calls)
    yield Row(
        name="api-calls-step",
        what="checkpoint API calls per step",
        value=carrying / steps,
        unit="calls",
        target=2,
        how=how,
    )
    yield Row(
        name="api-calls-all",
        what="all checkpoint API calls of the execution, per step",
        value=len(calls) / steps,
        unit="calls",
        how=how,
    )
