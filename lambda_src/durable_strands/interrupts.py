"""Strands interrupts as durable callbacks: a person is notified once, and the answer goes back where it was asked."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import DurableOperationError

from durable_strands.errors import AgentInterrupted

if TYPE_CHECKING:
    from strands.interrupt import Interrupt

    from durable_strands.live import LiveRun


async def responses(run: LiveRun, interrupts: list[Interrupt]) -> list[Any]:
    """Ask for an answer to each of `interrupts` and wait until all are there; the prompt with which Strands goes on.

    Raises:
        AgentInterrupted: An answer was a failure.
    """
    notify = run.options.interrupts
    assert notify is not None, "asked only when somebody is to be told"  # noqa: S101 - narrows the type

    def tell(interrupt: Interrupt, callback_id: str) -> None:
        notify(callback_id, interrupt)

    questions = [(f"interrupt-{run.number('interrupt')}", partial(tell, interrupt)) for interrupt in interrupts]

    def ask() -> list[Any]:
        try:
            return [_read(text) for text in run.operations.answers(questions)]
        except DurableOperationError as error:
            raise AgentInterrupted(f"an interrupt was not answered: {error.error_type}") from error

    answers = await run.desk.ask(ask)
    return [
        {"interruptResponse": {"interruptId": interrupt.id, "response": response}}
        for interrupt, response in zip(interrupts, answers, strict=True)
    ]


def _read(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text  # a plain text that is not JSON is the answer itself
