"""Ties a run to its agent: Strands' stages find the run, and the agent is left as it was found."""

from __future__ import annotations

import functools
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from strands import Agent
from strands.event_loop._retry import ModelRetryStrategy
from strands.hooks import AfterInvocationEvent, AfterToolsEvent, BeforeModelCallEvent
from strands.middleware import ExecuteToolContext, ExecuteToolStage, InvokeModelContext, InvokeModelStage
from strands.models import Model

from durable_strands import meters
from durable_strands.errors import UnsafeAgent
from durable_strands.executor import DurableToolExecutor
from durable_strands.live import LiveRun, Place, place
from durable_strands.model_calls import ModelCalls
from durable_strands.safety import make_safe
from durable_strands.snapshot import Baseline
from durable_strands.tool_calls import ToolCalls
from durable_strands.turns import before_model, in_a_loop

_LAST = 10_000


@dataclass
class Session:
    """One agent within a run.

    Attributes:
        model: Makes its model calls.
        tool: Makes its tool calls.
        ended_by_hook: Whether a hook ended the turn with an answer of its own after tools.
    """

    model: ModelCalls
    tool: ToolCalls
    ended_by_hook: bool = False


# An agent's middleware cannot be taken off again, so it is put on once and looks here for the run it belongs to.
_current: WeakKeyDictionary[Any, Session | None] = WeakKeyDictionary()
_claimed: WeakSet[Any] = WeakSet()
_claiming = threading.Lock()


@contextmanager
def session(agent: Agent, run: LiveRun, asker: str = "", *, within: bool = False) -> Iterator[Session]:
    """Make `agent`'s calls those of `run`.

    A pass that is cut off leaves the agent as it was; so does a failure, unless the run goes on around it (`within`).
    """
    make_safe(agent)
    guard_everything()
    with _alone(agent), _installed(agent, run, asker, within=within) as own:
        yield own


@contextmanager
def _alone(agent: Agent) -> Iterator[None]:
    with _claiming:  # two branches of a map ask at the same time
        if agent in _claimed:
            raise UnsafeAgent(f"agent {agent.name!r} is running already; build one per branch")
        _claimed.add(agent)
    try:
        yield
    finally:
        _claimed.discard(agent)


@contextmanager
def _installed(agent: Agent, run: LiveRun, asker: str, *, within: bool) -> Iterator[Session]:
    if agent not in _current:
        agent.add_middleware(InvokeModelStage, _model_stage)
        agent.add_middleware(ExecuteToolStage, _tool_stage)
        agent.add_hook(_after_tools, AfterToolsEvent, order=_LAST)
        agent.add_hook(_after_invocation, AfterInvocationEvent, order=_LAST)
        agent.add_hook(before_model, BeforeModelCallEvent, order=_LAST)
    own = Session(ModelCalls(run, agent, asker), ToolCalls(run, agent, asker))
    executor, start = agent.tool_executor, Baseline.of(agent)
    attempts = _one_attempt(agent, None)
    _current[agent], agent.tool_executor = own, DurableToolExecutor(own.tool)
    try:
        with in_a_loop(agent):
            yield own
    except BaseException as error:
        if not (within and isinstance(error, Exception)):
            start.restore(agent)
        raise
    finally:
        _current[agent], agent.tool_executor = None, executor
        _one_attempt(agent, attempts)


def _one_attempt(agent: Any, attempts: int | None) -> int | None:
    """Switch Strands' own retries off, or back on: two retry layers multiply, and its sleeps are billed."""
    strategy = agent._retry_strategy  # noqa: SLF001 - checked in `safety`
    if not isinstance(strategy, ModelRetryStrategy):
        return None
    before = strategy._max_attempts  # noqa: SLF001 - checked in `safety`
    strategy._max_attempts = 1 if attempts is None else attempts  # noqa: SLF001 - checked in `safety`
    return before


def _after_tools(event: AfterToolsEvent) -> None:
    own = _current.get(event.agent)
    if own is not None and event.end_turn:
        own.ended_by_hook = True


