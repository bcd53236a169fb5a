"""testing.py: what its users rely on."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration
from strands import Agent, tool
from strands.types.exceptions import ModelThrottledException

from durable_strands import durable_tool, run_agent
from durable_strands.testing import EVERY_CALL, Reply, ScriptedModel, run_locally, suspended

SEARCH = Reply(tool_uses=[("search", {"query": "a"}), ("search", {"query": "b"})])


class Function:
    """A function whose handler builds its agent anew in each invocation, as a new process does."""

    def __init__(self, *script: Reply | Exception | str) -> None:
        self.model, self.built = ScriptedModel(*script), 0
        self.searched: list[str] = []
        self.handler = durable_execution(self._run)

    def _run(self, event, context):
        @tool
        def search(query: str) -> str:
            """Search."""
            self.searched.append(query)
            return f"found {query}"

        self.built += 1
        agent = Agent(model=self.model, tools=[search], callback_handler=None, system_prompt="be brief")
        return {
            "text": str(run_agent(context, agent, event["ask"], name="clerk")).strip(),
            "turns": len(agent.messages),
        }


def test_a_script_of_tool_calls_and_an_answer_runs_without_a_suspension():
    function = Function(SEARCH, "done")
    run = run_locally(function.handler, {"ask": "go"})
    assert (run.status, run.value, run.error_type) == ("SUCCEEDED", {"text": "done", "turns": 4}, None)
    assert (function.model.calls, sorted(function.searched), run.invocations) == (2, ["a", "b"], 1)
    assert run.names[:2] == ["clerk", "clerk/model-1"]
    assert "clerk/tools-1/tool-1-search" in run.names
    assert [len(messages) for messages in function.model.requests] == [1, 3]
    assert function.model.system_prompts == ["be brief"] * 2


@pytest.mark.parametrize("at", [1, 2, 3, 4, EVERY_CALL])
def test_a_suspension_before_any_call_repeats_nothing_and_replays_with_a_fresh_agent(at: int):
    function = Function(SEARCH, "done")
    run = run_locally(function.handler, {"ask": "go"}, suspend_at=at)
    assert run.value == {"text": "done", "turns": 4}
    assert (function.model.calls, sorted(function.searched)) == (2, ["a", "b"])
    assert run.invocations == function.built >= 2


@pytest.mark.parametrize("at", [-1, 1.0, True, "every"])
def test_fails_when_the_call_to_suspend_at_is_no_number(at):
    with pytest.raises(ValueError, match="suspend_at must be a whole number of at least 0"):
        run_locally(Function("done").handler, {"ask": "go"}, suspend_at=at)


def test_fails_when_no_call_was_there_to_suspend_at():
    with pytest.raises(ValueError, match="at most the number of calls, 1, got 2"):
        run_locally(Function("done").handler, {"ask": "go"}, suspend_at=2)


def test_an_exception_in_the_script_is_classified_retried_and_counted_like_a_providers():
    function = Function(ModelThrottledException("slow"), "done")
    assert run_locally(function.handler, {"ask": "go"}).value["text"] == "done"
    assert function.model.calls == 2


def test_the_last_entry_repeats_and_a_failure_is_told_with_its_type_and_what_was_spent():
    function = Function(SEARCH, ModelThrottledException("slow"))
    run = run_locally(function.handler, {"ask": "go"})
    assert (run.status, run.value, run.error_type) == ("FAILED", None, "ModelThrottled")
    assert (run.error_data["usage"]["input_tokens"], function.model.calls) == (100, 1 + 3)


def test_waits_of_days_pass_at_once_and_a_callback_is_answered_by_the_driver():
    @durable_tool
    def ask(context, question: str) -> str:
        """Ask a person."""
        context.wait(Duration.from_days(3), name="weekend")
        return context.wait_for_callback(lambda callback_id, _context: asked.put(callback_id), name="person")

    asked: SimpleQueue[str] = SimpleQueue()

    model = ScriptedModel(Reply(tool_uses=[("ask", {"question": "?"})]), "they agreed")

    @durable_execution
    def handler(_event, context):
        return str(
            run_agent(context, Agent(model=model, tools=[ask], callback_handler=None), "go", name="clerk")
        ).strip()

    def drive(runner, _arn):
        runner.send_callback_success(asked.get(timeout=50), json.dumps("yes").encode())

    run = run_locally(handler, drive=drive)
    assert (run.value, model.calls) == ("they agreed", 2)
    assert "yes" in json.dumps(model.requests[1])


def test_two_suspended_runs_at_once_do_not_suspend_each_other():
    functions = [Function(SEARCH, "done") for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda each: run_locally(each.handler, {"ask": "go"}, suspend_at=1), functions))
    assert [run.invocations for run in runs] == [2, 2]


def test_a_block_counts_the_steps_of_a_run_that_its_user_drives():
    function = Function("done")
    with suspended(1) as begun:
        run = run_locally(function.handler, {"ask": "go"})
    assert (run.invocations, begun()) == (2, 1)
    assert run_locally(Function("done").handler, {"ask": "go"}).invocations == 1
