"""What a crash did not cost: the model calls of finished agents that the second process did not repeat. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.local_aws.functions.operation_paths import AGENT, agent_and_turn


@dataclass(frozen=True)
class Drill:
    """The crash of a run and what came of it.

    killed_pid, resumed_pid: the process that was killed and the one that went on; resumed_pid is None if none did.
    operation: after whose checkpoint it was killed.
    pause_seconds: from the kill to the start of the next process.
    repeated_calls: agent -> model calls that later processes made for it; only agents finished before the kill.
    saved_calls, saved_input_tokens, saved_output_tokens, saved_seconds: of the model calls not repeated.
    """

    killed_pid: int
    resumed_pid: int | None
    operation: str
    pause_seconds: float
    repeated_calls: Mapping[str, int]
    saved_calls: int
    saved_input_tokens: int
    saved_output_tokens: int
    saved_seconds: float


def drill_of(events: Sequence[Mapping[str, Any]], calls: Sequence[Mapping[str, Any]]) -> Drill | None:
    """Read the drill from the two event files; None when nothing was killed."""
    killed = next((event for event in events if event["event"] == "killed"), None)
    if killed is None:
        return None
    at = killed["at"]
    resumed = next((event for event in events if event["event"] == "invocation_started" and event["at"] > at), None)
    finished = _finished_agents(events, at)
    started = {call["call"]: call["at"] for call in calls if call["event"] == "started"}
    before = [call for call in calls if call["event"] == "finished" and call["at"] < at and call["agent"] in finished]
    after = [call for call in calls if call["event"] == "started" and call["at"] > at]
    return Drill(
        killed_pid=killed["pid"],
        resumed_pid=resumed["pid"] if resumed else None,
        operation=killed["operation"],
        pause_seconds=resumed["at"] - at if resumed else 0.0,
        repeated_calls={name: sum(call["agent"] == name for call in after) for name in finished},
        saved_calls=len(before),
        saved_input_tokens=sum(call["input_tokens"] for call in before),
        saved_output_tokens=sum(call["output_tokens"] for call in before),
        saved_seconds=sum(call["at"] - started[call["call"]] for call in before),
    )


def calls_by_operations(events: Sequence[Mapping[str, Any]], usage: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Lines as in a calls file, for a model without one (real Bedrock): each model step's START and SUCCEED.

    Token counts come from the handler's `usage`; a call that it does not know has none.
    """
    calls = []
    for event in events:
        agent, turn = agent_and_turn(event.get("operation") or "")
        if agent is None or event["event"] != "operation" or event["type"] != "STEP":
            continue
        spent = _spent((usage or {}).get("agents", {}).get(agent, {}), turn)
        kind = {"START": "started", "SUCCEED": "finished"}.get(event["action"])
        if kind is not None:
            calls.append({"at": event["at"], "event": kind, "call": event["operation"], "agent": agent, **spent})
    return calls


def _spent(agent: Mapping[str, Any], turn: int | None) -> dict[str, int]:
    named = (call for call in agent.get("calls", ()) if call["name"] == f"model-{turn}")
    source = agent if turn is None else next(named, {})
    return {kind: source.get(kind) or 0 for kind in ("input_tokens", "output_tokens")}


def _finished_agents(events: Sequence[Mapping[str, Any]], at: float) -> list[str]:
    return [
        run[1]
        for event in events
        if event["event"] == "operation"
        and event["at"] <= at
        and event["action"] == "SUCCEED"
        and (run := AGENT.fullmatch(event["operation"])) is not None
    ]
