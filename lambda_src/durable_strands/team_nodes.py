"""The nodes of a Graph or Swarm: each one a child context, whose calls are checkpoints as those of any agent are."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableOperationError
from strands import Agent
from strands.interrupt import _InterruptState
from strands.types.exceptions import EventLoopException

from durable_strands import own_state, raised
from durable_strands.errors import AgentFailed, AgentLimitReached, UnsafeAgent, rebuild
from durable_strands.live import LiveRun, Place, Relay
from durable_strands.operations import Operations
from durable_strands.records import CallRecord
from durable_strands.results import kept_result, node_result
from durable_strands.snapshot import Change, Snapshot, agents_below, set_meters


@dataclass
class NodeCall:
    """One turn of one node, which waits for the others of its batch.

    Attributes:
        node: Id of the node.
        agent: Its agent.
        events: Runs the agent in the team's loop.
        state: The invocation state of this turn. Strands writes the agent into it, where tools look for theirs: nodes
            side by side must not share one.
        shared: The one that all nodes share; it has the turn's changes when its batch is over.
        relay: Passes the agent's events on.
        answer: Settled with what is kept of it.
        name: Name of its operation, given when its batch is complete.
        applied: Whether what it changed is in the agent.
        told: How many of its calls the observer saw in this pass.
    """

    node: str
    agent: Agent
    events: Callable[[], AsyncGenerator[Any, None]]
    state: dict[str, Any]
    shared: dict[str, Any]
    relay: Relay[Any]
    answer: asyncio.Future[dict[str, Any]]
    name: str = ""
    applied: bool = False
    told: int = 0


@dataclass
class Nodes:
    """Makes the turns of a team's nodes in one pass; those of one batch side by side, in the order of their ids.

    Attributes:
        run: The run.
        names: Node id by agent, as `id(agent)`.
        handed: Reads what a turn left in the team itself, a handoff for example.
        hand: Sets that again.
        refused: What was refused while the team looked for its next node; Strands may have swallowed it.
    """

    run: LiveRun
    names: dict[int, str]
    handed: Callable[[], dict[str, Any]]
    hand: Callable[[dict[str, Any]], None]
    refused: UnsafeAgent | None = None
    _unfinished: int = 0
    _asked: list[NodeCall] = field(default_factory=list)
    _one_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def has(self, agent: Any) -> bool:
        """Whether `agent` is a node."""
        return id(agent) in self.names

    def refuse(self, who: str) -> UnsafeAgent:
        """The refusal of a model call between two nodes."""
        self.refused = UnsafeAgent(
            f"{self.run.name} cannot run durably: a hook or condition of the team asks {who} between two nodes, where "
            "the order of calls is not the same in every process; ask it in a node, or before the run"
        )
        return self.refused

    async def of_batch(self, stream: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
        """A node of a Graph, from its first hook to its last: others of its batch have begun when it asks."""
        self._unfinished += 1
        await asyncio.sleep(0)
        try:
            await stream(*arguments)
        finally:
            self._unfinished -= 1
            self._one_ended.set()
            self._flush_when_complete()

    async def turn(
        self, agent: Agent, events: Callable[..., AsyncGenerator[Any, None]], named: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """The events of a node's agent, the last one with its result."""
        given = named.pop("invocation_state", None)
        shared: dict[str, Any] = {} if given is None else given
        state = dict(shared)
        made = partial(events, **named, invocation_state=state)
        relay: Relay[dict[str, Any]] = Relay()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append(NodeCall(self.names[id(agent)], agent, made, state, shared, relay, answer))
        self._flush_when_complete()
        async for event in relay.events(answer):
            yield event
        kept = relay.value
        if "raised" in kept:
            # It ends the team, so last: the others of the batch have finished by then, on every pass.
            while self._unfinished > kept["raised_beside"]:
                self._one_ended.clear()
                await self._one_ended.wait()
            raise _raised_again(kept["raised"])
        yield {"result": node_result(agent, kept["answer"])}

    def _flush_when_complete(self) -> None:
        if not self._asked or len(self._asked) < self._unfinished:
            return
        batch, self._asked = sorted(self._asked, key=lambda call: call.node), []
        for call in batch:
            call.name = f"{self.run.name}-{self.run.number('node')}-{slug(call.node)}"
        name = f"{self.run.name}-nodes-{self.run.number('nodes')}"
        work = self.run.desk.ask(partial(self._contexts, name, batch))
        asyncio.ensure_future(work).add_done_callback(partial(_hand_out, batch))

    def _contexts(self, name: str, batch: list[NodeCall]) -> list[dict[str, Any]]:
        branches = [(call.name, partial(self._made, call)) for call in batch]
        kept = self.run.operations.together(name, branches, self.run.options.max_parallel_tools)
        for call, value in zip(batch, kept, strict=True):
            self.run.take_over([CallRecord.from_dict(record) for record in value["calls"]], call.told)
        for call, value in sorted(zip(batch, kept, strict=True), key=lambda pair: pair[1]["ended_at"]):
            self._applied(call, value)
        raising = sum("raised" in value for value in kept)
        return [{**value, "raised_beside": raising} for value in kept]

    def _made(self, call: NodeCall, operations: Operations) -> dict[str, Any]:
        try:
            return operations.nested(call.name, partial(self._turn, call))
        except AgentFailed:
            raise
        except DurableOperationError as error:
            raise self.run.failed_below(rebuild(error), call.told) from error

    def _turn(self, call: NodeCall, operations: Operations) -> dict[str, Any]:
        part, agent = self.run.below(operations, call.name), call.agent
        part.bounded = True
        call.relay.inside(Place(part, None))
        family = {"": agent, **agents_below(agent)}
        before = {path: Snapshot.of(each, call.state if each is agent else {}) for path, each in family.items()}
        try:
            with part.spending():
                outcome = part.desk.serve_while(call.relay.loop, partial(_outcome, call), call.relay.context)
        finally:
            call.told = len(part.calls)
        call.applied = True
        changes = {path: start.until(family[path], call.state if not path else {}) for path, start in before.items()}
        if live := changes[""].live:
            raise UnsafeAgent(
                f"node {call.node!r} cannot run durably: it leaves what is not JSON in invocation_state "
                f"({', '.join(live)}), which a replay would lack; put it there before the run",
                calls=tuple(part.calls),
            )
        return {
            **outcome,
            "calls": [record.to_dict() for record in part.calls],
            "changes": {path: change.to_dict() for path, change in changes.items()},
            "owns": part.own,
            "handed": self.handed(),
            "ended_at": time.time(),
        }

    def _applied(self, call: NodeCall, kept: dict[str, Any]) -> None:
        Change.from_dict(kept["changes"].get("")).apply_values(call.agent, call.shared)
        if call.applied:
            return
        call.applied = True
        for path, each in {"": call.agent, **agents_below(call.agent)}.items():
            Change.from_dict(kept["changes"].get(path)).apply(each, {} if path else call.shared)
        own_state.apply_all(call.agent, self.run.operation(call.name), kept["owns"])
        self.hand(kept["handed"])
        if "answer" in kept:
            set_meters(call.agent, dict(kept["answer"]["usage"]), dict(kept["answer"]["metrics"]))
        if "interrupted" in kept:
            call.agent._interrupt_state = _InterruptState.from_dict(copy.deepcopy(kept["interrupted"]))  # noqa: SLF001 - checked in `safety`


