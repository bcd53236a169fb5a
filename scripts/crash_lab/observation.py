"""One execution in the lab: start it, kill it where the point says, answer what people are asked, keep all evidence."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.crash_lab.points import KillPoint, fault_of
from scripts.crash_lab.stack import LabStack
from scripts.local_aws.processes.journal import Follower
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

Lines = list[dict[str, Any]]
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.03


class Interrupted(Exception):
    """The sweep is being stopped."""


@dataclass
class Evidence:
    """What the outside saw of one execution.

    events: the Lambda endpoint's journal of it: invocations, checkpoint updates that the engine accepted, kills.
    calls: the model endpoint's lines.
    witness: the tools' lines.
    notices: what people were told of reviews.
    execution: whose end is the end; those that it started are in the events too. Default: any.
    killed: pids of the processes that were killed on purpose.
    result: the handler's result; None if there is none.
    failure: why there is no result. Default: none.
    """

    events: Lines = field(default_factory=list)
    calls: Lines = field(default_factory=list)
    witness: Lines = field(default_factory=list)
    notices: Lines = field(default_factory=list)
    execution: str | None = None
    killed: list[int] = field(default_factory=list)
    result: dict[str, Any] | None = None
    failure: str | None = None
    seconds: float = 0.0

    @property
    def running(self) -> int | None:
        """Pid of the process that runs now; of several, the last one to start."""
        pids: dict[int, None] = {}
        for line in self.events:
            if line["event"] == "invocation_started":
                pids[int(line["pid"])] = None
            elif line["event"] == "invocation_ended":
                pids.pop(int(line["pid"]), None)
        return next(reversed(pids), None)

    @property
    def suspended(self) -> bool:
        """Whether every process ended, the last one by itself, and the engine is waited for."""
        ends = [line for line in self.events if line["event"] == "invocation_ended"]
        return bool(ends) and ends[-1].get("status") == "PENDING" and self.running is None

    @property
    def finished(self) -> bool:
        """Whether the execution is over."""
        over = [line.get("execution") for line in self.events if line["event"] == "execution_finished"]
        return bool(over) and self.execution in (None, *over)


def model_witness(line: Mapping[str, Any]) -> str:
    """How the model's endpoint knows a call: by the name of the reply in the scenario's script."""
    return str(line.get("reply", "a call without a name"))


def observe(
    stack: LabStack,
    point: KillPoint | None,
    stopping: threading.Event,
    *,
    throttled: bool = False,
    redrive: Mapping[str, str] | None = None,
) -> Evidence:
    """Run the pipeline once and kill it at `point`; None runs it undisturbed, or with the one throttled call.

    Args:
        stack: where.
        point: the kill.
        stopping: ends the run before its end.
        throttled: whether the one call is. Default: none is.
        redrive: what the event says of an earlier execution. Default: nothing.

    Raises:
        ChildDied: a part of the stack ended.
        Interrupted: `stopping` was set.
    """
    scenario = stack.scenario
    faults = {str(scenario.throttled): "throttle"} if throttled else fault_of(point, scenario)
    held = point.call if point and point.moment == "during" else None
    stack.prepare(script=scenario.script(faults), kill_rules=point.kill_rules if point else [], hold=held)
    event = {**scenario.event, **({"redrive": redrive} if redrive else {})}
    return _Observation(stack, held, event).run(stopping)


class _Observation:
    def __init__(self, stack: LabStack, held: str | None, event: Mapping[str, Any]) -> None:
        self._stack = stack
        self._event = event
        self._client: LambdaClient = stack.client()
        self._held = held
        self._evidence = Evidence()
        self._questions: list[tuple[str, str]] = []
        self._answered: set[str] = set()
        self._followers: list[tuple[Follower, Callable[[Lines], None]]] = [
            (Follower(stack.events), self._take_events),
            (Follower(stack.calls), self._evidence.calls.extend),
            (Follower(stack.witness), self._evidence.witness.extend),
            (Follower(stack.outbox), self._take_questions),
        ]
        lines = [follower.new_lines() for follower, _ in self._followers]
        self._before = {line.get("execution") for line in lines[0]}

    def run(self, stopping: threading.Event) -> Evidence:
        began = time.monotonic()
        started = self._client.invoke(
            FunctionName=FUNCTION_NAME,
            Qualifier=ALIAS,
            InvocationType="Event",
            Payload=json.dumps(self._event).encode(),
        )
        self._evidence.execution = started["DurableExecutionArn"]
        while not self._evidence.finished and time.monotonic() - began < PATIENCE_SECONDS:
            if stopping.wait(LOOK_SECONDS):
                raise Interrupted
            self._stack.check()
            self._look()
        self._evidence.seconds = time.monotonic() - began
        self._read_notices()
        self._read_result()
        return self._evidence

    def _look(self) -> None:
        for follower, take in self._followers:
            take(follower.new_lines())
        if self._held is not None and self._held_call_began() and self._evidence.running is not None:
            self._kill(self._evidence.running)
        if self._evidence.suspended:
            self._read_notices()
            if self._questions:
                self._answer(*self._questions.pop())

    def _kill(self, pid: int) -> None:
        os.killpg(pid, signal.SIGKILL)
        self._evidence.killed.append(pid)
        self._held = None
        self._stack.let_go()

    def _held_call_began(self) -> bool:
        # a model call is killed once a part of its reply has come, a tool once it said so
        began = [line["call"] for line in self._evidence.witness if line["event"] == "started"]
        began += [model_witness(line) for line in self._evidence.calls if line["event"] == "token"]
        return self._held in began

    def _take_events(self, lines: Lines) -> None:
        mine = [line for line in lines if line.get("execution") not in self._before]
        self._evidence.events += mine
        self._evidence.killed += [line["pid"] for line in mine if line["event"] == "killed"]

    def _take_questions(self, lines: Lines) -> None:
        self._questions += [(line["callback_id"], "editor") for line in lines]

    def _read_notices(self) -> None:
        if self._stack.scenario.reviews:
            new = self._stack.topic.new_messages()
            self._evidence.notices += new
            self._questions += [(notice["callback_id"], notice["review"]) for notice in new]

    def _answer(self, callback_id: str, question: str) -> None:
        # a question that was sent twice is still one callback; a person answers once
        answer = self._stack.scenario.answers.get(question)
        if callback_id not in self._answered and answer is not None:
            self._answered.add(callback_id)
            self._client.send_durable_execution_callback_success(CallbackId=callback_id, Result=answer.encode())

    def _read_result(self) -> None:
        execution = str(self._evidence.execution)
        if not self._evidence.finished:
            with suppress(Exception):  # what is wrong is told already
                self._client.stop_durable_execution(DurableExecutionArn=execution)
            self._evidence.failure = f"did not end within {PATIENCE_SECONDS:g} seconds"
            return
        details = self._client.get_durable_execution(DurableExecutionArn=execution)
        if details["Status"] == "SUCCEEDED":
            self._evidence.result = json.loads(details["Result"])
        else:
            error = details.get("Error", {})
            self._evidence.failure = f"{details['Status']}: {error.get('ErrorType')}: {error.get('ErrorMessage')}"
