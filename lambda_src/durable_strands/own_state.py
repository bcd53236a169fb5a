"""What a tool keeps in the object it is a method of, or is itself, kept with the call and set again on a replay."""

from __future__ import annotations

import dataclasses
import inspect
from collections import deque
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from strands.tools.decorator import DecoratedFunctionTool
from strands.types.tools import AgentTool

from durable_strands.errors import UnsafeAgent
from durable_strands.serdes import PlainJson
from durable_strands.snapshot import Values

_SERDES = PlainJson()
# What a program calculates with. Anything else (a client, a lock, a cache of clients) is built anew in every process.
_PLAIN = (bool, int, float, complex, str, bytes, bytearray, Decimal, Fraction, date, time, timedelta, UUID, Enum)
_MANY = (list, tuple, set, frozenset, deque)
_MOST_VALUES, _LETTERS_A_VALUE = 20_000, 50

# Call -> the object in which it really ran in this process: there its change is already.
_ran_in: WeakValueDictionary[str, Any] = WeakValueDictionary()


def owner_of(tool: Any) -> Any:
    """The object whose attributes are the tool's own memory; None if it has none."""
    if isinstance(tool, DecoratedFunctionTool):
        function = getattr(tool, "_tool_func", None)
        if function is None:
            raise UnsafeAgent("strands-agents has no DecoratedFunctionTool._tool_func, which durable_strands relies on")
        return function.__self__ if inspect.ismethod(function) and not isinstance(function.__self__, type) else None
    # Strands' own kinds of tool (MCP, modules, agents) hold connections and agents, no memory of a program's.
    return tool if isinstance(tool, AgentTool) and not type(tool).__module__.startswith("strands.") else None


class OwnState:
    """The attributes of a tool's object at one moment."""

    def __init__(self, tool: Any) -> None:
        self._owner = owner_of(tool)
        self._texts, self._other = _read(self._owner)

    def until(self, call: str) -> dict[str, Any]:
        """What `call` has changed since, as JSON; empty if nothing.

        Args:
            call: Name of the call, unique among all executions.

        Raises:
            UnsafeAgent: It changed data that is not JSON, which a replay would lack.
        """
        texts, other = _read(self._owner)
        if lost := sorted(name for name, what in other.items() if self._other.get(name) != what):
            raise UnsafeAgent(
                f"a tool cannot run durably: its call changes what is not JSON in its own object ({', '.join(lost)}), "
                "which a replay would lack; keep it as JSON (a list for a set), or in agent.state"
            )
        change = Values.between(self._texts, texts)
        # What became a live object, a client built at its first use, is there in every process that needs it.
        gone = tuple(name for name in change.gone if not hasattr(self._owner, name))
        if not change.set and not gone:
            return {}
        _remember(call, self._owner)
        return {"set": change.set, "gone": gone}


def apply(tool: Any, call: str, change: Mapping[str, Any] | None) -> None:
    """Make the change of `call` again, unless the call ran in this very object."""
    owner = owner_of(tool)
    if change and owner is not None and _ran_in.get(call) is not owner:
        Values(**change).into(lambda name, value: setattr(owner, name, value), lambda name: _drop(owner, name))
        _remember(call, owner)


def merge(kept: dict[str, Any], changes: Mapping[str, Any], below: str = "") -> None:
    """Enter later changes, by path of the tool, into what the calls of a run have left in the objects of its tools."""
    for name, change in changes.items():
        if not change:
            continue
        path = f"{below}{name}"
        before = kept.get(path, {"set": {}, "gone": []})
        left = {name: value for name, value in before["set"].items() if name not in change["gone"]}
        gone = [name for name in before["gone"] if name not in change["set"]]
        kept[path] = {"set": {**left, **change["set"]}, "gone": sorted({*gone, *change["gone"]})}


def apply_all(agent: Any, run: str, changes: Mapping[str, Any]) -> None:
    """Make the changes of a finished run again in the objects of `agent`'s tools.

    Args:
        agent: The agent that ran.
        run: Name of the run, unique among all executions.
        changes: What `merge` has collected in the run.
    """
    for path, change in changes.items():
        *agents, name = path.split("/")
        where = agent
        for each in agents:
            where = getattr(where and where.tool_registry.registry.get(each), "agent", None)
        apply(where and where.tool_registry.registry.get(name), f"{run}#{path}", change)


def _drop(owner: Any, name: str) -> None:
    if hasattr(owner, name):
        delattr(owner, name)


def _remember(call: str, owner: Any) -> None:
    try:
        _ran_in[call] = owner
    except TypeError:
        return  # a class with slots and no weak references: its change is made twice, which sets the same values


def _read(owner: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The attributes as JSON texts, and as `repr` those of the rest that are data."""
    texts, other = {}, {}
    for name, value in dict(getattr(owner, "__dict__", {})).items():
        if not _is_data(value, [_MOST_VALUES]):
            continue
        try:
            texts[name] = _exactly(value)
        except (TypeError, ValueError):
            other[name] = repr(value)
    return texts, other


def _exactly(value: Any) -> str:
    """The JSON text of `value`.

    Raises:
        ValueError: It would come back as something else, as a tuple or a number as key does.
    """
    text = _SERDES.serialize(value)
    if _SERDES.deserialize(text) != value:
        raise ValueError
    return text


def _is_data(value: Any, left: list[int]) -> bool:
    """Whether `value` is plain data all through, and not more than can be compared at every call."""
    left[0] -= 1 + (len(value) // _LETTERS_A_VALUE if isinstance(value, str | bytes) else 0)
    if left[0] < 0:
        return False
    if value is None or isinstance(value, _PLAIN):
        return True
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return all(_is_data(getattr(value, each.name, None), left) for each in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return all(_is_data(part, left) for pair in list(value.items()) for part in pair)
    return isinstance(value, _MANY) and all(_is_data(each, left) for each in list(value))
