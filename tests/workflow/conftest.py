"""The unmodified handler on AWS's local durable runner, with scripted models in the place of Bedrock's."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.exceptions import InvocationError
from aws_durable_execution_sdk_python.execution import (
    DurableExecutionInvocationInputWithClient,
    InitialExecutionState,
)
from aws_durable_execution_sdk_python.lambda_service import Operation
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
from aws_durable_execution_sdk_python_testing.invoker import DEFAULT_TEST_FUNCTION_NAME as FUNCTION_NAME
from aws_durable_execution_sdk_python_testing.invoker import create_test_lambda_context

import handler
from agent_workflow import agent_runs, strands_agent
from agent_workflow.deployment import deployed
from durable_strands import AgentRun, run
from tests.fakes import FakeModel, declare_agents
from tests.workflow.flows import with_packaged_flow

AGENTS = ("research", "analysis", "summary")


class NoEngine:
    """The durable engine of a replay that must need none: a checkpoint is a failure."""

    def checkpoint(self, *_arguments: Any, **_named: Any) -> Any:
        raise AssertionError("a finished execution wrote a checkpoint when it was replayed")

    get_execution_state = checkpoint


class Pipeline:
    """The pipeline under test.

    Attributes:
        models: agent name -> its scripted model.
        invocations: how often Lambda called the handler; more than one means that it replayed.
        operations: what the last execution left in the durable engine.
        events: its history, as GetDurableExecutionHistory tells it.
        die_before: name of the agent's operation before which the first invocation dies. Default: it lives.
    """

    def __init__(self, environment: pytest.MonkeyPatch) -> None:
        self.models = {name: FakeModel(f"the {name}") for name in AGENTS}
        self.invocations = 0
        self.arn = ""
        self.operations: list[Operation] = []
        self.events: list[dict[str, Any]] = []
        self.die_before = ""
        self._environment = environment

    def set_environment(self, **variables: Any) -> None:
        for name, value in variables.items():
            self._environment.setenv(name, value if isinstance(value, str) else json.dumps(value))
        deployed.cache_clear()

    def run(self, event: Any) -> Any:
        """Run one execution to its end: the runner's status, result and error."""
        with DurableFunctionTestRunner(self._counted, poll_interval=0.05) as runner:
            runner.register_durable_function(FUNCTION_NAME, self._counted)  # which a batch starts again
            self.arn = runner.run_async(input=json.dumps(event), execution_timeout=60)
            outcome = runner.wait_for_result(self.arn, timeout=60)
            self.operations = list(runner._store.load(self.arn).operations)
            history = runner.get_execution_history(self.arn, include_execution_data=True)
            self.events = [event.to_dict() for event in history.events]
            return outcome

    def result(self, event: Any) -> dict[str, Any]:
        """The result of an execution that must succeed."""
        outcome = self.run(event)
        assert outcome.error is None, outcome.error
        result: dict[str, Any] = json.loads(outcome.result)
        return result

    def error(self, event: Any) -> Any:
        """The error of an execution that must fail."""
        outcome = self.run(event)
        assert outcome.error is not None, outcome.result
        return outcome.error

    def replay(self) -> dict[str, Any]:
        """Run the handler once more over everything the last execution left; it may not reach the engine."""
        event = DurableExecutionInvocationInputWithClient(
            durable_execution_arn=self.arn,
            checkpoint_token="none",
            initial_execution_state=InitialExecutionState(self.operations, ""),
            service_client=NoEngine(),
        )
        output: dict[str, Any] = handler.lambda_handler(event, create_test_lambda_context())
        return output

    @property
    def bytes_written(self) -> int:
        """Bytes of the results that the operations checkpointed."""
        details = [operation.step_details or operation.context_details for operation in self.operations]
        return sum(len((detail.result or "").encode()) for detail in details if detail)

    @property
    def names(self) -> list[str]:
        """Names of the operations, in the order they started."""
        return [operation.name or "" for operation in self.operations[1:]]

    @property
    def calls(self) -> dict[str, int]:
        """Model calls really made, by agent."""
        return {name: model.calls for name, model in self.models.items()}

    def run_agent(self, *arguments: Any, name: str, **choices: Any) -> AgentRun:
        """What the workflow calls for each agent: the real thing, unless the invocation is to die here."""
        if name == self.die_before and self.invocations == 1:
            raise InvocationError("the process was killed")
        return run(*arguments, name=name, **choices)

    def _counted(self, event: Any, context: Any) -> Any:
        self.invocations += 1
        # the runner gives every invocation the same id, Lambda a new one
        context = replace(context, aws_request_id=f"invocation-{self.invocations}")
        return handler.lambda_handler(event, context)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, three_agents: Path) -> Iterator[Pipeline]:
    """The handler with the three agents of the tests' own folder."""
    under_test = Pipeline(monkeypatch)
    monkeypatch.setenv("AGENTS_FOLDER", str(three_agents))
    monkeypatch.setattr(strands_agent, "build_model", lambda agent, _settings: under_test.models[agent.name])
    monkeypatch.setattr(agent_runs, "run", under_test.run_agent)
    deployed.cache_clear()
    yield under_test
    deployed.cache_clear()


@pytest.fixture
def packaged(pipeline: Pipeline, tmp_path: Path) -> Pipeline:
    """The same in the order of the packaged flow.py."""
    pipeline.set_environment(AGENTS_FOLDER=str(with_packaged_flow(declare_agents(tmp_path / "agents"))))
    return pipeline


@pytest.fixture
def as_packaged(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The same with everything that is packaged: agents, prompts and flow.py."""
    monkeypatch.delenv("AGENTS_FOLDER")
    deployed.cache_clear()
    return pipeline
