"""What durability adds to the time of an agent."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.bench.row import Asked, Row
from scripts.bench.scripted import AGENT, BARE, CALL, Workloads, workloads
from scripts.cost_model.designs import Design
from scripts.cost_model.stories import Story

MODEL_SECONDS = 1.0
AGENTS = 3


def ten_turns(asked: Asked) -> Iterator[Row]:
    """Ten turns with a search each, a model of one second: bare Strands, agent-level, call-level, in turns."""
    with workloads(asked.scratch) as ready:
        rounds = [
            [ready.run(ready.ten_turns, design, MODEL_SECONDS).seconds for design in (BARE, AGENT, CALL)]
            for _ in range(asked.repeat)
        ]
    bare, agent, call = (min(times) for times in zip(*rounds, strict=True))
    how = "wall of 10 model calls of 1 s and 9 tool calls over the Bedrock wire, durable engine in the same process"
    yield Row(name="overhead-bare", what="bare Strands agent, 10 turns", value=bare, unit="s", how=how)
    yield Row(name="overhead-agent", what="agent-level durability over bare", value=agent / bare, unit="x", how=how)
    yield Row(
        name="overhead-call", what="call-level durability over bare", value=call / bare, unit="x", how=how, target=1.10
    )


def local_engine(asked: Asked) -> Iterator[Row]:
    """Three agents of one call each, a model that answers at once."""
    with workloads(asked.scratch) as ready:
        bare, agent, call = (
            _least(ready, ready.three_agents, design, asked.repeat * 5) for design in (BARE, AGENT, CALL)
        )
    how = "(wall of 3 agents with a 0-latency model on the local engine - the same agents bare) / 3, in one process"
    for name, seconds in (("agent", agent), ("call", call)):
        yield Row(
            name=f"engine-{name}",
            what=f"local durable engine, per agent, {name}-level",
            value=(seconds - bare) / AGENTS * 1000,
            unit="ms",
            how=how,
        )


def _least(ready: Workloads, story: Story, design: Design, repeat: int) -> float:
    return min(ready.run(story, design).seconds for _ in range(repeat))
