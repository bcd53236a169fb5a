"""A tool that asks a person, inside the pipeline: told as a review is, answered on the page, killed while it waits."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.operate.command import main
from tests.e2e.review_pages import Reviews, reviews_on_the_local_stack
from tests.e2e.shared_stack import processes

pytestmark = pytest.mark.slow

AGENTS_TOML = """
[[agents]]
name = "clerk"
inputs = ["query"]
model = "us.anthropic.claude-sonnet-4-6"
max_tokens = 100
tools = ["ask_a_person"]
"""
TOOLS = """
from strands import tool

@tool(context=True)
def ask_a_person(question: str, tool_context) -> str:
    "Ask a person."
    return "they said " + str(tool_context.interrupt("asked", reason=question))
"""
USAGE = {"inputTokens": 100, "outputTokens": 50}
QUESTION = "May I <b>book</b> it for 90 USD?"
KILLS = [
    {"operation": "clerk-agent/interrupt-1", "action": "START", "moment": "after"},
    {"operation": "clerk-agent/interrupt-1-notify", "action": "SUCCEED", "moment": "after"},
]


def agents_that_ask(folder: Path) -> tuple[Path, Path]:
    """An agents folder, and the script of its model: two questions at once, then the report."""
    agents = folder / "agents"
    (agents / "prompts").mkdir(parents=True)
    (agents / "prompts" / "clerk.md").write_text("You are a clerk.")
    (agents / "agents.toml").write_text(AGENTS_TOML)
    (agents / "tools.py").write_text(TOOLS)
    uses = [{"name": "ask_a_person", "input": {"question": text}} for text in (QUESTION, "And tomorrow?")]
    replies = [
        {"agent": "clerk", "turn": 1, "text": "", "tool_uses": uses, "usage": USAGE},
        {"agent": "clerk", "turn": 2, "text": "booked", "usage": USAGE},
    ]
    script = folder / "replies.json"
    script.write_text(json.dumps({"replies": replies, "default": {"text": "nobody", "usage": USAGE}}))
    return agents, script


def asked(reviews: Reviews, execution: str, name: str) -> dict[str, Any]:
    reviews.next_round(execution, 1)
    notices = [told for told in reviews.told if told["review"] == name]
    assert len({notice["callback_id"] for notice in notices}) == 1
    return notices[0]


def answered(link: str, response: str) -> int:
    address, _, parameter = link.partition("?link=")
    return httpx.post(f"{address}?", data={"link": parameter, "response": response}, trust_env=False).status_code


def test_a_tool_that_asks_a_person_waits_killed_and_resumed_and_is_answered_on_the_page(tmp_path, capsys):
    agents, script = agents_that_ask(tmp_path)
    environment = {"AGENTS_FOLDER": str(agents)}
    with reviews_on_the_local_stack(tmp_path, script, environment=environment, kill_rules=KILLS) as reviews:
        execution = reviews.start({"query": "book it"})
        first = asked(reviews, execution, "clerk-agent/interrupt-1")
        page = httpx.get(first["link"], trust_env=False)
        assert page.status_code == 200
        assert "May I &lt;b&gt;book&lt;/b&gt; it for 90 USD?" in page.text
        assert "Answer the question of clerk" in page.text
        assert 'name="decision"' not in page.text
        assert answered(first["link"], " ") == 400
        assert answered(first["link"], "42") == 200
        assert answered(first["link"], "again") == 409
        second = asked(reviews, execution, "clerk-agent/interrupt-2")
        where = (execution, "--endpoint-url", reviews.stack.lambda_url)
        capsys.readouterr()
        assert main(["review", "show", *where]) == 0
        assert "And tomorrow?" in capsys.readouterr().out
        assert main(["review", "approve", *where]) == 1  # it is no review
        assert main(["review", "answer", *where, "--review", second["review"], "--text", "no"]) == 0
        result = reviews.result(execution)
        folder = reviews.stack.settings.folder
        calls = Counter(call["event"] for call in read_all(reviews.stack.calls))
        events = read_all(reviews.stack.events)
    assert result["report"] == "booked"
    assert QUESTION not in json.dumps(reviews.told)
    assert calls["started"] == 2
    assert len(set(processes(events))) > len(KILLS)
    log = (folder / "function.log").read_text() + (folder / "page.log").read_text()
    assert QUESTION not in log
    assert first["callback_id"] not in log
