"""Strands interrupts as durable callbacks: a person is notified once, and the answer goes back where it was asked."""

from __future__ import annotations

import json
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import DurableOperationError

from durable_strands.errors import AgentInterrupted

if TYPE_CHECKING:
    from strands.interrupt import Interrupt

    from durable_strands.live import LiveRun

_ASKED: ContextVar[str] = ContextVar("asked")


def asked_as() -> str:
    """The name of the callback that `notify` is called for, below its agent's: `clerk-agent/interrupt-1`."""
    return _ASKED.get()


async def responses(run: LiveRun, interrupts: list[Interrupt]) -> list[Any]:
    """Ask for an answer to each of `interrupts` and wait until all are there; the prompt with which Strands goes on.

    Raises:
        AgentInterrupted: An answer was a failure.
    """
    notify = run.options.interrupts
    assert notify is not None, "asked only when somebody is to be told"  # noqa: S101 - narrows the type

    def tell(name: str, interrupt: Interrupt, callback_id: str) -> Any:
        outside = _ASKED.set(f"{run.name}/{run.path}{name}")
        try:
            return notify(callback_id, interrupt)
        finally:
            _ASKED.reset(outside)

    names = [f"interrupt-{run.number('interrupt')}" for _ in interrupts]
    questions = [(name, partial(tell, name, interrupt)) for name, interrupt in zip(names, interrupts, strict=True)]

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
