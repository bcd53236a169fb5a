"""A durable context whose operations return what an earlier execution left, each as a checkpoint of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from aws_durable_execution_sdk_python import (
    ChildContextError,
    DurableContext,
    ParallelBranch,
    StepContext,
    StepError,
)
from aws_durable_execution_sdk_python.config import (
    CallbackConfig,
    ChildConfig,
    InvokeConfig,
    MapConfig,
    NestingType,
    ParallelConfig,
    StepConfig,
)
from aws_durable_execution_sdk_python.exceptions import CallbackError, CallbackExternalError, CallbackTimeoutError
from aws_durable_execution_sdk_python.serdes import SerDes

from durable_strands.earlier import WHOLE
from durable_strands.errors import RedriveRefused, rebuild
from durable_strands.retries import retry_transient
from durable_strands.seed import Seed
from durable_strands.serdes import PlainJson

_READS = 6
"""Tries to read the earlier history, over about a minute."""


def seeded(context: DurableContext, seed: Seed) -> DurableContext:
    """`context`, whose operations take from `seed` what it has."""
    return cast(DurableContext, SeededContext(context, seed, ""))


@dataclass(frozen=True)
class _Answered:
    """A callback that was answered in the earlier execution."""

    answer: Any = None
    failure: CallbackError | None = None
    callback_id: str = ""

    def result(self) -> Any:
        """As the SDK's."""
        if self.failure is not None:
            raise self.failure
        return self.answer


