"""What an observer is told, and what a failure carries, is what was paid: in branches, nested agents, mended calls."""

from __future__ import annotations

import pytest
from aws_durable_execution_sdk_python.config import Duration
from strands import Agent, tool
from strands.hooks import AfterModelCallEvent

from durable_strands import (
    AgentFailed,
    CallRecord,
    Limits,
    Usage,
    durable_agent_tool,
    map_agents,
    never_retry,
    run,
    run_agent,
)
from durable_strands.errors import AgentCancelled, ModelTimedOut, rebuild
from durable_strands.records import FAILED, condensed, total_usage, unknown_calls
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


@tool
def echo(text: str) -> str:
    """Echo.

    Args:
        text: What.
    """
    return text


def names(records):
    return sorted(f"{record.agent}/{record.name}" for record in records)


def branch(context, item, observer):
    model = ScriptedModel([[tool_use("echo", "i", text="x")], "done"])
    model.faults = {1: [AgentCancelled("no")]} if item == "bad" else {}
    agent = Agent(model=model, tools=[echo], callback_handler=None)
    text = str(run_agent(context, agent, item, name=f"agent-{item}", observer=observer)).strip()
    if item == "slow":
        context.wait(Duration.from_seconds(1), name="pause")
    return f"{item} {text}"


def test_an_observer_is_told_of_branches_that_finished_in_an_earlier_pass():
    watcher, passes = Watcher(), []

    def body(context):
        watcher.start_pass()
        results = map_agents(context, ["a", "slow", "c"], branch, name="all", observer=watcher)
        passes.append(names(watcher.returned))
        context.wait(Duration.from_seconds(1), name="later")
        return results

    outcome = on_engine(body)
    assert outcome.value == ["a done", "slow done", "c done"]
    assert outcome.invocations == 3
    assert passes == [names(watcher.made)] * 2
    assert len(watcher.made) == 9


def test_a_branch_that_failed_is_told_too_and_ends_the_map_after_the_others():
    watcher, passes = Watcher(), []

    def body(context):
        watcher.start_pass()
        try:
            map_agents(context, ["bad", "slow"], branch, name="all", observer=watcher, max_concurrency=1)
        except AgentFailed as failure:
            passes.append([names(watcher.returned), failure.error_type, failure.usage.input_tokens])
            context.wait(Duration.from_seconds(1), name="later")

    outcome = on_engine(body)
    assert outcome.invocations == 3
    assert passes == [[names(watcher.made), "AgentCancelled", 100]] * 2
    assert len(watcher.made) == 5


def test_what_a_call_cost_that_a_hook_asked_again_stays_in_the_ledger():
    watcher = Watcher()
    asked: list[int] = []

    def again(event):
        event.retry = event.exception is not None

    def body(context):
        watcher.start_pass()
        model = ScriptedModel(["done"], {0: [ModelTimedOut("late")]} if not asked else None)
        asked.append(1)
        agent = Agent(model=model, callback_handler=None)
        agent.add_hook(again, AfterModelCallEvent)
        finished = run(context, lambda: agent, "go", name="a", observer=watcher, retry=never_retry)
        context.wait(Duration.from_seconds(1), name="pause")
        return [finished.unknown_calls, [record.kind for record in finished.calls], watcher.before]

    outcome = on_engine(body)
    assert outcome.value == [1, [FAILED, "model"], ["model-1", "model-2"]]
    assert [(record.name, record.usage) for record in watcher.returned] == [
        ("model-1", None), ("model-2", Usage(100, 10)),
    ]  # fmt: skip


def test_a_budget_sees_a_call_of_unknown_cost_before_the_next_one():
    class Strict(Watcher):
        def before_model_call(self, agent, call):
            if unknown_calls(self.returned):
                raise AgentCancelled("unknown cost")

    watcher = Strict()

    def body(context):
        agent = Agent(model=ScriptedModel(["done"], {0: [ModelTimedOut("late")]}), callback_handler=None)
        agent.add_hook(lambda event: setattr(event, "retry", event.exception is not None), AfterModelCallEvent)
        run(context, lambda: agent, "go", name="a", observer=watcher, retry=never_retry)

    outcome = on_engine(body)
    assert str(outcome.error_type).endswith("AgentCancelled")
    assert outcome.error_data["unknown_calls"] == 1


def test_a_failure_that_nobody_mends_is_counted_once():
    def body(context):
        agent = Agent(model=ScriptedModel(["done"], {0: [ModelTimedOut("late")]}), callback_handler=None)
        run(context, lambda: agent, "go", name="a", retry=never_retry)

    outcome = on_engine(body)
    assert (outcome.error_data["unknown_calls"], outcome.error_data["calls"]) == (1, [])


@pytest.mark.parametrize("limit", [1, 3])
def test_a_failure_below_an_agent_that_is_a_tool_knows_every_call(limit):
    """Also in a pass in which nothing runs any more."""

    class Stopping(Watcher):
        def before_model_call(self, agent, call):
            if sum(record.kind == "model" for record in self.returned) == limit:
                raise AgentCancelled("enough")

    watcher = Stopping()

    def body(context):
        watcher.start_pass()
        loop = ScriptedModel([[tool_use("echo", f"i{n}", text="x")] for n in range(9)])
        inner = Agent(model=loop, tools=[echo], name="inner", callback_handler=None)
        outer = Agent(
            model=ScriptedModel([[tool_use("inner", "t", input="go")], "done"]),
            tools=[durable_agent_tool(inner)],
            callback_handler=None,
        )
        try:
            run(context, lambda: outer, "go", name="a", observer=watcher, limits=Limits(turns=9))
        except AgentFailed as failure:
            told = names(watcher.returned)
            context.wait(Duration.from_seconds(1), name="pause")
            return [names(failure.calls) == told == names(watcher.made), failure.usage.input_tokens]
        return []

    outcome = on_engine(body)
    assert outcome.invocations == 2
    assert outcome.value == [True, 100 * limit]


def many(count):
    records = [
        CallRecord("a-agent", f"model-{n}", "model", f"model {n % 2}", Usage(n, 1) if n % 10 else None, 3, 1 + n % 3)
        for n in range(count)
    ]
    return (*records, *(CallRecord("a-agent", f"tool-{n}-x", "tool", attempts=2) for n in range(count)))


def test_a_failure_whose_calls_do_not_fit_keeps_the_sums_of_each_agent_and_model():
    calls = many(400)
    failure = rebuild(AgentCancelled("enough", calls=calls))
    assert failure.data is not None
    assert len(failure.data.encode()) < 16_384
    assert failure.calls == condensed(calls)
    assert (failure.usage, failure.unknown_calls) == (total_usage(calls), 40)
    assert (total_usage(failure.calls), unknown_calls(failure.calls)) == (total_usage(calls), 40)
    assert sum(call.count for call in failure.calls) == 800
    assert sum(call.attempts for call in failure.calls) == sum(call.attempts for call in calls)
    assert {(call.kind, call.model_id) for call in failure.calls} == {
        ("model", "model 0"), ("model", "model 1"), ("tool", None),
    }  # fmt: skip


def test_accented_text_takes_its_own_size_in_a_failure():
    failure = AgentCancelled("x", details={"text": "é" * 6_000}, calls=many(2))
    assert rebuild(failure).calls == many(2)
