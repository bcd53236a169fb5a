"""What a call or a whole run changed in its agent besides its result, kept with the checkpoint of the call."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from durable_strands.conversation import Said, conversation
from durable_strands.serdes import PlainJson

# Strands writes these into every invocation state, anew on every pass.
_STRANDS_OWN = frozenset({
    "agent", "model", "messages", "system_prompt", "tool_config", "event_loop_cycle_id", "event_loop_cycle_trace",
    "event_loop_cycle_span", "event_loop_parent_cycle_id",
})  # fmt: skip
_SERDES = PlainJson()


@dataclass(frozen=True)
class Values:
    """Entries that were set in, or removed from, a mapping."""

    set: dict[str, Any] = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> Self:
        """What leads from one mapping of JSON texts to another."""
        changed = {key: _SERDES.deserialize(text) for key, text in after.items() if before.get(key) != text}
        return cls(changed, tuple(sorted(before.keys() - after.keys())))

    def into(self, put: Callable[[str, Any], Any], drop: Callable[[str], Any]) -> None:
        """Make the same change again."""
        for key, value in self.set.items():
            put(key, copy.deepcopy(value))
        for key in self.gone:
            drop(key)


@dataclass(frozen=True)
class Messages:
    """A conversation as a stretch of the earlier one, `kept` messages from `start` on, and what follows it."""

    start: int = 0
    kept: int = 0
    added: tuple[dict[str, Any], ...] = ()

    @classmethod
    def between(cls, before: list[Said], after: list[Said]) -> Self:
        """What leads from one conversation to another. A trimmed head and a grown tail cost no copy."""
        start = before.index(after[0]) if after and after[0] in before else 0
        kept = 0
        for old, new in zip(before[start:], after, strict=False):
            if old != new:
                break
            kept += 1
        return cls(start, kept, tuple(said.plain for said in after[kept:]))

    def after(self, before: list[Any]) -> list[Any]:
        """The later conversation."""
        return [*before[self.start : self.start + self.kept], *copy.deepcopy(list(self.added))]


@dataclass(frozen=True)
class Change:
    """What a call or a run changed.

    Attributes:
        messages: The conversation; None if it is what it was.
        state: `agent.state`.
        invocation: The part of `invocation_state` that is JSON, `request_state` with its stop requests included.
        manager: State of the conversation manager afterwards; None if it is what it was.
        cancel: How the loop was asked to stop: `now`, `after_tools`, or not at all.
        cancel_message: The text that such a stop ends with.
        tools: Names of tools that were registered or removed.
        prompt: The system prompt as `[blocks]`; None if it is what it was.
        live: Names in `invocation_state` under which something was put that is not JSON.
        agents: Of a whole run: what became of the agents that are tools, by path.
        own: Of a whole run: what its tools left in their own objects, by path.
    """

    messages: Messages | None = None
    state: Values = field(default_factory=Values)
    invocation: Values = field(default_factory=Values)
    manager: dict[str, Any] | None = None
    cancel: str | None = None
    cancel_message: str | None = None
    tools: tuple[str, ...] = ()
    prompt: list[Any] | None = None
    live: tuple[str, ...] = ()
    agents: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed: only what is not as it was."""
        nothing = asdict(Change())
        return {key: value for key, value in asdict(self).items() if value != nothing[key]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Change:
        """Rebuild a change from its checkpointed form."""
        data = dict(data or {})
        if data.get("messages"):
            data["messages"] = Messages(**data["messages"])
        for part in ("state", "invocation"):
            data[part] = Values(**data.get(part, {}))
        return cls(**data)

    def apply(self, agent: Any, invocation_state: dict[str, Any]) -> None:
        """Change `agent` again as the call had changed it."""
        if self.messages is not None:
            agent.messages[:] = self.messages.after(agent.messages)
        self.apply_values(agent, invocation_state)
        if self.manager is not None:
            agent.conversation_manager.restore_from_session(copy.deepcopy(self.manager))
        if self.prompt is not None:
            agent.system_prompt = copy.deepcopy(self.prompt[0])
        if self.cancel is not None:
            agent.cancel(message=self.cancel_message, after_current_tools=self.cancel == "after_tools")

    def apply_values(self, agent: Any, invocation_state: dict[str, Any]) -> None:
        """Set the states only, which may be done twice."""
        self.state.into(agent.state.set, agent.state.delete)
        self.invocation.into(invocation_state.__setitem__, lambda key: invocation_state.pop(key, None))


@dataclass(frozen=True)
class Snapshot:
    """An agent at one moment, cheap to compare."""

    messages: list[Said]
    state: dict[str, str]
    invocation: dict[str, str]
    manager: str
    cancel: str | None
    tools: frozenset[str]
    prompt: str
    live: dict[str, int]

    @classmethod
    def of(cls, agent: Any, invocation_state: Mapping[str, Any]) -> Self:
        """The agent as it is."""
        return cls(
            conversation(agent),
            _texts(agent.state.get().items()),
            _texts((key, value) for key, value in invocation_state.items() if key not in _STRANDS_OWN),
            _dump(agent.conversation_manager.get_state()),
            _cancel(agent),
            frozenset(agent.tool_registry.registry) | frozenset(agent.tool_registry.dynamic_tools),
            _dump(agent.system_prompt_content),
            _live(invocation_state),
        )

    def until(self, agent: Any, invocation_state: Mapping[str, Any]) -> Change:
        """What has changed since."""
        now = Snapshot.of(agent, invocation_state)
        return Change(
            Messages.between(self.messages, now.messages) if now.messages != self.messages else None,
            Values.between(self.state, now.state),
            Values.between(self.invocation, now.invocation),
            json.loads(now.manager) if now.manager != self.manager else None,
            now.cancel if now.cancel != self.cancel else None,
            agent._cancel_message if now.cancel != self.cancel else None,  # noqa: SLF001 - checked in `safety`
            tuple(sorted(now.tools ^ self.tools)),
            [_SERDES.deserialize(now.prompt)] if now.prompt != self.prompt else None,
            tuple(sorted(key for key, what in now.live.items() if self.live.get(key) != what)),
        )


@dataclass(frozen=True)
class Baseline:
    """An agent at the start of a run, so that it can be put back there."""

    messages: list[Any]
    state: dict[str, Any]
    manager: dict[str, Any]
    interrupts: Any
    model_state: dict[str, Any]
    prompt: Any
    meters: tuple[dict[str, Any], dict[str, Any]]

    @classmethod
    def of(cls, agent: Any) -> Self:
        """The agent as it is."""
        return cls(*copy.deepcopy(_parts(agent)))

    def restore(self, agent: Any) -> None:
        """Put the agent back."""
        messages, state, manager, interrupts, model_state, prompt, meters = copy.deepcopy(_parts_of(self))
        agent.messages[:] = messages
        for key in agent.state.get().keys() - state.keys():
            agent.state.delete(key)
        for key, value in state.items():
            agent.state.set(key, value)
        agent.conversation_manager.restore_from_session(manager)
        agent.system_prompt = prompt
        agent._interrupt_state, agent._model_state = interrupts, model_state  # noqa: SLF001 - checked in `safety`
        set_meters(agent, *meters)


def set_meters(agent: Any, usage: dict[str, Any], metrics: dict[str, Any]) -> None:
    """Set what Strands has added up over all runs of `agent`; the next run adds to it."""
    agent.event_loop_metrics.accumulated_usage, agent.event_loop_metrics.accumulated_metrics = usage, metrics


def agents_below(agent: Any, path: str = "") -> dict[str, Any]:
    """The agents that are tools of `agent`, and theirs, by path."""
    from strands.agent._agent_as_tool import _AgentAsTool

    found = {}
    for name, tool in agent.tool_registry.registry.items():
        if isinstance(tool, _AgentAsTool):
            found[f"{path}{name}"] = tool.agent
            found.update(agents_below(tool.agent, f"{path}{name}/"))
    return found


def _parts(agent: Any) -> tuple[Any, ...]:
    interrupts, model_state = agent._interrupt_state, agent._model_state  # noqa: SLF001 - checked in `safety`
    manager, prompt = agent.conversation_manager.get_state(), agent.system_prompt_content
    meters = agent.event_loop_metrics.accumulated_usage, agent.event_loop_metrics.accumulated_metrics
    return agent.messages, agent.state.get(), manager, interrupts, model_state, prompt, meters


def _parts_of(baseline: Baseline) -> tuple[Any, ...]:
    return (
        baseline.messages, baseline.state, baseline.manager, baseline.interrupts, baseline.model_state, baseline.prompt,
        baseline.meters,
    )  # fmt: skip


def _cancel(agent: Any) -> str | None:
    if agent.cancel_signal.is_set():
        return "now"
    return "after_tools" if agent._deferred_cancel else None  # noqa: SLF001 - checked in `safety`


def _dump(value: Any) -> str:
    return _SERDES.serialize(value)


def _live(invocation_state: Mapping[str, Any]) -> dict[str, int]:
    """What is not JSON, and so cannot be kept: who it is, by name."""
    own = {key: value for key, value in invocation_state.items() if key not in _STRANDS_OWN}
    plain = _texts(own.items())
    return {key: id(value) for key, value in own.items() if key not in plain}


def plain_part(values: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `values` that are JSON, as copies."""
    return {key: _SERDES.deserialize(text) for key, text in _texts(values.items()).items()}


def _texts(entries: Iterable[tuple[str, Any]]) -> dict[str, str]:
    found = {}
    for key, value in entries:
        try:
            found[key] = _dump(value)
        except (TypeError, ValueError):
            continue  # not JSON: a client, a lock; it is the caller's, built anew on every pass
    return found
