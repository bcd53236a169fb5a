"""What a run may cite: its verified findings, numbered by code; the list of sources and the counts in the result."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_workflow.citations import Checked, Verified, cited_in, keep_known, unquoted

HEADING = "## Sources"
FROM_MEMORY = (
    "This report rests on what a language model remembers. The agents had no tools to read by, so it has no sources, "
    "and nothing in it was checked against one."
)
NOTHING_CITED = "This report cites no source: no finding that it could rest on was found in what was read."
_SECTION = re.compile(
    r"\n*^#{1,6}[ \t]*(?:sources|references|bibliography)[ \t:]*\n.*?(?=^#{1,2} |\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Source:
    """A quoted place in something that was read."""

    id: str
    title: str
    url: str
    quote: str


class Evidence:
    """The verified findings of one pass.

    Attributes:
        reads: whether an agent of this deployment can read at all.
        verified: how many findings stood the check.
        dropped: `{"claim", "reason"}` of what did not, in findings and in later texts.
    """

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads
        self.verified = 0
        self.dropped: list[dict[str, str]] = []
        self._sources: dict[tuple[str, str], Source] = {}

    def take(self, checked: Mapping[str, Any]) -> str:
        """Number the findings of an agent's run; its text, written by code."""
        findings = Checked.from_dict(checked)
        self.verified += len(findings.verified)
        self.dropped += findings.dropped
        parts = [_written(one, self._source(one).id) for one in findings.verified]
        text = "\n".join(parts) or "No finding could be verified in what was read."
        gaps = "\n".join(f"- {gap}" for gap in findings.gaps)
        return f"{text}\n\nLooked for and not found:\n\n{gaps}" if gaps else text

    def kept(self, text: str) -> str:
        """A text of an agent that does not read: its citations of known sources, and quotations that stand in them."""
        if not self.reads:
            return text
        text, unknown = keep_known(_SECTION.sub("\n\n", text).strip(), [one.id for one in self._sources.values()])
        text, invented = unquoted(text, [one.quote for one in self._sources.values()])
        self.dropped += [*unknown, *invented]
        return text

    def with_section(self, report: str) -> str:
        """The report with the list of what it cites, or the plain word that it has none: written by code."""
        if not self.reads:
            section = f"{HEADING}\n\n{FROM_MEMORY}"
            return f"{report.replace(section, '').rstrip()}\n\n{section}"
        text = _SECTION.sub("\n\n", report).rstrip()
        cited = self.cited(text)
        lines = [f'- [{one.id}] {one.title}, {one.url}: "{one.quote}"' for one in cited]
        return "\n".join([f"{text}\n\n{HEADING}\n", *(lines or [NOTHING_CITED])])

    def cited(self, report: str) -> list[Source]:
        """The sources that a text cites, by their numbers."""
        ids = set(cited_in(_SECTION.sub("\n\n", report)))
        return [one for one in self._sources.values() if one.id in ids]

    def listed(self, text: str) -> list[dict[str, str]]:
        """What a text cites, as the result and a reviewer's page list it."""
        return [{"id": one.id, "title": one.title, "url": one.url} for one in self.cited(text)]

    def fields(self, report: str) -> dict[str, Any]:
        """The fields of the result that say what its report rests on; none where no agent can read."""
        if not self.reads:
            return {}
        return {"sources": self.listed(report), "citations": {"verified": self.verified, "dropped": self.dropped}}

    def _source(self, found: Verified) -> Source:
        new = Source(f"s{len(self._sources) + 1}", found.title, found.url, found.quote)
        return self._sources.setdefault((found.url, found.quote), new)


def _written(found: Verified, source: str) -> str:
    return f'- {found.claim} [{source}]\n  Source {found.title}: "{found.quote}"'
