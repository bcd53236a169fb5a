"""The verbs of a flow, as those of agent_workflow.flow, that only write down what they are asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent_workflow.declaration import Declaration, in_order
from agent_workflow.flow_errors import FlowFailed
from agent_workflow.inputs import INPUT_NAME, QUERY
from agent_workflow.operation_names import Names
from durable_strands.errors import AgentFailed
from flow_recording.choices import Choices
from flow_recording.places import here, is_guarded, loop
from flow_recording.reckoning import REVIEW, STEP, WAIT, Cost, ask_cost, map_cost
from flow_recording.unknown import Unbounded, Unknown, decided

MOST_VERBS = 10_000
MAX_BRANCHES = 200
MAX_WAIT_SECONDS = 31_622_400
MAX_TOPICS = 20
MOST_ROUNDS = 10
PLANNED = "planned"


class AgentMayFail(AgentFailed):
    """A failure that an author's `try` waits for."""


@dataclass(frozen=True)
class Act:
    """One use of a verb: where, which, and what it can cost."""

    key: tuple[str, int, str]
    kind: str
    name: str
    operation: str
    label: str
    cost: Cost
    because: str = ""


@dataclass(frozen=True)
class Each:
    """What one of the many of `ask_each` ended with."""

    item: Any
    text: Any = None
    error_type: str | None = None


class RecordingFlow:
    """One way through a flow.

    Attributes:
        agents: names of the agents.
        order: those that work by themselves, without the critics of others.
        acts: the verbs used, in order.
        because: what has been found to be asked for since the last of them.
    """

    def __init__(self, declared: Mapping[str, Declaration], choices: Choices, side_by_side: int) -> None:
        self.agents = tuple(declared)
        self.order = tuple(agent.name for agent in in_order(declared.values()))
        self.acts: list[Act] = []
        self._declared = declared
        self._choices = choices
        self._side_by_side = side_by_side
        self._names = Names()
        self._answered = {QUERY}
        self._after: str | None = None
        self._reviews = 0
        self._revising = False
        self.because: list[str] = []

    def ask(
        self,
        agent: str,
        /,
        *,
        instruction: str | None = None,  # noqa: ARG002 - as the verb
        plain: bool = False,  # noqa: ARG002
        **inputs: Any,
    ) -> Any:
        spec = self._spec(agent)
        self._inputs(spec, inputs)
        operation = f"{spec.name}-agent"
        self._note("ask", operation, operation + _helped(spec), ask_cost(spec, self._declared))
        self._may_fail()
        self._answered.add(spec.name)
        return _answer_of(spec)

    def ask_each(
        self,
        agent: str,
        items: Sequence[Any],
        /,
        *,
        name: str,
        item: str,
        max_failed: int = 0,
        instruction: str | None = None,  # noqa: ARG002 - as the verb
        **inputs: Any,
    ) -> list[Each]:
        spec = self._spec(agent)
        known = list(items)[:MAX_BRANCHES] if isinstance(items, Unknown) else items
        if not isinstance(known, list | tuple) or len(known) > MAX_BRANCHES:
            raise FlowFailed(f"ask_each must be given a list of at most {MAX_BRANCHES} items")
        if not known:
            return []
        self._inputs(spec, {**inputs, item: ""})
        if spec.critic:
            raise FlowFailed(f"ask_each must be given an agent without a critic, got {spec.name}")
        cost = map_cost(spec, self._declared, len(known), self._side_by_side)
        self._note("each", name, f"{name}<br/>{spec.name}-agent{_helped(spec)} for each", cost)
        self._may_fail()
        failed = (isinstance(max_failed, Unknown) or max_failed > 0) and not decided("all answered")
        ended = [Each(one, _answer_of(spec)) for one in known]
        return [Each(known[0], error_type="AgentFailed"), *ended[1:]] if failed else ended

    def wait(self, name: str, duration: timedelta | int, /) -> None:
        seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
        unknown = isinstance(seconds, Unknown)
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not unknown and (not number or not 1 <= seconds <= MAX_WAIT_SECONDS or seconds != int(seconds)):
            raise FlowFailed(f"a wait must be 1 to {MAX_WAIT_SECONDS} whole seconds, got {duration!r}")
        self._note("wait", name, f"{name}<br/>waits" if unknown else f"{name}<br/>{int(seconds)} s", WAIT)

    def step(self, name: str, act: Callable[[], Any], /, *, at_most_once: bool = False) -> Any:  # noqa: ARG002
        if not callable(act):
            raise FlowFailed("a step must be given a function")
        self._note("step", name, name, STEP)
        self._may_fail()
        return Unknown(f"what {name} returned", "item")

    def review(self, text: Any, /, *, of: str = "report", revise: Callable[[Any, Any], Any] | None = None) -> Any:
        if of not in ("analysis", "report"):
            if of not in self.agents:
                raise FlowFailed(f'a review must be of "analysis", "report" or an agent, got {of!r}')
            return text  # no event can ask for it
        if self._after is None and self._choices.choose(("", 0, f"review of {of}"), 2, 0) == 1:
            self._after = of
        if self._after != of:
            return text
        self.because.append("review")
        rounds = MOST_ROUNDS if revise else 0
        for number in range(rounds + 1):
            self._reviews += 1
            self._note("review", "review", f"review of the {of}", Cost(2 * REVIEW.operations, 2 * REVIEW.bytes))
            if number < rounds and revise:
                self.because.append("revise")
                self._revising = True
                text = revise(text, Unknown("comments"))
                self._revising = False
        self.because.append("accepted")
        return Unknown("the accepted text", filled=True)

    def with_sources(self, report: Any, /) -> Any:
        """The report as it is: its list of sources is no operation."""
        return report

    sourced = with_sources

    def finished(self, returned: Any) -> None:
        """Refuse a result that the Lambda would refuse.

        Raises:
            FlowFailed: `run` returned no report.
        """
        report = returned.get("report") if isinstance(returned, dict) else returned
        if isinstance(report, str) and (isinstance(report, Unknown) or report.strip()):
            return
        raise FlowFailed(f"run in flow.py must return the report, or fields with a report, got {_kind(returned)}")

    def _note(self, kind: str, name: str, label: str, cost: Cost) -> None:
        operation = f"review-{self._reviews}" if kind == "review" else self._names.use(name)
        file, line = here()
        key = (file, line, name) if kind != "review" else ("", 0, label)
        if self._revising:  # the same box again
            key = next((act.key for act in reversed(self.acts) if act.name == name), key)
        self.acts.append(Act(key, kind, name, operation, label, cost, ", ".join(self.because)))
        self.because.clear()
        if len(self.acts) >= MOST_VERBS:
            raise Unbounded(f"no end was found of {loop()}")

    def _spec(self, agent: str) -> Declaration:
        if not isinstance(agent, str) or (agent not in self._declared and not isinstance(agent, Unknown)):
            raise FlowFailed(f"flow.py must ask agents of agents.toml ({', '.join(self.agents)}), got {agent!r}")
        if isinstance(agent, Unknown):  # which one, an answer says: the costliest
            return max(self._declared.values(), key=lambda one: ask_cost(one, self._declared).operations)
        return self._declared[agent]

    def _inputs(self, agent: Declaration, given: Mapping[str, Any]) -> None:
        if odd := [name for name in given if not INPUT_NAME.fullmatch(name)]:
            raise FlowFailed(f"the name of an input must be like {INPUT_NAME.pattern}, got {odd[0]!r}")
        missing = [name for name in agent.inputs if name not in given and name not in self._answered]
        if missing:
            raise FlowFailed(f"agent {agent.name} must be given its input {missing[0]}: no agent has answered it")

    def _may_fail(self) -> None:
        """Where the author catches it, an agent fails on one of the ways."""
        if is_guarded() and not decided("answered"):
            raise AgentMayFail("as if an agent had failed")


