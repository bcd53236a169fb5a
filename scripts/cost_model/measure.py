"""Runs every design through every failure of every story, and sets the bill beside the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.cost_model.designs import DESIGNS, Design, Outcome
from scripts.cost_model.function import deployed_with
from scripts.cost_model.stories import Story, stories
from scripts.cost_model.texts import FOUND_WORDS, QUERY, text_of
from scripts.cost_model.witness import Bill, Served, bill, served
from scripts.local_aws.bedrock.process import ScriptedBedrock

FAILURES = (0, 1, 2)
Prices = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        story, point: see Story.
        failures: how often the call at `point` was throttled.
        design: name of the design.
        outcome: what the function returned.
        calls: what Bedrock served.
        prices: model id -> token kind -> USD per million tokens.
        tool_runs: how often the search tool ran.
        seconds: wall clock, waits between retries left out.
    """

    story: str
    point: str
    failures: int
    design: str
    outcome: Outcome
    calls: Sequence[Served]
    prices: Prices
    tool_runs: int
    seconds: float

    @property
    def bill(self) -> Bill:
        """What Bedrock would charge for the run."""
        return bill(self.calls, self.prices)

    @property
    def ledger_usd(self) -> Decimal | None:
        """What the result's own ledger says the run cost; None for a design without a ledger."""
        return None if self.outcome.usage is None else Decimal(self.outcome.usage["cost_usd"])

    @property
    def saved_usd(self) -> Decimal | None:
        """What the result's own ledger says its checkpoints saved."""
        return None if self.outcome.usage is None else Decimal(self.outcome.usage["saved_usd"])

    @property
    def cache_saved_usd(self) -> Decimal | None:
        """What the result's own ledger says its prompt cache saved."""
        return None if self.outcome.usage is None else Decimal(self.outcome.usage["cache_saved_usd"])


def measure(prices: Prices, tell: Callable[[str], None]) -> list[Measured]:
    """Measure everything, one run after the other.

    Args:
        prices: model id -> token kind -> USD per million tokens.
        tell: is called with what runs next.

    Raises:
        RunFailed: a run did not produce its report.
        ChildDied: the Bedrock endpoint did not start.
    """
    with TemporaryDirectory(prefix="cost-model-") as scratch, ScriptedBedrock(Path(scratch)) as bedrock:
        bench = Bench(Path(scratch), bedrock, prices)
        agents = Path(scratch) / "agents"
        agents.mkdir()
        rows = []
        for story in stories(agents):
            for failures in FAILURES:
                for design in DESIGNS:
                    tell(f"{story.title}, {failures} failures, {design.name}")
                    rows.append(bench.run(story, failures, design))
        return rows


class Bench:
    """Runs one design at a time against the scripted Bedrock.

    Args:
        scratch: a folder for what the search tool finds and notes.
        bedrock: the running endpoint.
        prices: model id -> token kind -> USD per million tokens.
    """

    def __init__(self, scratch: Path, bedrock: ScriptedBedrock, prices: Prices) -> None:
        self._bedrock = bedrock
        self._prices = prices
        self._tool_runs = scratch / "tool-runs"
        self._found = scratch / "found"
        self._found.write_text(text_of(FOUND_WORDS), encoding="utf-8")

    def run(self, story: Story, failures: int, design: Design) -> Measured:
        """Run the story once with its call throttled `failures` times.

        Raises:
            RunFailed: no report came of it.
        """
        self._tool_runs.write_text("")
        self._bedrock.answer_from(story.script(failures))
        with deployed_with(
            self._bedrock.url,
            MODEL_PRICES=self._prices,
            AGENTS_FOLDER=str(story.folder),
            PROMPT_CACHE=design.prompt_cache,
            COST_MODEL_SEARCH_RESULT=str(self._found),
            COST_MODEL_SEARCH_RUNS=str(self._tool_runs),
        ):
            began = time.perf_counter()
            outcome = design.run({"query": QUERY})
            seconds = time.perf_counter() - began
        calls = served(self._bedrock.served_lines())
        tool_runs = len(self._tool_runs.read_text().splitlines())
        return Measured(
            story.title, story.point, failures, design.name, outcome, calls, self._prices, tool_runs, seconds
        )
