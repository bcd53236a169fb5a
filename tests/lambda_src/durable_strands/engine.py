"""Runs a function body on the local durable engine and tells what happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from durable_strands import AgentFailed, CallRecord, Observer


@dataclass
class Outcome:
    status: str
    value: Any
    error_type: str | None
    error_message: str | None
    error_data: Any
    names: list[str]
    invocations: int


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


def paths(operations: list[Any], prefix: str = "") -> list[str]:
    found = []
    for operation in operations:
        path = f"{prefix}{operation.name}"
        found.append(path)
        found.extend(paths(getattr(operation, "child_operations", None) or [], path + "/"))
    return found


def on_engine(
    body: Callable[[DurableContext], Any], drive: Callable[[Any, str], None] | None = None, seconds: int = 60
) -> Outcome:
    """Run `body` as a durable function; `drive(runner, arn)` may answer callbacks meanwhile."""
    invocations = 0

    @durable_execution
    def handler(event: Any, context: DurableContext) -> Any:
        nonlocal invocations
        invocations += 1
        return body(context)

    with DurableFunctionTestRunner(handler=handler, poll_interval=0.05, execution_timeout=seconds) as runner:
        if drive is None:
            result = runner.run(input=json.dumps({}))
        else:
            arn = runner.run_async(input=json.dumps({}))
            drive(runner, arn)
            result = runner.wait_for_result(arn, timeout=seconds)
    error = result.error
    return Outcome(
        result.status.name,
        json.loads(result.result) if result.result else None,
        error and error.type,
        error and error.message,
        error and error.data and json.loads(error.data),
        paths(result.operations),
        invocations,
    )
