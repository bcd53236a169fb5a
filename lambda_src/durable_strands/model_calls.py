"""Model calls of a run: each one a step, named by its turn and by who asked."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import SerDesError, StepContext, StepError
from strands.middleware import InvokeModelContext, ModelStopReason
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

from durable_strands import raised
from durable_strands.asked import digest_of
from durable_strands.attempts import Attempt, most_tokens
from durable_strands.bridge import Overdue, TellAgent, in_loop
from durable_strands.classify import classify
from durable_strands.errors import (
    AgentFailed,
    AgentLimitReached,
    CallInterrupted,
    ContextWindowExceeded,
    DeadlineExceeded,
    ModelFailed,
    ModelThrottled,
    ResultNotKept,
    ResultTooLarge,
    not_kept,
    rebuild,
)
from durable_strands.gate import Held, hold_model, tokens_set_aside
from durable_strands.kept import KeptReply, Reply
from durable_strands.live import LiveRun, Place, Relay
from durable_strands.meters import decided
from durable_strands.observer import safely
from durable_strands.records import CallRecord, Usage
from durable_strands.sizes import refuse_oversize
from durable_strands.stream_watch import StreamWatch
from durable_strands.turns import own_messages

Next = Callable[[InvokeModelContext], AsyncGenerator[Any, None]]

_ENDS_THE_RUN = (DeadlineExceeded, CallInterrupted, ResultTooLarge, ResultNotKept)
"""Failures that are the run's, not the model's: no hook can mend them by asking again."""


@dataclass
class _Call:
    """One model call: its name, who answers it, what is asked, the digest of that, and how it is made."""

    name: str
    model_id: str | None
    max_tokens: int | None
    request: Any
    make: Callable[[], Coroutine[Any, Any, Reply]]
    relay: Relay[Reply]
    asked: str = ""
    held: Held = field(default_factory=Held)


class ModelCalls:
    """Makes the model calls of one agent in one pass, one after the other."""

    def __init__(self, run: LiveRun, agent: Any, asker: str = "") -> None:
        self._run = run
        self._agent = agent
        self._asker = asker

    async def stage(self, context: InvokeModelContext, next_fn: Next) -> AsyncGenerator[Any, None]:
        """Strands' model stage: ask for the step, pass events on, end with the reply."""
        relay: Relay[Reply] = Relay()
        request = (context.messages, context.tool_specs, context.system_prompt)
        asked = digest_of(context.system_prompt, context.messages)
        work = self._ask(context.model, request, lambda: _reply(next_fn(own_messages(context)), relay), relay, asked)
        async for event in relay.events(work):
            yield event
        reply = relay.value
        decided(made=relay.made)
        told: Any = (reply.stop_reason, reply.message, reply.usage, reply.metrics)
        yield ModelStopReason(*told)

    async def stream(
        self, model: Any, request: Any, events: Callable[[], AsyncGenerator[Any, None]]
    ) -> AsyncGenerator[Any, None]:
        """A call of the model itself, by a conversation manager for example; its raw events are the reply."""
        relay: Relay[Reply] = Relay()

        async def make() -> Reply:
            return await _raw_reply(events())

        async for _ in relay.events(self._ask(model, request, make, relay)):
            pass
        for event in relay.value.events:
            yield event

    def _ask(
        self, model: Any, request: Any, make: Any, relay: Relay[Reply], asked: str = ""
    ) -> Coroutine[Any, Any, Reply]:
        name = f"{self._asker}model-{self._run.number(f'{self._asker}model')}"
        relay.inside(Place(self._run, self._agent, name))
        config = _config(model)
        call = _Call(name, _priced_as(config), most_tokens(config), request, make, relay, asked)
        return self._run.desk.ask(lambda: self._step(call))

    def _step(self, call: _Call) -> Reply:
        run = self._run
        run.enter_failed()
        # Strands counts the turns it begins; a hook can have a call made again and again within one.
        if run.bounded and not self._asker and run.counts["model"] > run.options.limits.turns:
            raise AgentLimitReached(f"{run.name}: the run reached its limit of turns", calls=tuple(run.calls))
        run.observer.before_model_call(run.name, run.path + call.name)
        call.held = hold_model(run, call.name, call.model_id, partial(tokens_set_aside, call.request, call.max_tokens))
        made: list[CallRecord] = []
        broken = run.operations.broken_attempts()

        def attempt(step: StepContext) -> dict[str, Any]:
            kept = self._attempt(step, call, broken)
            made[:] = [kept.record]
            return kept.to_dict()

        try:
            kept = KeptReply.from_dict(run.operations.step(call.name, attempt, run.options.retry, call.asked))
        except SerDesError as error:
            lost = not_kept(str(error), error.data) if error.data else _lost(str(error), made)
            raise lost.after(tuple(run.calls)) from error
        except StepError as error:
            failure = _with_what_it_cost(rebuild(error), made)
            if isinstance(failure, _ENDS_THE_RUN):
                raise failure.after(tuple(run.calls)) from error
            run.note_failed(failure, call.name, call.model_id)
            raise TellAgent(_as_strands_raises(failure)) from error
        if not made:  # read from a checkpoint, or answered by who runs the step
            call.held.ended(Usage())
        run.remember(kept.record)
        call.relay.made = bool(made)
        return kept.reply

    def _attempt(self, step: StepContext, call: _Call, broken: int) -> KeptReply:
        run, sent = self._run, False
        trying = self._trying(step, call)
        try:
            run.observer.attempt_begins(trying)
            started, sent = time.monotonic(), True
            reply = self._timed(call)
            usage = reply.billed
            record = CallRecord(
                run.name, run.path + call.name, "model", call.model_id, usage,
                round((time.monotonic() - started) * 1000), step.attempt, reply.stop_reason, run.invocation,
                broken_attempts=broken, deferrals=call.held.deferrals,
            )  # fmt: skip
            call.held.ended(usage)
            kept = KeptReply(reply, record, call.asked)
            refuse_oversize(kept.to_dict(), run.options.max_result_bytes, usage or Usage(), int(usage is None))
        except Exception as error:
            failure = classify(error)
            unknown = _may_be_billed(failure, error)
            if not sent:
                call.held.ended(Usage())
            else:
                call.held.failed(failure)
                known = not unknown and not failure.unknown_calls
                safely(run.observer.attempt_ended, trying, failure.usage if known else None)
            failure.of_attempts(broken + unknown)
            if not isinstance(provider := _unwrapped(error), AgentFailed):
                failure.told(raised=raised.keep(provider))
            safely(run.observer.attempt_failed, run.name, run.path + call.name, step.attempt, failure)
            raise failure from error
        safely(run.observer.attempt_ended, trying, usage)
        safely(run.observer.call_made, record)
        return kept

    def _trying(self, step: StepContext, call: _Call) -> Attempt:
        run = self._run
        name = run.path + call.name
        return Attempt(run.execution, run.name, name, step.attempt, call.model_id, call.max_tokens, call.request)

    def _timed(self, call: _Call) -> Reply:
        left = self._run.seconds_left()
        try:
            return in_loop(call.relay.loop, call.make, call.relay.context, left)
        except Overdue as overdue:
            raise DeadlineExceeded(f"the model call was {overdue} and the Lambda timeout is near") from overdue


