"""An agent that has every packaged tool, and a report that may cite only what was read: sources and citations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from research_tools.reading import Reading
from scripts.crash_lab.agents.sources import texts
from scripts.crash_lab.scenario import AGENTS, Call, Scenario, says
from scripts.crash_lab.world.database import installed
from scripts.crash_lab.world.sources import world_of_sources
from scripts.local_aws.certificates import HOST

NAME = "sources"
TIDES, SPRINGS = "papers/tides.md", "papers/springs.md"
LEVELS = "\n".join(f'{{"harbour":"{name}","metres":{metres}}}' for name, metres in texts.LEVELS)


def _paper(address: str) -> Reading:
    return Reading("", address, (AGENTS / NAME / address).read_text(encoding="utf-8"), 1)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Use(NamedTuple):
    """A tool that the model asks for.

    given: its arguments.
    seen: what its witness sees of them.
    reads: what the call gives; None for a tool that reads no source.
    words: of that, quoted in a finding.
    """

    tool: str
    given: Mapping[str, str]
    seen: str
    reads: Reading | None = None
    words: str = ""

    @property
    def witness(self) -> str:
        """As the call is witnessed."""
        return f"{self.tool}:{self.seen}"


_PAGE = Reading("", texts.PAGE_URL, texts.PAGE)
_FOUND = Reading("", texts.SEARCH_URL, texts.SEARCHED)
_PASSAGE = Reading("", texts.PASSAGE_URL, texts.PASSAGE)
_WORD = Reading("", f"mcp:wiki/wiki_look_up#{_digest(json.dumps({'word': texts.WORD}))}", texts.WIKI)
_ROWS = Reading("", f"postgresql://{HOST}/postgres#{_digest(texts.SQL)}", LEVELS)

_ASKS = Use("query_database", {"sql": texts.SQL}, "levels", _ROWS, '"east","metres":12')

TURNS: tuple[tuple[Use, ...], ...] = (
    (
        Use("search_documents", {"query": "moon"}, "moon", _paper(TIDES), "twice a day on most coasts"),
        Use("search_web", {"query": "tide mills"}, "tide mills", _FOUND, "has ground corn by the ebb"),
        Use("search_knowledge_base", {"query": "harbours"}, "harbours", _PASSAGE, "wait for the flood"),
    ),
    (
        Use("read_document", {"address": SPRINGS}, "springs.md", _paper(SPRINGS), "the sun helps"),
        Use("fetch_page", {"url": texts.PAGE_URL}, "/bays", _PAGE, "sixteen metres"),
        Use("wiki_look_up", {"word": texts.WORD}, texts.WORD, _WORD, "the water going out"),
    ),
    (*([_ASKS] if installed() else []), Use("count_words", {"text": "ebb and flood"}, "ebb and flood")),
)
"""What is asked for together, turn by turn; without PostgreSQL on this machine there is no database to ask."""
_READ = [(use.reads, use.words) for turn in TURNS for use in turn if use.reads]
READ = len(_READ)
"""How many tools read a source; each is cited once."""


def _findings() -> dict[str, Any]:
    """One that stands for each source, one of a source that was never read, one whose words are not there."""
    stand = [(f"Fact {number}.", reading.id, words) for number, (reading, words) in enumerate(_READ, 1)]
    fall = [("Invented.", "ffffff", _READ[0][1]), ("Altered.", _READ[0][0].id, f"never {_READ[0][1]}")]
    named = [dict(zip(("claim", "source", "quote"), one, strict=True)) for one in (*stand, *fall)]
    return {"findings": named, "gaps": []}


def _replies() -> Iterator[dict[str, Any]]:
    for number, turn in enumerate(TURNS, 1):
        uses = [{"name": use.tool, "input": use.given} for use in turn]
        yield says(number, "research", f"model:research:{number}", turn=number, tool_uses=uses)
    last = len(TURNS) + 1
    answer = [{"name": "Findings", "input": _findings()}]
    yield says(last, "research", f"model:research:{last}", turn=last, tool_uses=answer)
    cites = " ".join(f"Fact {number} [s{number}]." for number in range(1, READ + 1))
    yield {**says(last + 1, "summary", "model:summary:1"), "text": f"# Tides\n\n{cites} Mine [s99]."}


def _calls() -> Iterator[Call]:
    number = 0
    for turn, uses in enumerate(TURNS, 1):
        yield Call(f"research-agent/model-{turn}", f"model:research:{turn}")
        group = f"tools-{turn}/" if len(uses) > 1 else ""
        for use in uses:
            number += 1
            yield Call(f"research-agent/{group}tool-{number}-{use.tool}", use.witness)
    yield Call(f"research-agent/model-{len(TURNS) + 1}", f"model:research:{len(TURNS) + 1}")
    yield Call("summary-agent/model-1", "model:summary:1")


SOURCES = Scenario(
    name=NAME,
    event={"query": "tides"},
    replies=tuple(_replies()),
    calls=tuple(_calls()),
    throttled="model:research:2",
    world=world_of_sources,
)
