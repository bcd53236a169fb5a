"""What code can tell of a report without any judge: pure arithmetic over a result and the corpus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_workflow.citations import cited_in, normalised
from agent_workflow.evidence import HEADING
from research_tools.documents.texts import text_of
from scripts.evaluate.topics import Suite, Topic


@dataclass(frozen=True)
class Check:
    """One property of one report.

    score: 0 to 1.
    detail: what is missing or wrong; empty if nothing is.
    """

    name: str
    passed: bool
    score: float
    detail: str = ""


def checks_of(result: Mapping[str, Any], topic: Topic, suite: Suite, address: str) -> list[Check]:
    """Every check of one report.

    Args:
        result: the handler's.
        topic: what was asked.
        suite: its rules.
        address: what the addresses of the corpus begin with.
    """
    body, section = body_and_sources(str(result["report"]))
    sources = result.get("sources", [])
    return [
        _ids(body, section, sources),
        _quotes(section, sources, suite.corpus, address),
        _findings(result.get("citations", {"verified": 0, "dropped": []})),
        _documents(sources, topic, address),
        _coverage(body, topic, suite.least_coverage),
        _length(body, *suite.words),
        _structure(body, suite.headings),
    ]


def body_and_sources(report: str) -> tuple[str, str]:
    """The report without its list of sources, and that list."""
    body, heading, section = report.rpartition(f"{HEADING}\n")
    return (body, section) if heading else (report, "")


def _ids(body: str, section: str, sources: list[dict[str, str]]) -> Check:
    """Each id in the text is one of the result's sources and in the list; there is at least one."""
    known, listed, cited = {source["id"] for source in sources}, cited_in(section), cited_in(body)
    unknown = [one for one in cited if one not in known or one not in listed]
    return _share("ids", len(cited) - len(unknown), len(cited), unknown)


def _quotes(section: str, sources: list[dict[str, str]], corpus: Path, address: str) -> Check:
    """The words beside each source stand in the corpus, at the place that its address names."""
    astray = [source["id"] for source in sources if not _opens(section, source, corpus, address)]
    return _share("quotes", len(sources) - len(astray), len(sources), astray)


def _opens(section: str, source: Mapping[str, str], corpus: Path, address: str) -> bool:
    begins = f'- [{source["id"]}] {source["title"]}, {source["url"]}: "'
    quotes = [line.removeprefix(begins)[:-1] for line in section.splitlines() if line.startswith(begins)]
    path, _, place = source["url"].removeprefix(address).partition("#")
    file = corpus / path
    if len(quotes) != 1 or not file.resolve().is_relative_to(corpus.resolve()) or not file.is_file():
        return False
    quote = normalised(quotes[0])
    return any(0 <= normalised(text).find(quote) <= first for text, first in _texts(file, place))


def _texts(file: Path, place: str) -> Iterator[tuple[str, int]]:
    """The text that opens at a place of a document, and how far from its beginning a quotation may begin."""
    parts = text_of(file.name, file.read_bytes()).parts
    if line := re.fullmatch(r"L(\d+)", place):
        lines = "\n".join(parts).split("\n")[int(line[1]) - 1 :]
        yield "\n".join(lines), len(normalised(lines[0])) if lines else 0
    elif page := re.fullmatch(r"page=(\d+)", place):
        yield from ((text, len(text)) for text in parts[int(page[1]) - 1 : int(page[1])])
    else:
        yield from ((text, len(text)) for text in parts)


def _findings(citations: Mapping[str, Any]) -> Check:
    """How many of the model's citations stood; what did not never reached the report."""
    verified, dropped = citations["verified"], citations["dropped"]
    share = _share("findings", verified, verified + len(dropped), sorted({one["reason"] for one in dropped}))
    return Check(share.name, verified > 0, share.score, share.detail)


def _documents(sources: list[dict[str, str]], topic: Topic, address: str) -> Check:
    cited = {source["url"].removeprefix(address).partition("#")[0] for source in sources}
    missing = [document for document in topic.documents if document not in cited]
    return _share("documents", len(topic.documents) - len(missing), len(topic.documents), missing)


def _coverage(body: str, topic: Topic, least: float) -> Check:
    text = normalised(body)
    missing = [name for name, patterns in topic.facts.items() if not _says(text, patterns)]
    share = _share("coverage", len(topic.facts) - len(missing), len(topic.facts), missing)
    return Check(share.name, share.score >= least, share.score, share.detail)


def _says(text: str, patterns: tuple[str, ...]) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def _length(body: str, least: int, most: int) -> Check:
    words = len(body.split())
    fits = least <= words <= most
    return Check("length", fits, float(fits), "" if fits else f"{words} words, not {least} to {most}")


def _structure(body: str, headings: tuple[str, ...]) -> Check:
    """A title, then the headings in their order; others may stand between them."""
    rest = [line.lstrip("#").strip() for line in body.splitlines() if re.match(r"##? ", line)]
    titled = body.lstrip().startswith("# ")
    missing = []
    for heading in headings:
        if heading in rest:
            rest = rest[rest.index(heading) + 1 :]
        else:
            missing.append(heading)
    score = (titled + len(headings) - len(missing)) / (1 + len(headings))
    return Check("structure", score == 1, score, ", ".join([*([] if titled else ["title"]), *missing]))


def _share(name: str, good: int, all_: int, wrong: list[str]) -> Check:
    return Check(name, good == all_ > 0, good / all_ if all_ else 0.0, ", ".join(wrong) if all_ else "none")
