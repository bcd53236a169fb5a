"""Strands' AgentResult, rebuilt from what a run left in its checkpoint."""

from __future__ import annotations

from typing import Any, cast

from strands import Agent
from strands.agent import AgentResult
from strands.telemetry.metrics import EventLoopMetrics
from strands.types.content import Message
from strands.types.event_loop import StopReason, Usage

from durable_strands.records import AgentRun
from durable_strands.structured import rebuild


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
