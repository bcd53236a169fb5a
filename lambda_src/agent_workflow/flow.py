"""The verbs of a flow: what flow.py is given, each verb one durable operation that happens once."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, DurableOperationError
from aws_durable_execution_sdk_python.config import Duration

from agent_workflow.acts import act_once
from agent_workflow.agent_runs import AgentRuns
from agent_workflow.agents import AgentSpec
from agent_workflow.bookkeeper import Bookkeeper
from agent_workflow.critics import AGAIN, Critics
from agent_workflow.declaration import Critic, in_order
from agent_workflow.deployment import Deployment
from agent_workflow.evidence import Evidence
from agent_workflow.fan_out import Branch, FanOut
from agent_workflow.flow_errors import FlowFailed
from agent_workflow.inputs import CLOSING, INPUT_NAME, QUERY, compose
from agent_workflow.operation_names import Names, branch_name
from agent_workflow.questions import INSTRUCTION, Asking
from agent_workflow.refusals import hidden
from agent_workflow.request import Request
from agent_workflow.result import usd
from agent_workflow.review import Reviews, Revise
from agent_workflow.telemetry import emit
from agent_workflow.verdict import JUDGE
from durable_strands import Observer

MAX_WAIT_SECONDS = 31_622_400
"""366 days, the longest that an execution may take."""
MAX_BRANCHES = 200
"""With the calls inside them well below the 3,000 operations that an execution may have."""


@dataclass(frozen=True)
class Each:
    """What one of the many of `ask_each` ended with: `text`, or `error_type` if its agent failed."""

    item: Any
    text: str | None = None
    error_type: str | None = None


class Flow:
    """One pass of one flow: the same verbs, in the same order, on every replay.

    Attributes:
        agents: names of the agents, in the order of agents.toml.
        order: the same without the critics of others.
        reviewed: whether a review that was asked for was held.
    """

    def __init__(
        self, context: DurableContext, request: Request, deployment: Deployment, bookkeeper: Bookkeeper, serdes: Any
    ) -> None:
        self.agents = tuple(agent.name for agent in deployment.agents)
        self.order = tuple(agent.name for agent in in_order(deployment.agents))
        self.reviewed = False
        self._operations = 0
        self._context = context
        self._settings = deployment.settings
        self._specs = {agent.name: agent for agent in deployment.agents}
        self._serdes = serdes
        self._bookkeeper = bookkeeper
        self._runs = AgentRuns(deployment, bookkeeper, serdes)
        reads = any(self._runs.reads(agent) for agent in deployment.agents)
        self._evidence = Evidence(reads=reads)
        self._fan_out = FanOut(self._runs, bookkeeper, serdes)
        self._asked: set[str] = set()
        self._critics = Critics()
        self._reviews = Reviews(context, deployment.settings, self._shown, serdes)
        self._review = request.review
        self._names = Names()
        self._texts = {QUERY: request.query}
        self._found: dict[str, list[Each]] = {}
        self._latest = ""
        self._thread = threading.get_ident()
        self._step: str | None = None
        self._ending: BaseException | None = None

    def ask(self, agent: str, /, *, instruction: str | None = None, plain: bool = False, **inputs: Any) -> str:
        """The answer of an agent: operation `<agent>-agent`, of its second run `<agent>-agent-2`.

        An agent that has a critic is asked again for the critic's reasons, and so is the critic.

        Args:
            agent: its name in agents.toml.
            instruction: what this flow asks of it, beside its prompt. Default: to do its part.
            plain: an agent that reads answers in a text of its own, without findings that are checked; nothing in it
                can be cited. Default: it answers in findings.
            **inputs: what it is given to read, quoted as data: texts, or values that are written as JSON. Those it
                declares and that are left out are the query and the latest answers of other agents.

        Raises:
            FlowFailed: there is no such agent, or an input is missing or cannot be written.
            AgentFailed: it ended without an answer; a flow may catch it and go on.
        """
        with self._verb():
            spec = self._spec(agent)
            text = self._answer(spec, inputs, instruction, plain=plain)
            if spec.critic:
                text = self._criticised(spec, spec.critic, text, inputs, instruction)
            self._texts.pop(agent, None)  # the latest answer is the last
            self._texts[agent] = text
            self._latest = agent
            return text

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
        """Ask one agent once for each of many, side by side: a durable map `name` of branches named `1-first-item`.

        Args:
            agent: its name in agents.toml.
            items: what for, at most 200, texts or JSON; without one nothing happens.
            name: of the operation.
            item: name of the input under which each is given.
            max_failed: so many may fail and the flow goes on, if not all do. Default: 0.
            instruction: as for `ask`.
            **inputs: what all of them are given besides, as for `ask`.

        Returns:
            What each ended with, in the order of `items`.

        Raises:
            FlowFailed: as for `ask`, or there are too many items.
            AgentFailed: the failure of the first that failed, if more failed than may; all have ended by then.
        """
        with self._verb():
            spec = self._spec(agent)
            if spec.critic:
                raise FlowFailed(f"ask_each must be given an agent without a critic, got {agent}")
            if not isinstance(items, list | tuple) or len(items) > MAX_BRANCHES:
                raise FlowFailed(f"ask_each must be given a list of at most {MAX_BRANCHES} items, got {hidden(items)}")
            if not items:
                return []
            prompts = [self._prompt(spec, {**inputs, item: each}, instruction) for each in items]
            branches = [
                Branch(number, branch_name(number, str(each)), prompt)
                for number, (each, prompt) in enumerate(zip(items, prompts, strict=True), 1)
            ]
            self._count_branches(spec.operation, len(items))
            most = self._settings.max_parallel_branches
            asking, name = self._asking(spec), self._names.use(name)
            ended = self._fan_out.each(self._context, spec, branches, name=name, most=most, asking=asking)
            failures = [answer.failure for answer in ended if answer.failure is not None]
            if len(failures) > max_failed or len(failures) == len(items):
                self._runs.remember(failures[0], spec)
                raise failures[0]
            found = [
                Each(
                    each, None if answer.failure else self._cited(answer.text or "", answer.checked), answer.error_type
                )
                for each, answer in zip(items, ended, strict=True)
            ]
            self._found[agent], self._latest = found, agent
            return list(found)

    def wait(self, name: str, duration: timedelta | int, /) -> None:
        """Wait durably: nothing runs and nothing is billed meanwhile.

        Args:
            name: of the operation.
            duration: whole seconds, or a timedelta of such; 1 second to 366 days.

        Raises:
            FlowFailed: the name or the duration breaks its rule.
        """
        with self._verb():
            seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
            number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
            if not number or not 1 <= seconds <= MAX_WAIT_SECONDS or seconds != int(seconds):
                raise FlowFailed(f"a wait must be 1 to {MAX_WAIT_SECONDS} whole seconds, got {hidden(duration)}")
            self._context.wait(Duration.from_seconds(int(seconds)), name=self._names.use(name))
            self._operations += 1

    def step(self, name: str, act: Callable[[], Any], /, *, at_most_once: bool = False) -> Any:
        """The value of `act()`, which runs once and never again on a replay: a clock, a service, a draw.

        Args:
            name: of the operation.
            act: gives a JSON value of at most 255 KB, or more where large results have a bucket.
            at_most_once: never run it again, not even after a killed process. Default: a run that was cut short is
                tried again, 3 times in all, so it should bear being repeated.

        Raises:
            FlowFailed: the name breaks its rule.
            StepFailed: the function raised, or what it returned is not JSON.
            CallInterrupted: its process died, and no try is left.
        """
        with self._verb():
            operation = self._names.use(name)
            self._operations += 1

            def inside() -> Any:
                self._step = operation
                try:
                    return act()
                finally:
                    self._step = None

            return act_once(
                self._context, operation, inside, self._settings, serdes=self._serdes, at_most_once=at_most_once
            )

    def review(self, text: str, /, *, of: str = "report", revise: Revise | None = None) -> str:
        """The text that a person approved or wrote; `text` at once unless a review after `of` is asked for.

        Whether one is asked for is said by the event, else by the deployment. Operations `review-1`, `review-2`, ...

        Args:
            text: what is reviewed.
            of: which text it is: "analysis" or "report", as the event's `after` names it.
            revise: gives the text again, from the text and a person's comments. Default: it cannot be sent back.

        Raises:
            ReviewNotRequested: nobody could be told.
        """
        if not self._review or self._review.after != of:
            return text
        self.reviewed = True
        with self._verb():
            return self._reviews.accepted(text, of, self._review, revise)

    def with_sources(self, report: str, /) -> str:
        """The report with a section `## Sources` at its end, written by code: what it cites, or that it has none."""
        return self._evidence.with_section(report)

    def sourced(self, report: str, /) -> str:
        """As `with_sources` where an agent can read; any other report stays as its agent wrote it."""
        return self._evidence.with_section(report) if self._evidence.reads else report

    @property
    def operations(self) -> int:
        """Durable operations so far, those of agents left out: their calls tell of them."""
        return self._operations + self._reviews.operations

    @property
    def rounds(self) -> list[dict[str, Any]]:
        """What the result's `review` lists."""
        return self._reviews.rounds

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """What the result's `verdicts` lists."""
        return self._critics.verdicts

    def answers_so_far(self) -> dict[str, str | list[Each]]:
        """The latest answers of the agents but the last one's, which no person approved; of `ask_each`, all of it."""
        known: dict[str, str | list[Each]] = {**self._texts, **self._found}
        return {name: known[name] for name in self.agents if name in known and name != self._latest}

    def finished(self, returned: Any) -> dict[str, Any]:
        """The fields of the result that `run` stands for, `report` among them.

        Args:
            returned: what `run` returned: the report, to which the latest answers of the agents are added, or the
                fields themselves.

        Raises:
            FlowFailed: it returned something else.
        """
        self.refuse_to_go_on()
        if self._review and not self.reviewed:
            raise FlowFailed(f"flow.py must hold the review after the {self._review.after} that was asked for")
        fields = self._with_answers(returned) if isinstance(returned, str) else returned
        report = fields.get("report") if isinstance(fields, dict) else None
        if not isinstance(report, str) or not report.strip():
            raise FlowFailed(f"run in flow.py must return the report, or fields with a report, got {hidden(returned)}")
        return _checked(self._with_citations(fields))

    def refuse_to_go_on(self) -> None:
        """Raise again what ended this pass, if anything did: `except:` in a flow.py must not swallow a suspension."""
        if self._ending is not None:
            raise self._ending

    def agent_of(self, error: BaseException) -> str | None:
        """Name of the agent that failed with this very error; None if none did."""
        return self._runs.agent_of(error)

    def _count_branches(self, operation: str, number: int) -> None:
        """The map, its branches, and the agents in them: the ledger tells of one, by their common name."""
        told = int(operation not in self._asked)
        self._asked.add(operation)
        self._operations += 1 + number + number - told

    @contextmanager
    def _verb(self) -> Iterator[None]:
        """Around every verb: refuse what a replay could not repeat, and remember the end of the pass."""
        self.refuse_to_go_on()
        if self._step is not None:
            raise FlowFailed(f"the function of step {self._step} must not use verbs of the flow")
        if threading.get_ident() != self._thread:
            raise FlowFailed("the verbs of a flow must be used in the thread that called run")
        try:
            yield
        except DurableOperationError:
            raise
        except BaseException as error:
            self._ending = error
            raise

    def _answer(self, spec: AgentSpec, inputs: dict[str, Any], instruction: str | None, *, plain: bool = False) -> str:
        prompt = self._prompt(spec, inputs, instruction)
        operation = self._names.use(spec.operation)
        self._asked.add(operation)
        answer = self._runs.one(self._context, spec, prompt, operation, self._asking(spec), plain=plain)
        return answer.text if plain else self._cited(answer.text, (answer.structured_output or {}).get("checked"))

    def _asking(self, spec: AgentSpec) -> Asking | None:
        if spec.questions is None:
            return None
        asked = self._specs[spec.questions.to]

        def answer(context: DurableContext, question: str, operation: str, observer: Observer) -> str:
            prompt = self._prompt(asked, {"question": question}, INSTRUCTION)
            return self._runs.answer(context, asked, prompt, operation, observer)

        return Asking(spec.questions, self._names.further(asked.operation, spec.questions.most), answer)

    def _criticised(
        self, spec: AgentSpec, critic: Critic, text: str, inputs: dict[str, Any], instruction: str | None
    ) -> str:
        judging = self._specs[critic.agent]
        shown_as = spec.name if spec.name in judging.inputs else "draft"

        def judge(draft: str) -> str:
            return self._answer(judging, {shown_as: draft}, JUDGE.format(draft=shown_as), plain=True)

        def again(draft: str, reasons: Sequence[str]) -> str:
            more = {"draft": draft, "reasons": list(reasons)}
            return self._answer(spec, {**inputs, **more}, " ".join(filter(None, (instruction, AGAIN))))

        return self._critics.accepted(spec.name, critic, text, judge=judge, again=again)

    def _spec(self, agent: str) -> AgentSpec:
        if agent not in self._specs:
            raise FlowFailed(f"flow.py must ask agents of agents.toml ({', '.join(self.agents)}), got {hidden(agent)}")
        return self._specs[agent]

    def _prompt(self, agent: AgentSpec, inputs: dict[str, Any], instruction: str | None) -> str:
        names = tuple(dict.fromkeys((*agent.inputs, *inputs)))
        texts = {name: _written(name, inputs[name]) for name in names if name in inputs}
        if missing := [name for name in names if name not in texts and name not in self._texts]:
            raise FlowFailed(f"agent {agent.name} must be given its input {missing[0]}: no agent has answered it")
        closing = CLOSING if instruction is None else f"The material ends here. {instruction}"
        return compose(names, {**self._texts, **texts}, closing=closing)

    def _shown(self, text: str) -> dict[str, Any]:
        """What a reviewer's page shows beside a text."""
        return {"cost_usd": usd(self._bookkeeper.ledger.spent()), "sources": self._evidence.listed(text)}

    def _cited(self, text: str, checked: dict[str, Any] | None) -> str:
        return self._evidence.kept(text) if checked is None else self._evidence.take(checked)

    def _with_citations(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields with what the report rests on, of which metrics tell once, in a step."""
        evidence = self._evidence
        if not evidence.reads:
            return fields
        told = evidence.fields(fields["report"])
        counts = {"CitationsVerified": evidence.verified, "CitationsDropped": len(evidence.dropped)}
        self.step("citations", lambda: emit(self._settings, counts))
        return {**fields, **told}

    def _with_answers(self, report: str) -> dict[str, Any]:
        last = next((name for name in reversed(self._texts) if name in self._specs), None)
        answers = {name: self._texts[name] for name in self.agents if name in self._texts}
        if last and answers[last] == report:
            del answers[last]  # it is the report
        return {**answers, "report": report}


def _written(name: str, value: Any) -> str:
    if not INPUT_NAME.fullmatch(name):
        raise FlowFailed(f"the name of an input must be like {INPUT_NAME.pattern}, got {hidden(name)}")
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, indent=1)
    except (TypeError, ValueError, RecursionError):
        raise FlowFailed(f"the input {name} must be a text or JSON, got a {type(value).__name__}") from None


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    if taken := sorted(fields.keys() & {QUERY, "status", "usage", "stored"}):
        raise FlowFailed(f"run in flow.py must not return fields that the result has already, got {taken[0]}")
    try:
        json.dumps(fields)
    except (TypeError, ValueError, RecursionError):
        raise FlowFailed("run in flow.py must return fields that are JSON") from None
    return fields
