"""Faults of a tool: it raises, hangs, gives back what no checkpoint takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts.fault_catalogue.entry import End, Entry, total_paid

HANGS_SECONDS = 3


class NoSuchKey(Exception):
    """What the tool raises."""


def _raise() -> Any:
    raise NoSuchKey("no such key")


def _exit() -> Any:
    raise SystemExit(3)


def _hang() -> Any:
    time.sleep(HANGS_SECONDS)
    return _fine()


def _fine() -> Any:
    return {"status": "success", "content": [{"text": "found"}]}


FAULTS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("raises", _raise),
    ("raises SystemExit", _exit),
    ("hangs", _hang),
    ("gives too much", lambda: {"status": "success", "content": [{"text": "x" * 300_000}]}),
    ("gives what is no JSON", lambda: {"status": "success", "content": [{"json": {"x": object()}}]}),
    ("gives NaN", lambda: {"status": "success", "content": [{"json": {"x": float("nan")}}]}),
    ("gives a lone surrogate", lambda: {"status": "success", "content": [{"text": "\ud800"}]}),
    ("gives bytes", lambda: {"status": "success", "content": [{"json": {"x": b"\x00\xff"}}]}),
    ("gives nothing", lambda: {"status": "success", "content": []}),
    ("gives None", lambda: None),
)


@dataclass
class ToolService:
    """What the tool does now.

    Attributes:
        fault: the fault, if any.
        agent: whose call meets it.
        calls: how often each agent's tool ran.
    """

    fault: Callable[[], Any] | None = None
    agent: str = ""
    calls: dict[str, int] | None = None


SERVICE = ToolService()


def looked_up(agent: str) -> Any:
    """What `look_up` gives its agent."""
    if SERVICE.calls is not None:
        SERVICE.calls[agent] = SERVICE.calls.get(agent, 0) + 1
    return SERVICE.fault() if SERVICE.fault is not None and SERVICE.agent == agent else _fine()


def entries() -> Iterator[Entry]:
    """Every fault in the first and in the last agent; the model is told, and answers all the same."""
    for fault, act in FAULTS:
        for moment, agent, where in (("first agent", "research", 1), ("last agent", "summary", 4)):
            end = End()
            yield Entry("tool", fault, moment, "for ever", end, total_paid(end, where), where, (act, agent))
