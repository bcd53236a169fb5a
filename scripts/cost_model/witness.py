"""What Bedrock served and what it would bill: reckoned from the endpoint's own log, knowing nothing of the workflow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scripts.local_aws.bedrock.process import ENDED

PER_MILLION = 6
KINDS = ("input", "output", "cache_read", "cache_write")


@dataclass(frozen=True)
class Served:
    """One request that reached Bedrock, answered or not.

    `tokens`: by kind, as prices name the kinds; `input` are those that the prompt cache has no part in.
    `error`: None for a whole reply.
    """

    agent: str
    turn: int
    model_id: str
    tokens: Mapping[str, int]
    error: str | None


@dataclass(frozen=True)
class Bill:
    """The sum of what was served.

    Attributes:
        model_calls: replies that were sent whole.
        refused_calls: requests that got an error instead, such as a throttle.
        repaid_calls: replies to a turn of an agent that had been replied to before.
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens: of all replies; a refused request has none.
        usd, repaid_usd: what all replies, and the repaid ones among them, cost.
        input_usd: what the models read cost, cached or not.
    """

    model_calls: int
    refused_calls: int
    repaid_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    usd: Decimal
    repaid_usd: Decimal
    input_usd: Decimal


def served(lines: Iterable[Mapping[str, Any]]) -> list[Served]:
    """The requests in the lines of a calls file, in the order they ended."""
    return [
        Served(
            line["agent"], line["turn"], line["model_id"], {kind: line.get(f"{kind}_tokens", 0) for kind in KINDS},
            line["error"] if line["event"] == "failed" else None if line["event"] == "finished" else line["event"],
        )
        for line in lines
        if line["event"] in ENDED
    ]  # fmt: skip


def bill(calls: Sequence[Served], prices: Mapping[str, Mapping[str, str]]) -> Bill:
    """What `calls` cost under `prices` (model id -> token kind -> USD per million tokens).

    Raises:
        KeyError: a model that was called has no price.
    """
    repaid = _repaid(calls)
    return Bill(
        model_calls=sum(call.error is None for call in calls),
        refused_calls=sum(call.error is not None for call in calls),
        repaid_calls=len(repaid),
        **{f"{kind}_tokens": sum(call.tokens[kind] for call in calls) for kind in KINDS},
        usd=sum((_usd(call, prices) for call in calls), Decimal(0)),
        repaid_usd=sum((_usd(call, prices) for call in repaid), Decimal(0)),
        input_usd=sum((_usd(call, prices, set(KINDS) - {"output"}) for call in calls), Decimal(0)),
    )


def _repaid(calls: Sequence[Served]) -> list[Served]:
    answered: set[tuple[str, int]] = set()
    again = []
    for call in calls:
        if call.error is None:
            if (call.agent, call.turn) in answered:
                again.append(call)
            answered.add((call.agent, call.turn))
    return again


def _usd(call: Served, prices: Mapping[str, Mapping[str, str]], kinds: Collection[str] = KINDS) -> Decimal:
    price = prices[call.model_id]
    amounts = (tokens * Decimal(price[kind]) for kind, tokens in call.tokens.items() if tokens and kind in kinds)
    return sum(amounts, Decimal(0)).scaleb(-PER_MILLION)
