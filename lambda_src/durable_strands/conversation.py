"""A conversation at one moment, at the cost of what has been said since the last look."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from durable_strands.serdes import PlainJson

_SERDES = PlainJson()


@dataclass(eq=False)
class Said:
    """A message as it was when it was looked at, and the object that held it."""

    message: Any
    copy: dict[str, Any]

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The message without the random id that Strands gives it anew on every pass."""
        return {key: value for key, value in self.copy.items() if key != "tracking_id"}

    @cached_property
    def text(self) -> str:
        """The message as it would be written."""
        return _SERDES.serialize(self.plain)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Said) and self.text == other.text)

    def __hash__(self) -> int:
        return hash(self.text)


_latest: WeakKeyDictionary[Any, list[Said]] = WeakKeyDictionary()


def conversation(agent: Any) -> list[Said]:
    """What has been said to and by `agent`.

    A message that is the same object and has the same content as at the last look is not copied again. Comparing every
    one of them finds what a tool changed in its place.
    """
    known = {id(said.message): said for said in _latest.get(agent, ())}
    found = [_said(message, known.get(id(message))) for message in agent.messages]
    _latest[agent] = found
    return list(found)


def _said(message: Any, known: Said | None) -> Said:
    return known if known is not None and known.copy == message else Said(message, copy.deepcopy(message))
