"""Research over documents in real processes: every citation opens at the quoted place, also when a tool is killed."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent_workflow.citations import normalised
from agent_workflow.toolboxes import Documents
from research_tools.documents.tools import make
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOPIC = "how are completed calls kept?"
SEARCH, READ = {"query": "completed calls kept checkpoint"}, {"address": "docs/why.md"}


def script(folder: Path) -> Path:
    """A model that searches, reads, and gives findings: four that stand, one by an invented id, one altered."""
    tools = make(Documents(folder=str(ROOT / "docs"), address="docs/"), ROOT)
    found, (why,) = tools["search_documents"](**SEARCH), tools["read_document"](**READ)
    quotes = [(why.id, " ".join(why.text.split("\n\n")[1].split()[:15]))]
    quotes += [(one.id, " ".join(one.text.split()[:12])) for one in found[:3]]
    findings = [{"claim": f"Claim {n}.", "source": of, "quote": words} for n, (of, words) in enumerate(quotes, 1)]
    findings += [{"claim": "Invented.", "source": "ffffff", "quote": quotes[0][1]}]
    findings += [{"claim": "Altered.", "source": why.id, "quote": f"never {quotes[0][1]}"}]
    asked = [("search_documents", SEARCH), ("read_document", READ), ("Findings", {"findings": findings, "gaps": []})]
    replies = [
        {"agent": "research", "turn": turn, "tool_uses": [{"name": name, "input": given}]}
        for turn, (name, given) in enumerate(asked, 1)
    ]
    replies.append({"agent": "analysis", "text": "So it is [s1], and [s77]."})
    replies.append({"agent": "summary", "text": "# Kept\n\nOne [s1]. Two [s2, s88]. Three [s3]. Four [s4]."})
    file = folder / "script.json"
    file.write_text(json.dumps({"replies": replies}))
    return file


def quoted_place(line: str) -> tuple[Path, int, str]:
    found = re.fullmatch(r'- \[s\d+\] .*, (docs/\S+)#L(\d+): "(.*)"', line)
    assert found, line
    return ROOT / found[1], int(found[2]), found[3]


def test_every_citation_of_a_report_over_this_repositorys_docs_opens_at_the_quoted_place(tmp_path):
    command = [str(ROOT / "scripts/run_local.sh"), "--json", "--script", str(script(tmp_path)), "--documents", "docs"]
    done = subprocess.run([*command, TOPIC], cwd=ROOT, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    lines = [line for line in result["report"].partition("## Sources\n\n")[2].splitlines() if line]
    assert len(lines) == len(result["sources"]) == result["citations"]["verified"] == 4
    for line, source in zip(lines, result["sources"], strict=True):
        file, number, words = quoted_place(line)
        from_there = file.read_text().split("\n")[number - 1 :]
        begins = normalised("\n".join(from_there)).find(normalised(words))
        assert 0 <= begins <= len(normalised(from_there[0])), f"{words!r} must begin in line {number} of {file}"
        assert source["url"] == f"{file.relative_to(ROOT)}#L{number}"
    reasons = Counter(one["reason"] for one in result["citations"]["dropped"])
    assert len(reasons) == len(result["citations"]["dropped"]) == 4
    assert not re.search(r"s77|s88|Invented|Altered", result["report"] + result["analysis"] + result["research"])


def test_killed_inside_each_tool_results_and_sources_are_the_same(tmp_path):
    replies, settings = script(tmp_path), {"folder": str(ROOT / "docs"), "address": "docs/"}
    environment = {
        "AGENT_TOOLS": json.dumps({"research": ["search_documents", "read_document"]}),
        "TOOL_SETTINGS": json.dumps({"documents": settings}),
        "RETRY_INITIAL_DELAY_SECONDS": "1",
    }
    operations = ("*tool-1-search_documents", "*tool-2-read_document", "citations")
    kills = [{"operation": name, "action": "START", "moment": "after"} for name in operations]
    kills[-1] = {**kills[-1], "action": "SUCCEED"}
    results: list[dict[str, Any]] = []
    for name, rules in (("whole", []), ("killed", kills)):
        stack_settings = StackSettings(
            folder=tmp_path / name,
            model=["--script", str(replies)],
            kill_rules=rules,
            environment=environment,
            crash_retry_seconds=0.05,
            skip_time=True,
        )
        with LocalStack(stack_settings) as stack:
            payload = json.dumps({"query": TOPIC})
            answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=payload)
            result = json.loads(answer["Payload"].read())
            assert "FunctionError" not in answer, result
            pids = {event["pid"] for event in read_all(stack.events) if event["event"] == "invocation_started"}
            calls = Counter(call["agent"] for call in read_all(stack.calls) if call["event"] == "started")
        results.append({name: value for name, value in result.items() if name != "usage"})
        assert calls == {"research": 3, "analysis": 1, "summary": 1}
        assert len(pids) >= 1 + len(rules)
    assert results[0] == results[1]
    assert len(results[0]["sources"]) == 4
