"""A testing mode for agents run with this package: a scripted model, the local durable engine, no waits, no back-offs.

Nothing here touches AWS. `run_locally` needs AWS's local durable engine, which the extra `testing` of the wheel brings.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryDecision
from strands.models import Model

__all__ = ["EVERY_CALL", "LocalRun", "Reply", "ScriptedModel", "run_locally", "suspended"]

EVERY_CALL = 0
"""Suspend before every call, one after the other, in one execution."""

_USAGE = {"inputTokens": 100, "outputTokens": 50, "totalTokens": 150}
_one_at_a_time = threading.RLock()


@dataclasses.dataclass(frozen=True)
class Reply:
    """One scripted answer of a model.

    Attributes:
        text: What it says. Default: nothing.
        tool_uses: (tool, input), or (tool, input, id), of the tools that it asks for in this turn. Default: none.
        stop_reason: Default: `tool_use` with tools, else `end_turn`.
        usage: Its tokens, as in Converse; None: it does not say. Default: 100 in, 50 out.
    """

    text: str = ""
    tool_uses: Sequence[tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], str]] = ()
    stop_reason: str | None = None
    usage: Any = dataclasses.field(default_factory=lambda: dict(_USAGE))

    def events(self, call: int) -> Iterator[dict[str, Any]]:
        """The stream of Strands' events by which it answers call number `call`."""
        yield {"messageStart": {"role": "assistant"}}
        if self.text:
            yield {"contentBlockDelta": {"delta": {"text": self.text}}}
            yield {"contentBlockStop": {}}
        for index, (name, given, *ids) in enumerate(self.tool_uses):
            use_id = ids[0] if ids else f"use-{call}-{index}"
            yield {"contentBlockStart": {"start": {"toolUse": {"name": name, "toolUseId": use_id}}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(given)}}}}
            yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": self.stop_reason or ("tool_use" if self.tool_uses else "end_turn")}}
        if self.usage is not None:
            yield {"metadata": {"usage": self.usage, "metrics": {"latencyMs": 7}}}


class ScriptedModel(Model):
    """A Strands model that answers its n-th call with the n-th entry of its script; the last entry repeats.

    Make it outside the handler: an entry is used up by a call that is really made, never by a replay.

    Args:
        *script: Texts, replies, or exceptions, which are raised as a provider's client would raise them.
        model_id: What the ledger calls the model. Default: "scripted".

    Attributes:
        calls: Calls made so far, those that failed included.
        requests: The messages of each call, as they were then.
        system_prompts: The system prompt of each call.
    """

    def __init__(self, *script: Reply | Exception | str, model_id: str = "scripted") -> None:
        self.calls = 0
        self.requests: list[list[Any]] = []
        self.system_prompts: list[str | None] = []
        self._script: Sequence[Reply | Exception | str] = script or ("text",)
        self._config: dict[str, Any] = {"model_id": model_id}

    def update_config(self, **model_config: Any) -> None:
        """Change the configuration, which changes no answer."""
        self._config.update(model_config)

    def get_config(self) -> dict[str, Any]:
        """The model's id, and what `update_config` added."""
        return self._config

    def structured_output(self, *_arguments: Any, **_more: Any) -> Any:
        """Not offered: Strands asks for structured output through a tool."""
        raise NotImplementedError("script the structured output as a tool use of the model's class")

    async def stream(
        self,
        messages: Any,
        tool_specs: Any = None,  # noqa: ARG002 - Strands' name
        system_prompt: str | None = None,
        **_more: Any,
    ) -> AsyncGenerator[Any, None]:
        """The next entry of the script, as a stream of events."""
        entry = self._script[min(self.calls, len(self._script) - 1)]
        self.calls += 1
        self.requests.append(list(messages))
        self.system_prompts.append(system_prompt)
        if isinstance(entry, Exception):
            raise entry.with_traceback(None)  # else each retry adds the frames of the one before
        for event in (Reply(entry) if isinstance(entry, str) else entry).events(self.calls):
            yield event


@dataclasses.dataclass
class LocalRun:
    """How an execution ended.

    Attributes:
        status: `SUCCEEDED` or `FAILED`.
        value: What the handler returned, read back from its JSON; None of a failed execution.
        error_type, error_message, error_data: The failure: `ModelThrottled`, what it says, `usage` and `calls` so far.
        names: Paths of its durable operations, such as `helper/model-1`, in the order in which they began.
        invocations: How often the function was started: once, and once more for each suspension.
    """

    status: str
    value: Any
    error_type: str | None
    error_message: str | None
    error_data: Any
    names: list[str]
    invocations: int


