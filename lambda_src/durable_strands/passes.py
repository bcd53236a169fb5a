"""Lets every pass of an execution begin with the same agent, also one that outlives the pass in a warm process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, ref

from durable_strands.snapshot import Baseline, Snapshot


@dataclass
class _Seen:
    """What an agent was when its first run of a pass began, and what its last run left."""

    of_pass: ref[Any]
    start: Baseline
    left: Snapshot


_seen: WeakKeyDictionary[Any, _Seen] = WeakKeyDictionary()


def begin(agent: Any, of_pass: Any) -> None:
    """Before a run: in a new pass, take from the agent what its runs in an earlier pass have left in it.

    What the caller has put into it since, or in its place, is the caller's, and stays.
    """
    seen = _seen.get(agent)
    if seen is not None and seen.of_pass() is of_pass:
        return
    if seen is not None:
        _forget(agent, seen)
    _seen[agent] = _Seen(ref(of_pass), Baseline.of(agent), Snapshot.of(agent, {}))


def end(agent: Any) -> None:
    """After a run: remember what it left."""
    if (seen := _seen.get(agent)) is not None:
        seen.left = Snapshot.of(agent, {})


def _forget(agent: Any, seen: _Seen) -> None:
    now, left = Snapshot.of(agent, {}), seen.left
    grown = now.messages[: len(left.messages)] == left.messages
    messages = agent.messages[len(left.messages) :] if grown else list(agent.messages)
    state = agent.state.get() if now.state != left.state else None
    seen.start.restore(agent)
    agent.messages[:] = [*agent.messages, *messages] if grown else messages
    for key, value in (state or {}).items():
        agent.state.set(key, value)
