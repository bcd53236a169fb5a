"""Lets Strands' event loop take turn after turn at the same cost: in a loop, without copies that nobody reads.

Strands calls itself once a turn, so that Python's recursion limit ends a run at about 310 turns, each event passes
through every earlier turn, and each turn copies and serialises the whole conversation. A replay would pay all of that
again.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from strands.event_loop import event_loop
from strands.hooks import BeforeModelCallEvent
from strands.middleware import InvokeModelContext, InvokeModelStage
from strands.telemetry.tracer import Tracer

from durable_strands.errors import UnsafeAgent

# Agent in a run -> what its loops have to do next, by their invocation state.
_running: WeakKeyDictionary[Any, dict[int, list[dict[str, Any]]]] = WeakKeyDictionary()
_asking: ContextVar[Any] = ContextVar("asking", default=None)


@contextmanager
def in_a_loop(agent: Any) -> Iterator[None]:
    """While open, `agent` takes its turns in a loop."""
    install()
    _running[agent] = {}
    try:
        yield
    finally:
        _running.pop(agent, None)


def before_model(event: BeforeModelCallEvent) -> None:
    """A hook: says whose conversation is copied next."""
    _asking.set(event.agent if event.agent in _running else None)


def own_messages(context: InvokeModelContext) -> InvokeModelContext:
    """For a call that is really made: `context` with the copy of the conversation that Strands would have made."""
    if isinstance(context.messages, _Shared):
        return replace(context, messages=copy.deepcopy(list(context.messages)))
    return context


@functools.cache
def install() -> None:
    """Put the loop in the place of the recursion; agents that are in no run go on as ever.

    Raises:
        UnsafeAgent: Strands' event loop is not the one that was read.
    """
    # What the module calls itself by is looked up there at each turn, so exchanging it is enough.
    known = "event_loop_cycle" in event_loop.recurse_event_loop.__code__.co_names
    if not known or getattr(event_loop, "copy", None) is not copy or not hasattr(Tracer, "_add_event_messages"):
        raise UnsafeAgent("Strands' event loop is not the one that durable_strands relies on")
    event_loop.event_loop_cycle = _looped(event_loop.event_loop_cycle)
    event_loop.copy = _Copy()  # type: ignore[assignment,attr-defined]
    Tracer._add_event_messages = _if_recording(Tracer._add_event_messages)  # type: ignore[method-assign]  # noqa: SLF001


def _looped(cycle: Any) -> Any:
    """Strands' cycle, as `recurse_event_loop` calls it: from the second turn on, the last thing each turn does."""

    @functools.wraps(cycle)
    async def turn(agent: Any, invocation_state: dict[str, Any], *more: Any, **named: Any) -> AsyncGenerator[Any, None]:
        loops, key = _running.get(agent, {}), id(invocation_state)
        arguments = {"agent": agent, "invocation_state": invocation_state, **named}
        if key in loops:
            loops[key].append(arguments)
            return
        loops[key] = [arguments]
        try:
            while loops[key]:
                async with aclosing(cycle(*more, **loops[key].pop())) as events:
                    async for event in events:
                        yield event
        finally:
            loops.pop(key, None)

    return turn


class _Shared(list[Any]):
    """A conversation whose messages are still the agent's own."""


class _Copy:
    """The module `copy`, as Strands' event loop sees it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(copy, name)

    def deepcopy(self, value: Any, memo: Any = None) -> Any:
        """A copy; of a conversation that only our own stage will look at, a shallow one (see `own_messages`)."""
        agent = _asking.get()
        if agent is not None and value is agent.messages and _nobody_else_looks(agent):
            return _Shared(value)
        return copy.deepcopy(value, memo)


def _nobody_else_looks(agent: Any) -> bool:
    registry = getattr(agent, "_middleware_registry", None)
    handlers = getattr(registry, "_handlers", {}).get(InvokeModelStage, ())
    return [getattr(each.handler, "durable", False) for each in handlers] == [True]


def _if_recording(add: Any) -> Any:
    @functools.wraps(add)
    def added(tracer: Tracer, span: Any, messages: Any) -> None:
        if span is not None and span.is_recording():
            add(tracer, span, messages)

    return added