def run_locally(
    handler: Callable[[Any, Any], Any],
    event: Any = None,
    *,
    suspend_at: int | None = None,
    drive: Callable[[Any, str], None] | None = None,
    timeout_seconds: int = 60,
) -> LocalRun:
    """Run a durable handler in this process, on AWS's local engine; waits and back-offs pass at once.

    Args:
        handler: The function as Lambda gets it, decorated with `durable_execution`.
        event: Any JSON value. Default: an empty object.
        suspend_at: Number of the call, from 1, before which the execution is suspended, and replayed with whatever the
            handler builds built anew. `EVERY_CALL`: before each. Default: only retries and waits suspend it.
        drive: `drive(runner, arn)`, called while it runs, for example to answer a callback. Default: nobody does.
        timeout_seconds: When the execution is given up. Default: 60 seconds.

    Raises:
        ImportError: The local engine is not installed.
        TimeoutError: The execution did not end in time.
        ValueError: The execution succeeded before it came to call `suspend_at`, so nothing was tried.
    """
    try:
        from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
    except ImportError as missing:
        raise ImportError("run_locally needs aws-durable-execution-sdk-python-testing, got none installed") from missing
    invocations = itertools.count()

    def counted(given: Any, context: Any) -> Any:
        next(invocations)
        return handler(given, context)

    suspensions: AbstractContextManager[Any] = nullcontext(lambda: 0) if suspend_at is None else suspended(suspend_at)
    with suspensions as begun, DurableFunctionTestRunner(counted, poll_interval=0.02, skip_time=True) as runner:
        # The engine takes a suspension whose timer has fired already for a failed invocation: it would wait 5 seconds,
        # and fail the execution at the third in a row, which a loaded machine reaches.
        engine = runner._executor  # noqa: SLF001 - no public way in
        engine.RETRY_BACKOFF_SECONDS, engine.MAX_CONSECUTIVE_INVALID_PENDING_ATTEMPTS = 0, 1_000
        arn = runner.run_async(input=json.dumps({} if event is None else event), execution_timeout=timeout_seconds)
        if drive is not None:
            drive(runner, arn)
        ended = runner.wait_for_result(arn, timeout=timeout_seconds)
    error = ended.error
    if error is None and begun() < (suspend_at or 0):
        raise ValueError(f"suspend_at must be at most the number of calls, {begun()}, got {suspend_at}")
    return LocalRun(
        status=ended.status.name,
        value=json.loads(ended.result) if ended.result else None,
        error_type=error and error.type,
        error_message=error and error.message,
        error_data=json.loads(error.data) if error and error.data else None,
        names=list(_paths(ended.operations)),
        invocations=next(invocations),
    )


def _paths(operations: list[Any], prefix: str = "") -> Iterator[str]:
    for operation in operations:
        yield f"{prefix}{operation.name}"
        yield from _paths(getattr(operation, "child_operations", None) or [], f"{prefix}{operation.name}/")


class _Suspended(Exception):
    """The call was not made; the engine starts it again in another invocation."""


@contextmanager
def suspended(at: int) -> Iterator[Callable[[], int]]:
    """Inside, step number `at` of an execution (from 1; `EVERY_CALL`: each) first suspends it, its call not yet made.

    Every model call and tool call is a step. Yields a function: how many steps have begun. One block at a time.

    Raises:
        ValueError: `at` is no whole number of at least 0.
    """
    if type(at) is not int or at < EVERY_CALL:
        raise ValueError(f"suspend_at must be a whole number of at least 0, got {at!r}")
    begun, lock, step = [0], threading.Lock(), DurableContext.step

    def suspending(context: DurableContext, func: Any, name: str | None = None, config: Any = None) -> Any:
        config = config or StepConfig()
        decide = config.retry_strategy

        def attempt(step_context: Any) -> Any:
            if step_context.attempt == 1:
                with lock:
                    begun[0] += 1
                    number = begun[0]
                if at in (EVERY_CALL, number):
                    raise _Suspended
            return func(step_context)

        def retry(error: Exception, attempts: int) -> RetryDecision:
            if isinstance(error, _Suspended):
                return RetryDecision.retry(Duration.from_seconds(1))
            return decide(error, attempts) if decide else RetryDecision.no_retry()

        return step(context, attempt, name=name, config=dataclasses.replace(config, retry_strategy=retry))

    with _one_at_a_time, patch.object(DurableContext, "step", suspending):
        yield lambda: begun[0]
