"""A batch: two queries, each an execution of its own, one after the other; the flow asks each another agent."""

from __future__ import annotations

from scripts.crash_lab.scenario import Call, Scenario, says

NAMES = ("north", "south")

BATCH = Scenario(
    name="batch",
    event={"queries": [{"query": name} for name in NAMES]},
    replies=tuple(says(number, name, name) for number, name in enumerate(NAMES, 1)),
    # in the executions of the queries, whose operations have names of their own by it
    calls=tuple(Call(f"{name}-agent/model-1", name) for name in NAMES),
    throttled="south",
    # one at a time: else it would be chance what is under way in one while the other is killed
    environment={"MAX_PARALLEL_BRANCHES": "1"},
)
