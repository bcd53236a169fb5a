"""What the page is told of an execution, as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from durable_strands.records import AgentRun
from scripts.operate import money, shown
from scripts.operate.history import NOTICE, History, Operation
from scripts.operate.reading import Execution
from scripts.operate.reviews import Waiting, open_in
from scripts.operate.verdict import REVIEW, verdict


def head(execution: Execution) -> dict[str, Any]:
    """What stands above the operations: how it is, what to do, what it costs, who is waited for."""
    details, history, now = execution.details, execution.history, datetime.now(UTC)
    usage = money.ledger(details) or {}
    return {
        "name": execution.name,
        "arn": execution.arn,
        "status": execution.status,
        "over": execution.is_over,
        "version": details.get("Version"),
        "started": details["StartTimestamp"],
        "ended": details.get("EndTimestamp"),
        "query": _query(details),
        "verdict": verdict(details, history, now),
        "cost": shown.cost_document(money.total(details, history)),
        "agents": {name: shown.cost_document(part) for name, part in money.by_agent(details, history).items()},
        "saved_usd": usage.get("saved_usd"),
        "resumes": list(resumes(history)),
        "waits_for": [{"name": one.name, "kind": kind_of(one), "until": one.review.due} for one in open_in(execution)],
        "has_result": execution.status == "SUCCEEDED",
    }


def kind_of(waiting: Waiting) -> str:
    """`review`, or `question` of an agent."""
    return "review" if REVIEW.fullmatch(waiting.review.name) else "question"


def rows(history: History, changed: Iterable[Operation] | None = None) -> list[dict[str, Any]]:
    """Operations in the order of the tree, without their texts.

    Args:
        history: of the execution.
        changed: only these. Default: all.
    """
    only = None if changed is None else {id(operation) for operation in changed}
    return [
        {"id": identity, "parent": parent, **_row(operation)}
        for identity, parent, operation in numbered(history)
        if only is None or id(operation) in only
    ]


def numbered(history: History) -> Iterator[tuple[str, str | None, Operation]]:
    """Every operation with an id of its own: its place among its siblings, below that of its parent."""

    def below(operations: Iterable[Operation], parent: str | None) -> Iterator[tuple[str, str | None, Operation]]:
        for place, operation in enumerate(operations):
            identity = f"{place}" if parent is None else f"{parent}.{place}"
            yield identity, parent, operation
            yield from below(operation.children, identity)

    yield from below(history.roots, None)


def resumes(history: History) -> Iterator[dict[str, Any]]:
    """Where an invocation took over from another one: what was finished then was replayed, and not paid again.

    A call's checkpoint names the invocation that made it. Between two of them that differ one has ended, or its
    process has died, of which the service may tell or not.
    """
    made = sorted(
        (one.ended, one.tried, number, one)
        for number, (_, one) in enumerate(history.walk())
        if one.invocation and one.ended and one.tried
    )
    kept: Decimal | None = None
    for number, ((ended, _, _, before), (_, tried, _, after)) in enumerate(pairwise(made), 1):
        spent = money.of_operation(before)
        if spent and spent.usd is not None:
            kept = (kept or Decimal(0)) + spent.usd
        if before.invocation == after.invocation:
            continue
        died = not any(ended <= end <= tried for end in history.quiet_ends)
        usd = None if kept is None else format(kept, "f")
        yield {"at": tried, "died": died, "replayed": number, "kept_usd": usd}


def text_of(operation: Operation) -> str:
    """What an operation returned, for people: an agent's text, a call's reply, else its JSON."""
    document = parsed(operation.payload)
    if operation.name.endswith(NOTICE) and isinstance(document, dict):
        return str(document.get("text") or "")
    if operation.kind == "Context" and isinstance(document, dict):
        try:
            return AgentRun.from_dict(operation.name, document).text
        except (KeyError, TypeError, ValueError):
            pass
    if isinstance(document, dict) and isinstance(kept := document.get("reply") or document.get("result"), dict):
        return _reply(kept)
    if document is None:
        return operation.payload or ""
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False, indent=2)


def _reply(reply: Mapping[str, Any]) -> str:
    """Texts of a model's or a tool's reply; each tool that a model asked for as a line of its own."""
    message = reply.get("message") or reply
    parts = []
    for block in message.get("content") or ():
        if "text" in block:
            parts.append(block["text"])
        elif use := block.get("toolUse"):
            parts.append(f"{use.get('name')}({json.dumps(use.get('input'), ensure_ascii=False)})")
        elif "json" in block:
            parts.append(json.dumps(block["json"], ensure_ascii=False, indent=2))
    return "\n\n".join(parts)


def _row(operation: Operation) -> dict[str, Any]:
    spent = money.of_operation(operation) if operation.model_id else None
    return {
        "name": operation.name,
        "kind": operation.kind,
        "status": operation.status,
        "started": operation.started,
        "ended": operation.ended,
        "attempts": operation.attempts,
        "error_type": operation.error_type,
        "retry_at": operation.retry_at,
        "due": operation.due,
        "model": operation.model_id,
        "tokens": sum(vars(spent.usage).values()) if spent else None,
        "usd": format(spent.usd, "f") if spent and spent.usd is not None else None,
        "has_text": bool(operation.payload),
    }


def _query(details: Mapping[str, Any]) -> str:
    event = parsed(details.get("InputPayload"))
    if not isinstance(event, dict):
        return ""
    if isinstance(event.get("queries"), list):
        return f"a batch of {len(event['queries'])}"
    return str(event.get("query") or "")


def parsed(text: Any) -> Any:
    """The JSON of a payload; None if it is none, or cut off."""
    try:
        return json.loads(text or "null")
    except (ValueError, TypeError):
        return None
