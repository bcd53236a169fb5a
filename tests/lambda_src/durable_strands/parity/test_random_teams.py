"""Graphs drawn at random behave as they do under plain Strands.

Five of them, always the same, in the gate; with `PARITY_SWEEP=1` sixty, others each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.lambda_src.durable_strands.parity.harness import EVERY
from tests.lambda_src.durable_strands.parity.lab import Lab, Program
from tests.lambda_src.durable_strands.parity.programs_state import remember
from tests.lambda_src.durable_strands.parity.programs_teams import graph_of
from tests.lambda_src.durable_strands.parity.random_plans import comparison, drawn
from tests.lambda_src.durable_strands.parity.table import note
from tests.lambda_src.durable_strands.scripted import tool_use as use

NAMES = ("a", "b", "c", "d")
USES: dict[str, dict[str, str]] = {"note": {"text": "x"}, "remember": {"key": "k", "value": "v"}}


@dataclass(frozen=True)
class Plan:
    """A graph: the tools of each node, turn by turn; the edges; where it is suspended, in what kind of process."""

    nodes: tuple[tuple[str, ...], ...]
    edges: frozenset[tuple[int, int]]
    at: int
    cold: bool


PLANS = st.builds(
    Plan,
    st.lists(st.lists(st.sampled_from(("note", "remember")), max_size=2).map(tuple), min_size=2, max_size=4).map(tuple),
    st.frozensets(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda edge: edge[0] < edge[1]), max_size=4),
    st.integers(EVERY, 10),
    st.booleans(),
)


def program_of(plan: Plan) -> Program:
    """The program that `plan` describes."""

    def play(lab: Lab) -> None:
        agents = {}
        for name, tools in zip(NAMES, plan.nodes, strict=False):
            # A node that two others lead to may have its turn twice: it answers a second time without tools.
            script: list[Any] = [[use(each, f"{name}{at}", **USES[each])] for at, each in enumerate(tools)]
            agents[name] = lab.agent([*script, *[f"{name} says"] * 9], [note(lab), remember], name=name)
        edges = [(NAMES[start], NAMES[end]) for start, end in sorted(plan.edges) if end < len(plan.nodes)]
        lab.ask_team(graph_of(edges, **agents).build(), "go", invocation_state={})

    return play


@drawn(gate=5, whole=60)
@given(PLANS)
def test_a_random_graph_behaves_as_under_plain_strands(plan):
    assert comparison(program_of(plan), plan) == "alike"
