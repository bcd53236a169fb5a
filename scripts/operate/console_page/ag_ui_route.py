"""Serves executions to any AG-UI client: it posts a RunAgentInput and is sent the run's events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ag_ui.core import BaseEvent, RunAgentInput, RunErrorEvent, RunStartedEvent
from ag_ui.encoder import EventEncoder
from pydantic import ValidationError

from scripts.console.command_line import checked_topic
from scripts.operate import acting, reviews
from scripts.operate.console_page.ag_ui import Run
from scripts.operate.endings import FAILURES, Unusable, refusal_of
from scripts.operate.executions import details
from scripts.operate.looking import LOOK_SECONDS
from scripts.operate.place import Place
from scripts.operate.reading import Execution


def read_input(given: dict[str, Any]) -> RunAgentInput:
    """What the client asks for.

    Raises:
        Unusable: it is no RunAgentInput.
    """
    try:
        return RunAgentInput.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise Unusable(f"a run must be given a RunAgentInput of AG-UI 1.0: {where}: {wrong['msg'].lower()}") from None


def served(place: Place, asked: RunAgentInput) -> Iterator[str]:
    """The run as server-sent events; what cannot be done is told as the run's error, as AG-UI wants it.

    A thread whose state names no execution starts one with its last message as the query, and with the other fields of
    an event that `forwardedProps.event` may hold; one whose state names one goes on with
    it, after its answers (`resume`) have been given.
    """
    encoder, begun = EventEncoder(), False
    try:
        for event in _events(place, asked):
            yield ": nothing new\n\n" if event is None else encoder.encode(event)
            begun = True
    except FAILURES as error:
        if not begun:
            yield encoder.encode(RunStartedEvent(thread_id=asked.thread_id, run_id=asked.run_id))
        yield encoder.encode(RunErrorEvent(message=str(refusal_of(error)), code=type(error).__name__))


def _events(place: Place, asked: RunAgentInput) -> Iterator[BaseEvent | None]:
    arn, seen = _where(asked)
    if arn is None:
        arn = _started(place, asked)
    _answer(place, arn, asked)
    execution = Execution(place, arn, details(place, arn))
    run = Run(asked.thread_id, asked.run_id, execution, seen)
    yield from run.begin(execution.catch_up())
    while not (last := list(run.end())):
        yield None
        time.sleep(LOOK_SECONDS)
        yield from run.go_on(execution.refresh())
    yield from last


def _where(asked: RunAgentInput) -> tuple[str | None, int]:
    state = asked.state if isinstance(asked.state, dict) else {}
    arn, seen = state.get("execution"), state.get("event", 0)
    if arn is not None and (not isinstance(arn, str) or not isinstance(seen, int)):
        raise Unusable("state.execution must be the ARN of an execution, and state.event a number")
    return arn, seen


def _started(place: Place, asked: RunAgentInput) -> str:
    """By the run's id as its name, so that a run that is sent twice is one execution."""
    said = [message.content for message in asked.messages if message.role == "user"]
    if not said or not isinstance(said[-1], str):
        raise Unusable("a run that starts an execution must end with a message of the user that is a text")
    more = asked.forwarded_props.get("event") if isinstance(asked.forwarded_props, dict) else None
    document = {**(more if isinstance(more, dict) else {}), "query": checked_topic(said[-1])}
    return acting.begin(place, document, acting.name_for(asked.run_id, document, new=False))


def _answer(place: Place, arn: str, asked: RunAgentInput) -> None:
    for entry in asked.resume or ():
        if entry.status == "cancelled":
            raise Unusable(f"{entry.interrupt_id} cannot be cancelled: answer it, or stop the execution")
        if isinstance(entry.payload, dict):
            reviews.decide(place, arn, entry.payload, entry.interrupt_id)
        else:
            reviews.respond(place, arn, str(entry.payload), entry.interrupt_id)
