"""An execution's history, in the words that the local progress display understands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "Context": "CONTEXT",
    "Step": "STEP",
    "Wait": "WAIT",
    "Callback": "CALLBACK",
    "ChainedInvoke": "CHAINED_INVOKE",
}
ACTIONS = {"Started": "START", "Succeeded": "SUCCEED", "Failed": "FAIL", "TimedOut": "FAIL"}


@dataclass
class History:
    """Takes in events in the order of their ids; each is shown once."""

    _names: dict[str, str] = field(default_factory=dict)
    _told: int = 0

    def tell(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """The display's operation event; None for one shown before or without an operation."""
        if event["EventId"] <= self._told:
            return None
        self._told = event["EventId"]
        kind, action = _read(event["EventType"])
        if not kind or not action:
            return None
        operation = self._path(event)
        if action == "FAIL" and _will_retry(event):
            action = "RETRY"
        at = event["EventTimestamp"].timestamp()
        return {"at": at, "event": "operation", "operation": operation, "type": kind, "action": action}

    def _path(self, event: Mapping[str, Any]) -> str:
        parent = self._names.get(event.get("ParentId") or "")
        name = event.get("Name") or "unnamed"
        path = f"{parent}/{name}" if parent else name
        self._names[event["Id"]] = path
        return path


def _read(event_type: str) -> tuple[str, str]:
    for word, kind in KINDS.items():
        if event_type.startswith(word):
            return kind, ACTIONS.get(event_type.removeprefix(word), "")
    return "", ""


def _will_retry(event: Mapping[str, Any]) -> bool:
    details = (event.get("StepFailedDetails") or {}).get("RetryDetails") or {}
    return bool(details.get("NextAttemptDelaySeconds"))
