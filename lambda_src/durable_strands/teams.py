"""Runs a Strands Graph or Swarm durably: Strands orders the nodes, and every node is a child context of calls."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

from aws_durable_execution_sdk_python import DurableContext, DurableExecutionsError
from aws_durable_execution_sdk_python.config import ChildConfig
from aws_durable_execution_sdk_python.serdes import SerDes
from strands import Agent
from strands.multiagent.base import MultiAgentBase, MultiAgentResult, Status
from strands.multiagent.graph import Graph
from strands.multiagent.swarm import Swarm

from durable_strands.bridge import Bridge
from durable_strands.errors import AgentFailed, AgentInterrupted, UnsafeAgent
from durable_strands.interrupts import responses
from durable_strands.invocation import invocation_of
from durable_strands.live import LiveRun, Place, place
from durable_strands.observer import Observer
from durable_strands.operations import Operations
from durable_strands.options import ToolOptions, chosen
from durable_strands.passes import begin, end
from durable_strands.raised import typed
from durable_strands.safety import make_safe
from durable_strands.serdes import PlainJson
from durable_strands.session import guard_everything
from durable_strands.snapshot import Baseline, agents_below
from durable_strands.team_nodes import Nodes

_PRIVATE: dict[type, tuple[str, ...]] = {
    Graph: ("_stream_node_to_queue", "_interrupt_state", "edges", "entry_points", "nodes"),
    Swarm: ("_interrupt_state", "shared_context", "state", "nodes"),
}
_HANDOFF = "handoff_to_agent"

# A swarm's shared context outlives its runs: what it was at the start of the pass, by team.
_shared: WeakKeyDictionary[Any, tuple[ref[Any], dict[str, Any]]] = WeakKeyDictionary()


def run_team(
    context: DurableContext,
    team: MultiAgentBase,
    prompt: Any,
    *,
    name: str,
    tools: Mapping[str, ToolOptions] | None = None,
    observer: Observer | None = None,
    serdes: SerDes[Any] | None = None,
    invocation_state: dict[str, Any] | None = None,
    **choices: Any,
) -> MultiAgentResult:
    """Run a `Graph` or a `Swarm` whose nodes are agents, and return Strands' own result, the same on every pass.

    Each turn of a node is a child context `NAME-N-NODE` with a checkpoint for every call. Between two nodes everything
    runs again on every replay: hooks of the team, conditions of edges. Strands' timeouts count within an invocation.

    Args:
        context: The durable context.
        team: The graph or swarm; what it keeps between two runs is put back on a replay.
        prompt: As for `team(prompt)`.
        name: Begin of the names of its operations, unique and static in `context`.
        tools: As in `run`, by name of the tool, for all nodes.
        observer: As in `run`.
        serdes: As in `run`.
        invocation_state: As in Strands, shared by all nodes.
        **choices: `retry`, `limits` (for each turn of a node; one that reaches them ends the run), `max_parallel_tools`
            (nodes of one batch too), `deadline_margin_seconds`, `usual_seconds`, `tokens_per_minute`, `interrupts`,
            as in `run`.

    Raises:
        AgentFailed: A typed failure, with the usage so far. What a node raises ends a graph, as in Strands; a swarm
            returns it in its result.
    """
    agents = _agents(team)
    # The handoff is a note to the swarm, which every pass has to make anew.
    own = {_HANDOFF: ToolOptions(durable=False)} if isinstance(team, Swarm) else {}
    options = chosen(tools={**(tools or {}), **own}, own_serdes=serdes is not None, **choices)
    of_pass = getattr(context, "state", context)
    execution = str(getattr(getattr(context, "execution_context", None), "durable_execution_arn", ""))
    state = {} if invocation_state is None else invocation_state
    done: list[Any] = []

    def body(child: DurableContext) -> None:
        live = LiveRun(
            name, Operations(child, serdes or PlainJson()), options, observer or Observer(),
            invocation_of(context), execution=execution,
        )  # fmt: skip
        try:
            done.append(_played(live, team, prompt, state))
        except AgentFailed as failure:
            done.append(failure.after(tuple(live.calls)))

    with _from_the_start(team, agents, of_pass):
        # Virtual: no checkpoint of its own, so a replay goes through it again, from node to finished node.
        context.run_in_child_context(body, name=name, config=ChildConfig(is_virtual=True))
        if isinstance(done[0], AgentFailed):
            raise done[0]
    result: MultiAgentResult = done[0]
    return result


def _played(live: LiveRun, team: Any, prompt: Any, state: dict[str, Any]) -> Any:
    bridge = Bridge(live.patience)
    live.desk = bridge.desk
    swarm = team if isinstance(team, Swarm) else None
    names = {id(node.executor): node_id for node_id, node in team.nodes.items()}
    nodes = Nodes(live, names, partial(_handed, swarm), partial(_hand, swarm))
    try:
        with _in_order(team, nodes):
            result = bridge.run(partial(_answered, live, team, nodes, prompt, state))
    except (AgentFailed, DurableExecutionsError):
        raise
    except Exception as error:
        raise nodes.refused or typed(error) from error
    if nodes.refused is not None:
        raise nodes.refused
    return result


async def _answered(live: LiveRun, team: Any, nodes: Nodes, prompt: Any, state: dict[str, Any]) -> Any:
    place.set(Place(live, None, team=nodes))
    while True:
        result = await team.invoke_async(prompt, state)
        if result.status != Status.INTERRUPTED:
            return result
        if live.options.interrupts is None:
            raise AgentInterrupted("a node or hook asked for a Strands interrupt; give run_agent interrupts=")
        prompt = await responses(live, list(result.interrupts))


def _agents(team: MultiAgentBase) -> dict[str, Agent]:
    """The agents of `team`, by node.

    Raises:
        UnsafeAgent: A part of it cannot be replayed.
    """
    private = next((names for kind, names in _PRIVATE.items() if isinstance(team, kind)), None)
    if private is None:
        raise UnsafeAgent(f"{type(team).__name__} cannot run durably: a team must be a Graph or a Swarm of agents")
    if missing := [name for name in private if not hasattr(team, name)]:
        raise UnsafeAgent(f"strands-agents has no {type(team).__name__}.{missing[0]}, which durable_strands relies on")
    known: Any = team
    if known.session_manager is not None:
        raise UnsafeAgent("a team cannot run durably with a session_manager: the checkpoints hold its state already")
    agents = {}
    for node_id, node in known.nodes.items():
        if not isinstance(node.executor, Agent):
            raise UnsafeAgent(
                f"node {node_id!r} cannot run durably: it is a {type(node.executor).__name__}, no Agent; run a team "
                "inside a team by a run_agent of its own, another service by a tool"
            )
        make_safe(node.executor)
        agents[node_id] = node.executor
    guard_everything()
    return agents


@contextmanager
def _from_the_start(team: Any, agents: Mapping[str, Agent], of_pass: Any) -> Iterator[None]:
    """Let the pass begin with the team as it was when first seen; a pass that is cut off leaves it so."""
    family = [each for agent in agents.values() for each in (agent, *agents_below(agent).values())]
    for each in family:
        begin(each, of_pass)
    seen = _shared.get(team)
    if seen is not None and seen[0]() is not of_pass and isinstance(team, Swarm):
        team.shared_context.context = copy.deepcopy(seen[1])
    starts = [(each, Baseline.of(each)) for each in family]
    shared, interrupts = _context_of(team), copy.deepcopy(team._interrupt_state)  # noqa: SLF001 - checked in `_agents`
    if seen is None or seen[0]() is not of_pass:
        _shared[team] = (ref(of_pass), shared)
    try:
        yield
    except BaseException:
        for each, start in starts:
            start.restore(each)
        _hand(team if isinstance(team, Swarm) else None, {"context": shared})
        team._interrupt_state = interrupts  # noqa: SLF001 - checked in `_agents`
        raise
    for each in family:
        end(each)


@contextmanager
def _in_order(team: Any, nodes: Nodes) -> Iterator[None]:
    """Give a graph's sets an order that is the same in every process, and let its batches ask together."""
    if not isinstance(team, Graph):
        yield
        return
    graph: Any = team
    edges, entries = graph.edges, graph.entry_points
    graph.edges = sorted(edges, key=lambda edge: (edge.from_node.node_id, edge.to_node.node_id))
    graph.entry_points = sorted(entries, key=lambda node: node.node_id)
    graph._stream_node_to_queue = partial(nodes.of_batch, graph._stream_node_to_queue)  # noqa: SLF001 - checked in `_agents`
    try:
        yield
    finally:
        del graph._stream_node_to_queue  # noqa: SLF001 - checked in `_agents`
        graph.edges, graph.entry_points = edges, entries


def _context_of(team: Any) -> dict[str, Any]:
    return copy.deepcopy(team.shared_context.context) if isinstance(team, Swarm) else {}


def _handed(swarm: Any) -> dict[str, Any]:
    """What a turn left in the swarm: whom it hands off to, with what."""
    if swarm is None:
        return {}
    to = swarm.state.handoff_node
    return {"to": to and to.node_id, "message": swarm.state.handoff_message, "context": _context_of(swarm)}


def _hand(swarm: Any, handed: Mapping[str, Any]) -> None:
    if swarm is None:
        return
    swarm.shared_context.context = copy.deepcopy(handed["context"])
    if "to" in handed:
        swarm.state.handoff_node = swarm.nodes.get(handed["to"])
        swarm.state.handoff_message = handed["message"]
