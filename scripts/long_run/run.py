"""One long execution on the local stack, and what an outsider saw of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

AGENTS = Path(__file__).parent / "agents"
TURNS = 10
SIDE_BY_SIDE = 10
INPUT_TOKENS, OUTPUT_TOKENS = 1000, 100
PRICES = {"us.anthropic.claude-sonnet-4-6": {"input": "3", "output": "15"}}
USD_PER_CALL = (INPUT_TOKENS * Decimal(3) + OUTPUT_TOKENS * Decimal(15)) / 1_000_000
MOMENTS = ("after", "before")


@dataclass(frozen=True)
class Seen:
    """Of one run.

    Attributes:
        operations: durable operations that the engine took in all executions.
        largest: most of them in one execution.
        executions: of the chain.
        kills: processes killed while their execution handed over.
        processes: in which the function ran.
        calls: model calls that arrived at the endpoint.
        tools: tool calls that left a line on disk.
        wanted_calls, wanted_tools: those of a run that nothing disturbs.
        result: what the caller got.
        seconds: wall time.
    """

    operations: int
    largest: int
    executions: int
    kills: int
    processes: int
    calls: int
    tools: int
    wanted_calls: int
    wanted_tools: int
    result: dict[str, Any]
    seconds: float

    def broken(self) -> Iterator[str]:
        """What does not hold."""
        usage = self.result.get("usage", {})
        for what, got, wanted in (
            ("status", self.result.get("status"), "completed"),
            ("model calls at the endpoint", self.calls, self.wanted_calls),
            ("tool calls on disk", self.tools, self.wanted_tools),
            ("model calls in the ledger", usage.get("model_calls"), self.wanted_calls),
            ("USD in the ledger", Decimal(usage.get("cost_usd") or 0), self.wanted_calls * USD_PER_CALL),
            ("kills", self.kills, self.executions - 1),
        ):
            if got != wanted:
                yield f"{what} must be {wanted}, got {got}"


def long_run(
    folder: Path, *, rounds: int, room: int | None = None, tell: Callable[[str], object] = lambda _: None
) -> Seen:
    """Run it.

    Args:
        folder: for what the stack leaves behind.
        rounds: of the flow: nine of 20 operations each, then one of 211.
        room: operations after which an execution hands over. Default: as deployed.
        tell: is told where the files are. Default: nobody is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    witness, script = folder / "witness.txt", folder / "replies.json"
    witness.touch()
    script.write_text(json.dumps(_script()), encoding="utf-8")
    environment = {
        "AGENTS_FOLDER": str(AGENTS),
        "MODEL_PRICES": json.dumps(PRICES),
        "WITNESS": str(witness),
        **({"HAND_OVER_OPERATIONS": str(room)} if room else {}),
    }
    settings = StackSettings(
        folder=folder / "stack",
        model=["--script", str(script)],
        kill_rules=[_kill(number) for number in range(1, 21)],
        environment=environment,
        crash_retry_seconds=0.05,
        skip_time=True,
        in_memory=True,
    )
    tell(f"what happens is written to {settings.folder}")
    began = time.monotonic()
    with LocalStack(settings) as stack:
        event = json.dumps({"query": str(rounds)})
        answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=event)
        result = json.loads(answer["Payload"].read())
        seconds = time.monotonic() - began
        events, calls = read_all(stack.events), read_all(stack.calls)
    begun = Counter(each["execution"] for each in events if each["event"] == "operation" and each["action"] == "START")
    asked = sum(1 if number % SIDE_BY_SIDE else SIDE_BY_SIDE for number in range(1, rounds + 1))
    return Seen(
        operations=begun.total(),
        largest=max(begun.values()),
        executions=len(begun),
        kills=sum(each["event"] == "killed" for each in events),
        processes=sum(each["event"] == "invocation_started" for each in events),
        calls=sum(each["event"] == "started" for each in calls),
        tools=len(witness.read_text(encoding="utf-8").splitlines()),
        wanted_calls=asked * TURNS,
        wanted_tools=asked * (TURNS - 1),
        result=result,
        seconds=seconds,
    )


def _kill(number: int) -> dict[str, Any]:
    return {"operation": f"continue-{number}", "action": "START", "moment": MOMENTS[number % 2]}


def _script() -> dict[str, Any]:
    usage = {"inputTokens": INPUT_TOKENS, "outputTokens": OUTPUT_TOKENS}
    uses = [{"name": "look_up", "input": {"key": "a key"}}]
    turns = [{"turn": turn, "text": f"Turn {turn}.", "tool_uses": uses, "usage": usage} for turn in range(1, TURNS)]
    return {"replies": turns, "default": {"text": "An answer.", "usage": usage}}
