"""The three designs under comparison, each run for real on one event."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

import handler
from agent_workflow.deployment import deployed
from agent_workflow.inputs import QUERY, compose
from agent_workflow.strands_agent import build_agent

LAMBDA_TRIES = 3
"""An asynchronous invocation is tried three times."""

TIMEOUT_SECONDS = 60


class RunFailed(RuntimeError):
    """A run under comparison did not produce its report."""


@dataclass(frozen=True)
class Outcome:
    """What one run came to.

    Attributes:
        report: the last agent's text.
        invocations: how often the function was started.
        usage: the ledger in the result; None for a design that keeps none.
    """

    report: str
    invocations: int
    usage: dict[str, Any] | None


@dataclass(frozen=True)
class Design:
    """A way to run the same agents.

    Attributes:
        name: as in the tables.
        durability: DURABILITY of the function; None for a plain one.
    """

    name: str
    durability: str | None

    def run(self, event: dict[str, Any]) -> Outcome:
        """Run `event` to its end in the function's environment of this process.

        Raises:
            RunFailed: it ended without a report.
        """
        return _plain(event) if self.durability is None else _durable(event)


DESIGNS = (
    Design("traditional Lambda", None),
    Design("agent-level durability", "agent"),
    Design("call-level durability", "call"),
)


def _durable(event: dict[str, Any]) -> Outcome:
    """The unmodified handler on AWS's local durable engine; waits between retries pass at once."""
    counted = _Counted(handler.lambda_handler)
    with DurableFunctionTestRunner(counted, poll_interval=0.01, skip_time=True) as runner:
        outcome = runner.run(input=json.dumps(event), execution_timeout=TIMEOUT_SECONDS)
    if outcome.result is None:
        raise RunFailed(f"{outcome.status.name}: {outcome.error}")
    result = json.loads(outcome.result)
    return Outcome(result["report"], counted.calls, result["usage"])


def _plain(event: dict[str, Any]) -> Outcome:
    """A Lambda without checkpoints: whatever fails, the next invocation starts from the beginning."""
    for invocation in range(1, LAMBDA_TRIES + 1):
        try:
            return Outcome(_every_agent(event), invocation, None)
        except Exception as error:
            if invocation == LAMBDA_TRIES:
                raise RunFailed(f"{type(error).__name__}: {error}") from error
    raise AssertionError("unreachable")


def _every_agent(event: dict[str, Any]) -> str:
    deployment = deployed()
    texts: dict[str, str] = {QUERY: event["query"]}
    for agent in deployment.agents:
        answer = build_agent(agent, deployment.settings)(compose(agent.inputs, texts))
        texts[agent.name] = str(answer).strip()
    return texts[deployment.agents[-1].name]


class _Counted:
    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.calls = 0
        self._function = function

    def __call__(self, event: Any, context: Any) -> Any:
        self.calls += 1
        return self._function(event, context)
