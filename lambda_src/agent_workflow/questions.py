"""Follow-up questions: a tool by which one agent asks another, so often and no more, each answer durable by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import DurableContext

from agent_workflow.declaration import Questions
from durable_strands import Observer

if TYPE_CHECKING:
    from strands import Agent
    from strands.hooks import BeforeToolCallEvent

INSTRUCTION = (
    "Another agent, which works with what you found, asks what `question` says. Answer that "
    "question only, as short as it allows; say so if you do not know."
)
Answer = Callable[[DurableContext, str, str, Observer], str]
"""Gives the answer of the asked agent to a question, as the operation of a name, whose calls an observer is told of."""


@dataclass(frozen=True)
class Asking:
    """How one run of an agent asks another.

    Attributes:
        questions: what agents.toml declares.
        operations: names of the runs of the asked agent, one for each question; their number is the most.
        answer: gives the answer.
        observer: that of the run which asks.
    """

    questions: Questions
    operations: Sequence[str]
    answer: Answer
    observer: Observer = field(default_factory=Observer)

    def give_to(self, agent: Agent) -> None:
        """Give the agent the tool.

        A question's number, and with it its operation, follows from the order of the model's own calls: hooks run one
        after the other in that order, on every pass.
        """
        from strands.hooks import BeforeToolCallEvent

        tools = [self._tool(operation) for operation in self.operations]
        agent.tool_registry.process_tools([tools[0]])
        asked = 0

        def number(event: BeforeToolCallEvent) -> None:
            nonlocal asked
            if event.tool_use["name"] != self.questions.tool:
                return
            if asked == len(tools):
                event.cancel_tool = f"all {len(tools)} questions are asked; go on with what you know"
                return
            event.selected_tool = tools[asked]
            asked += 1

        agent.add_hook(number, BeforeToolCallEvent)

    def _tool(self, operation: str) -> Any:
        from durable_strands import durable_tool

        def ask(context: DurableContext, question: str) -> str:
            return self.answer(context, question, operation, self.observer)

        ask.__name__ = self.questions.tool
        ask.__doc__ = (
            f"Ask the agent {self.questions.to} one follow-up question; at most {len(self.operations)} in all.\n\n"
            "Args:\n    question: the question, complete in itself.\n"
        )
        return durable_tool(ask)
