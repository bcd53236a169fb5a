"""The process killed in the middle of a packaged tool's call: the report and what was read are those of a calm run."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from research_tools.reading import Reading
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

AGENTS_TOML = """
[[agents]]
name = "worker"
inputs = ["query"]
model = "us.anthropic.claude-sonnet-4-6"
max_tokens = 100
tools = ["search_web"]

[tools.web_search]
provider = "engine.py:Engine"
max_results = 2
"""
ENGINE = """
import os, signal
from pathlib import Path
from research_tools.reading import Reading

WITNESS = Path({witness!r})

class Engine:
    def __init__(self, settings, folder):
        pass

    def search(self, query, published_after, published_before):
        tries = len(WITNESS.read_text()) if WITNESS.exists() else 0
        WITNESS.write_text("x" * (tries + 1))
        if tries < {kills}:
            os.kill(os.getpid(), signal.SIGKILL)
        return [Reading(f"page {{n}}", f"https://example.org/{{n}}", query * n) for n in (1, 2, 3)]
"""
USAGE = {"inputTokens": 100, "outputTokens": 50}
PAGE = Reading("page 1", "https://example.org/1", "the tide comes twice a day")
FOUND = {"findings": [{"claim": "there are tides", "source": PAGE.id, "quote": "the tide comes twice a day"}]}


def run(folder: Path, kills: int) -> tuple[dict[str, Any], list[Any], int]:
    """(the result, what the model was sent in its last call, runs of the tool)."""
    agents, witness = folder / "agents", folder / "witness"
    (agents / "prompts").mkdir(parents=True)
    (agents / "prompts" / "worker.md").write_text("You are a worker.")
    (agents / "agents.toml").write_text(AGENTS_TOML)
    (agents / "engine.py").write_text(ENGINE.format(witness=str(witness), kills=kills))
    search = [{"name": "search_web", "input": {"query": "the tide comes twice a day"}}]
    replies = [
        {"agent": "worker", "turn": 1, "text": "", "usage": USAGE, "tool_uses": search},
        {"agent": "worker", "turn": 2, "text": "", "usage": USAGE, "tool_uses": [{"name": "Findings", "input": FOUND}]},
    ]
    script = folder / "script.json"
    script.write_text(json.dumps({"replies": replies, "default": {"text": "default", "usage": USAGE}}))
    settings = StackSettings(
        folder=folder / "stack",
        model=["--script", str(script)],
        environment={"AGENTS_FOLDER": str(agents), "PATH": os.environ["PATH"]},
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        lambda_ = stack.client()
        answer = lambda_.invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=b'{"query": "x"}')
        document = json.loads(answer["Payload"].read())
        arn = answer["DurableExecutionArn"]
        history = lambda_.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=True)
        started = [call for call in read_all(stack.calls) if call["event"] == "started"]
    assert len(started) == 2, "no model call is made again for a killed tool"
    kept = [
        json.loads(event["StepSucceededDetails"]["Result"]["Payload"])
        for event in history["Events"]
        if event.get("Name", "").startswith("tool-1-search_web") and "StepSucceededDetails" in event
    ]
    return document, kept, len(witness.read_text())


def test_what_was_read_is_that_of_a_calm_run(tmp_path):
    calm, calm_kept, once = run(tmp_path / "calm", kills=0)
    killed, kept, tries = run(tmp_path / "killed", kills=2)
    assert (once, tries) == (1, 3)
    assert calm["report"] == killed["report"]
    assert "there are tides" in calm["report"]
    [was_read], [was_read_again] = calm_kept, kept
    assert was_read["result"] == was_read_again["result"]
    text = json.dumps(was_read["result"])
    assert "https://example.org/2" in text
    assert "https://example.org/3" not in text
    assert calm.get("sources") == killed.get("sources")
