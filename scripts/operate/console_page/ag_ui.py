"""An execution as AG-UI 1.0 tells a run (https://docs.ag-ui.com), from its durable history: each thing exactly once.

A run follows one execution until it ends or asks a person; the next run of the thread answers and goes on. Where a
reader stands is in the state, which AG-UI clients send back: the execution and the id of the last event of its history.
Events come from checkpoints, so what a retry or a replay does again is never said twice.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    Interrupt,
    RunErrorEvent,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    RunFinishedOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    StateSnapshotEvent,
    StepFinishedEvent,
    StepStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from scripts.console.report import report_text
from scripts.operate import reviews, shown
from scripts.operate.console_page.document import kind_of, parsed, text_of
from scripts.operate.history import Event, Operation
from scripts.operate.money import AGENT, total
from scripts.operate.reading import Execution
from scripts.operate.verdict import verdict

DECISION = {
    "type": "object",
    "properties": {
        "decision": {"enum": ["approve", "reject", "edit", "revise"]},
        "text": {"type": "string"},
        "comments": {"type": "string"},
        "reason": {"type": "string"},
        "reviewer": {"type": "string"},
    },
    "required": ["decision"],
}


class Run:
    """One AG-UI run over an execution.

    Args:
        thread_id: of the caller's conversation.
        run_id: of this run.
        execution: which.
        seen: id of the last event of the history that the thread has been told of. Default: none.
    """

    def __init__(self, thread_id: str, run_id: str, execution: Execution, seen: int = 0) -> None:
        self._thread, self._run = thread_id, run_id
        self._execution = execution
        self._seen = seen
        self._paths: dict[int, str] = {}
        self._steps: dict[str, None] = {}
        self._calls: dict[str, list[str]] = {}
        self._tries: Counter[str] = Counter()

    def begin(self, news: list[tuple[Event, Operation]]) -> Iterator[BaseEvent]:
        """The start of the run, and what the history holds already; steps that are open are opened again."""
        yield RunStartedEvent(thread_id=self._thread, run_id=self._run)
        old = [(event, operation) for event, operation in news if event["EventId"] <= self._seen]
        for event, operation in old:  # the thread knows it; the run has to know open steps and the names of calls
            deque(self._told(event, operation), maxlen=0)
        for step in self._steps:
            yield StepStartedEvent(step_name=step)
        yield from self.go_on(news[len(old) :])

    def go_on(self, news: list[tuple[Event, Operation]]) -> Iterator[BaseEvent]:
        """What is new in the history, each with where it stands: a reader drops what it knows by `sequence`."""
        for event, operation in news:
            path = self._path(operation)
            for place, made in enumerate(self._told(event, operation)):
                made.timestamp = int(event["EventTimestamp"].timestamp() * 1000)
                made.metadata = {
                    "execution": self._execution.arn,
                    "operation": path,
                    "attempt": self._tries[path],
                    "sequence": [event["EventId"], place],
                }
                yield made
            self._seen = event["EventId"]
        if news:
            yield self._state()

    def end(self) -> Iterator[BaseEvent]:
        """The end of the run, if the execution has ended or waits for people; else nothing."""
        if self._execution.is_over:
            yield self._state()
            yield from self._over()
        elif asked := self._interrupts():
            yield self._state()
            for step in list(self._steps):
                yield StepFinishedEvent(step_name=step)
            yield self._finished(RunFinishedInterruptOutcome(interrupts=asked))

    def _over(self) -> Iterator[BaseEvent]:
        details = self._execution.details
        if self._execution.status != "SUCCEEDED":
            error = details.get("Error") or {}
            message = error.get("ErrorMessage") or verdict(details, self._execution.history, datetime.now(UTC))
            yield RunErrorEvent(message=message, code=error.get("ErrorType") or self._execution.status)
            return
        result = parsed(details.get("Result"))
        if isinstance(result, dict) and "report" in result:
            yield from _text("report", report_text(result), "report")
        yield self._finished(RunFinishedSuccessOutcome(), result)

    def _finished(self, outcome: RunFinishedOutcome, result: Any = None) -> RunFinishedEvent:
        return RunFinishedEvent(thread_id=self._thread, run_id=self._run, outcome=outcome, result=result)

    def _interrupts(self) -> list[Interrupt]:
        return [
            Interrupt(
                id=one.name,
                reason=(kind := kind_of(one)),
                message=reviews.asked_text(one)[1],
                response_schema=DECISION if kind == "review" else {"type": "string"},
                expires_at=one.review.due.isoformat() if one.review.due else None,
            )
            for one in reviews.open_in(self._execution)
        ]

    def _state(self) -> StateSnapshotEvent:
        execution = self._execution
        cost = shown.cost_document(total(execution.details, execution.history))
        return StateSnapshotEvent(
            snapshot={"execution": execution.arn, "event": self._seen, "status": execution.status, "cost": cost}
        )

    def _told(self, event: Event, operation: Operation) -> Iterator[BaseEvent]:
        path, kind = self._path(operation), event["EventType"]
        self._tries[path] += kind.endswith("Started")
        if operation.kind == "Context":
            yield from self._step(path, kind)
        elif kind == "StepFailed":
            error = (event.get("StepFailedDetails") or {}).get("Error", {}).get("Payload") or {}
            yield CustomEvent(name="attempt_failed", value={"operation": path, "error_type": error.get("ErrorType")})
        elif kind == "StepSucceeded":
            yield from self._call(path, operation, event["EventId"])

    def _step(self, path: str, kind: str) -> Iterator[BaseEvent]:
        if AGENT not in path.rpartition("/")[2]:
            return
        if kind == "ContextStarted":
            self._steps[path] = None
            yield StepStartedEvent(step_name=path)
        elif path in self._steps:
            del self._steps[path]
            yield StepFinishedEvent(step_name=path)

    def _call(self, path: str, operation: Operation, number: int) -> Iterator[BaseEvent]:
        agent, document = path.rpartition("/")[0], parsed(operation.payload)
        if not isinstance(document, dict):
            return
        if message := (document.get("reply") or {}).get("message"):
            identity = f"{path}-{number}"
            text = "".join(block.get("text", "") for block in message.get("content", ()))
            if text:
                yield from _text(identity, text, agent.rpartition("/")[2].replace(AGENT, ""))
            for use in [block["toolUse"] for block in message.get("content", ()) if "toolUse" in block]:
                self._calls.setdefault(agent, []).append(f"{agent}/{use['toolUseId']}")
                yield from _tool_call(self._calls[agent][-1], use, identity if text else None)
        elif (made := operation.name.split("-"))[0] == "tool" and len(made) > 1 and made[1].isdigit():
            calls, place = self._calls.get(agent, []), int(made[1]) - 1
            if place < len(calls):
                yield ToolCallResultEvent(message_id=path, tool_call_id=calls[place], content=text_of(operation))

    def _path(self, operation: Operation) -> str:
        if id(operation) not in self._paths:
            self._paths = {id(one): path for path, one in self._execution.history.walk()}
        return self._paths[id(operation)]


def _text(identity: str, text: str, name: str) -> Iterator[BaseEvent]:
    yield TextMessageStartEvent(message_id=identity, role="assistant", name=name)
    yield TextMessageContentEvent(message_id=identity, delta=text)
    yield TextMessageEndEvent(message_id=identity)


def _tool_call(identity: str, use: Mapping[str, Any], parent: str | None) -> Iterator[BaseEvent]:
    yield ToolCallStartEvent(tool_call_id=identity, tool_call_name=use["name"], parent_message_id=parent)
    yield ToolCallArgsEvent(tool_call_id=identity, delta=json.dumps(use.get("input"), ensure_ascii=False))
    yield ToolCallEndEvent(tool_call_id=identity)
