"""The verbs of a flow with answers given beforehand: one pass of it, without a model and without an engine."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agent_workflow.critics import Critics
from agent_workflow.declaration import Critic, Declaration
from agent_workflow.flow_errors import FlowFailed, ReviewNotRequested, StepFailed
from agent_workflow.review_answer import Unreadable, digest_of, read_answer
from durable_strands.errors import AgentFailed
from flow_recording.choices import Choices
from flow_recording.guards import Watch
from flow_recording.places import place
from flow_recording.reckoning import Cost
from flow_recording.verbs import Each, RecordingFlow

APPROVAL = '{"approved": true, "reasons": []}'
APPROVE = {"decision": "approve"}


class PassEnded(BaseException):
    """As the suspension of an execution, which no flow may hold back."""


class ReviewEnded(BaseException):
    """As a rejection."""


@dataclass
class Script:
    """What is given beforehand.

    Attributes:
        answers: agent -> its answers, in order, the last of them again and again; None is a failure.
        steps: operation -> its value. A step that is not among them runs.
        reviews: what people answer, in order; then they approve.
        review: the review that is asked for; None is none.
    """

    answers: Mapping[str, Sequence[str | None]]
    steps: Mapping[str, Any]
    reviews: Sequence[Mapping[str, Any]]
    review: Mapping[str, Any] | None


@dataclass
class Seen:
    """What a pass left.

    Attributes:
        operations: name of each durable operation with all that it was asked.
        values: of the steps that ran.
        held_back: where the flow went on after the end of the pass.
    """

    operations: list[list[Any]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    held_back: list[str] = field(default_factory=list)


class PlayingFlow(RecordingFlow):
    """One pass.

    Args:
        declared: the agents.
        script: what is given beforehand.
        watch: what is noted of the author's code.
        end_at: number of the operation at which the pass ends, from 1. Default: it goes to its end.
    """

    def __init__(
        self, declared: Mapping[str, Declaration], script: Script, watch: Watch, end_at: int | None = None
    ) -> None:
        super().__init__(declared, Choices(), 1)
        self.seen = Seen()
        self.reviewed = False
        self._script = script
        self._watch = watch
        self._end_at = end_at
        self._ended = False
        self._used: Counter[str] = Counter()

    def ask(self, agent: str, /, *, instruction: str | None = None, plain: bool = False, **inputs: Any) -> Any:  # noqa: ARG002 - as the verb
        text = self._one(agent, inputs, instruction)
        critic = self._declared[agent].critic
        return text if critic is None else self._criticised(agent, critic, text, inputs, instruction)

    def _one(self, agent: str, inputs: Mapping[str, Any], instruction: str | None) -> str:
        super().ask(agent, instruction=instruction, **inputs)
        return self._answer(agent, _written(inputs), instruction)

    def _criticised(
        self, agent: str, critic: Critic, text: str, inputs: Mapping[str, Any], instruction: str | None
    ) -> str:
        def judge(draft: str) -> str:
            return self._one(critic.agent, {"draft": draft}, None)

        def again(draft: str, reasons: Sequence[str]) -> str:
            return self._one(agent, {**inputs, "draft": draft, "reasons": list(reasons)}, instruction)

        return Critics().accepted(agent, critic, text, judge=judge, again=again)

    def ask_each(
        self,
        agent: str,
        items: Sequence[Any],
        /,
        *,
        name: str,
        item: str,
        max_failed: int = 0,
        instruction: str | None = None,
        **inputs: Any,
    ) -> list[Each]:
        if not super().ask_each(agent, items, name=name, item=item, instruction=instruction, **inputs):
            return []
        ended, failures = [], []
        for one in items:
            try:
                ended.append(Each(one, self._answer(agent, _written({**inputs, item: one}), instruction)))
            except AgentFailed as failure:
                failures.append(failure)
                ended.append(Each(one, error_type=failure.error_type))
        if len(failures) > max_failed or len(failures) == len(items):
            raise failures[0]
        return ended

    def wait(self, name: str, duration: timedelta | int, /) -> None:
        super().wait(name, duration)
        self._told(str(duration))

    def step(self, name: str, act: Callable[[], Any], /, *, at_most_once: bool = False) -> Any:
        super().step(name, act, at_most_once=at_most_once)
        operation = self.acts[-1].operation
        if operation not in self._script.steps:
            self.seen.values[operation] = self._ran(operation, act)
        return json.loads(json.dumps({**self._script.steps, **self.seen.values}[operation]))

    def review(self, text: Any, /, *, of: str = "report", revise: Callable[[Any, Any], Any] | None = None) -> Any:
        choice = self._script.review
        if choice is None or choice["after"] != of:
            return text
        self.reviewed = True
        number = 1
        while True:
            self._reviews += 1
            self._note("review", "review", f"review of the {of}", Cost())
            self._told(text)
            given = self._script.reviews[self._reviews - 1 : self._reviews] or [APPROVE]
            may_revise = revise is not None and number <= choice["max_rounds"]
            try:
                answer = read_answer(json.dumps(given[0]), number=number, digest=digest_of(text), may_revise=may_revise)
            except Unreadable as broken:
                raise ReviewNotRequested(f"an answer of `reviews` breaks a rule: {broken}") from None
            if answer.decision == "reject":
                raise ReviewEnded
            if answer.decision != "revise" or revise is None:
                return answer.text if answer.decision == "edit" else text
            text, number = revise(text, answer.text), number + 1

    def _note(self, kind: str, name: str, label: str, cost: Cost) -> None:
        if self._watch.step is not None:
            raise FlowFailed(f"the function of step {self._watch.step} must not use verbs of the flow")
        if self._ended:
            self.seen.held_back.append(place())
            raise PassEnded
        super()._note(kind, name, label, cost)
        self.seen.operations.append([self.acts[-1].operation])
        if len(self.acts) == self._end_at:
            self._ended = True
            self.seen.held_back.append(place())
            raise PassEnded

    def _may_fail(self) -> None:
        """Only as the script says."""

    def _told(self, *what: Any) -> None:
        self.seen.operations[-1].extend(what)

    def _answer(self, agent: str, inputs: dict[str, Any], instruction: str | None) -> str:
        self._told(inputs, instruction)
        given = self._script.answers.get(agent) or [APPROVAL if self._judges(agent) else f"the answer of {agent}"]
        answer = given[min(self._used[agent], len(given) - 1)]
        self._used[agent] += 1
        if answer is None:
            raise AgentFailed(f"the test has {agent} fail")
        return answer

    def _judges(self, agent: str) -> bool:
        return any(one.critic and one.critic.agent == agent for one in self._declared.values())

    def _ran(self, operation: str, act: Callable[[], Any]) -> Any:
        self._watch.step = operation
        try:
            value = act()
        except FlowFailed:
            raise
        except Exception as error:  # noqa: BLE001 - as the verb does
            raise StepFailed(f"step {operation}: its function raised {type(error).__name__}") from None
        finally:
            self._watch.step = None
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            raise StepFailed(f"step {operation}: its function must return JSON") from None
        return value


def _written(inputs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(inputs)))
    except (TypeError, ValueError, RecursionError):
        raise FlowFailed("an input must be a text or JSON") from None
