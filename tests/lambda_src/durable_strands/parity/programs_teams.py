"""Programs about teams: graphs and swarms of agents, run as a whole."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from strands import ToolContext, tool
from strands.hooks import AfterNodeCallEvent, BeforeNodeCallEvent
from strands.multiagent import GraphBuilder, Swarm

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.programs_agents import ask_person
from tests.lambda_src.durable_strands.parity.programs_state import count, remember
from tests.lambda_src.durable_strands.parity.table import note, program
from tests.lambda_src.durable_strands.scripted import tool_use as use


class _Builder(GraphBuilder):
    """Keeps the edges in the order of their names: a set gives a node its inputs in another one in each process."""

    def build(self) -> Any:
        graph = super().build()
        ordered: Any = sorted(graph.edges, key=lambda edge: (edge.from_node.node_id, edge.to_node.node_id))
        graph.edges = ordered
        return graph


def graph_of(edges: list[Any], **agents: Any) -> Any:
    """A graph of `agents` with `edges`, each a pair of names or such a pair and a condition."""
    builder = _Builder()
    for name, agent in agents.items():
        builder.add_node(agent, name)
    for edge in edges:
        builder.add_edge(*edge)
    return builder.set_execution_timeout(600)


def _noting(lab: Lab, name: str, **choices: Any) -> Any:
    """An agent that notes its name, then answers."""
    return lab.agent([[use("note", f"{name}1", text=name)], f"{name} says"], [note(lab)], name=name, **choices)


@program
def a_graph_runs_one_node_after_the_other(lab: Lab) -> None:
    graph = graph_of([("a", "b"), ("b", "c")], **{name: _noting(lab, name) for name in "abc"}).build()
    lab.ask_team(graph, "go")


@program
def a_graph_runs_two_nodes_side_by_side_and_joins_them(lab: Lab) -> None:
    edges = [("start", "left"), ("start", "right"), ("left", "end"), ("right", "end")]
    names = ("start", "left", "right", "end")
    lab.ask_team(graph_of(edges, **{name: _noting(lab, name) for name in names}).build(), "go")


@program
def a_graph_begins_with_two_nodes(lab: Lab) -> None:
    lab.ask_team(graph_of([], left=_noting(lab, "left"), right=_noting(lab, "right")).build(), "go")


@program
def nodes_side_by_side_write_each_its_own_state(lab: Lab) -> None:
    agents = {}
    for name in ("left", "middle", "right"):
        script: list[Any] = [[use("remember", f"{name}{n}", key=name, value=str(n))] for n in range(2)]
        agents[name] = lab.agent([*script, f"{name} says"], [remember], name=name)
    lab.ask_team(graph_of([], **agents).build(), "go", invocation_state={})


@program
def an_edge_of_a_graph_has_a_condition(lab: Lab) -> None:
    def is_bad(state: Any) -> bool:
        return "bad" in str(state.results["judge"].result)

    judge = lab.agent(["this is bad"], name="judge")
    edges = [("judge", "mend", is_bad), ("judge", "praise", lambda state: not is_bad(state))]
    lab.ask_team(graph_of(edges, judge=judge, mend=_noting(lab, "mend"), praise=_noting(lab, "praise")).build(), "go")


@program
def a_graph_goes_back_until_it_is_done(lab: Lab) -> None:
    def again(state: Any) -> bool:
        return "again" in str(state.results["review"].result)

    writer = lab.agent(["draft one", "draft two"], name="write")
    review = lab.agent([[use("note", "r", text="x")], "again", "good"], [note(lab)], name="review")
    builder = graph_of([("write", "review"), ("review", "write", again)], write=writer, review=review)
    lab.ask_team(builder.set_entry_point("write").set_max_node_executions(8).reset_on_revisit().build(), "go")


@program
def the_nodes_of_a_graph_share_the_invocation_state(lab: Lab) -> None:
    first = lab.agent([[use("count", "f")], "one"], [count], name="first")
    second = lab.agent([[use("count", "s")], "two"], [count], name="second")
    lab.ask_team(
        graph_of([("first", "second")], first=first, second=second).build(), "go", invocation_state={"who": "A"}
    )


@program
def a_condition_of_a_graph_reads_the_invocation_state(lab: Lab) -> None:
    def counted(_state: Any, *, invocation_state: dict[str, Any], **_more: Any) -> bool:
        return bool(invocation_state.get("counted") == 1)

    first = lab.agent([[use("count", "f")], "one"], [count], name="first")
    edges = [("first", "second", counted)]
    graph = graph_of(edges, first=first, second=_noting(lab, "second"))
    lab.ask_team(graph.build(), "go", invocation_state={})


@program
def a_node_of_a_graph_keeps_its_state_and_answers_in_a_structure(lab: Lab) -> None:
    class Verdict(BaseModel):
        good: bool

    script = [[use("remember", "k", key="words", value="x")], [use("Verdict", "v", good=True)]]
    judge = lab.agent(script, [remember], name="judge", structured_output_model=Verdict, state={"start": 1})
    lab.ask_team(graph_of([("judge", "end")], judge=judge, end=_noting(lab, "end")).build(), "go")


@program
def a_node_of_a_graph_fails(lab: Lab) -> None:
    second = lab.agent([[use("note", "s", text="x")], ValueError("broken")], [note(lab)], name="second")
    edges = [("first", "second"), ("second", "third")]
    lab.ask_team(graph_of(edges, first=_noting(lab, "first"), second=second, third=_noting(lab, "third")).build(), "go")


@program
def a_hook_of_a_graph_cancels_a_node(lab: Lab) -> None:
    def deny(event: BeforeNodeCallEvent) -> None:
        event.cancel_node = "not today" if event.node_id == "second" else False

    graph = graph_of([("first", "second")], first=_noting(lab, "first"), second=_noting(lab, "second")).build()
    graph.add_hook(deny, BeforeNodeCallEvent)
    lab.ask_team(graph, "go")


@program
def a_hook_of_a_graph_counts_its_nodes(lab: Lab) -> None:
    def jot(event: AfterNodeCallEvent) -> None:
        assert event.invocation_state is not None
        seen = event.invocation_state.setdefault("seen", [])
        seen.append(event.node_id)

    graph = graph_of([("first", "second")], first=_noting(lab, "first"), second=_noting(lab, "second")).build()
    graph.add_hook(jot, AfterNodeCallEvent)
    lab.ask_team(graph, "go", invocation_state={})


@program
def a_node_of_a_graph_has_an_agent_as_tool(lab: Lab) -> None:
    helper = _noting(lab, "helper")
    first = lab.agent([[use("helper", "h", input="help")], "helped"], [helper.as_tool()], name="first")
    lab.ask_team(graph_of([("first", "second")], first=first, second=_noting(lab, "second")).build(), "go")


@program
def a_graph_is_asked_twice(lab: Lab) -> None:
    turn: list[Any] = [[use("note", "t", text="x")], "answer"]
    graph = graph_of([("first", "second")], first=lab.agent(turn * 2, [note(lab)], name="first"),
                   second=lab.agent(["one", "two"], name="second")).build()  # fmt: skip
    lab.ask_team(graph, "go")
    lab.ask_team(graph, "again")


@program
def a_node_of_a_graph_is_asked_alone_afterwards(lab: Lab) -> None:
    first = lab.agent([[use("note", "t", text="x")], "one", "alone"], [note(lab)], name="first")
    lab.ask_team(graph_of([("first", "second")], first=first, second=_noting(lab, "second")).build(), "go")
    lab.ask(first, "and now?")


@program
def a_tool_in_a_node_of_a_graph_interrupts(lab: Lab) -> None:
    first = lab.agent([[use("ask_person", "t", question="ok")], "asked"], [ask_person], name="first")
    graph = graph_of([("first", "second")], first=first, second=_noting(lab, "second")).build()
    lab.ask_team(graph, "go", answers={"ok": "yes"})


@program
def one_of_two_nodes_side_by_side_interrupts(lab: Lab) -> None:
    left = lab.agent([[use("ask_person", "t", question="ok")], "asked"], [ask_person], name="left")
    edges = [("left", "end"), ("right", "end")]
    graph = graph_of(edges, left=left, right=_noting(lab, "right"), end=_noting(lab, "end")).build()
    lab.ask_team(graph, "go", answers={"ok": "yes"})


@program
def a_hook_of_a_graph_interrupts_before_a_node(lab: Lab) -> None:
    def approve(event: BeforeNodeCallEvent) -> None:
        if event.node_id == "second" and event.interrupt("approve") != "yes":
            event.cancel_node = "no"

    graph = graph_of([("first", "second")], first=_noting(lab, "first"), second=_noting(lab, "second")).build()
    graph.add_hook(approve, BeforeNodeCallEvent)
    lab.ask_team(graph, "go", answers={"approve": "yes"})


def _hand(to: str, **context: Any) -> list[Any]:
    return [use("handoff_to_agent", f"to-{to}", agent_name=to, message=f"please, {to}", context=context)]


@program
def a_swarm_of_one_answers(lab: Lab) -> None:
    lab.ask_team(Swarm([_noting(lab, "bee")]), "go")


@program
def a_swarm_hands_off_twice(lab: Lab) -> None:
    first = lab.agent([[use("note", "f", text="x")], _hand("second", found=[1, "é"]), "off"], [note(lab)], name="first")
    second = lab.agent([_hand("third", more={"deep": True}), "off"], name="second")
    lab.ask_team(Swarm([first, second, _noting(lab, "third")]), "go")


@program
def a_swarm_comes_back_to_its_first_agent(lab: Lab) -> None:
    first = lab.agent([_hand("second", seen=1), "off", [use("note", "f", text="x")], "done"], [note(lab)], name="first")
    second = lab.agent([[use("note", "s", text="y")], _hand("first", back=2), "off"], [note(lab)], name="second")
    lab.ask_team(Swarm([first, second]), "go")


@program
def a_swarm_is_asked_twice_and_remembers(lab: Lab) -> None:
    first = lab.agent([_hand("second", seen=1), "off", _hand("second", seen=2), "off"], name="first")
    second = lab.agent([[use("note", "s", text="y")], "one", "two"], [note(lab)], name="second")
    swarm = Swarm([first, second])
    lab.ask_team(swarm, "go")
    lab.ask_team(swarm, "again")


@program
def an_agent_of_a_swarm_fails(lab: Lab) -> None:
    second = lab.agent([[use("note", "s", text="x")], ValueError("broken")], [note(lab)], name="second")
    lab.ask_team(Swarm([lab.agent([_hand("second"), "off"], name="first"), second]), "go")


@program
def a_swarm_reaches_its_most_handoffs(lab: Lab) -> None:
    first = lab.agent([_hand("second"), "off", _hand("second"), "off"], name="first")
    second = lab.agent([_hand("first"), "off", "never"], name="second")
    lab.ask_team(Swarm([first, second], max_handoffs=2), "go")


@program
def a_tool_in_an_agent_of_a_swarm_interrupts(lab: Lab) -> None:
    first = lab.agent([_hand("second", seen=1), "off"], name="first")
    second = lab.agent([[use("ask_person", "t", question="ok")], "asked"], [ask_person], name="second")
    lab.ask_team(Swarm([first, second]), "go", answers={"ok": "yes"})


@program
def a_hook_of_a_swarm_interrupts_before_an_agent(lab: Lab) -> None:
    def approve(event: BeforeNodeCallEvent) -> None:
        if event.node_id == "second" and event.interrupt("approve") != "yes":
            event.cancel_node = "no"

    swarm = Swarm([lab.agent([_hand("second"), "off"], name="first"), _noting(lab, "second")])
    swarm.add_hook(approve, BeforeNodeCallEvent)
    lab.ask_team(swarm, "go", answers={"approve": "yes"})


@program
def a_graph_has_a_swarm_as_node(lab: Lab) -> None:
    swarm = Swarm([lab.agent(["buzz"], name="bee")])
    lab.ask_team(graph_of([("first", "swarm")], first=_noting(lab, "first"), swarm=swarm).build(), "go")


@program
def a_condition_of_a_graph_asks_a_model(lab: Lab) -> None:
    judge = lab.agent(["yes"] * 9, name="judge")
    edges = [("first", "second", lambda _: "yes" in str(judge("well?")))]
    lab.ask_team(graph_of(edges, first=_noting(lab, "first"), second=_noting(lab, "second")).build(), "go")


@program
def a_hook_of_a_swarm_asks_an_agent(lab: Lab) -> None:
    judge = lab.agent(["yes"], name="judge")

    async def look(_event: BeforeNodeCallEvent) -> None:
        await judge.invoke_async("well?")

    swarm = Swarm([_noting(lab, "bee")])
    swarm.add_hook(look, BeforeNodeCallEvent)
    lab.ask_team(swarm, "go")


@program
def a_node_of_a_graph_leaves_a_live_object_in_the_invocation_state(lab: Lab) -> None:
    @tool(context=True)
    def connect(tool_context: ToolContext) -> str:
        """Connect."""
        tool_context.invocation_state["connection"] = lab.effect
        return "connected"

    first = lab.agent([[use("connect", "t")], "one"], [connect], name="first")
    lab.ask_team(
        graph_of([("first", "second")], first=first, second=_noting(lab, "second")).build(), "go", invocation_state={}
    )


@program
def a_module_level_graph_is_asked_twice(lab: Lab) -> None:
    def build() -> Any:
        script: list[Any] = [[use("remember", "k", key="words", value="x")], "one"]
        first = lab.agent(script * 2, [remember], name="first")
        return graph_of([("first", "second")], first=first, second=lab.agent(["a", "b"], name="second")).build()

    for prompt in ("go", "again"):
        lab.ask_team(lab.kept_team(build), prompt)


@program
def a_module_level_swarm_is_asked_twice(lab: Lab) -> None:
    def build() -> Any:
        first = lab.agent([_hand("second", seen=1), "off", _hand("second", more=2), "off"], name="first")
        return Swarm([first, lab.agent([[use("note", "s", text="y")], "one", "two"], [note(lab)], name="second")])

    for prompt in ("go", "again"):
        lab.ask_team(lab.kept_team(build), prompt)


@program
def an_agent_is_asked_alone_and_then_in_a_graph(lab: Lab) -> None:
    first = lab.agent(["alone", [use("note", "t", text="x")], "one"], [note(lab)], name="first")
    lab.ask(first, "hello")
    lab.ask_team(graph_of([("first", "second")], first=first, second=_noting(lab, "second")).build(), "go")
