"""What a flow costs: topics side by side, its overhead over the order of the file, the operations of each verb."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.bench.row import Asked, NotMeasured, Row
from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

AGENTS = REPOSITORY / "lambda_src" / "agents"
QUERY = {"query": "edge computing"}
THREE = {**QUERY, "topics": ["hardware", "economics", "security"]}
TOPIC_SECONDS, CALL_SECONDS = 2, 1
VERBS = {
    "ask": ("writer-agent", 'flow.ask("writer")'),
    "ask-each": ("each", 'flow.ask_each("writer", ["a", "b", "c"], name="each", item="part")'),
    "wait": ("pause", 'flow.wait("pause", 1)'),
    "step": ("clock", 'flow.step("clock", lambda: 1)'),
    "review": ("review-1", 'flow.review("a text")'),
}
"""Verb -> the name that its operations begin with, and a line that uses it once."""


def topics(asked: Asked) -> Iterator[Row]:
    """Three topics and one research, with a model that takes its time."""
    how = f"wall of the whole run on the local stack, each model call {TOPIC_SECONDS} s"
    with _stack(asked.scratch / "topics", AGENTS, TOPIC_SECONDS) as stack:
        rounds = [[_seconds(stack, event) for event in (QUERY, THREE)] for _ in range(asked.repeat)]
    one, three = (min(times) for times in zip(*rounds, strict=True))
    yield Row(name="flow-one-topic", what="research, analysis, summary of one topic", value=one, unit="s", how=how)
    yield Row(name="flow-topics", what="three topics over one", value=three / one, unit="x", target=1.3, how=how)


def overhead(asked: Asked) -> Iterator[Row]:
    """The packaged flow over the same agents in the order of the file."""
    plain = asked.scratch / "plain"
    shutil.copytree(AGENTS, plain, ignore=shutil.ignore_patterns("flow.py", "__pycache__"))
    with (
        _stack(asked.scratch / "flow", AGENTS, CALL_SECONDS) as flow,
        _stack(asked.scratch / "order", plain, CALL_SECONDS) as order,
    ):
        rounds = [[_seconds(stack, QUERY) for stack in (flow, order)] for _ in range(asked.repeat)]
    flowing, ordered = (min(times) for times in zip(*rounds, strict=True))
    how = f"wall of three agents on the local stack, each model call {CALL_SECONDS} s, with flow.py / without"
    yield Row(
        name="flow-overhead", what="a flow over the order of the file", value=flowing / ordered, unit="x", how=how
    )


def verbs(asked: Asked) -> Iterator[Row]:
    """Each verb once, in one flow that is stopped while it waits for a person."""
    folder = _agents_of_verbs(asked.scratch / "agents")
    with _stack(asked.scratch / "verbs", folder, 0) as stack:
        client = stack.client()
        payload = json.dumps({**QUERY, "review": True}).encode()
        execution = client.invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event", Payload=payload)[
            "DurableExecutionArn"
        ]
        until = time.monotonic() + 120
        while not (seen := _operations(stack, "review-1")) and time.monotonic() < until:
            time.sleep(0.1)
        client.stop_durable_execution(DurableExecutionArn=execution)
        if not seen:
            raise NotMeasured("the flow did not come to its review")
        for verb, (prefix, _) in VERBS.items():
            yield Row(
                name=f"flow-operations-{verb}",
                what=f"durable operations of {verb.replace('-', '_')}" + (" of three" if verb == "ask-each" else ""),
                value=len(_operations(stack, prefix)),
                unit="operations",
                how="distinct operations at the Lambda endpoint; agents of one call, nobody told of the review",
            )


def _agents_of_verbs(folder: Path) -> Path:
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "writer.md").write_text("You are a writer.")
    (folder / "agents.toml").write_text(
        '[[agents]]\nname = "writer"\ninputs = ["query"]\nmodel = "us.anthropic.claude-sonnet-4-6"\nmax_tokens = 100\n'
    )
    lines = "\n".join(f"    {line}" for _, line in VERBS.values())
    (folder / "flow.py").write_text(f'def run(flow, request):\n{lines}\n    return "done"\n')
    return folder


@contextmanager
def _stack(folder: Path, agents: Path, delay_seconds: float) -> Iterator[LocalStack]:
    folder.mkdir()
    script = folder / "replies.json"
    script.write_text(json.dumps({"default": {"text": "a text", "delay_seconds": delay_seconds}}))
    model, environment = ("--script", str(script)), {"AGENTS_FOLDER": str(agents)}
    with LocalStack(StackSettings(folder=folder, model=model, environment=environment, skip_time=True)) as stack:
        yield stack


def _seconds(stack: LocalStack, event: Mapping[str, Any]) -> float:
    began = time.monotonic()
    reply = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=json.dumps(event).encode())
    if reply.get("FunctionError"):
        raise NotMeasured("an execution failed")
    return time.monotonic() - began


def _operations(stack: LocalStack, prefix: str) -> set[str]:
    """Paths of the operations under a name."""
    seen = {str(line["operation"]) for line in read_all(stack.events) if line["event"] == "operation"}
    return {path for path in seen if path.startswith(prefix)}
