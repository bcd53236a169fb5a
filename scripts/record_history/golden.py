"""A golden history: the operations of one execution as the durable engine would give them to a replay. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from durable_strands.history import unmarked

FORMAT = 1
_TYPES = {
    "Step": "STEP",
    "Context": "CONTEXT",
    "Wait": "WAIT",
    "Callback": "CALLBACK",
    "ChainedInvoke": "CHAINED_INVOKE",
}
_DETAILS = {
    "STEP": "StepDetails",
    "CONTEXT": "ContextDetails",
    "WAIT": "WaitDetails",
    "CALLBACK": "CallbackDetails",
    "CHAINED_INVOKE": "ChainedInvokeDetails",
}
_STATES = {
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
    "TimedOut": "TIMED_OUT",
    "Stopped": "STOPPED",
    "Cancelled": "CANCELLED",
}
Operation = dict[str, Any]


class Unrecordable(ValueError):
    """The history cannot be kept; the message is one line that says why."""


@dataclass
class Golden:
    """One history.

    event: what the execution was started with.
    operations: in the order in which they began, as the durable API writes them.
    result: what it returned; None if it failed.
    error_type: how it failed; None if it did not.
    agents: the agents folder, from the root of the repository. Default: the packaged one.
    packaged_flow: whether its agents work in the order of the packaged flow.py. Default: as their folder says.
    environment: variables of the function that the order depends on.
    """

    event: Any
    operations: list[Operation]
    result: Any = None
    error_type: str | None = None
    agents: str | None = None
    packaged_flow: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Golden:
        """Read a file.

        Raises:
            Unrecordable: it is none.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            if document.pop("format") == FORMAT:
                return cls(**document)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        raise Unrecordable(f"{file} must be a golden history of format {FORMAT}, see scripts/record_history.py --help")

    def write(self, file: Path) -> None:
        """Write it, an operation a line."""
        document = {"format": FORMAT, **asdict(self)}
        operations = ",\n  ".join(json.dumps(each) for each in document.pop("operations"))
        rest = json.dumps(document, indent=1)
        file.write_text(f'{rest[:-2]},\n "operations": [\n  {operations}\n ]\n}}\n', encoding="utf-8")


def golden_of(events: Iterable[Mapping[str, Any]]) -> Golden:
    """The history that events of GetDurableExecutionHistory tell, texts and all.

    Raises:
        Unrecordable: the execution has not ended, or its history does not tell all of a result.
    """
    event: Any = None
    ended: tuple[str, Mapping[str, Any]] | None = None
    found: dict[str, Operation] = {}
    for each in events:
        kind = str(each["EventType"])
        details = each.get(f"{kind}Details") or {}
        if kind == "ExecutionStarted":
            event = json.loads(details["Input"]["Payload"])
        elif kind.startswith("Execution"):
            ended = (kind, details)
        else:
            _add(found, kind, each, details)
    if ended is None:
        raise Unrecordable("the execution must have ended")
    payload = (ended[1].get("Result") or {}).get("Payload")
    error = (ended[1].get("Error") or {}).get("Payload") or {}
    if open_ := [each["Name"] for each in found.values() if each["Status"] == "STARTED"]:
        raise Unrecordable(f"every operation must have ended, got {open_[0]} open")
    return Golden(event, list(found.values()), json.loads(payload) if payload else None, error.get("ErrorType"))


def _add(found: dict[str, Operation], kind: str, event: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    word = next((word for word in sorted(_TYPES, key=len, reverse=True) if kind.startswith(word)), None)
    if word is None:
        return
    operation = found.setdefault(
        event["Id"],
        {
            "Id": event["Id"],
            "Type": _TYPES[word],
            "Status": "STARTED",
            **{name: event[name] for name in ("Name", "SubType", "ParentId") if event.get(name)},
            _DETAILS[_TYPES[word]]: {},
        },
    )
    told, state = operation[_DETAILS[operation["Type"]]], kind.removeprefix(word)
    if state == "Started":
        told |= {"CallbackId": details["CallbackId"]} if "CallbackId" in details else {}
        return
    retry = details.get("RetryDetails") or {}
    operation["Status"] = "STARTED" if retry.get("NextAttemptDelaySeconds") else _STATES[state]
    result, error = details.get("Result") or {}, details.get("Error") or {}
    if result.get("Truncated"):
        raise Unrecordable(f"the history must tell all of the result of {operation.get('Name')}")
    if '"$stored"' in (result.get("Payload") or ""):
        raise Unrecordable(f"results in a bucket cannot be kept: {operation.get('Name')} is in one")
    if operation["Type"] == "STEP":
        told["Attempt"] = retry.get("CurrentAttempt") or told.get("Attempt", 0) + 1
    told.pop("Error", None)
    if result.get("Payload") is not None:
        told["Result"] = unmarked(result["Payload"]) if operation["Type"] == "CONTEXT" else result["Payload"]
    told |= {"Error": dict(error["Payload"])} if error.get("Payload") else {}
