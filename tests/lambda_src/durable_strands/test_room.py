"""What an execution may still begin, and what another one finds finished."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_durable_execution_sdk_python import BatchResult, CallbackError, DurableContext, StepError, durable_execution
from aws_durable_execution_sdk_python.config import CompletionConfig, Duration, MapConfig, NestingType, StepConfig
from aws_durable_execution_sdk_python.exceptions import SuspendExecution
from aws_durable_execution_sdk_python.lambda_service import Operation
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from durable_strands.carried import from_text, resumed, to_text
from durable_strands.history import Size, is_inside_finished, marked, size_of, unmarked
from durable_strands.room import OutOfRoom, Room, finished_parts

LARGE = Size(2_900, 10**8)
NEVER = StepConfig(retry_strategy=RetryPresets.none())
BRANCHES: MapConfig[Any] = MapConfig(completion_config=CompletionConfig.all_completed(), nesting_type=NestingType.FLAT)


def run(handler: Callable[[Any, DurableContext], Any], answer: bytes | None = None) -> tuple[Any, dict[str, Operation]]:
    """The result of an execution and its operations; `answer` is that of its callback `question`."""
    with DurableFunctionTestRunner(durable_execution(handler), poll_interval=0.02) as runner:
        arn = runner.run_async(input="{}", execution_timeout=30)
        if answer is not None:
            runner.send_callback_success(runner.wait_for_callback(arn, name="question", timeout=20), answer)
        outcome = runner.wait_for_result(arn, timeout=30)
        assert outcome.error is None, outcome.error
        return json.loads(outcome.result), {each.operation_id: each for each in runner._store.load(arn).operations}


def raising(_: Any) -> Any:
    raise ValueError("no")


def returning(value: int) -> Callable[[Any], int]:
    return lambda _: value


def everything(context: DurableContext, made: list[str]) -> list[Any]:
    """An operation of each kind, whose steps note that they ran."""

    def step(name: str, value: Any) -> Callable[[Any], Any]:
        def act(_: Any) -> Any:
            made.append(name)
            return value

        return act

    def child(inner: DurableContext) -> dict[str, Any]:
        values = [inner.step(step(f"inner-{n}", n), name=f"inner-{n}") for n in range(3)]
        deeper = inner.run_in_child_context(lambda ctx: {"deep": ctx.step(step("deep", 5), name="deep")}, name="deeper")
        return {"values": values, **deeper}

    def branch(inner: DurableContext, item: int, _index: int, _items: Any) -> int:
        return int(inner.step(step(f"branch-{item}", item * 2), name=f"branch-{item}"))

    try:
        context.step(raising, name="fails", config=NEVER)
        failed = None
    except StepError as error:
        failed = [error.error_type, error.message]
    context.wait(Duration.from_seconds(1), name="a-second")
    callback: Any = context.create_callback(name="question")
    answered = callback.result()
    mapped: BatchResult[int] = context.map([1, 2, 3], branch, name="mapped", config=BRANCHES)
    return [failed, answered, context.run_in_child_context(child, name="outer"), mapped.get_results()]


def pruned(operations: dict[str, Operation]) -> dict[str, Operation]:
    """The history as the service hands it on: without what is inside of finished contexts."""
    return {key: each for key, each in operations.items() if not is_inside_finished(each, operations)}


@pytest.mark.parametrize("text", ['{"a": 1}', "{}", "{ }", '{"a":{}}', "[1]", '"{"', ""])
def test_a_result_that_tells_what_was_inside_is_read_as_it_was_given(text: str):
    told = marked(text, Size(7, 300))
    assert unmarked(told) == text
    if text.startswith("{"):
        assert json.loads(told)["$history"] == [7, 300]


def test_the_size_is_the_same_with_and_without_what_is_inside_of_finished_contexts():
    taken = []

    def handler(_: Any, context: DurableContext) -> Any:
        room = Room(context, LARGE)
        result = everything(context, [])
        taken.append(room.taken)
        return result

    result, operations = run(handler, b"yes")
    assert result[1:] == ["yes", {"values": [0, 1, 2], "deep": 5}, [2, 4, 6]]
    short = pruned(operations)
    assert len(short) < len(operations) - 5
    # 3 + a map of 3 + 2 contexts with 4 steps; a step that fails has had one try
    assert size_of(short).operations == size_of(operations).operations == 13
    assert size_of(short).bytes == size_of(operations).bytes == taken[-1].bytes


def test_another_execution_finds_everything_finished_whatever_way_it_ended():
    made: list[str] = []
    carried: list[str] = []

    def first(_: Any, context: DurableContext) -> Any:
        result = everything(context, made)
        carried[:] = [to_text(finished_parts(context))]
        return result

    def second(_: Any, context: DurableContext) -> Any:
        return everything(resumed(context, from_text(carried[0])), made)

    result, operations = run(first, b"")
    once = list(made)
    again, further = run(second)
    assert (again, made) == (result, once)
    assert result[0] == ["ValueError", "no"]
    assert len(further) == 1  # the execution itself
    assert len(from_text(carried[0])) == len(pruned(operations)) - 1


def test_nothing_new_begins_once_the_room_is_taken_and_nothing_else_is_stopped():
    ended: list[tuple[bool, bool, list[str]]] = []

    def branch(inner: DurableContext, item: int, _index: int, _items: Any) -> Any:
        if item == 0:
            callback: Any = inner.create_callback(name="question")
            return callback.result()
        return [inner.step(returning(n), name=f"step-{n}") for n in range(9)]

    def handler(_: Any, context: DurableContext) -> Any:
        room = Room(context, Size(6, 10**8))
        try:
            context.map([0, 1], branch, name="mapped", config=BRANCHES)
        except SuspendExecution:
            ended.append((room.blocked, room.is_awaited(), [each.name or "" for each in finished_parts(context)]))
            if room.is_awaited():
                raise
        return "handed over"

    result, operations = run(handler, b"yes")
    assert result == "handed over"
    # the branch that waits is waited for; then what has ended of both is all there
    assert [each[:2] for each in ended] == [(True, True), (True, False)]
    assert sorted(ended[-1][2]) == ["question", "step-0", "step-1", "step-2", "step-3"]
    assert len(operations) - 1 == 6


def test_a_wait_still_begins_and_is_waited_for():
    blocked: list[bool] = []

    def handler(_: Any, context: DurableContext) -> Any:
        room = Room(context, Size(1, 10**8))
        try:
            context.step(returning(1), name="one")
            context.wait(Duration.from_seconds(1), name="a-second")
            context.step(returning(2), name="two")
        except SuspendExecution:
            blocked.append(room.blocked)
            if room.is_awaited():
                raise
        return [each.name for each in finished_parts(context)]

    assert run(handler)[0] == ["one", "a-second"]
    assert blocked == [False, True]


def test_an_execution_that_has_handed_over_begins_nothing_any_more():
    def first(_: Any, context: DurableContext) -> Any:
        return context.step(lambda _: 1, name="one")

    _, operations = run(first)
    step = next(each for each in operations.values() if each.name == "one")
    invoke = Operation.from_json_dict(
        {"Id": "x", "Type": "CHAINED_INVOKE", "Status": "STARTED", "Name": "continue-1", "SubType": "ChainedInvoke"}
    )

    def again(_: Any, context: DurableContext) -> Any:
        state: Any = context.state
        state.fetch_paginated_operations([replace(step), invoke], "", None)
        Room(context, LARGE)
        seen = context.step(lambda _: 2, name="one")
        try:
            context.step(lambda _: 3, name="two")
        except OutOfRoom:
            return [seen, "nothing"]
        return None

    assert run(again)[0] == [1, "nothing"]


@pytest.mark.parametrize("text", ["", "no", to_text([])[:-8]])
def test_a_text_that_no_execution_wrote_is_refused(text: str):
    with pytest.raises(ValueError, match="must be what an execution that hands over wrote"):
        from_text(text)


def test_a_callback_that_failed_fails_again():
    def asks(context: DurableContext) -> str:
        callback: Any = context.create_callback(name="question")
        try:
            return str(callback.result())
        except CallbackError as error:
            return type(error).__name__

    timed_out = Operation.from_json_dict(
        {
            "Id": "1", "Type": "CALLBACK", "Status": "TIMED_OUT", "Name": "question", "SubType": "Callback",
            "CallbackDetails": {"CallbackId": "c"},
        }
    )  # fmt: skip

    def handler(_: Any, context: DurableContext) -> Any:
        known = replace(timed_out, operation_id=context._peek_next_operation_id())
        return asks(resumed(context, from_text(to_text([known]))))

    assert run(handler)[0] == "CallbackTimeoutError"