class SeededContext:
    """Stands before a durable context of the SDK, which makes its child contexts itself, so no subclass would last.

    Everything that is not here is the context's own.
    """

    def __init__(self, context: DurableContext, seed: Seed, path: str) -> None:
        self._context = context
        self._seed = seed
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def step(self, func: Any, name: str | None = None, config: StepConfig | None = None) -> Any:
        """As the SDK's."""
        if self._has(name):
            return self._take(name, config.serdes if config else None)
        self._seed.begin(self._at(name))
        return self._context.step(func, name=name, config=config)

    def wait(self, duration: Any, name: str | None = None) -> None:
        """As the SDK's; one that was over in the earlier execution takes no time."""
        if self._has(name):
            self._take(name, None)
        else:
            self._context.wait(duration, name=name)

    def create_callback(self, name: str | None = None, config: CallbackConfig | None = None) -> Any:
        """As the SDK's; one that was answered has its answer, and no id."""
        if not self._has(name):
            return self._context.create_callback(name=name, config=config)
        try:
            answer = self._take(name, PlainJson())
        except StepError as error:
            timed_out = (error.error_type or "").endswith(CallbackTimeoutError.__name__)
            kind = CallbackTimeoutError if timed_out else CallbackExternalError
            return _Answered(failure=kind(message=error.message or "", data=error.data))
        serdes = config.serdes if config else None
        return _Answered(answer if serdes is None or answer is None else serdes.deserialize(answer, cast(Any, None)))

    def wait_for_callback(self, submitter: Any, name: str | None = None, config: Any = None) -> Any:
        """As the SDK's."""
        whole = self.whole(str(name), None)
        return self._context.wait_for_callback(submitter, name=name, config=config) if whole is None else whole.value

    def wait_for_condition(self, check: Any, config: Any, name: str | None = None) -> Any:
        """As the SDK's."""
        if self._has(name):
            return self._take(name, config.serdes)
        self._seed.begin(self._at(name))
        return self._context.wait_for_condition(check, config, name=name)

    def invoke(
        self, function_name: str, payload: Any, name: str | None = None, config: InvokeConfig[Any, Any] | None = None
    ) -> Any:
        """As the SDK's."""
        if self._has(name):
            return self._take(name, config.serdes_result if config else None)
        self._seed.begin(self._at(name))
        return self._context.invoke(function_name, payload, name=name, config=config)

    def run_in_child_context(self, func: Any, name: str | None = None, config: ChildConfig[Any] | None = None) -> Any:
        """As the SDK's."""
        path = self._path if config and config.is_virtual else self._at(name)

        def body(child: DurableContext) -> Any:
            value = func(SeededContext(child, self._seed, path))
            if path != self._path:
                self._seed.end(path)
            return value

        try:
            value = self._context.run_in_child_context(body, name=name, config=config)
        except ChildContextError as error:
            self._refuse_if_refused(error)
            raise
        if path != self._path:
            self._seed.use_below(path)
        return value

    def map(
        self, inputs: Sequence[Any], func: Any, name: str | None = None, config: MapConfig[Any] | None = None
    ) -> Any:
        """As the SDK's."""
        path = self._at(name)
        self._seed.side_by_side(path)
        namer = config.item_namer if config else None

        def branch(child: DurableContext, item: Any, index: int, items: Any) -> Any:
            own = namer(item, index) if namer else f"map-item-{index}"
            return func(SeededContext(child, self._seed, _branch_path(path, own, config)), item, index, items)

        value: Any = self._context.map(inputs, branch, name=name, config=config)
        self._seed.use_below(path)
        return value

    def parallel(self, functions: Sequence[Any], name: str | None = None, config: ParallelConfig | None = None) -> Any:
        """As the SDK's."""
        path = self._at(name)
        self._seed.side_by_side(path)

        def branch(index: int, given: Any) -> ParallelBranch[Any]:
            own = given if isinstance(given, ParallelBranch) else ParallelBranch(func=given)
            below = _branch_path(path, own.name or f"parallel-branch-{index}", config)
            inner: Callable[[Any], Any] = own.func

            @wraps(inner, updated=())
            def run(child: DurableContext) -> Any:
                return inner(SeededContext(child, self._seed, below))

            return ParallelBranch(func=run, name=own.name)

        branches: list[Any] = [branch(index, given) for index, given in enumerate(functions)]
        value = self._context.parallel(branches, name=name, config=config)
        self._seed.use_below(path)
        return value

    def whole(self, name: str, serdes: SerDes[Any] | None) -> Whole | None:
        """The value of a child context, with all that is inside it; None if it is not taken like that."""
        if self._seed.taken.get(self._at(name)) != WHOLE:
            return None
        self._seed.use_below(self._at(name))
        return Whole(self._take(name, serdes))

    def ended(self) -> None:
        """The execution itself has come to its end; refuse it if it has not used all that was to be taken."""
        self._seed.end("")

    @property
    def refused(self) -> RedriveRefused | None:
        """What was refused in this pass, whoever has caught it since."""
        return self._seed.refused

    def compare(self, name: str, asked: str) -> None:
        """Refuse the earlier answer of a model that was asked something else."""
        self._seed.compare(self._at(name), asked)

    def _at(self, name: str | None) -> str:
        return f"{self._path}/{name or ''}" if self._path else name or ""

    def _has(self, name: str | None) -> bool:
        return self._seed.taken.get(self._at(name), WHOLE) != WHOLE

    def _take(self, name: str | None, serdes: SerDes[Any] | None) -> Any:
        path, context = self._at(name), self._context
        if self._seed.refused is not None:
            raise self._seed.refused
        identifier = context._peek_next_operation_id()  # noqa: SLF001 - the SDK tells a step of its number only
        arn = context.execution_context.durable_execution_arn

        def taking(_: StepContext) -> Any:
            return self._seed.value(path, serdes, identifier, arn)

        config: StepConfig = StepConfig(retry_strategy=retry_transient(max_attempts=_READS), serdes=serdes)
        self._seed.use(path)
        try:
            return context.step(taking, name=name, config=config)
        except StepError as error:
            self._refuse_if_refused(error)
            raise

    def _refuse_if_refused(self, error: ChildContextError | StepError) -> None:
        if (error.error_type or "").rpartition(".")[2] == RedriveRefused.__name__:
            raise self._seed.refuse(cast(RedriveRefused, rebuild(error))) from error


@dataclass(frozen=True)
class Whole:
    """The value of a child context that was taken as a whole; it may be None."""

    value: Any


def _branch_path(path: str, name: str, config: MapConfig[Any] | ParallelConfig | None) -> str:
    """Where the operations of a branch are: a flat one has no operation of its own."""
    flat = config is not None and config.nesting_type is NestingType.FLAT
    return path if flat else f"{path}/{name}"
