"""Runs a function body on the local durable engine and tells what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution

from durable_strands import AgentFailed, CallRecord, Observer
from durable_strands.testing import LocalRun, run_locally


class Watcher(Observer):
    """Counts what an observer is told."""

    def __init__(self) -> None:
        self.returned: list[CallRecord] = []
        self.made: list[CallRecord] = []
        self.failed: list[tuple[str, int, str]] = []
        self.before: list[str] = []

    def start_pass(self) -> None:
        self.returned.clear()

    def before_model_call(self, agent: str, call: str) -> None:
        self.before.append(call)

    def call_returned(self, record: CallRecord) -> None:
        self.returned.append(record)

    def call_made(self, record: CallRecord) -> None:
        self.made.append(record)

    def attempt_failed(self, agent: str, call: str, attempt: int, error: AgentFailed) -> None:
        self.failed.append((call, attempt, type(error).__name__))


def on_engine(
    body: Callable[[DurableContext], Any], drive: Callable[[Any, str], None] | None = None, seconds: int = 60
) -> LocalRun:
    """Run `body` as a durable function; `drive(runner, arn)` may answer callbacks meanwhile."""

    @durable_execution
    def handler(_event: Any, context: DurableContext) -> Any:
        return body(context)

    return run_locally(handler, drive=drive, timeout_seconds=seconds)