def _after_invocation(event: AfterInvocationEvent) -> None:
    # A hook that resumes whatever comes would else go round for ever without a call.
    if _current.get(event.agent) is not None and event.result and event.result.stop_reason.startswith("limit_"):
        event.resume = None


async def _model_stage(context: InvokeModelContext, next_fn: Any) -> AsyncGenerator[Any, None]:
    own = _current.get(context.agent)
    async for event in next_fn(context) if own is None else own.model.stage(context, next_fn):
        yield event


_model_stage.durable = True  # type: ignore[attr-defined]


async def _tool_stage(context: ExecuteToolContext, next_fn: Any) -> AsyncGenerator[Any, None]:
    own, where = _current.get(context.agent), place.get()
    # A tool that calls a tool of its agent is inside its own step already.
    outside = own is None or (where is not None and where.step is not None)
    async for event in next_fn(context) if outside or own is None else own.tool.stage(context, next_fn):
        yield event


def guard_everything() -> None:
    """Look at `place` at every way in to a model and to Strands' meters; without a run it changes nothing."""
    meters.install()
    if not hasattr(Agent.stream_async, "durable"):
        Agent.stream_async = _guarded_agent(Agent.stream_async)  # type: ignore[method-assign]
    kinds = [Model]
    while kinds:
        kind = kinds.pop()
        kinds.extend(kind.__subclasses__())
        stream = vars(kind).get("stream")
        if stream is not None and not hasattr(stream, "durable"):
            kind.stream = _guarded_model(stream)  # type: ignore[method-assign]


def _guarded_agent(stream_async: Any) -> Any:
    @functools.wraps(stream_async)
    async def guarded(agent: Agent, *arguments: Any, **named: Any) -> AsyncIterator[Any]:
        where = place.get()
        if where is not None and where.team is not None and where.team.has(agent):
            limits: Any = where.run.options.strands_limits()
            turn = functools.partial(agent.stream_async, *arguments, limits=limits)
            async with aclosing(where.team.turn(agent, turn, named)) as events:
                async for event in events:
                    yield event
            return
        if where is None or agent is where.agent or not _may_ask(where, f"agent {agent.name!r}"):
            async with aclosing(stream_async(agent, *arguments, **named)) as events:
                async for event in events:
                    yield event
            return
        # An agent that is a tool is the main one of its part; any other was asked by a hook, a manager or a plugin.
        asker = "" if where.agent is None else f"{_slug(agent.name)}-"
        with session(agent, where.run, asker, within=True):
            async with aclosing(stream_async(agent, *arguments, **named)) as events:
                async for event in events:
                    yield event

    guarded.durable = True  # type: ignore[attr-defined]
    return guarded


def _guarded_model(stream: Any) -> Any:
    @functools.wraps(stream)
    async def guarded(model: Any, *arguments: Any, **named: Any) -> AsyncGenerator[Any, None]:
        where = place.get()
        if where is None or not _may_ask(where, "a model"):
            events = stream(model, *arguments, **named)
        else:
            calls = ModelCalls(where.run, where.agent, "direct-")
            events = calls.stream(model, (arguments, named), lambda: stream(model, *arguments, **named))
        async for event in events:
            yield event

    guarded.durable = True  # type: ignore[attr-defined]
    return guarded


def _may_ask(where: Place, who: str) -> bool:
    """Whether a call from `where` is to be a step of its own.

    Raises:
        UnsafeAgent: It would have to be one, and cannot.
    """
    if where.team is not None:
        raise where.team.refuse(who)
    if where.step is None:
        return True
    if where.tool is None:
        return False
    where.refused = UnsafeAgent(
        f"tool {where.tool!r} cannot run durably: it calls {who} inside its own step, where no call can be a "
        "checkpoint; give the agent itself as a tool with durable_agent_tool(agent), or run the tool outside steps "
        "with ToolOptions(durable=False)"
    )
    raise where.refused


def _slug(name: str) -> str:
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return plain.strip("-")[:40] or "agent"
