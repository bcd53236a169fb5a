"""An agent suspended in the middle ends as under bare Strands: conversation, states, exceptions, calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import Duration
from pydantic import BaseModel, Field, SecretStr, field_validator
from strands import Agent, ToolContext, tool
from strands.agent.conversation_manager import SlidingWindowConversationManager, SummarizingConversationManager
from strands.hooks import AfterInvocationEvent, AfterModelCallEvent, AfterToolCallEvent, AfterToolsEvent
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException
from strands.vended_tools.stop import stop

from durable_strands import Limits, ToolOptions, durable_agent_tool, durable_tool, idempotency_key, retry_any, run_agent
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


def talk(agent):
    return [[message["role"], json.dumps(message["content"], sort_keys=True)] for message in agent.messages]


def throttled(turn):
    return {turn: [ModelThrottledException("slow")]}


@tool
def echo(text: str) -> str:
    """Echo.

    Args:
        text: What.
    """
    return text


@pytest.mark.parametrize("shared", [True, False], ids=["module level", "built anew"])
def test_a_trimmed_conversation_is_what_bare_strands_leaves(shared):
    script = [[tool_use("echo", f"i{n}", text=str(n))] for n in range(6)] + ["one", "two"]

    def build(faults=None):
        manager = SlidingWindowConversationManager(window_size=4)
        model = ScriptedModel(script, faults)
        return Agent(model=model, tools=[echo], conversation_manager=manager, callback_handler=None)

    bare = build()
    bare("first")
    bare("second")
    held, fault = build(), throttled(2)
    held.model.faults = fault

    def body(context):
        agent = held if shared else build(fault)
        run_agent(context, agent, "first", name="a")
        context.wait(Duration.from_seconds(1), name="pause")
        run_agent(context, agent, "second", name="b")
        return [talk(agent), agent.conversation_manager.get_state()]

    outcome = on_engine(body)
    assert outcome.invocations == 3
    assert outcome.value == [talk(bare), bare.conversation_manager.get_state()]


def test_a_warm_process_does_not_double_the_conversation_nor_lose_what_the_caller_adds():
    model = ScriptedModel(["one", "two"])
    agent = Agent(model=model, callback_handler=None)

    def body(context):
        agent.messages.append({"role": "user", "content": [{"text": "before"}]})
        run_agent(context, agent, "first", name="a")
        context.wait(Duration.from_seconds(1), name="pause")
        run_agent(context, agent, "second", name="b")
        return [json.loads(content)[0]["text"] for _, content in talk(agent)]

    outcome = on_engine(body)
    assert outcome.value == ["before", "first", "one ", "second", "two "]


def test_states_that_tools_set_survive_a_suspension_and_the_end_of_the_run():
    @tool(context=True)
    def count(tool_context: ToolContext) -> str:
        """Count."""
        agent, state = tool_context.agent, tool_context.invocation_state
        agent.state.set("n", (agent.state.get("n") or 0) + 1)
        state["seen"] = [*state.get("seen", []), agent.state.get("n")]
        return "counted"

    model = ScriptedModel([[tool_use("count", f"c{n}")] for n in range(3)] + ["done"], throttled(2))

    def body(context):
        agent, state = Agent(model=model, tools=[count], callback_handler=None), {"handle": object()}
        result = run_agent(context, agent, "go", name="a", invocation_state=state)
        context.wait(Duration.from_seconds(1), name="pause")
        return [agent.state.get("n"), state["seen"], str(result).strip()]

    outcome = on_engine(body)
    assert outcome.invocations == 3
    assert outcome.value == [3, [1, 2, 3], "done"]
    assert model.calls == [0, 1, 2, 2, 3]


def test_a_stop_tool_beside_a_tool_that_waits_is_not_forgotten():
    @durable_tool
    def pause(context) -> str:
        """Wait."""
        context.wait(Duration.from_seconds(1), name="nap")
        return "rested"

    uses = [tool_use("stop", "s", message="that is all"), tool_use("pause", "p")]
    model = ScriptedModel([uses, "never"])

    def body(context):
        agent = Agent(model=model, tools=[stop, pause], callback_handler=None)
        result = run_agent(context, agent, "go", name="a")
        return [result.stop_reason, str(result).strip()]

    outcome = on_engine(body)
    assert outcome.value == ["cancelled", "that is all"]
    assert outcome.invocations == 2
    assert model.calls == [0]


def test_a_hook_sees_what_the_tool_raised_on_every_pass_and_may_try_it_again():
    made, seen = [], []

    @tool
    def flaky() -> str:
        """Flake."""
        made.append(1)
        if len(made) < 3:
            raise ConnectionResetError(104, "reset by peer")
        return "ok"

    model = ScriptedModel([[tool_use("flaky", "f"), tool_use("echo", "e", text="x")], "done"], throttled(1))

    def body(context):
        agent = Agent(model=model, tools=[flaky, echo], callback_handler=None)

        def again(event: AfterToolCallEvent) -> None:
            if isinstance(event.exception, OSError):
                seen.append((type(event.exception), event.exception.errno))
                event.retry = True

        agent.add_hook(again, AfterToolCallEvent)
        return str(run_agent(context, agent, "go", name="a")).strip()

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert len(made) == 3
    assert seen == [(ConnectionResetError, 104)] * 4, "two failures, seen in each of two passes"


def test_a_hook_may_answer_the_failure_of_a_model_with_another_model():
    first, second = ScriptedModel(["x"], {0: [ModelThrottledException("no")] * 9}), ScriptedModel(["from the second"])

    def body(context):
        agent = Agent(model=first, callback_handler=None)

        def fall_back(event: AfterModelCallEvent) -> None:
            if isinstance(event.exception, ModelThrottledException):
                event.agent.model, event.retry = second, True

        agent.add_hook(fall_back, AfterModelCallEvent)
        return str(run_agent(context, agent, "go", name="a")).strip()

    outcome = on_engine(body)
    assert outcome.value == "from the second"
    assert (first.calls, second.calls) == ([0, 0, 0], [0])


def test_the_calls_of_a_summary_are_steps_in_the_ledger_and_in_the_budget():
    script = [[tool_use("echo", f"i{n}", text="long")] for n in range(7)] + ["done"]
    faults = {6: [ContextWindowOverflowException("full")], **throttled(5)}
    model, aux, watcher = ScriptedModel(script, faults), ScriptedModel(["a summary"]), Watcher()

    def body(context):
        watcher.start_pass()
        manager = SummarizingConversationManager(preserve_recent_messages=2)
        agent = Agent(model=model, aux_model=aux, tools=[echo], conversation_manager=manager, callback_handler=None)
        result = run_agent(context, agent, "go", name="a", observer=watcher)
        context.wait(Duration.from_seconds(1), name="pause")
        return str(result).strip()

    outcome = on_engine(body)
    assert outcome.status == "SUCCEEDED", outcome.error_message
    assert "a/direct-model-1" in outcome.names
    assert "direct-model-1" in watcher.before
    asked = [record.name for record in watcher.returned if record.kind == "model"]
    assert len(model.calls) + len(aux.calls) == len(asked) + 2, "each once, but the throttled and the refused one"
    assert len(aux.calls) == 1


def test_an_agent_asked_by_a_hook_is_made_of_steps_named_after_it():
    judge, model, watcher = ScriptedModel(["fine"]), ScriptedModel(["draft"]), Watcher()

    def body(context):
        watcher.start_pass()
        agent = Agent(model=model, callback_handler=None)
        critic = Agent(name="Critic", model=judge, callback_handler=None)

        def review(event: AfterInvocationEvent) -> None:
            critic("is it good?")

        agent.add_hook(review, AfterInvocationEvent)
        run_agent(context, agent, "go", name="a", observer=watcher)
        context.wait(Duration.from_seconds(1), name="pause")

    outcome = on_engine(body)
    assert outcome.names[:3] == ["a", "a/model-1", "a/critic-model-1"]
    assert judge.calls == [0]
    assert [record.name for record in watcher.returned] == ["model-1", "critic-model-1"]


@pytest.mark.parametrize("made", [durable_agent_tool, lambda agent: agent, lambda agent: agent.as_tool()])
def test_an_agent_as_a_tool_pays_each_of_its_calls_once_and_they_are_in_the_ledger(made):
    inner, watcher, echoed = ScriptedModel([[tool_use("note", "n")], "found"], throttled(1)), Watcher(), []
    outer = ScriptedModel([[tool_use("writer", "w", input="write")], "done"], throttled(1))

    @tool
    def note() -> str:
        """Note."""
        echoed.append(1)
        return "noted"

    def body(context):
        watcher.start_pass()
        writer = Agent(name="writer", model=inner, tools=[note], callback_handler=None)
        agent = Agent(model=outer, tools=[made(writer)], callback_handler=None)
        result = run_agent(context, agent, "go", name="a", observer=watcher)
        return [str(result).strip(), len(writer.messages), result.metrics.accumulated_usage["inputTokens"]]

    outcome = on_engine(body)
    assert outcome.value == ["done", 4, 400]
    assert (outer.calls, inner.calls, echoed) == ([0, 1, 1], [0, 1, 1], [1])
    assert [record.name for record in watcher.returned] == [
        "model-1", "tool-1-writer/model-1", "tool-1-writer/tool-1-note", "tool-1-writer/model-2", "tool-1-writer",
        "model-2",
    ]  # fmt: skip
    assert "tool-1-writer/model-2" in watcher.before


def test_an_agent_called_inside_a_tools_step_is_refused_by_name_and_may_run_outside_steps():
    inner = ScriptedModel(["found"])

    @tool
    def ask() -> str:
        """Ask."""
        return str(Agent(name="helper", model=inner, callback_handler=None)("find"))

    def ending(options):
        def body(context):
            agent = Agent(model=ScriptedModel([[tool_use("ask", "a")], "done"]), tools=[ask], callback_handler=None)
            return str(run_agent(context, agent, "go", name="a", tools=options)).strip()

        return on_engine(body)

    refused = ending({})
    assert refused.error_type == "UnsafeAgent"
    assert "tool 'ask' cannot run durably: it calls agent 'helper' inside its own step" in refused.error_message
    assert inner.calls == []
    outside = ending({"ask": ToolOptions(durable=False)})
    assert outside.value == "done"
    assert "a/helper-model-1" in outside.names
    assert inner.calls == [0]


def test_delegation_and_a_turn_ended_by_a_hook_are_answers():
    billing = Agent(name="billing", model=ScriptedModel(["42 USD"]), callback_handler=None)

    def body(context):
        delegating = Agent(
            model=ScriptedModel([[tool_use("billing", "b", input="how much")]]),
            tools=[billing.as_tool(delegate=True)],
            callback_handler=None,
        )
        ended = Agent(model=ScriptedModel([[tool_use("echo", "e", text="x")]]), tools=[echo], callback_handler=None)
        ended.add_hook(lambda event: setattr(event, "end_turn", "enough"), AfterToolsEvent)
        return [str(run_agent(context, each, "go", name=f"a{n}")).strip() for n, each in enumerate((delegating, ended))]

    assert on_engine(body).value == ["42 USD", "enough"]


@pytest.mark.parametrize("foreign", [{"$bytes": "abc"}, {"$bytes": 5}, {"$json": {"a": 1}}, {"x": {"$bytes": "QQ=="}}])
def test_json_that_looks_like_a_mark_comes_back_as_it_was(foreign):
    shown: list[Any] = []

    @tool
    def fetch(given: dict) -> dict:
        """Fetch.

        Args:
            given: What.
        """
        return {"status": "success", "content": [{"json": foreign}, {"text": "é" * 3}]}

    model = ScriptedModel([[tool_use("fetch", "f", given=foreign)], "done"], throttled(1))

    def body(context):
        agent = Agent(model=model, tools=[fetch], callback_handler=None)
        run_agent(context, agent, "go", name="a")
        shown[:] = [agent.messages[1]["content"][0]["toolUse"]["input"], agent.messages[2]["content"][0]["toolResult"]]

    assert on_engine(body).status == "SUCCEEDED"
    assert shown[0] == {"given": foreign}
    assert shown[1]["content"] == [{"json": foreign}, {"text": "ééé"}]


class Price(BaseModel):
    amount: str = Field(alias="amountText")
    key: SecretStr
    note: str = Field(default="", exclude=True)

    @field_validator("amount")
    @classmethod
    def dollar(cls, value: str) -> str:
        return f"${value}"


def test_structured_output_with_alias_secret_and_a_changing_validator_is_equal_on_every_pass():
    model = ScriptedModel([[tool_use("Price", "p", amountText="5", key="s3", note="n")]])

    def body(context):
        agent = Agent(model=model, callback_handler=None)
        price = run_agent(context, agent, "go", name="a", structured_output_model=Price).structured_output
        assert isinstance(price, Price)
        context.wait(Duration.from_seconds(1), name="pause")
        return [price.amount, price.key.get_secret_value(), price.note]

    assert on_engine(body).value == ["$5", "s3", "n"]


def test_interrupts_of_tools_and_hooks_wait_as_callbacks_and_get_their_own_answers():
    told, published = [], []

    @tool(context=True)
    def publish(text: str, tool_context: ToolContext) -> str:
        """Publish.

        Args:
            text: What.
        """
        answer = tool_context.interrupt("approve", reason={"text": text})
        published.append((text, answer))
        return f"{text}: {answer}"

    uses = [tool_use("publish", f"p{n}", text=text) for n, text in enumerate("ab")]
    model = ScriptedModel([uses, "done"], throttled(1))

    def notify(callback_id, interrupt):
        told.append((callback_id, interrupt.reason["text"]))

    def answer(runner, arn):
        for number in (1, 2):
            callback = runner.wait_for_callback(arn, name=f"interrupt-{number}", timeout=20)
            runner.send_callback_success(callback, json.dumps({"by": f"Ana-{number}"}).encode())

    def body(context):
        agent = Agent(model=model, tools=[publish], callback_handler=None)
        return str(run_agent(context, agent, "go", name="a", interrupts=notify)).strip()

    outcome = on_engine(body, answer)
    assert outcome.value == "done", outcome.error_message
    assert sorted(text for _, text in told) == ["a", "b"]
    assert sorted(published, key=str) == [("a", {"by": "Ana-1"}), ("b", {"by": "Ana-2"})]
    assert model.calls == [0, 1, 1]


def test_a_tool_that_registers_a_tool_is_refused_by_name():
    @tool(context=True)
    def grow(tool_context: ToolContext) -> str:
        """Grow."""
        tool_context.agent.tool_registry.register_tool(echo)
        return "grown"

    def body(context):
        agent = Agent(model=ScriptedModel([[tool_use("grow", "g")], "x"]), tools=[grow], callback_handler=None)
        run_agent(context, agent, "go", name="a")

    outcome = on_engine(body)
    assert outcome.error_type == "UnsafeAgent"
    assert "tool 'grow' cannot run durably: it registers or removes tools (echo)" in str(outcome.error_message)


def test_a_tool_may_call_another_tool_of_its_agent():
    @tool(context=True)
    def both(tool_context: ToolContext) -> str:
        """Both."""
        return str(tool_context.agent.tool.echo(text="inner", record_direct_tool_call=False))

    model = ScriptedModel([[tool_use("both", "b")], "done"], throttled(1))

    def body(context):
        agent = Agent(model=model, tools=[both, echo], callback_handler=None)
        return str(run_agent(context, agent, "go", name="a", limits=Limits(turns=3))).strip()

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert model.calls == [0, 1, 1]


def test_a_tool_has_one_key_for_all_tries_of_a_call_and_another_for_each_call():
    keys = []

    @tool
    def pay() -> str:
        """Pay."""
        keys.append(idempotency_key())
        if len(keys) == 1:
            raise ConnectionError("lost")
        return "paid"

    model = ScriptedModel([[tool_use("pay", "a")], [tool_use("pay", "b")], "done"], throttled(1))
    options = {"pay": ToolOptions(retry=retry_any())}

    def body(context):
        agent = Agent(model=model, tools=[pay], callback_handler=None)
        return str(run_agent(context, agent, "go", name="a", tools=options)).strip()

    assert on_engine(body).value == "done"
    assert [keys.index(key) for key in keys] == [0, 0, 2]
    with pytest.raises(RuntimeError, match="inside a tool that runs as a durable step"):
        idempotency_key()