def _with_what_it_cost(failure: AgentFailed, made: list[CallRecord]) -> AgentFailed:
    if isinstance(failure, ResultNotKept) and made:
        failure = _lost(failure.message or "", made)
    # the one failure that no attempt could tell of
    return failure.of_attempts(1) if isinstance(failure, CallInterrupted) else failure


def _may_be_billed(failure: AgentFailed, error: BaseException) -> int:
    """1 if the model may have written what nobody counted: it had begun, or nobody can tell that it had not."""
    begun = getattr(error, "reply_begun", False)
    return int(failure.usage == Usage() and not failure.unknown_calls and (failure.maybe_billed or begun))


def _as_strands_raises(failure: AgentFailed) -> Exception:
    """What hooks, routers and managers look for: the provider's exception, as far as its class is known here.

    The typed failure stays with it for when none of them mends it, without the provider's words, which may be a text.
    """
    told = raised.raise_again(failure.forget("raised")) or failure
    if isinstance(failure, ContextWindowExceeded) and not isinstance(told, ContextWindowOverflowException):
        told = ContextWindowOverflowException(failure.message)
    elif isinstance(failure, ModelThrottled) and told is failure:
        told = ModelThrottledException(failure.message or "")
    told.durable_failure = failure  # type: ignore[attr-defined]
    return told


def _unwrapped(error: BaseException) -> BaseException:
    while (inner := getattr(error, "original_exception", None)) is not None:
        error = inner
    return error


async def _reply(events: AsyncGenerator[Any, None], relay: Relay[Any]) -> Reply:
    stop: ModelStopReason | None = None
    billed: Usage | None = None
    with StreamWatch() as watch:
        async for event in events:
            if isinstance(event, ModelStopReason):
                stop = event
            else:
                chunk = event.get("event") or {}
                watch.see(chunk)
                billed = _told(chunk) if "metadata" in chunk else billed
                relay.put(event)
    if stop is None:
        raise ModelFailed("the model stage ended without a reply")
    reason, message, usage, metrics = stop["stop"]
    watch.refuse_incomplete(reason)
    # A reply without a single token is none: whoever reports zeros does not count. Only a guardrail stops unread input.
    if billed == Usage() and reason != "guardrail_intervened":
        billed = None
    return Reply(reason, dict(message), dict(usage), dict(metrics), billed=billed)


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


async def _raw_reply(stream: AsyncGenerator[Any, None]) -> Reply:
    events = []
    with StreamWatch() as watch:
        async for event in stream:
            watch.see(event)
            events.append(event)
    stop = next((event["messageStop"].get("stopReason") or "" for event in events if "messageStop" in event), "")
    watch.refuse_incomplete(stop)
    billed = next((_told(event) for event in events if "metadata" in event), None)
    return Reply(stop, events=events, billed=None if billed == Usage() else billed)


def _config(model: Any) -> dict[str, Any]:
    config = model.get_config() if hasattr(model, "get_config") else {}
    return config if isinstance(config, dict) else {}


def _priced_as(config: dict[str, Any]) -> str | None:
    """The model's id; in a service tier of its own price with the tier, such as `amazon.nova-pro-v1:0@flex`."""
    model_id, tier = config.get("model_id"), config.get("service_tier")
    return f"{model_id}@{tier}" if model_id and tier and tier != "default" else model_id
