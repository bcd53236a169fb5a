"""The answer of an agent that reads: structured findings, checked where what it read is still at hand.

Findings are given by Strands' structured output, in the call that would give a text otherwise, so they cost no call
more. Their source is any text in the schema: an enum of the run's ids would change the tools with every call, and with
them the prompt that a provider may have cached. Code checks the id, as it checks the quote.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, computed_field

from agent_workflow.citations import Checked, check
from research_tools.reading import Reading, readings_of

if TYPE_CHECKING:
    from strands import Agent

MOST_FINDINGS = 60
INSTRUCTION = (
    "Answer with the tool Findings, once, when you have read enough; what you write beside it is lost. Claim only what "
    "you read in this run, in your own words. Copy each quote exactly as it stands in the text, without leaving "
    "anything out: a finding whose quote does not stand there is dropped. What you looked for and did not find goes "
    "into gaps."
)


class Finding(BaseModel):
    """One fact, and where it stands."""

    claim: str = Field(max_length=1_000, description="One fact, in your own words, without an id.")
    source: str = Field(max_length=100, description="The id of the text that it stands in, as a tool gave it.")
    quote: str = Field(max_length=4_000, description="The words of that text that show it, copied exactly.")


def in_words(structured: Mapping[str, Any]) -> str:
    """The findings that stand, for an agent that asked: claims with their quotes, which it can cite by no id."""
    checked = Checked.from_dict(structured["checked"])
    found = [f'- {one.claim} ("{one.quote}")' for one in checked.verified]
    return "\n".join(found) or "Nothing that was read answers this."


class Book:
    """What one run of an agent has read so far, in the order of its calls, in every process that replays them."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []

    def watch(self, agent: "Agent") -> "Agent":
        """Note what the agent's reading tools return; hooks run again on a replay, with the kept results."""
        from strands.hooks import AfterToolCallEvent

        def note(event: AfterToolCallEvent) -> None:
            if getattr(event.selected_tool, "reads_sources", False):
                self.readings += readings_of(event.result)

        agent.add_hook(note, AfterToolCallEvent)
        return agent

    def model(self) -> type[BaseModel]:
        """The structured output of this run: what the model gives, and what code found of it."""
        readings = self.readings

        class Findings(BaseModel):
            """What you found, each finding with the words that show it."""

            model_config = ConfigDict(extra="ignore")

            findings: list[Finding] = Field(max_length=MOST_FINDINGS, exclude=True)
            gaps: list[str] = Field(default=[], exclude=True, description="What you looked for and did not find.")

            @computed_field  # type: ignore[prop-decorator]
            @property
            def checked(self) -> dict[str, Any]:
                """The findings that stand, and those that do not."""
                return check([one.model_dump() for one in self.findings], self.gaps, readings).to_dict()

        return Findings
