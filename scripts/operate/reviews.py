"""The commands for whoever is asked: review list, show, approve, reject, edit, revise, answer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from agent_workflow.review_answer import Unreadable, read_answer, read_response
from durable_strands.records import AgentRun
from scripts.console.report import write_report
from scripts.operate.endings import Refused, Unusable, code_of
from scripts.operate.executions import find, listed
from scripts.operate.history import SUCCEEDED, Operation
from scripts.operate.looking import Wanted
from scripts.operate.output import console, moment, table, write_json
from scripts.operate.place import Place
from scripts.operate.reading import Execution
from scripts.operate.verdict import QUESTION, REVIEW, duration

GONE = frozenset({"ResourceNotFoundException", "CallbackTimeoutException"})
Asked = Annotated[str | None, typer.Option(metavar="NAME", help="answer only this one, such as review-2")]
Reviewer = Annotated[str | None, typer.Option(metavar="NAME", help="who answers, kept in the result")]


@dataclass(frozen=True)
class Waiting:
    """An execution and the review, or the question of an agent, that it waits for.

    Attributes:
        name: `review-1`, or where the question is asked: `clerk-agent/interrupt-1`.
    """

    execution: Execution
    review: Operation
    name: str


def list_reviews(
    place: Place,
    *,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="most running executions to look into, newest first")
    ] = 100,
) -> None:
    """Show the executions that wait for a person."""
    running = listed(place, statuses=("RUNNING",))
    looked_at = list(islice(running, limit + 1))
    read = (Execution.read(place, row["DurableExecutionArn"], data=False) for row in looked_at[:limit])
    found = [waiting for execution in read for waiting in open_in(execution)]
    if place.as_json:
        write_json({"reviews": [_document(waiting) for waiting in found], "more": len(looked_at) > limit})
        return
    if found:
        console().print(table(("execution", "review", "waits", "until (UTC)"), map(_cells, found)))
    else:
        print("nobody is waited for")
    if len(looked_at) > limit:
        print(f"looked into the newest {limit} running executions only; --limit {10 * limit} for more")


def show_review(place: Place, *, execution: Wanted) -> None:
    """Show what is to be decided: the latest answer of an agent before the review."""
    waiting = _waiting(place, execution, REVIEW, QUESTION)
    if QUESTION.fullmatch(waiting.review.name):
        _show_question(place, waiting)
        return
    agent, text = _text(waiting)
    if place.as_json:
        write_json({**_document(waiting), "callback_id": waiting.review.callback_id, "agent": agent, "text": text})
        return
    print(f"{waiting.review.name} of {waiting.execution.name} waits for an answer; the latest text, of {agent}:\n")
    write_report(console(), {"report": text or "(its text is not in the history)"})
    name = waiting.execution.name
    for answer in ("approve", "reject --reason TEXT", "revise --comments TEXT", "edit --file FILE.md"):
        verb, _, rest = answer.partition(" ")
        said = f"scripts/pipeline review {verb} {name} --review {waiting.review.name} {rest}"
        print(f"  {said}".rstrip(), file=sys.stderr)


def approve(place: Place, *, execution: Wanted, review: Asked = None, reviewer: Reviewer = None) -> None:
    """Take the text as it is."""
    _answer(place, execution, {"decision": "approve", "reviewer": reviewer}, review)


def reject(
    place: Place,
    *,
    execution: Wanted,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="kept in the result")] = None,
    review: Asked = None,
    reviewer: Reviewer = None,
) -> None:
    """Refuse the text: the execution ends as rejected."""
    _answer(place, execution, {"decision": "reject", "reason": reason, "reviewer": reviewer}, review)


def edit(
    place: Place,
    *,
    execution: Wanted,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="to use instead")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE.md", help="with the text to use instead")] = None,
    review: Asked = None,
    reviewer: Reviewer = None,
) -> None:
    """Use another text instead."""
    if (text is None) == (file is None):
        raise Unusable("give --text or --file, one of the two")
    _answer(
        place,
        execution,
        {"decision": "edit", "text": _read(file) if text is None else text, "reviewer": reviewer},
        review,
    )


def revise(
    place: Place,
    *,
    execution: Wanted,
    comments: Annotated[str, typer.Option(metavar="TEXT", help="what to change")],
    review: Asked = None,
    reviewer: Reviewer = None,
) -> None:
    """Send the text back to its agent, with comments."""
    _answer(place, execution, {"decision": "revise", "comments": comments, "reviewer": reviewer}, review)


def answer(
    place: Place,
    *,
    execution: Wanted,
    text: Annotated[str, typer.Option(metavar="TEXT", help="what the agent is told")],
    review: Asked = None,
) -> None:
    """Answer the question of an agent."""
    _say(place, respond(place, execution, text, review), "answered")


def asked_text(waiting: Waiting) -> tuple[str, str | None]:
    """Who wrote, and what: of a review the latest text, of an agent's question the question; None if it is not kept."""
    if QUESTION.fullmatch(waiting.review.name):
        return waiting.name.rpartition("/")[0], _question(waiting)
    return _text(waiting)


def _question(waiting: Waiting) -> str | None:
    """What is asked is kept where a review page shows it; else only the notice's reader can know."""
    notice = f"{waiting.name}-notify"
    kept = [one.payload for path, one in waiting.execution.history.walk() if path == notice and one.payload]
    document = json.loads(kept[0] or "null") if kept else None
    text = document.get("text") if isinstance(document, dict) else None
    return text if isinstance(text, str) else None


