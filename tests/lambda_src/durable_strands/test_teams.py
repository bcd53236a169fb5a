"""A Graph or Swarm under `run_agent`: its names, its ledger, and how it ends other than well."""

from __future__ import annotations

from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import Duration
from strands import Agent, tool
from strands.multiagent import GraphBuilder, Swarm
from strands.session import FileSessionManager
from strands.types.exceptions import ModelThrottledException

from durable_strands import AgentFailed, Limits, Observer, run, run_agent
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


def agent(name, script, tools=()):
    return Agent(model=ScriptedModel(script), tools=list(tools), name=name, callback_handler=None)


@tool(context=True)
def ask(tool_context) -> str:
    """Ask a person."""
    return tool_context.interrupt("ok")


def graph_of(*agents, edges=(), **choices):
    builder = GraphBuilder()
    for each in agents:
        builder.add_node(each, each.name)
    for edge in edges:
        builder.add_edge(*edge)
    if "session_manager" in choices:
        builder.set_session_manager(choices["session_manager"])
    return builder.set_execution_timeout(600).build()


def failure_of(team, **choices):
    """How a run of `team` fails."""

    def body(context):
        run_agent(context, team(), "go", name="team", **choices)

    return on_engine(body)


def test_each_node_is_a_context_of_its_own_and_each_call_a_step():
    throttled = ScriptedModel(["one"], {0: [ModelThrottledException("wait")]})

    def body(context):
        left = Agent(model=throttled, name="left", callback_handler=None)
        team = graph_of(left, agent("right", ["two"]), agent("the end", ["three"]), edges=[("left", "the end")])
        return str(run_agent(context, team, "go", name="team").status.value)

    outcome = on_engine(body)
    assert outcome.value == "completed"
    assert outcome.invocations == 2
    assert outcome.names == [
        "team-nodes-1",
        "team-nodes-1/team-1-left",
        "team-nodes-1/team-1-left/model-1",
        "team-nodes-1/team-2-right",
        "team-nodes-1/team-2-right/model-1",
        "team-3-the-end",
        "team-3-the-end/model-1",
    ]


def test_the_observer_is_told_of_every_call_of_every_node_on_every_pass():
    watcher = Watcher()

    def body(context):
        watcher.start_pass()
        team = graph_of(agent("first", ["one"]), agent("second", ["two"]), edges=[("first", "second")])
        run_agent(context, team, "go", name="team", observer=watcher)
        context.wait(Duration.from_seconds(1), name="pause")

    assert on_engine(body).invocations == 2
    assert [(call.agent, call.name) for call in watcher.returned] == [
        ("team", "team-1-first/model-1"),
        ("team", "team-2-second/model-1"),
    ]
    assert len(watcher.made) == 2


def test_a_budget_that_is_used_up_ends_the_team_before_the_next_node_is_paid():
    class Stop(AgentFailed):
        """No more."""

    class Budget(Observer):
        def before_model_call(self, agent, call):
            if "second" in call:
                raise Stop("the budget is used up")

    second = agent("second", ["never"])
    for team in (
        lambda: graph_of(agent("first", ["one"]), second, edges=[("first", "second")]),
        lambda: Swarm([agent("first", [[hand("second")], "off"]), second]),
    ):
        outcome = failure_of(team, observer=Budget())
        assert outcome.error_type == "Stop"
        assert outcome.error_data["usage"]["input_tokens"] > 0
    assert second.model.calls == []


def hand(to):
    return tool_use("handoff_to_agent", agent_name=to, message="please", context={})


def test_a_node_that_reaches_its_limit_of_turns_ends_the_run_by_name():
    @tool
    def look() -> str:
        """Look."""
        return "nothing"

    team = agent("first", [[tool_use("look")]] * 9, [look])
    outcome = failure_of(lambda: graph_of(team), limits=Limits(turns=2))
    assert outcome.error_type == "AgentLimitReached"
    assert "node 'first' reached its limit of turns" in outcome.error_message


@pytest.mark.parametrize("kind", [graph_of, lambda *agents: Swarm(list(agents))], ids=["graph", "swarm"])
def test_an_interrupt_without_anybody_to_tell_is_refused(kind):
    outcome = failure_of(lambda: kind(agent("first", [[tool_use("ask")], "never"], [ask])))
    assert outcome.error_type == "AgentInterrupted"
    assert "give run_agent interrupts=" in outcome.error_message


@pytest.mark.parametrize("kind", ["graph", "swarm", "nested", "node"])
def test_what_cannot_be_replayed_is_refused_before_anything_is_paid(kind, tmp_path):
    first = agent("first", ["never"])

    def build():
        manager = FileSessionManager("s", storage_dir=str(tmp_path))
        if kind == "graph":
            return graph_of(first, session_manager=manager)
        if kind == "swarm":
            return Swarm([first], session_manager=manager)
        if kind == "nested":
            inner = Swarm([agent("bee", ["never"])])
            inner.name = "inner"  # type: ignore[attr-defined]  # what a Graph reads of a nested team
            return graph_of(first, inner)
        broken = agent("second", ["never"])
        broken._checkpointing = True
        return graph_of(first, broken)

    outcome = failure_of(build)
    assert outcome.error_type == "UnsafeAgent"
    assert "cannot run durably" in outcome.error_message
    assert first.model.calls == []


def test_a_team_given_to_run_is_refused_with_the_function_that_takes_it():
    first = agent("first", ["never"])
    team: Any = Swarm([first])
    outcome = on_engine(lambda context: run(context, lambda: team, "go", name="a").text)
    assert outcome.error_type == "UnsafeAgent"
    assert "give it to run_agent" in str(outcome.error_message)
    assert first.model.calls == []


def test_a_choice_that_a_team_does_not_know_is_refused():
    with pytest.raises(TypeError, match="structured_output_model"):
        run_agent(
            None,
            graph_of(  # type: ignore[call-overload]
                agent("first", ["never"])
            ),
            "go",
            name="team",
            structured_output_model=dict,
        )


def test_nodes_are_started_and_told_in_the_order_of_their_names_whatever_order_a_process_gives_its_sets():
    told: list[Any] = []

    class Told(ScriptedModel):
        async def stream(self, messages: Any, *more: Any, **named: Any) -> Any:
            told.append([block["text"] for block in messages[0]["content"] if "From " in block.get("text", "")])
            async for event in super().stream(messages, *more, **named):
                yield event

    throttled = {name: ScriptedModel([name], {0: [ModelThrottledException("wait")]}) for name in ("left", "right")}
    joined = Told(["end"], {0: [ModelThrottledException("wait")]})
    passes: list[str] = []

    def body(context):
        passes.append("pass")
        agents = [Agent(model=model, name=name, callback_handler=None) for name, model in throttled.items()]
        end = Agent(model=joined, name="end", callback_handler=None)
        team = graph_of(*agents, end, edges=[("left", "end"), ("right", "end")])
        for part in ("edges", "entry_points"):
            there = sorted(
                getattr(team, part), key=lambda each: getattr(each, "node_id", None) or each.from_node.node_id
            )
            setattr(team, part, there[::-1] if len(passes) % 2 else there)
        return run_agent(context, team, "go", name="team").status.value

    outcome = on_engine(body)
    assert outcome.value == "completed"
    assert len(passes) >= 3
    assert told == [["\nFrom left:", "\nFrom right:"]] * 2
    assert outcome.names[1:4:2] == ["team-nodes-1/team-1-left", "team-nodes-1/team-2-right"]
