"""One local stack for the tests of a file: each execution has its own replies and its own kills."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.local_aws.bedrock.process import ScriptedBedrock
from scripts.local_aws.processes.journal import Follower
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings


@dataclass(frozen=True)
class Ended:
    """An execution that ended: Lambda's error or None, the result or the error's document, what was written down."""

    error: str | None
    document: dict[str, Any]
    calls: list[dict[str, Any]]
    events: list[dict[str, Any]]

    def started(self, by: str) -> dict[Any, int]:
        """How many model calls were started, by "agent" or "turn"."""
        return dict(Counter(call[by] for call in self.calls if call["event"] == "started"))

    @property
    def processes(self) -> list[int]:
        """The process of each invocation."""
        return processes(self.events)


def processes(events: Sequence[Mapping[str, Any]]) -> list[int]:
    """The process of each invocation that started."""
    return [event["pid"] for event in events if event["event"] == "invocation_started"]


class SharedStack:
    """What `shared_stack` gives; durable waits pass at once."""

    def __init__(self, bedrock: ScriptedBedrock, stack: LocalStack) -> None:
        self._bedrock, self._stack = bedrock, stack
        self._events = Follower(stack.events)

    def run(self, event: Any, script: Mapping[str, Any], rules: Sequence[Mapping[str, Any]] = ()) -> Ended:
        """One execution to its end."""
        self._bedrock.answer_from(script)
        self._stack.replace_kill_rules(rules)
        self._events.new_lines()
        answer = self._stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=json.dumps(event))
        document = json.loads(answer["Payload"].read())
        calls = self._bedrock.served_lines()
        return Ended(answer.get("FunctionError"), document, calls, self._events.new_lines())


@contextmanager
def shared_stack(folder: Path, agents: Path, **environment: str) -> Iterator[SharedStack]:
    """The stack on a folder of agents, with more variables for the function."""
    with ScriptedBedrock(folder) as bedrock:
        given = {"AGENTS_FOLDER": str(agents), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url}
        settings = StackSettings(
            folder=folder / "stack",
            environment={"RETRY_INITIAL_DELAY_SECONDS": "1", **given, **environment},
            crash_retry_seconds=0.05,
            skip_time=True,
        )
        with LocalStack(settings) as stack:
            yield SharedStack(bedrock, stack)
