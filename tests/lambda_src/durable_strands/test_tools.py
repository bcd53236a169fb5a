"""Tools: parallel, waiting, failing, endless, oversized; each answered to the model, none run twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import Duration, WaitForCallbackConfig
from strands import Agent, tool
from strands.tools.executors import ConcurrentToolExecutor

from durable_strands import AgentFailed, Limits, ToolOptions, durable_tool, retry_transient, run, run_agent
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


def tool_results(agent):
    return [
        (block["toolResult"]["toolUseId"], block["toolResult"]["status"], str(block["toolResult"]["content"]))
        for message in agent.messages
        for block in message["content"]
        if "toolResult" in block
    ]


def run_with(tools, script, options=None, limits=None, drive=None, **agent_choices):
    """Run an agent with `tools`; returns the outcome, the model and the tool results the model was shown."""
    model = ScriptedModel(script)
    shown: list[tuple[str, str, str]] = []

    def body(context):
        agent = Agent(model=model, tools=tools, callback_handler=None, **agent_choices)
        result = run_agent(context, agent, "go", name="a", tools=options, limits=limits)
        shown[:] = tool_results(agent)
        return str(result).strip()

    return on_engine(body, drive), model, shown


@tool
def echo(text: str) -> str:
    """Echo.

    Args:
        text: What.
    """
    return text


def test_tools_of_one_turn_run_side_by_side_and_answer_in_the_models_order():
    barrier = threading.Barrier(3, timeout=20)

    @tool
    def meet(who: str) -> str:
        """Meet.

        Args:
            who: Who.
        """
        barrier.wait()
        return who

    uses = [tool_use("meet", f"id{n}", who=who) for n, who in enumerate("abc")]
    outcome, model, shown = run_with([meet], [uses, "done"])
    assert outcome.value == "done"
    assert [(use, text) for use, _, text in shown] == [
        ("id0", "[{'text': 'a'}]"), ("id1", "[{'text': 'b'}]"), ("id2", "[{'text': 'c'}]"),
    ]  # fmt: skip
    assert "a/tools-1" in outcome.names
    assert {name.rpartition("/")[2] for name in outcome.names} >= {"tool-1-meet", "tool-2-meet", "tool-3-meet"}
    assert model.calls == [0, 1]


def test_a_tool_waits_for_a_person_in_the_middle_of_the_loop_and_nothing_is_repeated():
    counted = []

    @tool
    def count(text: str) -> str:
        """Count.

        Args:
            text: What.
        """
        counted.append(text)
        return text

    @durable_tool
    def approve(context, question: str) -> str:
        """Ask a person.

        Args:
            question: What to ask.
        """
        config = WaitForCallbackConfig(timeout=Duration.from_minutes(5))
        return "approved by " + context.wait_for_callback(lambda _id, _ctx: None, name="approval", config=config)

    def answer(runner, arn):
        callback = runner.wait_for_callback(arn, name="approval create callback id", timeout=20)
        runner.send_callback_success(callback, b"Ana")

    uses = [tool_use("approve", "q", question="ok?"), tool_use("count", "c", text="x")]
    outcome, model, shown = run_with([approve, count], [uses, "published"], drive=answer)
    assert outcome.value == "published"
    assert outcome.invocations > 1, "the function must have been suspended while the person thought"
    assert shown[0] == ("q", "success", "[{'text': 'approved by Ana'}]")
    assert counted == ["x"]
    assert model.calls == [0, 1]


def test_the_trap_a_concurrent_executor_cannot_bypass_an_approval():
    """Under Strands' own executor the suspension is swallowed and the run succeeds without the person's answer."""

    @durable_tool
    def approve(context, question: str) -> str:
        """Ask a person.

        Args:
            question: What to ask.
        """
        return context.wait_for_callback(lambda _id, _ctx: None, name="approval")

    answered = threading.Event()

    def answer(runner, arn):
        callback = runner.wait_for_callback(arn, name="approval create callback id", timeout=20)
        answered.set()
        runner.send_callback_success(callback, b"no")

    uses = [tool_use("approve", "q", question="ok?"), tool_use("echo", "e", text="x")]
    outcome, _, shown = run_with([approve, echo], [uses, "done"], drive=answer, tool_executor=ConcurrentToolExecutor())
    assert answered.is_set()
    assert outcome.status == "SUCCEEDED"
    assert shown[0] == ("q", "success", "[{'text': 'no'}]")
    assert len(shown) == 2


def test_the_trap_is_real_without_this_package():
    """Guards the test above: the same agent under plain Strands does succeed with the approval unanswered."""
    model = ScriptedModel([[tool_use("approve", "q"), tool_use("echo", "e", text="x")], "done"])
    shown: list[tuple[str, str, str]] = []

    def body(context):
        @tool
        def approve() -> str:
            """Ask a person."""
            return context.wait_for_callback(lambda _id, _ctx: None, name="approval")

        agent = Agent(model=model, tools=[approve, echo], callback_handler=None)
        result = str(agent("go"))
        shown[:] = tool_results(agent)
        return result

    def nobody_answers(runner, arn):
        return None

    outcome = on_engine(body, nobody_answers)
    assert outcome.status == "SUCCEEDED"
    assert [use for use, _, _ in shown] == ["e"], "the approval's result is missing and nobody noticed"


def test_a_tool_that_raises_is_answered_to_the_model_and_not_run_again():
    runs = []

    @tool
    def broken() -> str:
        """Break."""
        runs.append(1)
        raise ValueError("no such table")

    outcome, _, shown = run_with([broken], [[tool_use("broken", "b")], "sorry"])
    assert outcome.value == "sorry"
    assert runs == [1]
    assert shown[0][1] == "error"
    assert "no such table" in shown[0][2]


def test_a_tool_with_a_retry_strategy_is_retried_suspended_then_answered_as_an_error():
    runs = []

    @tool
    def flaky() -> str:
        """Flake."""
        runs.append(1)
        raise ValueError("again")

    def always(error, attempts):
        from aws_durable_execution_sdk_python.retries import RetryDecision

        return RetryDecision.retry(Duration.from_seconds(1)) if attempts < 3 else RetryDecision.no_retry()

    outcome, model, shown = run_with([flaky], [[tool_use("flaky", "f")], "ok"], {"flaky": ToolOptions(retry=always)})
    assert outcome.value == "ok"
    assert runs == [1, 1, 1]
    assert outcome.invocations == 3
    assert model.calls == [0, 1]
    assert shown[0][1] == "error"


def test_a_result_that_is_too_large_is_an_error_for_the_model():
    @tool
    def dump() -> str:
        """Dump."""
        return "x" * 10_000_000

    outcome, _, shown = run_with([dump], [[tool_use("dump", "d")], "fine"])
    assert outcome.value == "fine"
    assert "a result may have at most" in shown[0][2]
    assert len(shown[0][2]) < 1000


@pytest.mark.parametrize("value", [{1, 2}, object()], ids=["a set", "an object"])
def test_a_json_block_that_is_not_json_is_refused_and_the_model_is_not_asked_again(value):
    @tool
    def dump() -> Any:
        """Dump."""
        return {"status": "success", "content": [{"json": {"value": value}}]}

    outcome, model, _ = run_with([dump], [[tool_use("dump", "d")], "never"])
    assert outcome.error_type == "UnsafeAgent"
    assert "'dump' cannot run durably: it returned what is not JSON" in outcome.error_message
    assert "a list for a set" in outcome.error_message
    assert model.calls == [0]


def test_a_tool_that_never_returns_is_given_up_after_its_timeout():
    release = threading.Event()

    @tool
    def hang() -> str:
        """Hang."""
        release.wait(30)
        return "late"

    try:
        outcome, _, shown = run_with(
            [hang], [[tool_use("hang", "h")], "went on"], {"hang": ToolOptions(timeout_seconds=0.2)}
        )
    finally:
        release.set()
    assert outcome.value == "went on"
    assert "did not return within 0.2 seconds" in shown[0][2]


def test_a_tool_that_calls_sys_exit_is_an_error_for_the_model():
    @tool
    def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    outcome, _, shown = run_with([leave], [[tool_use("leave", "l")], "still here"])
    assert outcome.value == "still here"
    assert shown[0][1] == "error"


def test_an_unknown_tool_and_wrong_arguments_are_answered_to_the_model():
    uses = [tool_use("nothing", "n"), tool_use("echo", "e", wrong=1)]
    outcome, _, shown = run_with([echo], [uses, "hm"])
    assert outcome.value == "hm"
    assert [status for _, status, _ in shown] == ["error", "error"]


def test_a_hook_that_cancels_one_tool_does_not_hold_up_the_others():
    from strands.hooks import BeforeToolCallEvent

    model = ScriptedModel([[tool_use("echo", "1", text="a"), tool_use("echo", "2", text="b")], "done"])
    shown: list[tuple[str, str, str]] = []

    def body(context):
        agent = Agent(model=model, tools=[echo], callback_handler=None)

        def veto(event: BeforeToolCallEvent) -> None:
            if event.tool_use["toolUseId"] == "1":
                event.cancel_tool = "vetoed"

        agent.add_hook(veto, BeforeToolCallEvent)
        result = str(run_agent(context, agent, "go", name="a")).strip()
        shown[:] = tool_results(agent)
        return result

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert [(use, text) for use, _, text in shown] == [("1", "[{'text': 'vetoed'}]"), ("2", "[{'text': 'b'}]")]


def test_a_model_that_loops_for_ever_is_stopped_with_the_usage_so_far():
    outcome, model, _ = run_with([echo], [[tool_use("echo", "e", text="x")]], limits=Limits(turns=4))
    assert outcome.status == "FAILED"
    assert outcome.error_type == "AgentLimitReached"
    assert outcome.error_data["usage"]["input_tokens"] == 400
    assert len(model.calls) == 4


def test_a_local_tool_may_opt_out_of_durability():
    outcome, _, _ = run_with([echo], [[tool_use("echo", "e", text="x")], "ok"], {"echo": ToolOptions(durable=False)})
    assert outcome.value == "ok"
    assert not any("tool" in name for name in outcome.names)


@pytest.mark.parametrize("turns", [0, -1, True, 1.5])
def test_fails_when_a_limit_is_not_a_positive_whole_number(turns):
    with pytest.raises(ValueError, match="turns must be a whole number of at least 1"):
        Limits(turns=turns)


def test_fails_when_a_tool_is_both_at_most_once_and_retried():
    with pytest.raises(ValueError, match="at_most_once excludes retry"):
        ToolOptions(at_most_once=True, retry=retry_transient())


def test_a_durable_tool_needs_a_parameter_for_the_context():
    with pytest.raises(TypeError, match="must take the durable context first"):
        durable_tool(lambda: None)


@pytest.mark.parametrize(("value", "told"), [("x" * 300_000, "a result may have at most"), ({"ok": 1}, "'ok': 1")])
def test_what_a_waiting_tool_returns_is_bounded_like_any_result(value, told):
    @durable_tool
    def answer(context):
        """Answer."""
        return value

    outcome, _, shown = run_with([answer], [[tool_use("answer", "a")], "fine"])
    assert outcome.value == "fine"
    assert told in shown[0][2]
    assert len(shown[0][2]) < 1000


def test_fails_when_two_branches_share_one_agent():
    started = threading.Barrier(2, timeout=10)

    @tool
    def meet() -> str:
        """Meet."""
        started.wait()
        return "met"

    agent = Agent(model=ScriptedModel([[tool_use("meet", "m")], "x"]), tools=[meet], callback_handler=None)

    def body(context):
        def branch(child):
            try:
                return run(child, lambda: agent, "go", name="shared").text
            except AgentFailed as failure:
                started.wait()  # lets the branch that runs go on
                return [type(failure).__name__, failure.message]

        return sorted(map(str, context.parallel([branch, branch], name="both").get_results()))

    outcome = on_engine(body)
    assert outcome.value == [
        "['UnsafeAgent', \"agent 'Strands Agents' is running already; build one per branch\"]",
        "x",
    ]
