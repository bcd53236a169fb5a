"""What an observer is told around each try of a model call, inside its step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from strands import Agent, tool
from strands.types.exceptions import ModelThrottledException

from durable_strands import AgentFailed, Observer, Usage, map_agents, run
from durable_strands.attempts import Attempt, most_tokens
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use

TIMED_OUT = ReadTimeoutError(endpoint_url="http://model")


class Meter(Observer):
    """Notes each try, and what it was billed."""

    def __init__(self) -> None:
        self.begun: list[Attempt] = []
        self.ended: list[tuple[str, int, Usage | None]] = []

    def attempt_begins(self, attempt: Attempt) -> None:
        self.begun.append(attempt)

    def attempt_ended(self, attempt: Attempt, usage: Usage | None) -> None:
        self.ended.append((attempt.call, attempt.number, usage))


def asked(model: Any, observer: Observer, **agent: Any) -> Any:
    def body(context: Any) -> str:
        return run(
            context, lambda: Agent(model=model, callback_handler=None, **agent), "go", name="a-agent", observer=observer
        ).text

    return on_engine(body)


@tool
def noop() -> str:
    """Nothing."""
    return "x"


def test_each_try_is_told_of_with_what_it_is_sent_and_with_what_it_was_billed():
    meter = Meter()
    model = ScriptedModel([[tool_use("noop", "n")], "done"], {0: [ModelThrottledException("slow down")]})
    outcome = asked(model, meter, tools=[noop], system_prompt="You are brief.")
    assert outcome.value == "done"
    assert [(attempt.call, attempt.number) for attempt in meter.begun] == [
        ("model-1", 1), ("model-1", 2), ("model-2", 1),
    ]  # fmt: skip
    assert [(call, number) for call, number, _ in meter.ended] == [("model-1", 1), ("model-1", 2), ("model-2", 1)]
    assert meter.ended[0][2] == Usage(), "a throttle is not billed"
    assert all(usage is not None and usage.output_tokens > 0 for _, _, usage in meter.ended[1:])
    first, _, second = meter.begun
    assert first.operation.endswith("/a-agent/model-1")
    assert len("You are brief.") < first.request_bytes() < second.request_bytes(), "the conversation grows"


def test_a_try_that_may_have_been_billed_is_of_unknown_cost_and_the_next_one_is_not():
    meter = Meter()
    model = ScriptedModel(["done"], {0: [TIMED_OUT, ModelThrottledException("slow down")]})
    assert asked(model, meter).value == "done"
    assert [usage for _, _, usage in meter.ended[:2]] == [None, Usage()]


def test_what_an_observer_raises_before_a_try_is_its_failure_and_the_model_is_not_asked():
    class Shut(AgentFailed):
        """For now."""

        retryable = True

    class Door(Meter):
        def attempt_begins(self, attempt: Attempt) -> None:
            super().attempt_begins(attempt)
            if attempt.number == 1:
                raise Shut("not yet")

    door, model = Door(), ScriptedModel(["done"])
    outcome = asked(model, door)
    assert (outcome.value, model.calls) == ("done", [0])
    assert outcome.invocations == 2, "it was tried again, suspended meanwhile"
    assert [(call, number) for call, number, _ in door.ended] == [("model-1", 2)]


def test_a_failure_that_stays_ends_the_run_without_a_call():
    class NoMoney(AgentFailed):
        """None left."""

    class Door(Observer):
        def attempt_begins(self, attempt: Attempt) -> None:
            raise NoMoney(f"before {attempt.call}")

    model = ScriptedModel(["never"])
    outcome = asked(model, Door())
    assert (outcome.error_type, outcome.error_message, model.calls) == ("NoMoney", "before model-1", [])
    assert outcome.error_data["unknown_calls"] == 0


def test_an_observer_that_fails_after_a_try_does_not_fail_the_call():
    class Clumsy(Observer):
        def attempt_ended(self, attempt: Attempt, usage: Usage | None) -> None:
            raise KeyError(attempt.call, usage)

    model = ScriptedModel(["done"])
    assert (asked(model, Clumsy()).value, model.calls) == ("done", [0])


def test_branches_of_a_map_tell_of_theirs():
    meter = Meter()

    def body(context: Any) -> list[str]:
        def branch(child: Any, item: int, observer: Observer) -> str:
            model = ScriptedModel([f"t{item}"])
            return run(
                child, lambda: Agent(model=model, callback_handler=None), "go", name="a-agent", observer=observer
            ).text

        return map_agents(context, [0, 1, 2], branch, name="items", observer=meter)

    assert on_engine(body).value == ["t0", "t1", "t2"]
    assert (len(meter.begun), len(meter.ended)) == (3, 3)


@pytest.mark.parametrize(
    ("request_", "length"), [("", 2), ([{"image": b"123456"}], 23), ("é", 8), ([object()], 4), (("a", None), 11)]
)
def test_a_request_is_measured_as_json_whatever_it_holds(request_: Any, length: int):
    attempt = Attempt("arn", "a-agent", "model-1", 1, None, None, "")
    assert replace(attempt, request=request_).request_bytes() == length


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({"max_tokens": 100}, 100),
        ({"model_id": "m", "params": {"max_completion_tokens": 200}}, 200),
        ({"params": {"max_output_tokens": 300}}, 300),
        ({"payload_config": {"max_tokens": 400}}, 400),
        ({"params": None, "max_tokens": None}, None),
        ({}, None),
    ],
)
def test_the_most_that_a_model_writes_is_found_where_its_provider_keeps_it(config: dict[str, Any], most: int | None):
    assert most_tokens(config) == most
