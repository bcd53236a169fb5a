"""The durable operations of a run, each call its own below the agent's child context."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, ParallelBranch, StepContext
from aws_durable_execution_sdk_python.config import (
    ChildConfig,
    CompletionConfig,
    NestingType,
    ParallelConfig,
    StepConfig,
    StepSemantics,
)
from aws_durable_execution_sdk_python.context import Callback
from aws_durable_execution_sdk_python.lambda_service import Operation
from aws_durable_execution_sdk_python.serdes import SerDes

from durable_strands.deferral import Deferrals
from durable_strands.errors import billed_of
from durable_strands.retries import RetryStrategy, retry_transient
from durable_strands.seeded import SeededContext

Call = Callable[[StepContext], dict[str, Any]]
Notify = Callable[[str], Any]
Waiting = Callable[[DurableContext], dict[str, Any]]
Branch = Callable[["Operations"], dict[str, Any]]


class Operations:
    """What a call needs from the durable engine: each is a checkpoint below `context`."""

    def __init__(self, context: DurableContext, serdes: SerDes[Any]) -> None:
        self._context = context
        self._serdes = serdes

    def step(self, name: str, call: Call, retry: RetryStrategy, asked: str = "") -> dict[str, Any]:
        """Run `call` once and keep its value; `asked` is the digest of what it asks a model."""
        if isinstance(self._context, SeededContext):
            self._context.compare(name, asked)
        # At most once per retry: under the default a process killed mid-step never uses up its attempts.
        config = StepConfig(
            retry_strategy=retry, step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, serdes=self._serdes
        )
        return self._context.step(call, name=name, config=config)

    def broken_attempts(self) -> int:
        """How many tries of the step that comes next failed after they may have been billed.

        The engine reports the last one only, whose data counts those before it. A try of which nothing is known, as of
        one cut short with its process, counts as one.
        """
        identifier = self._context._peek_next_operation_id()  # noqa: SLF001 - the SDK tells a step of its number only
        operation = self._context.state.get_checkpoint_result(identifier).operation
        details = operation.step_details if operation else None
        return 0 if details is None or details.attempt == 0 else billed_of(details.error)

    def deferrals(self, name: str) -> Deferrals:
        """Those of the operation `name` that comes next; one that has not passed suspends the execution."""
        return Deferrals(self._context, name)

    def all(self) -> Collection[Operation]:
        """Every operation of the execution, as the engine has it."""
        return self._context.state.operations.values()

    def context(self, name: str, body: Waiting) -> dict[str, Any]:
        """Run `body` with a context in which it may wait durably."""
        whole = self._context.whole(name, self._serdes) if isinstance(self._context, SeededContext) else None
        return self._inside(name, body) if whole is None else whole.value

    def _inside(self, name: str, body: Waiting) -> dict[str, Any]:
        return self._context.run_in_child_context(body, name=name, config=ChildConfig(serdes=self._serdes))

    def answers(self, questions: Sequence[tuple[str, Notify]]) -> list[str | None]:
        """Tell of each question, once, with the id of a callback; the callbacks' results, when all are there."""
        callbacks = [self._asked(name, notify) for name, notify in questions]
        return [callback.result() for callback in callbacks]

    def _asked(self, name: str, notify: Notify) -> Callback[Any]:
        callback: Callback[Any] = self._context.create_callback(name=name)

        def tell(_step: StepContext) -> dict[str, Any]:
            kept = notify(callback.callback_id)
            return kept if isinstance(kept, dict) else {}

        self.step(f"{name}-notify", tell, retry_transient(max_attempts=6))
        return callback

    def nested(self, name: str, body: Branch) -> dict[str, Any]:
        """Run `body` with operations of its own below `name`."""
        return self._inside(name, partial(self._in_branch, body))

    def together(self, name: str, branches: Sequence[tuple[str, Branch]], most: int) -> list[dict[str, Any]]:
        """Run `branches` side by side, each with operations of its own; values in the given order.

        A branch alone runs here, without an operation `name` around it.
        """
        if len(branches) == 1:
            return [branches[0][1](self)]
        config = ParallelConfig(
            max_concurrency=most,
            completion_config=CompletionConfig.all_completed(),
            nesting_type=NestingType.FLAT,
            item_serdes=self._serdes,
        )
        bodies: list[Any] = [
            ParallelBranch(func=partial(self._in_branch, branch), name=label) for label, branch in branches
        ]
        batch = self._context.parallel(bodies, name=name, config=config)
        batch.throw_if_error()
        return list(batch.get_results())

    def _in_branch(self, branch: Branch, context: DurableContext) -> dict[str, Any]:
        return branch(Operations(context, self._serdes))
