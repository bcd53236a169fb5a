"""The cost model's two workloads, ready to run at any speed of the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.cost_model.designs import DESIGNS, Design
from scripts.cost_model.measure import Bench, Measured
from scripts.cost_model.stories import Story, stories
from scripts.local_aws.bedrock.process import ScriptedBedrock

BARE, AGENT, _, CALL = DESIGNS
"""Plain Strands agents, agent-level durability, call-level durability with its default, a prompt cache."""


@dataclass(frozen=True)
class Workloads:
    """Runs the stories against one endpoint.

    Attributes:
        three_agents, ten_turns: see scripts/cost_model/stories.py.
    """

    bench: Bench
    three_agents: Story
    ten_turns: Story

    def run(self, story: Story, design: Design, delay_seconds: float = 0) -> Measured:
        """Run `story` once without failures, each reply after `delay_seconds` of silence."""
        replies = [reply | {"delay_seconds": delay_seconds} for reply in story.replies]
        return self.bench.run(replace(story, replies=replies), 0, design)


@contextmanager
def workloads(scratch: Path) -> Iterator[Workloads]:
    """The workloads, Strands and the clients loaded already."""
    agents = scratch / "agents"
    agents.mkdir()
    with ScriptedBedrock(scratch) as bedrock:
        ready = Workloads(Bench(scratch, bedrock, {}), *stories(agents))
        for design in DESIGNS:
            ready.run(ready.three_agents, design)
        yield ready
