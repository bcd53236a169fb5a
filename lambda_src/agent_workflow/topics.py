"""Research in parts: which they are, the one text made of them, and what the report says of those that failed."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agent_workflow.flow_errors import TopicsNotPlanned
from agent_workflow.limits_section import with_section
from agent_workflow.topic_limits import MAX_TOPIC_CHARACTERS, MAX_TOPICS, MIN_TOPICS
from durable_strands.visible import is_visible

if TYPE_CHECKING:
    from agent_workflow.flow import Each, Flow

PLAN = (
    "Do not research yet. Name the parts of the query that can be researched separately: at least 2, at most 8, all "
    "different, each in at most 200 characters. Answer only with a JSON list of strings."
)
ONE_TOPIC = "Research only the part named in `topic`; the query says what it is a part of. Others research the rest."
_MARKER = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+(.+)$", re.MULTILINE)


def plan_topics(flow: "Flow", agent: str, query: str) -> tuple[str, ...]:
    """The topics that `agent` names for the query; it is asked again once if it names no two.

    Raises:
        TopicsNotPlanned: it did not either time.
    """
    for _ in range(2):
        topics = read_plan(flow.ask(agent, query=query, instruction=PLAN, plain=True))
        if len(topics) >= MIN_TOPICS:
            return topics
    raise TopicsNotPlanned(f"agent {agent} must name at least {MIN_TOPICS} topics, got {len(topics)}")


def read_plan(text: str) -> tuple[str, ...]:
    """The topics in an agent's answer: of its JSON list, else of its list in Markdown; those that break no rule."""
    found = [topic.strip() for topic in _listed(text)]
    fit = [topic for topic in found if is_visible(topic) and len(topic) <= MAX_TOPIC_CHARACTERS]
    return tuple(dict.fromkeys(fit))[:MAX_TOPICS]


def _listed(text: str) -> Iterable[str]:
    begin, end = text.find("["), text.rfind("]")
    try:
        values = json.loads(text[begin : end + 1])
    except (ValueError, RecursionError):
        values = _MARKER.findall(text)
    return (value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def one_text(found: Sequence["Each"]) -> str:
    """A section `## TOPIC` for each, in order; that of a failed one says so."""
    return "\n\n".join(f"## {_line(each.item)}\n\n{each.text or _missing(each)}" for each in found)


def listed(found: Sequence["Each"]) -> list[dict[str, str | None]]:
    """What the result's `topics` says of each."""
    return [
        {"topic": each.item, "status": "failed" if each.error_type else "completed", "error_type": each.error_type}
        for each in found
    ]


def with_limits(report: str, found: Sequence["Each"]) -> str:
    """The report, whose section on limits names the topics that failed: written by code, not left to a model."""
    return with_section(report, [f"{_line(each.item)}: {_missing(each)}" for each in found if each.error_type])


def _line(topic: str) -> str:
    return " ".join(topic.split())


def _missing(each: "Each") -> str:
    return f"not researched, the run failed ({each.error_type})."
