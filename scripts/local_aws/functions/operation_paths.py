"""Where each durable operation stands in its execution: names from the root joined by "/", and the order seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

AGENT, MODEL_PREFIX = re.compile(r"(.+)-agent(-[0-9]+)?"), "model-"
STATUS_AFTER = {"START": "STARTED", "SUCCEED": "SUCCEEDED", "FAIL": "FAILED", "RETRY": "PENDING", "CANCEL": "CANCELLED"}


@dataclass(frozen=True)
class SeenUpdate:
    """One checkpoint update: its operation's path, type and action, and its place (from 1) in the execution."""

    path: str
    index: int
    type: str
    sub_type: str | None
    action: str
    payload_bytes: int

    @property
    def status(self) -> str:
        """The status that the operation has once the engine accepted this update."""
        return STATUS_AFTER.get(self.action, self.action)


def agent_and_turn(path: str) -> tuple[str | None, int | None]:
    """Whose model call a step makes: `research-agent/model-2` is turn 2 of research, `research-agent` any turn of it.

    So it is in every run of it: `research-agent-2`.

    The agent is None for a step that calls no model, such as a tool.
    """
    *parents, last = path.split("/")
    if whole := AGENT.fullmatch(last):
        return whole[1], None
    agent = next(filter(None, map(AGENT.fullmatch, reversed(parents))), None)
    turn = last.removeprefix(MODEL_PREFIX)
    if agent is None or not last.startswith(MODEL_PREFIX) or not turn.isdigit():
        return None, None
    return agent[1], int(turn)


@dataclass
class OperationPaths:
    """Learns the tree of one execution from its checkpoint updates and from the state handed to an invocation."""

    _nodes: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    _seen: int = 0

    def learn(self, operations: Iterable[Mapping[str, Any]]) -> None:
        """Remember operations (AWS shape: Id, ParentId, Name) without counting them as updates."""
        for operation in operations:
            self._remember(operation)

    def see(self, updates: Iterable[Mapping[str, Any]]) -> list[SeenUpdate]:
        """Number the updates (AWS shape: Id, ParentId, Name, Type, Action, Payload) and give each its path."""
        seen = []
        for update in updates:
            self._remember(update)
            self._seen += 1
            seen.append(
                SeenUpdate(
                    path=self.path(update["Id"]),
                    index=self._seen,
                    type=update.get("Type", ""),
                    sub_type=update.get("SubType"),
                    action=update.get("Action", ""),
                    payload_bytes=len((update.get("Payload") or "").encode()),
                )
            )
        return seen

    def path(self, operation_id: str) -> str:
        """Names from the root joined by "/"; an operation without a name stands as "?"."""
        names: list[str] = []
        current: str | None = operation_id
        while current is not None and current in self._nodes:
            name, current = self._nodes[current]
            names.append(name)
        return "/".join(reversed(names))

    def _remember(self, operation: Mapping[str, Any]) -> None:
        known = self._nodes.get(operation["Id"])
        if operation.get("Type") == "EXECUTION":
            return  # the root itself is not part of any path
        if known is None or operation.get("Name"):
            self._nodes[operation["Id"]] = (operation.get("Name") or "?", operation.get("ParentId"))
