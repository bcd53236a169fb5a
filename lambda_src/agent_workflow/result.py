"""What the caller gets back: the texts, and the usage document made of the ledger."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent_workflow.agents import AgentSpec
from agent_workflow.estimates import Estimates
from agent_workflow.ledger import Ledger
from agent_workflow.operation_names import branch_of
from agent_workflow.request import Request
from durable_strands.records import CallRecord, Usage, total_usage, unknown_calls

Document = dict[str, Any]


def completed(request: Request, fields: Mapping[str, Any], usage: Document) -> Document:
    """The result of a completed execution: the texts that its flow gave, the report among them, and the usage."""
    return {"status": "completed", "query": request.query, **fields, "usage": usage}


def completed_elsewhere(request: Request, stored: Document, usage: Document) -> Document:
    """The result of a completed execution whose texts are too large for a response: where the whole result lies.

    Args:
        request: what was asked.
        stored: bucket, key, sha256 and size_bytes of the result as `completed` makes it, as JSON.
        usage: the ledger, without the list of calls.
    """
    return {"status": "completed", "query": request.query, "stored": stored, "usage": usage}


def usage_document(
    agents: Iterable[AgentSpec], ledger: Ledger, estimates: Estimates, *, calls: bool = True
) -> Document:
    """The ledger as the contract shows it: per agent, in all, and the estimates beside.

    Args:
        agents: those that may have run; a run without a call is left out.
        ledger: the calls so far.
        estimates: what the execution itself cost.
        calls: whether each call is listed too. Default: it is.
    """
    ran = tuple(_runs(agents, ledger))
    spent = ledger.spent()
    return {
        "agents": {run.name: _run(run, ledger, calls=calls) for run in ran},
        **_sums(ledger.calls),
        "cost_usd": usd(spent),
        "saved_usd": usd(ledger.saved()),
        "cache_saved_usd": usd(ledger.saved_by_caching()),
        "prices_as_of": _as_of(ran, ledger),
        "estimates": _estimates(estimates, spent),
    }


def usd(amount: Decimal | None) -> str | None:
    """An amount as the result writes it: a plain decimal string, exact; null if it is unknown."""
    if amount is None:
        return None
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class _Run:
    """An agent's run with a line of its own: `summary` of `summary-agent`, `summary-2` of `summary-agent-2`."""

    name: str
    operation: str
    model: str


def _runs(agents: Iterable[AgentSpec], ledger: Ledger) -> Iterator[_Run]:
    for agent in agents:
        found = (re.fullmatch(rf"{agent.operation}(-([0-9]+))?", operation) for operation in ledger.agents)
        # questions are asked side by side, so that the ledger has them in no certain order
        for run in sorted(filter(None, found), key=lambda each: int(each[2] or 1)):
            yield _Run(agent.name + (run[1] or ""), run[0], agent.billed_as)


def _run(run: _Run, ledger: Ledger, *, calls: bool) -> Document:
    made = ledger.of(run.operation)
    document = {
        "model_id": run.model,
        **_sums(made),
        "cost_usd": usd(ledger.spent(run.operation)),
        "saved_usd": usd(ledger.saved(run.operation)),
        "cache_saved_usd": usd(ledger.saved_by_caching(run.operation)),
    }
    # branches that ran side by side one after the other, whichever was faster
    made = sorted(made, key=lambda call: branch_of(call.name))
    return {**document, "calls": [_call(call, ledger) for call in made]} if calls else document


def _sums(calls: Sequence[CallRecord]) -> Document:
    model, tool = ([call for call in calls if call.kind == kind] for kind in ("model", "tool"))
    taken = sum(call.count for call in calls if call.taken)
    return {
        "model_calls": sum(call.count for call in model),
        **({"taken_calls": taken} if taken else {}),
        "attempts": sum(call.attempts for call in model),
        "tool_calls": sum(call.count for call in tool),
        **vars(total_usage(calls)),
        "unknown_calls": unknown_calls(calls),
        "broken_attempts": sum(call.broken_attempts for call in calls),
        "deferrals": sum(call.deferrals for call in calls),
        "latency_ms": sum(call.latency_ms for call in calls),
    }


def _call(call: CallRecord, ledger: Ledger) -> Document:
    return {
        "name": call.name,
        "kind": call.kind,
        "attempts": call.attempts,
        "stop_reason": call.stop_reason,
        **(dict.fromkeys(vars(Usage())) if call.usage is None else vars(call.usage)),
        "latency_ms": call.latency_ms,
        "cost_usd": usd(ledger.cost(call)),
        **({"taken": True} if call.taken else {}),
    }


def _as_of(runs: Iterable[_Run], ledger: Ledger) -> str | None:
    dates = {price.as_of for run in runs if (price := ledger.prices.get(run.model)) and price.as_of}
    return ", ".join(sorted(dates)) or None


def _estimates(estimates: Estimates, spent: Decimal | None) -> Document:
    own = estimates.durable_usd + estimates.lambda_usd
    return {
        "durable_operations": estimates.durable_operations,
        "bytes_written": estimates.bytes_written,
        "bytes_retained": estimates.bytes_written,
        "durable_usd": usd(estimates.durable_usd),
        "lambda_gb_seconds": usd(estimates.lambda_gb_seconds),
        "lambda_usd": usd(estimates.lambda_usd),
        "total_usd": usd(None if spent is None else spent + own),
    }
