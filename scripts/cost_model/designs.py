"""The four designs under comparison, each run for real on one event."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

import handler
from agent_workflow.agents import AgentSpec
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
        run: Runs an event to its end in the function's environment of this process; raises RunFailed without a report.
        prompt_cache: the function's PROMPT_CACHE. Default: off.
    """

    name: str
    run: Callable[[dict[str, Any]], Outcome]
    prompt_cache: str = "off"


def _call_level(event: dict[str, Any]) -> Outcome:
    """The unmodified handler."""
    result, invocations = _on_engine(handler.lambda_handler, event)
    return Outcome(result["report"], invocations, result["usage"])


def _agent_level(event: dict[str, Any]) -> Outcome:
    """The same agents, each in one plain step, as most samples do it; the engine runs a step again that failed."""

    @durable_execution
    def function(given: dict[str, Any], context: DurableContext) -> str:
        return _every_agent(given, lambda name, ask: str(context.step(lambda _: ask(), name=f"{name}-agent")))

    report, invocations = _on_engine(function, event)
    return Outcome(report, invocations, None)


def _on_engine(function: Callable[[Any, Any], Any], event: dict[str, Any]) -> tuple[Any, int]:
    """Result and invocations of `function` on AWS's local durable engine; waits between retries pass at once."""
    counted = _Counted(function)
    with DurableFunctionTestRunner(counted, poll_interval=0.01, skip_time=True) as runner:
        outcome = runner.run(input=json.dumps(event), execution_timeout=TIMEOUT_SECONDS)
    if outcome.result is None:
        raise RunFailed(f"{outcome.status.name}: {outcome.error}")
    return json.loads(outcome.result), counted.calls


def _plain(event: dict[str, Any]) -> Outcome:
    """A Lambda without checkpoints: whatever fails, the next invocation starts from the beginning."""
    for invocation in range(1, LAMBDA_TRIES + 1):
        try:
            return Outcome(_every_agent(event, lambda _, ask: ask()), invocation, None)
        except Exception as error:
            if invocation == LAMBDA_TRIES:
                raise RunFailed(f"{type(error).__name__}: {error}") from error
    raise AssertionError("unreachable")


def _every_agent(event: dict[str, Any], run: Callable[[str, Callable[[], str]], str]) -> str:
    """The last agent's text; `run` is given each agent's name and what asks it."""
    deployment = deployed()
    texts: dict[str, str] = {QUERY: event["query"]}
    for agent in deployment.agents:
        texts[agent.name] = run(agent.name, partial(_answer, agent, compose(agent.inputs, texts)))
    return texts[deployment.agents[-1].name]


def _answer(agent: AgentSpec, prompt: str) -> str:
    return str(build_agent(agent, deployed().settings)(prompt)).strip()


DESIGNS = (
    Design("traditional Lambda", _plain),
    Design("agent-level durability", _agent_level),
    Design("call-level durability", _call_level),
    Design("call-level, prompts cached", _call_level, prompt_cache="5m"),
)
"""The last one is what a deployment does by default."""


class _Counted:
    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.calls = 0
        self._function = function

    def __call__(self, event: Any, context: Any) -> Any:
        self.calls += 1
        return self._function(event, context)
