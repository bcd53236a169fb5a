"""What the checkpoint of a call holds: a model's reply, or a tool's result with everything the call changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from durable_strands.records import CallRecord, Usage


@dataclass(frozen=True)
class Reply:
    """A model's reply.

    Attributes:
        stop_reason: Why the model stopped.
        message, usage, metrics: What Strands' model stage ends with; empty for a call of the model itself.
        events: The raw events of a call of the model itself.
        billed: The tokens that the model reported, or None. Stands in the record, not in the reply's JSON.
    """

    stop_reason: str
    message: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    billed: Usage | None = None


@dataclass(frozen=True)
class KeptReply:
    """The checkpoint of a model call.

    Attributes:
        reply: What the model said.
        record: Its entry in the ledger.
        asked: Digest of what it was asked (see `asked`); empty if that is not known.
    """

    reply: Reply
    record: CallRecord
    asked: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed."""
        reply = {key: value for key, value in vars(self.reply).items() if value and key != "billed"}
        return {"reply": reply, "record": self.record.to_dict(), **({"asked": self.asked} if self.asked else {})}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> KeptReply:
        """Read a checkpoint."""
        return cls(Reply(**{"stop_reason": "", **data["reply"]}), CallRecord.from_dict(data["record"]))


@dataclass(frozen=True)
class KeptTool:
    """The checkpoint of a tool call.

    Attributes:
        result: The tool's result without the id of the call.
        record: Its entry in the ledger.
        raised: What the tool raised (see `raised`); None if it did not.
        interrupts: Strands interrupts that the tool asked for, instead of a result.
        interrupted: Whether the tool asked for an interrupt that nobody answers, so that the run ends.
        changed: What the call changed in its agent (see `snapshot.Change`).
        own: What it changed in the tool's own object (see `own_state`).
        ended_at: When it ended, in seconds since 1970; 0 if it changed nothing. Orders calls that ran side by side.
        calls: Of an agent: its calls.
        agents: Of an agent: what changed in it and the agents below, by path.
        owns: Of an agent: what its tools changed in their own objects, by path.
        resume: Of an agent that asked for an interrupt: where it goes on.
        asking: Of such an agent: the interrupts of it and the agents below, by path.
    """

    result: dict[str, Any]
    record: CallRecord
    raised: dict[str, Any] | None = None
    interrupts: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    changed: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    ended_at: float = 0
    calls: tuple[CallRecord, ...] = ()
    agents: dict[str, Any] = field(default_factory=dict)
    owns: dict[str, Any] = field(default_factory=dict)
    resume: dict[str, Any] | None = None
    asking: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed: only what there is."""
        there = {
            each.name: value for each in fields(self) if (value := getattr(self, each.name)) or each.name == "result"
        }
        calls = {"calls": [call.to_dict() for call in self.calls]} if self.calls else {}
        return {**there, "record": self.record.to_dict(), **calls}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> KeptTool:
        """Read a checkpoint."""
        calls = tuple(CallRecord.from_dict(call) for call in data.get("calls", ()))
        return cls(**{**data, "record": CallRecord.from_dict(data["record"]), "calls": calls})