async def _outcome(call: NodeCall) -> dict[str, Any]:
    """What is kept of the agent's end: its result, or what it raised."""
    result: Any = None
    try:
        async with aclosing(call.events()) as events:
            async for event in events:
                if "result" in event:
                    result = event["result"]
                    cancelled = call.agent.cancel_signal.is_set()
                else:
                    call.relay.put(event)
    except Exception as error:
        if isinstance(inner := getattr(error, "original_exception", error), AgentFailed):
            raise inner from error
        return {"raised": _kept_raised(error)}
    if result is None:
        return {"raised": _kept_raised(ValueError(f"node {call.node!r} did not produce a result event"))}
    if str(result.stop_reason).startswith("limit_"):
        raise AgentLimitReached(f"node {call.node!r} reached its {str(result.stop_reason).replace('_', ' of ')}")
    kept = {"answer": {**kept_result(result, call.agent.messages), "cancelled": cancelled}}
    if result.stop_reason == "interrupt":
        kept["interrupted"] = call.agent._interrupt_state.to_dict()  # noqa: SLF001 - checked in `safety`
    return kept


def _kept_raised(error: Exception) -> dict[str, Any]:
    inner = error.original_exception if isinstance(error, EventLoopException) else error
    failure = getattr(inner, "durable_failure", None)
    if failure is not None:
        failure.cost_is_entered()
    typed = (
        None if failure is None else {"kind": type(failure).__name__, "message": failure.message, "data": failure.data}
    )
    return {"wrapped": inner is not error, "error": raised.keep(inner), "failure": typed}


def _raised_again(told: dict[str, Any]) -> Exception:
    error = raised.raise_again(told["error"]) or ValueError("a node failed")
    if (failure := told["failure"]) is not None:
        typed = DurableOperationError(failure["message"], error_type=failure["kind"], data=failure["data"])
        error.durable_failure = rebuild(typed)  # type: ignore[attr-defined]
    return EventLoopException(error) if told["wrapped"] else error


def _hand_out(batch: list[NodeCall], task: asyncio.Future[list[dict[str, Any]]]) -> None:
    if task.cancelled():
        for call in batch:
            call.answer.cancel()
    elif (error := task.exception()) is not None:
        for call in batch:
            call.answer.set_exception(error)
    else:
        for call, value in zip(batch, task.result(), strict=True):
            if not call.answer.done():
                call.answer.set_result(value)


def slug(name: str) -> str:
    """`name` as a part of the name of an operation."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return plain.strip("-")[:40] or "agent"
