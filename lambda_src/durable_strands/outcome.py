"""What the end of an agent's loop means: an answer, or which typed failure."""

from __future__ import annotations

from typing import Any

from durable_strands import errors
from durable_strands.errors import AgentFailed
from durable_strands.records import AgentRun, CallRecord
from durable_strands.visible import is_visible

ANSWERS = ("end_turn", "stop_sequence")
"""Stop reasons with which a model ends its turn."""

# A model's own stop reasons that are no answer -> the failure and its sentence.
_PAID_FAILURES: dict[str, tuple[type[AgentFailed], str]] = {
    "max_tokens": (errors.ModelLimitReached, "the reply was cut at max_tokens"),
    "model_context_window_exceeded": (errors.ContextWindowExceeded, "the context window is full"),
    "guardrail_intervened": (errors.GuardrailIntervened, "a guardrail stopped the reply"),
    "content_filtered": (errors.ContentFiltered, "the model's content filter stopped the reply"),
}
# Strands' stop reasons that are no answer, those of the model included.
_FAILURES: dict[str, tuple[type[AgentFailed], str]] = {
    **_PAID_FAILURES,
    "cancelled": (errors.AgentCancelled, "the run was cancelled"),
    "interrupt": (errors.AgentInterrupted, "a Strands interrupt asked for a person; use a durable tool instead"),
    "limit_turns": (errors.AgentLimitReached, "the run reached its limit of turns"),
    "limit_output_tokens": (errors.AgentLimitReached, "the run reached its limit of output tokens"),
    "limit_total_tokens": (errors.AgentLimitReached, "the run reached its limit of total tokens"),
    "tool_use": (errors.AgentCancelled, "a tool ended the loop before the model answered"),
}


def paid_failure(stop_reason: str | None) -> str | None:
    """Error type of a reply that was paid and is no answer; None for any other reply."""
    found = _PAID_FAILURES.get(stop_reason or "")
    return found and found[0].__name__


def answer(name: str, result: Any, calls: tuple[CallRecord, ...], messages: tuple[dict[str, Any], ...]) -> AgentRun:
    """The run that Strands' `AgentResult` stands for.

    Raises:
        AgentFailed: The loop ended without an answer.
    """
    structured = result.structured_output
    run = AgentRun(
        name, result.stop_reason, dict(result.message), calls,
        None if structured is None else structured.model_dump(mode="json"), messages,
    )  # fmt: skip
    if structured is not None:
        return run
    if result.stop_reason not in ANSWERS:
        kind, sentence = _FAILURES.get(result.stop_reason, (errors.ModelFailed, f"stopped: {result.stop_reason}"))
        raise kind(f"{name}: {sentence}", calls=calls)
    # Strands gives a hook's refusal the shape of an answer; only a model's message carries metadata.
    if "metadata" not in result.message:
        raise errors.AgentCancelled(f"{name}: a hook denied the model call", calls=calls)
    if not is_visible(run.text):
        raise errors.EmptyModelReply(f"{name}: the model ended its turn without text", calls=calls)
    return run
