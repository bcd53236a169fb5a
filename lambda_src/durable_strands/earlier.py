"""What an earlier execution did, read from its history, and what of it a new one may take. Pure: no client."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from durable_strands.history import unmarked

CONTEXT, STEP, WAIT, CALLBACK, INVOKE = KINDS = ("Context", "Step", "Wait", "Callback", "ChainedInvoke")
_SIDE_BY_SIDE = frozenset({"Map", "Parallel"})
_WAITS_FOR_A_PERSON = "WaitForCallback"
_TOOL = re.compile(r"(.+-)?tool-[0-9]+-.+")
"""The child context of a durable tool, in which its author may have used the context without names."""
_PASSING = re.compile(r"(.+)-deferred-[0-9]+")
"""A wait that puts an operation off: another execution has other invocations."""
_FAILED = frozenset({"Failed", "TimedOut", "Cancelled", "Stopped"})

WHOLE = "whole"
"""What `Earlier.taken` says of a child context that can be taken without what is inside it."""


@dataclass
class Recorded:
    """One operation of an earlier execution.

    Attributes:
        name: Its name; empty if it had none.
        kind: One of KINDS.
        sub_type: As the SDK writes it: `Map`, `RunInChildContext`, ...
        state: `Started`, or how it ended: `Succeeded`, `Failed`, `TimedOut`.
        payload: What it ended with, as it is written; None if that is nothing.
        error: Its failure, as it is written.
        cut: Whether the history does not tell all of the payload.
        children: In the order in which they began.
    """

    name: str
    kind: str
    sub_type: str
    state: str = "Started"
    payload: str | None = None
    error: Mapping[str, Any] = field(default_factory=dict)
    cut: bool = False
    children: list[Recorded] = field(default_factory=list)

    @property
    def side_by_side(self) -> bool:
        """Whether its children do not depend on each other."""
        return self.sub_type in _SIDE_BY_SIDE

    @property
    def asked(self) -> str:
        """Of a model call: the digest of what was asked; empty if it is not known."""
        try:
            return str(json.loads(self.payload or "null")["asked"])
        except (ValueError, KeyError, TypeError):
            return ""

    @property
    def takes_whole(self) -> bool:
        """Whether it is a child context whose value stands for all that is inside it."""
        kept = self.sub_type == _WAITS_FOR_A_PERSON or _TOOL.fullmatch(self.name)
        return self.kind == CONTEXT and self.state == "Succeeded" and bool(self.payload) and bool(kept)


@dataclass
class Earlier:
    """All operations of an earlier execution."""

    root: Recorded = field(default_factory=lambda: Recorded("", CONTEXT, ""))
    _known: dict[str, Recorded] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> Earlier:
        """Read the events of GetDurableExecutionHistory, in the order of their ids."""
        earlier = cls()
        for event in events:
            earlier._add(event)
        return earlier

    def walk(self) -> Iterator[tuple[str, Recorded]]:
        """Every operation with its path, such as `research-agent/model-1`."""
        yield from _below(self.root, "")

    def taken(self, before: str | None, without: Callable[[str], Any] | None = None) -> dict[str, str]:
        """What a new execution takes: path -> the digest of what a model was asked, `WHOLE`, or nothing.

        What is taken is complete: nothing that came after an operation which is not taken. Branches that ran side by
        side do not come after each other. A failure is taken where the execution went on after it, else it is tried
        again.

        Args:
            before: The operation from which on nothing is taken. Default: all that has finished is.
            without: Whether an operation of the execution itself, by its name, is made anew. Default: none is.
        """
        found: dict[str, str] = {}
        kept = [child for child in self.root.children if without is None or not without(child.name)]
        _take(Recorded("", CONTEXT, "", children=kept), "", before, found, followed=False)
        return found

    def _add(self, event: Mapping[str, Any]) -> None:
        kind = next((kind for kind in KINDS if event["EventType"].startswith(kind)), None)
        if kind is None:
            return
        known = self._known.get(event["Id"])
        if known is None:
            known = self._known[event["Id"]] = Recorded(event.get("Name") or "", kind, event.get("SubType") or "")
            self._known.get(event.get("ParentId") or "", self.root).children.append(known)
        details = event.get(f"{event['EventType']}Details") or {}
        known.state = event["EventType"].removeprefix(kind)
        if (details.get("RetryDetails") or {}).get("NextAttemptDelaySeconds") and known.state == "Failed":
            known.state = "Started"  # it is tried again
        result = details.get("Result") or {}
        known.payload, known.cut = result.get("Payload"), bool(result.get("Truncated"))
        if kind == CONTEXT and known.payload:
            known.payload = unmarked(known.payload)
        known.error = (details.get("Error") or {}).get("Payload") or {}


def _below(parent: Recorded, path: str) -> Iterator[tuple[str, Recorded]]:
    for child in parent.children:
        own = f"{path}{child.name}"
        yield own, child
        yield from _below(child, f"{own}/")


def _take(parent: Recorded, path: str, before: str | None, found: dict[str, str], *, followed: bool) -> bool:
    """Note what is taken below `parent`; whether that is all of it.

    Args:
        parent: A context.
        path: Its path, with a slash at the end; empty for the execution itself.
        before: As for `Earlier.taken`.
        found: What is taken.
        followed: Whether the execution went on after it.
    """
    complete = True
    children = [child for child in parent.children if child.kind != WAIT or not _PASSING.fullmatch(child.name)]
    for number, child in enumerate(children):
        if not complete and not parent.side_by_side:
            break
        own = f"{path}{child.name}"
        after = followed or (not parent.side_by_side and number + 1 < len(children))
        taken = own != before and bool(child.name) and own not in found
        if child.sub_type == _WAITS_FOR_A_PERSON and (before or "").startswith(f"{own}/"):
            taken = False  # a person is asked anew from the start: the answer came after all that is inside
        elif taken and child.kind == CONTEXT:
            taken = _take(child, f"{own}/", before, found, followed=after) and child.state != "Started"
            if child.takes_whole and not (before or "").startswith(f"{own}/"):
                found[own], taken = WHOLE, True
        elif taken:
            taken = child.state == "Succeeded" or (after and child.state in _FAILED)
            if taken:
                found[own] = child.asked
        complete = complete and taken
    return complete
