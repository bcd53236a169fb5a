"""Tokens of one execution by model, and what a quota of them carries. Pure arithmetic over declarations and usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_workflow.declaration import Declaration

MINUTES = 60
DEFAULT_TURNS = 25
LETTERS_PER_TOKEN = 4
QUERY_TOKENS = 100


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What a declaration does not say of a usual execution.

    Attributes:
        reply: tokens of an answer.
        asking: tokens of a reply that asks for a tool.
        tool: tokens of a tool's result.
        turns: model calls of an agent with tools, within its limit.
        runs: agent -> how often it runs in an execution. Default: once.
    """

    reply: int
    asking: int
    tool: int
    turns: int
    runs: Mapping[str, int]


@dataclass(frozen=True)
class Tokens:
    """Of one execution, for one model.

    Attributes:
        input, output: of all its calls; input without what a cache gave.
        calls: how many.
        aside: most that Bedrock sets aside for a call when it begins.
    """

    input: int = 0
    output: int = 0
    calls: int = 0
    aside: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        calls = self.calls + other.calls
        return Tokens(self.input + other.input, self.output + other.output, calls, max(self.aside, other.aside))


@dataclass(frozen=True)
class Capacity:
    """What the quota of one model carries.

    Attributes:
        model: the model.
        tokens: of one execution.
        quota: tokens of it as the quota counts them.
        executions_per_hour: how many of these fit.
        calls_at_once: how many calls may begin in the same moment.
    """

    model: str
    tokens: Tokens
    quota: int
    executions_per_hour: float
    calls_at_once: int


def declared(agents: Sequence[Declaration], prompts: Mapping[str, str], assumed: Assumed) -> dict[str, Tokens]:
    """Tokens by model of an execution in which every agent runs as often as assumed, and answers as long."""
    by_model: dict[str, Tokens] = {}
    for agent in agents:
        for _ in range(assumed.runs.get(agent.name, 1)):
            by_model[agent.model] = by_model.get(agent.model, Tokens()) + _run(agent, prompts[agent.name], assumed)
    return by_model


def _run(agent: Declaration, prompt: str, assumed: Assumed) -> Tokens:
    """The conversation is sent again at each turn, longer by the reply and the tool's result."""
    reply = min(assumed.reply, agent.max_tokens)
    sent = len(prompt) // LETTERS_PER_TOKEN + sum(QUERY_TOKENS if i == "query" else assumed.reply for i in agent.inputs)
    limit = DEFAULT_TURNS if agent.limits.turns is None else agent.limits.turns
    turns = min(assumed.turns, limit) if agent.tools else 1
    total = Tokens()
    for turn in range(turns):
        said = reply if turn == turns - 1 else min(assumed.asking, agent.max_tokens)
        total += Tokens(sent, said, 1, sent + agent.max_tokens)
        sent += said + assumed.tool
    return total


def measured(usage: Mapping[str, Any], agents: Iterable[Declaration]) -> dict[str, Tokens]:
    """Tokens by model of an execution that ran, from the `usage` of its result."""
    most = {agent.name: agent.max_tokens for agent in agents}
    by_model: dict[str, Tokens] = {}
    for name, run in usage["agents"].items():
        model, calls = str(run["model_id"]), int(run["model_calls"])
        counted = int(run["input_tokens"]) + int(run.get("cache_write_tokens", 0))
        largest = max((int(call["input_tokens"] or 0) for call in run.get("calls", ())), default=counted)
        aside = largest + most.get(name.rpartition("-")[0] if name not in most else name, 0)
        by_model[model] = by_model.get(model, Tokens()) + Tokens(counted, int(run["output_tokens"]), calls, aside)
    return by_model


def capacities(by_model: Mapping[str, Tokens], quotas: Mapping[str, int], weights: Mapping[str, int]) -> list[Capacity]:
    """For each model, the scarcest first.

    Args:
        by_model: tokens of one execution.
        quotas: model -> tokens a minute.
        weights: model -> what the quota counts for a token that it writes.
    """
    found = []
    for model, tokens in by_model.items():
        quota = tokens.input + weights[model] * tokens.output
        hour = quotas[model] * MINUTES / max(1, quota)
        found.append(Capacity(model, tokens, quota, hour, quotas[model] // max(1, tokens.aside)))
    return sorted(found, key=lambda each: each.executions_per_hour)