def _show_question(place: Place, waiting: Waiting) -> None:
    text = _question(waiting)
    if place.as_json:
        write_json({**_document(waiting), "callback_id": waiting.review.callback_id, "text": text})
        return
    name = waiting.execution.name
    print(f"{waiting.name} of {name} waits for an answer:\n\n{text or '(the question is not in the history)'}")
    print(f"  scripts/pipeline review answer {name} --review {waiting.name} --text TEXT", file=sys.stderr)


def decide(place: Place, wanted: str, fields: Mapping[str, Any], only: str | None) -> Waiting:
    """Answer a review, by the contract's fields; the review that was answered.

    Raises:
        Unusable: the flow itself would refuse the answer and ask again.
        Refused: nobody is asked, or somebody else was quicker.
    """
    document = json.dumps({name: value for name, value in fields.items() if value is not None})
    try:
        read_answer(document, number=1, digest="", may_revise=True)
    except Unreadable as error:
        raise Unusable(str(error)) from None
    return _send(place, _waiting(place, wanted, REVIEW, only=only), document)


def respond(place: Place, wanted: str, text: str, only: str | None) -> Waiting:
    """Answer the question of an agent; the question that was answered. Raises as `decide`."""
    try:
        result = json.dumps(read_response(text))
    except Unreadable as error:
        raise Unusable(str(error)) from None
    return _send(place, _waiting(place, wanted, QUESTION, only=only), result)


def _answer(place: Place, wanted: str, fields: dict[str, Any], only: str | None) -> None:
    _say(place, decide(place, wanted, fields, only), fields["decision"])


def _send(place: Place, waiting: Waiting, result: str) -> Waiting:
    name, review = waiting.execution.name, waiting.name
    try:
        place.durable.send_durable_execution_callback_success(
            CallbackId=str(waiting.review.callback_id), Result=result.encode()
        )
    except ClientError as error:
        if code_of(error) in GONE:
            raise Refused(
                f"{review} of {name} was answered or timed out meanwhile: scripts/pipeline show {name}"
            ) from None
        raise
    return waiting


def _say(place: Place, waiting: Waiting, decision: str) -> None:
    name, review = waiting.execution.name, waiting.name
    if place.as_json:
        write_json({"name": name, "review": review, "decision": decision})
    else:
        print(f"{review} of {name}: {decision}; scripts/pipeline watch {name}")


def _waiting(place: Place, wanted: str, *kinds: re.Pattern[str], only: str | None = None) -> Waiting:
    execution = Execution.read(place, find(place, wanted))
    every = list(asked_in(execution))
    open_ = [one for one in every if one.review.callback_id and not execution.is_over]
    name = execution.name
    for one in open_:
        if only in (None, one.name) and any(kind.fullmatch(one.review.name) for kind in kinds):
            return one
    if open_:  # the text has changed since it was read, or it is a question and not a review
        raise Refused(
            f"{name} waits for {open_[0].name}, not for {only or 'that'}: scripts/pipeline review show {name}"
        )
    last = every[-1] if every else None
    answered = f"; {last.name} was answered at {moment(last.review.ended)} UTC" if last and last.review.ended else ""
    raise Refused(f"{name} is {execution.status} and waits for no review{answered}")


def asked_in(execution: Execution) -> Iterator[Waiting]:
    """Every review and question of an execution, the answered ones too."""
    for path, operation in execution.history.walk():
        if _asks(operation):
            yield Waiting(execution, operation, _name(path, operation))


def _asks(operation: Operation) -> bool:
    """Whether it is a review, or a question of an agent."""
    return bool(REVIEW.fullmatch(operation.name) or QUESTION.fullmatch(operation.name))


def _name(path: str, operation: Operation) -> str:
    """By what it is answered: an agent's questions are numbered in each run, so they need its name; reviews do not."""
    return operation.name if REVIEW.fullmatch(operation.name) else path


def open_in(execution: Execution) -> Iterator[Waiting]:
    """The reviews and questions that an execution waits for."""
    return (waiting for waiting in asked_in(execution) if waiting.review.callback_id)


def _text(waiting: Waiting) -> tuple[str, str | None]:
    """The latest agent that ended before the review was asked, and what it wrote."""
    asked = waiting.review.started
    ended = [
        operation
        for _, operation in waiting.execution.history.walk()
        if operation.kind == "Context" and operation.status == SUCCEEDED and operation.payload
        if asked is None or (operation.ended is not None and operation.ended <= asked)
    ]
    for operation in sorted(
        ended, key=lambda operation: operation.ended or datetime.min.replace(tzinfo=UTC), reverse=True
    ):
        try:
            return operation.name, AgentRun.from_dict(operation.name, json.loads(operation.payload or "")).text
        except (ValueError, KeyError, TypeError):
            continue
    return "no agent", None


def _document(waiting: Waiting) -> dict[str, Any]:
    review = waiting.review
    named = {"execution": waiting.execution.name, "arn": waiting.execution.arn, "review": waiting.name}
    return {**named, "asked": review.started, "until": review.due}


def _cells(waiting: Waiting) -> tuple[str, ...]:
    review = waiting.review
    since = duration(review.seconds(datetime.now(UTC)) or 0)
    return waiting.execution.name, waiting.name, since, moment(review.due)


def _read(file: Path | None) -> str:
    try:
        return (file or Path()).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(
            f"--file {file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from error
