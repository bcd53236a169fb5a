"""Model calls of a run: each one a step, named by its turn."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from aws_durable_execution_sdk_python import SerDesError, StepContext, StepError
from strands.middleware import InvokeModelContext, ModelStopReason
from strands.types.exceptions import ContextWindowOverflowException

from durable_strands.bridge import Overdue, TellAgent
from durable_strands.classify import classify
from durable_strands.errors import (
    ContextWindowExceeded,
    DeadlineExceeded,
    ModelFailed,
    ModelStreamBroken,
    ResultNotKept,
    rebuild,
)
from durable_strands.live import LiveRun, Relay
from durable_strands.observer import safely
from durable_strands.records import CallRecord, Usage
from durable_strands.sizes import refuse_oversize

Next = Callable[[InvokeModelContext], AsyncGenerator[Any, None]]


class ModelCalls:
    """Makes the model calls of one pass, one after the other."""

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._turn = 0

    async def stage(self, context: InvokeModelContext, next_fn: Next) -> AsyncGenerator[Any, None]:
        """Strands' model stage: ask the handler's thread for the step, pass events on, end with the reply."""
        self._turn += 1
        name = f"model-{self._turn}"
        relay: Relay[dict[str, Any]] = Relay()
        model_id = _model_id(context.model)

        async def make() -> dict[str, Any]:
            return await _reply(next_fn(context), relay)

        work = self._run.bridge.on_caller_thread(lambda: self._step(name, model_id, make, relay))
        async for event in relay.events(work):
            yield event
        reply = relay.value
        yield ModelStopReason(reply["stop_reason"], reply["message"], reply["usage"], reply["metrics"])

    def _step(self, name: str, model_id: str | None, make: Any, relay: Relay[Any]) -> dict[str, Any]:
        run = self._run
        run.observer.before_model_call(run.name, name)

        made: list[CallRecord] = []

        def call(step: StepContext) -> dict[str, Any]:
            kept = self._attempt(step, name, model_id, make, relay)
            made[:] = [CallRecord.from_dict(kept["record"])]
            return kept

        try:
            kept = run.operations.step(name, call, run.options.retry)
        except SerDesError as error:
            raise _lost(str(error), made).after(tuple(run.calls)) from error
        except StepError as error:
            failure = rebuild(error)
            if isinstance(failure, ContextWindowExceeded):
                # Strands' conversation manager may shorten the conversation and ask again.
                raise TellAgent(ContextWindowOverflowException(failure.message)) from error
            if isinstance(failure, ResultNotKept):
                failure = _lost(failure.message or "", made)
            if failure.maybe_billed and failure.usage == Usage():
                failure.unknown_calls += 1
            raise failure.after(tuple(run.calls)) from error
        run.remember(CallRecord.from_dict(kept["record"]))
        reply: dict[str, Any] = kept["reply"]
        return reply

    def _attempt(
        self, step: StepContext, name: str, model_id: str | None, make: Any, relay: Relay[Any]
    ) -> dict[str, Any]:
        run, started = self._run, time.monotonic()
        try:
            reply = self._timed(make, relay)
            usage: Usage | None = reply.pop("billed")
            record = CallRecord(
                run.name, name, "model", model_id, usage,
                round((time.monotonic() - started) * 1000), step.attempt, reply["stop_reason"], run.invocation,
            )  # fmt: skip
            kept = {"reply": reply, "record": record.to_dict()}
            refuse_oversize(kept, run.options.max_result_bytes, usage or Usage(), int(usage is None))
        except Exception as error:
            failure = classify(error)
            safely(run.observer.attempt_failed, run.name, name, step.attempt, failure)
            raise failure from error
        safely(run.observer.call_made, record)
        return kept

    def _timed(self, make: Any, relay: Relay[Any]) -> dict[str, Any]:
        left = self._run.seconds_left()
        try:
            reply: dict[str, Any] = self._run.bridge.in_loop(make, relay.context, left)
        except Overdue as overdue:
            raise DeadlineExceeded(f"the model call was {overdue} and the Lambda timeout is near") from overdue
        return reply


async def _reply(events: AsyncGenerator[Any, None], relay: Relay[Any]) -> dict[str, Any]:
    stop: ModelStopReason | None = None
    complete = False
    billed: Usage | None = None
    async for event in events:
        if isinstance(event, ModelStopReason):
            stop = event
        else:
            chunk = event.get("event") or {}
            complete = complete or "messageStop" in chunk
            billed = _told(chunk) if "metadata" in chunk else billed
            relay.put(event)
    if stop is None:
        raise ModelFailed("the model stage ended without a reply")
    reason, message, usage, metrics = stop["stop"]
    # A connection that closes quietly leaves a partial text behind, which Strands reports as `end_turn`.
    if not complete and reason == "end_turn":
        raise ModelStreamBroken("the stream ended before the model's messageStop")
    # A reply without a single token is none: whoever reports zeros does not count. Only a guardrail stops unread input.
    if billed == Usage() and reason != "guardrail_intervened":
        billed = None
    reply = {"stop_reason": reason, "message": dict(message), "usage": dict(usage), "metrics": dict(metrics)}
    return {**reply, "billed": billed}


def _lost(message: str, made: list[CallRecord]) -> ResultNotKept:
    """A reply that was paid and could not be kept or read back: in a later pass its tokens are unknown."""
    usage = made[0].usage if made else None
    return ResultNotKept(message, usage or Usage(), unknown=int(usage is None))


def _told(chunk: dict[str, Any]) -> Usage | None:
    """The usage that a stream's metadata event tells; one that cannot be true is taken out of the event.

    Strands reads the event next: it fills in zeros for missing counts, and adds up, or stumbles over, any other value.
    """
    metadata = chunk["metadata"] if isinstance(chunk["metadata"], Mapping) else {}
    usage = Usage.of_reply(metadata.get("usage"))
    kept = {key: value for key, value in metadata.items() if isinstance(value, Mapping)}
    if usage is None:
        kept.pop("usage", None)
    chunk["metadata"] = kept
    return usage


def _model_id(model: Any) -> str | None:
    config = model.get_config() if hasattr(model, "get_config") else {}
    return config.get("model_id") if isinstance(config, dict) else None
