"""A model that researches the packaged topics as a script: well, or with invented ids, altered quotes and no answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_workflow.toolboxes import Documents
from research_tools.documents.tools import make
from scripts.evaluate.run import ADDRESS
from scripts.evaluate.topics import PACKAGED, Suite, Topic, read_suite

REPORT = """# {title}

## Executive summary

{body}

## Key findings

{body}

## Insights

{padding}

## Recommendations

1. {padding}

## Limits of this report

{padding}
"""
PADDING = "What follows rests on the documents that were read and on nothing else whatsoever. " * 3


def suite() -> Suite:
    return read_suite(PACKAGED)


def script(folder: Path, *, good: bool = True) -> Path:
    """The replies for every topic."""
    replies = [reply for topic in suite().topics for reply in of_topic(topic, good=good)]
    file = folder / ("good.json" if good else "bad.json")
    file.write_text(json.dumps({"replies": replies}))
    return file


def of_topic(topic: Topic, *, good: bool) -> Iterator[dict[str, Any]]:
    tools = make(Documents(folder=str(suite().corpus), address=ADDRESS), Path())
    quotes = []
    for document in topic.documents:
        (read,) = tools["read_document"](f"{ADDRESS}{document}")
        quotes += [(read.id, " ".join(part.split())) for part in read.text.split("\n\n")[1:]]
    findings = [{"claim": f"It says: {words}", "source": of, "quote": words} for of, words in quotes]
    if not good:
        findings = [{**findings[0], "quote": f"never {quotes[0][1]}"}, {**findings[0], "source": "ffffff"}]
    search = {"query": topic.query}
    reads = [{"name": "read_document", "input": {"address": f"{ADDRESS}{one}"}} for one in topic.documents]
    turns = [[{"name": "search_documents", "input": search}], reads]
    turns.append([{"name": "Findings", "input": {"findings": findings, "gaps": []}}])
    for turn, uses in enumerate(turns, 1):
        yield {"agent": "research", "contains": topic.query, "turn": turn, "tool_uses": uses}
    # the analyst is not shown the query, so any analysis does
    yield {"agent": "analysis", "text": "So it is [s1]."}
    body = " ".join(f"{words} [s{number}]" for number, (_, words) in enumerate(quotes, 1))
    text = REPORT.format(title=topic.query, body=body, padding=PADDING)
    yield {"agent": "summary", "contains": topic.query, "text": text if good else "Nothing is known [s1]."}
