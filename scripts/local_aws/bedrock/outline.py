"""Turns a production prompt into a task that a 135-million-parameter model can do: the demonstration adapter.

Such a model cannot follow sixty lines of instructions; given them it loops or describes the instructions. So of the
system prompt only the first paragraph is used, the quoted inputs are taken out of their markers, and for the three
agents of the packaged pipeline the headings and the first words of each paragraph come from the outlines below. What
follows those words is the model's. Any other agent gets its first paragraph and its input, and free form.
"""

import re
import textwrap
from dataclasses import dataclass

from scripts.local_aws.bedrock.converse import ConverseRequest

_QUOTED = re.compile(r"<([a-z][a-z0-9-]*)-([0-9a-f]{16})>\n(.*?)\n</\1-\2>", re.DOTALL)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_TITLE_CHARACTERS = 80


@dataclass(frozen=True)
class Paragraph:
    """`lead`: words put before the model's. `tokens`: it ends with the first sentence that ends after so many."""

    lead: str
    tokens: int = 45
    one_line: bool = True


@dataclass(frozen=True)
class Outline:
    """`prompt`: the whole prompt up to the reply, in SmolLM2's chat format."""

    prompt: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True)
class _Plan:
    task: str
    titled: bool
    paragraphs: tuple[Paragraph, ...]


def _list_under(heading: str, *leads: str) -> tuple[Paragraph, ...]:
    """A list of one-sentence items."""
    first, *others = leads
    return Paragraph(f"\n\n## {heading}\n\n{first}", 1), *(Paragraph(f"\n{lead}", 1) for lead in others)


_ACTIONS = ("1. Start", "2. Make", "3. Keep")
_PLANS = {
    "research": _Plan(
        "Topic: {topic}\n\nWrite short research notes about this topic.",
        True,
        (
            Paragraph("\n\n## Key facts and definitions\n\nIn simple terms,", 60),
            Paragraph("\n\n## Recent developments\n\nIn recent years,"),
            Paragraph("\n\n## Examples\n\nOne example"),
            Paragraph("\n\n## Open questions\n\nIt is still not clear"),
        ),
    ),
    "analysis": _Plan(
        "These are research notes about {topic}. Write a short analysis of what they mean.",
        False,
        (
            Paragraph("## Patterns\n\nThe notes show"),
            Paragraph("\n\n## Implications\n\nThis means that"),
            Paragraph("\n\n## Challenges and opportunities\n\nThe main challenge"),
            *_list_under("Recommended actions", *_ACTIONS),
        ),
    ),
    "summary": _Plan(
        "These are research notes and an analysis about {topic}. Write a short report.",
        True,
        (
            Paragraph("\n\n## Executive summary\n\nThis report", 40),
            *_list_under("Key findings", "- The main", "- Another", "- In practice,", "- For example,"),
            Paragraph("\n\n## Insights\n\nTaken together,"),
            *_list_under("Recommendations", *_ACTIONS),
        ),
    ),
}
_FREE_FORM = (Paragraph("", 220, one_line=False),)


def outline(request: ConverseRequest) -> Outline:
    """What the small model is asked for `request`, and how its reply is laid out."""
    system = request.system.split("\n\n")[0] or "You are a helpful assistant."
    plan = _PLANS.get(request.agent) if request.turn == 1 else None
    inputs = _inputs(request)
    if plan is None:
        return Outline(_prompt(system, "\n\n".join(inputs.values())), _FREE_FORM)
    topic = _topic(inputs)
    notes = [text for name, text in inputs.items() if name != "query"]
    # a long topic is sent whole where it is all there is to go by, and named by its title elsewhere
    task = plan.task.format(topic=_short(topic) if notes else topic)
    first, *others = plan.paragraphs
    if plan.titled:
        first = Paragraph(f"# {_short(topic)}{first.lead}", first.tokens)
    return Outline(_prompt(system, "\n\n".join([*notes, task])), (first, *others))


def _inputs(request: ConverseRequest) -> dict[str, str]:
    """The quoted inputs by name, or all that was said under the name `query` when nothing is quoted."""
    said = "\n\n".join(block["text"] for message in request.messages for block in message["content"] if "text" in block)
    return {name: text for name, _, text in _QUOTED.findall(said)} or {"query": said}


def _topic(inputs: dict[str, str]) -> str:
    titles = [match[1] for text in inputs.values() if (match := _TITLE.search(text))]
    return inputs.get("query") or next(iter(titles), "the topic")


def _short(topic: str) -> str:
    """The topic as a title: one line of at most 80 characters."""
    line = textwrap.shorten(topic, _TITLE_CHARACTERS, placeholder=" …")
    line = line if line != "…" else topic[:_TITLE_CHARACTERS]
    return line[:1].upper() + line[1:]


def _prompt(system: str, user: str) -> str:
    turns = (("system", system), ("user", user))
    said = "".join(f"<|im_start|>{role}\n{text.replace('<|', '< |')}<|im_end|>\n" for role, text in turns)
    return f"{said}<|im_start|>assistant\n"
