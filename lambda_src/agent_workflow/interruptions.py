"""A question that a tool or hook of an agent asks a person: told as a review is, and answered on the same page."""

import json
from collections.abc import Callable
from typing import Any

from agent_workflow.agents import AgentSpec
from agent_workflow.review_answer import digest_of
from agent_workflow.review_notice import Notice, has_page, tell
from agent_workflow.settings import Settings
from agent_workflow.telemetry import emit, execution_name
from durable_strands.interrupts import asked_as
from durable_strands.serdes import LIMIT_BYTES
from durable_strands.sizes import checkpoint_bytes

Notify = Callable[[str, Any], dict[str, Any]]


def notify_of(settings: Settings, execution_arn: str, agent: AgentSpec, *, stores: bool) -> Notify:
    """What is told, inside a step, of each interrupt of an agent.

    Args:
        settings: who is told.
        execution_arn: of the execution.
        agent: whose interrupts they are.
        stores: whether what does not fit into a checkpoint has a bucket.

    Returns:
        `notify(callback_id, interrupt)`; it gives what the page shows, which the step keeps.
    """

    def notify(callback_id: str, interrupt: Any) -> dict[str, Any]:
        question = _in_words(interrupt.name, interrupt.reason)
        told = Notice(
            settings.pipeline, execution_name(execution_arn), execution_arn, asked_as(), callback_id, 1,
            digest_of(question), f"question of {agent.name}", None, escalated=False,
        )  # fmt: skip
        tell(settings, told)
        emit(settings, {"QuestionsAsked": 1})
        if not has_page(settings):
            return {}
        kept = {"kind": "interrupt", "text": question, "round": 1, "of": told.of, "pipeline": settings.pipeline}
        return kept if stores or checkpoint_bytes(kept) <= LIMIT_BYTES else {}

    return notify


def _in_words(name: str, reason: Any) -> str:
    if reason is None:
        return name
    return reason if isinstance(reason, str) else json.dumps(reason, ensure_ascii=False, indent=1, default=str)
