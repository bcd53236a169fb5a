"""Rounds of a critic: a text goes back with reasons, so often and no more; nothing is approved by accident."""

from collections.abc import Callable, Sequence
from typing import Any

from agent_workflow.declaration import Critic
from agent_workflow.limits_section import with_section
from agent_workflow.verdict import UNCLEAR, Verdict, read_verdict

AGAIN = "A critic wants `draft` changed as `reasons` says. Write it again, whole, with these changes and no others."
OPEN = "The critic's open point: "
Judge = Callable[[str], str]
Again = Callable[[str, Sequence[str]], str]


class Critics:
    """The verdicts of one pass.

    Attributes:
        verdicts: what the result's `verdicts` lists.
    """

    def __init__(self) -> None:
        self.verdicts: list[dict[str, Any]] = []

    def accepted(self, agent: str, critic: Critic, text: str, *, judge: Judge, again: Again) -> str:
        """The text that the critic approved, or the last one, whose section on limits says what is open.

        Args:
            agent: whose text it is.
            critic: who judges, and how often the text may go back.
            text: the first one.
            judge: gives the critic's answer to a text.
            again: gives the text again, from the last one and the critic's reasons.
        """
        reasons: tuple[str, ...] = ()
        for number in range(1, critic.rounds + 2):
            verdict = read_verdict(judge(text)) or read_verdict(judge(text))  # an unclear one is asked for again, once
            self._note(agent, number, verdict)
            if verdict is None:
                return with_section(text, [UNCLEAR])
            if verdict.approved:
                return text
            reasons = verdict.reasons
            if number <= critic.rounds:
                text = again(text, reasons)
        return with_section(text, [OPEN + reason for reason in reasons])

    def _note(self, agent: str, number: int, verdict: Verdict | None) -> None:
        reasons = [UNCLEAR] if verdict is None else list(verdict.reasons)
        approved = verdict is not None and verdict.approved
        self.verdicts.append({"agent": agent, "round": number, "approved": approved, "reasons": reasons})
