"""What runs in the lab: an event, what the model says, and which call each durable step must therefore make."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AGENTS = Path(__file__).parent / "agents"
MODEL_ID = "us.anthropic.claude-sonnet-4-6"
# USD per million tokens: any table will do, as long as every kind of token has a price and so shows in the ledger.
PRICES = {MODEL_ID: {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": "3.75", "as_of": "the lab"}}


@dataclass(frozen=True)
class Call:
    """One call of a scenario: of a model, of a tool, or a notice to a person.

    path: its durable step, from the root.
    witness: what an outsider sees of it: the name of the model's reply, "<tool>:<argument>" on disk, or
        "notice:<review>" at the topic.
    held: whether the lab can hold it, and so kill in its middle.
    """

    path: str
    witness: str
    held: bool = True


@dataclass(frozen=True)
class Scenario:
    """One execution, again and again.

    name: a folder of agents/, and of the option.
    event: what it is started with.
    replies: what the model says, each named as its call is witnessed.
    calls: every call of an undisturbed run.
    answers: what a person answers, by question.
    throttled: the model call that is throttled once where a point needs a RETRY. Default: there are no such points.
    packaged_flow: its agents work in the order of the packaged flow.py. Default: of their own, or of the file.
    environment: more variables of the function.
    world: starts what its tools lead to; given a stack's folder, with the agents in it, it gives more variables.
        Default: they lead nowhere.
    """

    name: str
    event: Mapping[str, Any]
    replies: tuple[Mapping[str, Any], ...]
    calls: tuple[Call, ...]
    answers: Mapping[str, str] = field(default_factory=dict)
    throttled: str | None = None
    packaged_flow: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    world: Callable[[Path], AbstractContextManager[Mapping[str, str]]] | None = None

    @property
    def agents_folder(self) -> Path:
        """Where its agents are declared."""
        return AGENTS / self.name

    @property
    def reviews(self) -> set[str]:
        """The reviews that a person must be told of."""
        return {name for name in self.answers if name.startswith("review-")}

    def variables(self) -> dict[str, str]:
        """What the function's environment must hold beside the lab's own files."""
        return {"MODEL_PRICES": json.dumps(PRICES), "RETRY_INITIAL_DELAY_SECONDS": "1", **self.environment}

    def script(self, faults: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The script for the Bedrock endpoint.

        Args:
            faults: witness of a model call -> the fault that meets its first request. Default: none.
        """
        given = faults or {}
        return {
            "replies": [
                {**reply, **({"faults": [given[reply["name"]]]} if reply["name"] in given else {})}
                for reply in self.replies
            ]
        }


def says(number: int, agent: str, name: str, *, turn: int = 1, **more: Any) -> dict[str, Any]:
    """A reply of the script; no two calls cost the same, so one counted twice or left out changes every sum.

    Args:
        number: of the call in its scenario.
        agent: who says it.
        name: what its call is witnessed as.
        turn: of the agent.
        **more: other fields of a reply.
    """
    return {
        "agent": agent,
        "turn": turn,
        "name": name,
        "text": f"The {agent} agent says as {name}: " + " ".join(f"finding {n}," for n in range(1, 13)),
        "usage": {
            "inputTokens": 1000 + 107 * number,
            "outputTokens": 200 + 11 * number,
            "cacheReadInputTokens": 300 + number,
            "cacheWriteInputTokens": 50 + number,
        },
        **more,
    }
