"""What the caller gets back: the texts, and the usage document made of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from agent_workflow.agents import AgentSpec
from agent_workflow.estimates import Estimates
from agent_workflow.ledger import Ledger
from agent_workflow.request import Request
from durable_strands.records import CallRecord, Usage, total_usage, unknown_calls

Document = dict[str, Any]


def completed(request: Request, agents: Sequence[AgentSpec], texts: Mapping[str, str], usage: Document) -> Document:
    """The result of a completed execution; the last agent's text is the report."""
    *earlier, last = agents
    return {
        "status": "completed",
        "query": request.query,
        **{agent.name: texts[agent.name] for agent in earlier},
        "report": texts[last.name],
        "usage": usage,
    }


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
        agents: those that may have run; an agent without a call is left out.
        ledger: the calls so far.
        estimates: what the execution itself cost.
        calls: whether each call is listed too. Default: it is.
    """
    ran = [agent for agent in agents if ledger.of(agent.operation)]
    spent = ledger.spent()
    return {
        "agents": {agent.name: _agent(agent, ledger, calls=calls) for agent in ran},
        **_sums(ledger.calls),
        "cost_usd": usd(spent),
        "saved_usd": usd(ledger.saved()),
        "prices_as_of": _as_of(ran, ledger),
        "estimates": _estimates(estimates, spent),
    }


def usd(amount: Decimal | None) -> str | None:
    """An amount as the result writes it: a plain decimal string, exact; null if it is unknown."""
    if amount is None:
        return None
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _agent(agent: AgentSpec, ledger: Ledger, *, calls: bool) -> Document:
    made = ledger.of(agent.operation)
    document = {
        "model_id": agent.model,
        **_sums(made),
        "cost_usd": usd(ledger.spent(agent.operation)),
        "saved_usd": usd(ledger.saved(agent.operation)),
    }
    return {**document, "calls": [_call(call, ledger) for call in made]} if calls else document


def _sums(calls: Sequence[CallRecord]) -> Document:
    model, tool = ([call for call in calls if call.kind == kind] for kind in ("model", "tool"))
    return {
        "model_calls": sum(call.count for call in model),
        "attempts": sum(call.attempts for call in model),
        "tool_calls": sum(call.count for call in tool),
        **vars(total_usage(calls)),
        "unknown_calls": unknown_calls(calls),
        "broken_attempts": sum(call.broken_attempts for call in calls),
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
    }


def _as_of(agents: Iterable[AgentSpec], ledger: Ledger) -> str | None:
    dates = {price.as_of for agent in agents if (price := ledger.prices.get(agent.model)) and price.as_of}
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
