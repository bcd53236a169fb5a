"""Agents side by side in branches of a map, whose every call an observer sees in every pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aws_durable_execution_sdk_python import BatchResult, DurableContext
from aws_durable_execution_sdk_python.config import CompletionConfig, MapConfig, NestingType
from aws_durable_execution_sdk_python.exceptions import DurableOperationError

from durable_strands.attempts import Attempt
from durable_strands.errors import AgentFailed, rebuild
from durable_strands.observer import Observer
from durable_strands.records import CallRecord, Usage

Item = TypeVar("Item")
Branch = Callable[[DurableContext, Item, Observer], Any]


def map_agents(
    context: DurableContext,
    inputs: Sequence[Item],
    branch: Branch[Item],
    *,
    name: str,
    observer: Observer | None = None,
    max_concurrency: int | None = None,
) -> list[Any]:
    """Run `branch(context, item, observer)` for each of `inputs`, side by side; their values, in order.

    `context.map` does not run a branch again that has ended, so an observer, and a ledger that is one, would miss its
    calls in every later pass. Here each branch's calls are kept with its value.

    Args:
        context: The durable context.
        inputs: What the branches are given; the same on every replay.
        branch: Returns a JSON value. Its runs take the context and the observer that it is given.
        name: Name of the operation, unique and static in `context`.
        observer: Sees every call of every branch, once per pass. Default: none.
        max_concurrency: Most branches at the same time. Default: all of them.

    Raises:
        AgentFailed: The failure of the first branch, in the order of `inputs`, that failed; all have ended by then.
    """
    looking, told = observer or Observer(), set[int]()

    def one(inner: DurableContext, item: Item, index: int, _items: Any) -> dict[str, Any]:
        noting = _Noting(looking)
        told.add(index)
        try:
            return {"value": branch(inner, item, noting), "calls": [call.to_dict() for call in noting.calls]}
        except AgentFailed as failure:
            raise failure.after(tuple(noting.calls)) from failure.__cause__

    config: MapConfig[Any] = MapConfig(
        max_concurrency=max_concurrency,
        completion_config=CompletionConfig.all_completed(),
        # no operation for the branch itself; while others go on, one that has ended is gone through again
        nesting_type=NestingType.FLAT,
    )
    batch: BatchResult[Any] = context.map(inputs, one, name=name, config=config)
    ended = [_Ended(item) for item in batch.all]
    for index, each in enumerate(ended):
        for call in () if index in told else each.calls:
            looking.call_returned(call)
    for each in ended:
        if each.failure is not None:
            raise each.failure
    return [each.value for each in ended]


class _Ended:
    """A branch that has ended."""

    def __init__(self, item: Any) -> None:
        self.failure: AgentFailed | None = None
        self.value: Any = None
        if item.result is not None:
            self.value = item.result["value"]
            self.calls = tuple(CallRecord.from_dict(call) for call in item.result["calls"])
            return
        error = item.error
        told = (error.message, error.type, error.data) if error else ("the branch failed", None, None)
        self.failure = rebuild(DurableOperationError(told[0] or "", told[1], told[2]))
        self.calls = self.failure.calls


class _Noting(Observer):
    """Tells another observer and notes what has returned."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.calls: list[CallRecord] = []

    def before_model_call(self, agent: str, call: str) -> None:
        self._observer.before_model_call(agent, call)

    def call_returned(self, record: CallRecord) -> None:
        self.calls.append(record)
        self._observer.call_returned(record)

    def attempt_begins(self, attempt: Attempt) -> None:
        self._observer.attempt_begins(attempt)

    def attempt_ended(self, attempt: Attempt, usage: Usage | None) -> None:
        self._observer.attempt_ended(attempt, usage)

    def call_made(self, record: CallRecord) -> None:
        self._observer.call_made(record)

    def attempt_failed(self, agent: str, call: str, attempt: int, error: AgentFailed) -> None:
        self._observer.attempt_failed(agent, call, attempt, error)

    def call_deferred(self, agent: str, call: str, seconds: int) -> None:
        self._observer.call_deferred(agent, call, seconds)
