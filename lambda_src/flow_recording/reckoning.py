"""What one operation of a flow can cost at most, by the limits that agents.toml declares."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent_workflow.declaration import AgentLimits, Declaration, ToolChoices
from agent_workflow.estimates import BYTES_PER_AGENT, BYTES_PER_CALL, BYTES_PER_LISTED_CALL, BYTES_PER_TOKEN

STEP_BYTES = 261_120
"""The largest checkpoint; a larger text is refused, or kept in a bucket and checkpointed as a reference."""

DEFAULT_TURNS = 25
TRIES = 3
SECONDS_PER_TOKEN = 1 / 30
"""Of a slow model. How long a model takes is declared nowhere."""
COMMENT_BYTES = 80_000
"""A reviewer's longest answer: 20,000 characters."""


@dataclass(frozen=True)
class Cost:
    """Operations, checkpointed bytes and seconds of Lambda time, at most."""

    operations: int = 0
    bytes: int = 0
    seconds: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.operations + other.operations, self.bytes + other.bytes, self.seconds + other.seconds)

    def __mul__(self, times: int) -> "Cost":
        return Cost(self.operations * times, self.bytes * times, self.seconds * times)


WAIT = Cost(1)
STEP = Cost(1, STEP_BYTES)
REVIEW = Cost(3, COMMENT_BYTES + 2_000)
"""The callback, the notice of it, the count of its answer."""


def agent_cost(agent: Declaration) -> Cost:
    """One run: every turn that is allowed, every reply as long as may be, one call of the costliest tool a turn.

    Its tries: a call that is tried again stays one operation; each try takes its time.
    """
    turns = _turns(agent)
    reply = min(agent.max_tokens * BYTES_PER_TOKEN, STEP_BYTES)
    replies = turns * reply
    if agent.limits.total_tokens is not None:
        replies = min(replies, (agent.limits.total_tokens + agent.max_tokens) * BYTES_PER_TOKEN)
    tool = _costliest(agent)
    calls = turns + (turns - 1) * tool.operations
    return Cost(
        operations=1 + calls,
        bytes=replies + reply + BYTES_PER_AGENT + calls * (BYTES_PER_CALL + BYTES_PER_LISTED_CALL)
        + (turns - 1) * tool.bytes,
        seconds=turns * TRIES * agent.max_tokens * SECONDS_PER_TOKEN + (turns - 1) * tool.seconds,
    )  # fmt: skip


def run_cost(agent: Declaration, declared: Mapping[str, Declaration]) -> Cost:
    """One run with all the questions that it may ask: each a tool call, and a run of the agent that answers."""
    asks = agent.questions
    return agent_cost(agent) + (agent_cost(declared[asks.to]) + Cost(1)) * asks.most if asks else agent_cost(agent)


def ask_cost(agent: Declaration, declared: Mapping[str, Declaration]) -> Cost:
    """One ask: a run; with a critic one for each round more, and after each two judgements, the first one unclear."""
    run = run_cost(agent, declared)
    if not agent.critic:
        return run
    runs = agent.critic.rounds + 1
    return run * runs + run_cost(declared[agent.critic.agent], declared) * (2 * runs)


def map_cost(agent: Declaration, declared: Mapping[str, Declaration], number: int, side_by_side: int) -> Cost:
    """A map: each branch an agent and the branch itself, whose text and list of calls are kept in it and in the map."""
    one = run_cost(agent, declared)
    text = min(agent.max_tokens * BYTES_PER_TOKEN, STEP_BYTES)
    kept = text + BYTES_PER_AGENT + one.operations * BYTES_PER_LISTED_CALL
    batches = -(-number // side_by_side)
    return Cost(
        operations=1 + number * (one.operations + 1),
        bytes=number * (one.bytes + kept) + min(number * kept, STEP_BYTES),
        seconds=batches * one.seconds,
    )


def _turns(agent: Declaration) -> int:
    limits: AgentLimits = agent.limits
    allowed = DEFAULT_TURNS if limits.turns is None else limits.turns
    return allowed if agent.tools or agent.questions else 1  # without a tool the first reply is the last


def _costliest(agent: Declaration) -> Cost:
    choices = [agent.tool_options.get(tool, ToolChoices()) for tool in agent.tools]
    return Cost(
        max((int(choice.durable) for choice in choices), default=0),
        max((min(choice.max_result_bytes, STEP_BYTES) * choice.durable for choice in choices), default=0),
        max((_tries(choice) * choice.timeout_seconds for choice in choices), default=0),
    )


def _tries(choice: ToolChoices) -> int:
    return 1 if choice.at_most_once else max(choice.max_attempts, TRIES)
