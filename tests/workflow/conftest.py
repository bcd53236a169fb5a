"""The unmodified handler on AWS's local durable runner, with scripted models in the place of Bedrock's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

import handler
from agent_workflow import strands_agent
from agent_workflow.deployment import deployed
from tests.fakes import FakeModel

AGENTS = ("research", "analysis", "summary")


class Pipeline:
    """The pipeline under test.

    Attributes:
        models: agent name -> its scripted model.
        invocations: how often Lambda called the handler; more than one means that it replayed.
    """

    def __init__(self, environment: pytest.MonkeyPatch) -> None:
        self.models = {name: FakeModel(f"the {name}") for name in AGENTS}
        self.invocations = 0
        self.arn = ""
        self._environment = environment

    def set_environment(self, **variables: Any) -> None:
        for name, value in variables.items():
            self._environment.setenv(name, value if isinstance(value, str) else json.dumps(value))
        deployed.cache_clear()

    def run(self, event: Any) -> Any:
        """Run one execution to its end; the runner's result with status, result, error and operations."""
        with DurableFunctionTestRunner(self._counted, poll_interval=0.05) as runner:
            self.arn = runner.run_async(input=json.dumps(event), execution_timeout=60)
            outcome = runner.wait_for_result(self.arn, timeout=60)
            self.history = runner.get_execution_history(self.arn, include_execution_data=True).events
            return outcome

    def result(self, event: Any) -> dict[str, Any]:
        """The result of an execution that must succeed."""
        outcome = self.run(event)
        assert outcome.error is None, outcome.error
        return json.loads(outcome.result)

    def error(self, event: Any) -> Any:
        """The error of an execution that must fail."""
        outcome = self.run(event)
        assert outcome.error is not None, outcome.result
        return outcome.error

    @property
    def calls(self) -> dict[str, int]:
        """Model calls really made, by agent."""
        return {name: model.calls for name, model in self.models.items()}

    def _counted(self, event: Any, context: Any) -> Any:
        self.invocations += 1
        return handler.lambda_handler(event, context)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    under_test = Pipeline(monkeypatch)
    monkeypatch.setattr(strands_agent, "build_model", lambda agent, _settings: under_test.models[agent.name])
    deployed.cache_clear()
    yield under_test
    deployed.cache_clear()
