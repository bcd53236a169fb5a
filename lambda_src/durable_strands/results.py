"""Strands' AgentResult, rebuilt from what a run left in its checkpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from strands import Agent
from strands.agent import AgentResult
from strands.interrupt import Interrupt
from strands.telemetry.metrics import EventLoopMetrics
from strands.types.content import Message
from strands.types.event_loop import StopReason, Usage

from durable_strands.records import AgentRun
from durable_strands.snapshot import plain_part, set_meters
from durable_strands.structured import rebuild, structured_form


def agent_result(agent: Agent, run: AgentRun, structured_output_model: Any) -> AgentResult:
    """The `AgentResult` of `run`: stop reason, message, exact usage and structured output; no traces."""
    model = structured_output_model or agent._default_structured_output_model  # noqa: SLF001 - Strands has no getter
    structured = rebuild(model, run.structured_input) if model and run.structured_input is not None else None
    metrics = EventLoopMetrics(cycle_count=sum(call.kind == "model" for call in run.calls))
    metrics.accumulated_usage = _usage(run)
    metrics.accumulated_metrics["latencyMs"] = sum(call.latency_ms for call in run.calls if call.kind == "model")
    return AgentResult(
        cast(StopReason, run.stop_reason), cast(Message, run.message), metrics, state={}, structured_output=structured
    )


def count_in(agent: Agent, run: AgentRun) -> None:
    """Add `run` to what Strands has added up over all runs of `agent`; a pass that replays it has not done so."""
    own = replace(
        run, calls=tuple(call for call in run.calls if call.name.startswith("model-") and call.agent == run.name)
    )
    before: dict[str, Any] = dict(agent.event_loop_metrics.accumulated_usage)
    usage: dict[str, Any] = dict(_usage(own))
    total = {key: before.get(key, 0) + value for key, value in usage.items()}
    latency = sum(call.latency_ms for call in own.calls)
    metrics = agent.event_loop_metrics.accumulated_metrics
    set_meters(agent, {**before, **total}, {**metrics, "latencyMs": metrics["latencyMs"] + latency})


def kept_result(result: AgentResult, messages: list[Any]) -> dict[str, Any]:
    """The JSON form of a node's `AgentResult`; of its `state` what is JSON.

    Args:
        result: What Strands returned.
        messages: The conversation, in which the input of a structured output stands.
    """
    structured = result.structured_output
    kept = {
        "stop_reason": result.stop_reason,
        "message": dict(result.message),
        "state": plain_part(result.state or {}),
        "cycles": result.metrics.cycle_count,
        "usage": dict(result.metrics.accumulated_usage),
        "metrics": dict(result.metrics.accumulated_metrics),
        "interrupts": [interrupt.to_dict() for interrupt in result.interrupts or ()],
    }
    return kept if structured is None else {**kept, **structured_form(structured, messages)}


def node_result(agent: Agent, kept: dict[str, Any]) -> AgentResult:
    """The `AgentResult` of a node, from what `kept_result` has kept of it."""
    model = agent._default_structured_output_model  # noqa: SLF001 - Strands has no getter
    metrics = EventLoopMetrics(cycle_count=kept["cycles"])
    metrics.accumulated_usage, metrics.accumulated_metrics = kept["usage"], kept["metrics"]
    return AgentResult(
        kept["stop_reason"], kept["message"], metrics, kept["state"],
        [Interrupt(**interrupt) for interrupt in kept["interrupts"]] or None,
        rebuild(model, kept["structured_input"]) if model and "structured_input" in kept else None,
    )  # fmt: skip


def _usage(run: AgentRun) -> Usage:
    usage = run.usage
    read, write = usage.cache_read_tokens, usage.cache_write_tokens
    total = Usage(
        inputTokens=usage.input_tokens,
        outputTokens=usage.output_tokens,
        totalTokens=usage.input_tokens + usage.output_tokens + read + write,
    )
    if read:
        total["cacheReadInputTokens"] = read
    if write:
        total["cacheWriteInputTokens"] = write
    return total