class RecordedRequest:
    """The event, each field with every value that makes a difference to a flow.

    Attributes:
        used: fields that the flow looked at.
    """

    budget_usd = None
    redrive = None

    def __init__(self, choices: Choices, used: set[str], because: list[str]) -> None:
        self._choices = choices
        self._because = because
        self.used = used
        self.query = Unknown("the query", filled=True)

    def _one_of(self, name: str, *values: Any) -> Any:
        self.used.add(name)
        value = values[self._choices.choose(("", 0, name), len(values), 0)]
        if value and name not in self._because:
            self._because.append(name)
        return value

    @property
    def demo_checkpoint(self) -> bool:
        return bool(self._one_of("demo_checkpoint", False, True))

    @property
    def topics(self) -> Any:
        every = tuple(Unknown(f"topic {number}", filled=True) for number in range(1, MAX_TOPICS + 1))
        return self._one_of("topics", None, every, "auto")

    @property
    def max_failed_topics(self) -> Any:
        self.used.add("max_failed_topics")
        return Unknown("max_failed_topics", "item")

    @property
    def tenant(self) -> Any:
        return self._one_of("tenant", None, Unknown("tenant", filled=True))

    @property
    def review(self) -> Any:
        return Unknown("review", "item")


def _helped(agent: Declaration) -> str:
    """Who else works while it is asked, for the diagram."""
    asks = f"<br/>asks {agent.questions.to}, at most {agent.questions.most}" if agent.questions else ""
    return asks + (f"<br/>sent back by {agent.critic.agent}, at most {agent.critic.rounds}" if agent.critic else "")


def _answer_of(agent: Declaration) -> Unknown:
    return Unknown(f"the answer of {agent.name}", filled=True)  # an empty reply is a failure


def planned(_answer: str) -> tuple[str, ...]:
    """In the place of `topics.read_plan`: no topics, or as many as may be."""
    every = tuple(Unknown(f"topic {number}", filled=True) for number in range(1, MAX_TOPICS + 1))
    return every if decided(PLANNED) else ()


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
