"""Runs a Strands agent so that no finished model or tool call is ever made, or paid for, twice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack, overload

from aws_durable_execution_sdk_python import (
    ChildContextError,
    DurableContext,
    SerDesError,
)
from aws_durable_execution_sdk_python.config import ChildConfig
from aws_durable_execution_sdk_python.serdes import SerDes

from durable_strands.agent_pass import Asked, played
from durable_strands.errors import AgentFailed, ResultNotKept, UnsafeAgent, not_kept, rebuild
from durable_strands.invocation import invocation_of
from durable_strands.live import LiveRun, below
from durable_strands.observer import Observer
from durable_strands.operations import Operations
from durable_strands.options import Limits, RunOptions, ToolOptions, chosen
from durable_strands.passes import begin, end
from durable_strands.records import AgentRun, CallRecord
from durable_strands.retries import RetryStrategy
from durable_strands.serdes import PlainJson

if TYPE_CHECKING:
    from pydantic import BaseModel
    from strands import Agent
    from strands.agent import AgentResult
    from strands.multiagent.base import MultiAgentBase, MultiAgentResult

    from durable_strands.choices import Choices, TeamChoices


def run(
    context: DurableContext,
    build_agent: Callable[[], Agent],
    prompt: Any,
    *,
    name: str,
    retry: RetryStrategy | None = None,
    tools: Mapping[str, ToolOptions] | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    serdes: SerDes[Any] | None = None,
    structured_output_model: type[BaseModel] | None = None,
    max_parallel_tools: int = 8,
    deadline_margin_seconds: float = 10,
    usual_seconds: float = 60,
    tokens_per_minute: Mapping[str, float | str] | None = None,
    keep_messages: bool = False,
    invocation_state: dict[str, Any] | None = None,
    interrupts: Callable[[str, Any], Any] | None = None,
) -> AgentRun:
    """Run an agent under `context` and return what it left behind.

    Args:
        context: The handler's durable context, or that of a child context or map branch.
        build_agent: Builds the `strands.Agent`. Called only if the agent really has to run: a replay of a finished
            agent neither calls it nor imports Strands.
        prompt: What `strands.Agent` takes: text, content blocks or messages. Must be the same on every replay.
        name: Name of the child context whose steps are the calls, unique and static in `context`.
        retry: Strategy of model calls. Default: `retry_transient()`.
        tools: Options by tool name. Default: every tool call is a step; see `ToolOptions`.
        limits: Caps of the run. Default: 25 turns.
        observer: Looks on; see `Observer`. Default: nobody does.
        serdes: How results are written, for example to a bucket. Default: plain JSON, with a clean refusal above
            255 KB.
        structured_output_model: As in Strands. Default: the agent's own, if any.
        max_parallel_tools: Tool calls of one turn that run at the same time. Default: 8.
        deadline_margin_seconds: Time kept before the Lambda timeout to write a checkpoint. Default: 10 seconds.
        usual_seconds: What a call is taken to need before the first one has told. A call that needs more than is left
            of the invocation is put off to the next one, which is no attempt of it. Default: 60 seconds.
        tokens_per_minute: Model id -> tokens that all calls of it in this execution may take in a minute, as Bedrock's
            quota counts them, or "learn": only what throttles have taught. A call that does not fit is put off,
            suspended and not billed. Default: no model is limited.
        keep_messages: Checkpoint what the run left in the agent with the result. Default: False, only the final message
            is kept.
        invocation_state: As in Strands: seen by tools and hooks. What they change in it is kept as far as it is JSON.
        interrupts: `notify(callback_id, interrupt)`, called once for each Strands interrupt, in a step; the run then
            waits for the callback, whose result is the JSON of the response. Default: interrupts are refused.

    Raises:
        AgentFailed: A typed failure, with the usage so far; see `durable_strands.errors`.
    """
    options = chosen(
        retry=retry,
        tools=tools,
        limits=limits,
        max_parallel_tools=max_parallel_tools,
        deadline_margin_seconds=deadline_margin_seconds,
        usual_seconds=usual_seconds,
        tokens_per_minute=tokens_per_minute or {},
        keep_messages=keep_messages,
        interrupts=interrupts,
        own_serdes=serdes is not None,
    )
    asked = Asked(prompt, structured_output_model, {} if invocation_state is None else invocation_state)
    return _Run(context, build_agent, asked, name, options, observer or Observer(), serdes or PlainJson()).finished()


@dataclass
class _Run:
    """One run in one invocation.

    Attributes:
        live: What this invocation really goes through; None if the run had finished before.
    """

    context: DurableContext
    build_agent: Callable[[], Agent]
    asked: Asked
    name: str
    options: RunOptions
    observer: Observer
    serdes: SerDes[Any]
    live: LiveRun | None = None

    def finished(self) -> AgentRun:
        tool = below.get()  # of another agent, whose ledger has these calls too
        try:
            finished = self._finished()
        except AgentFailed as failure:
            if tool is not None:
                tool.ran(failure.calls, self.observer)
                tool.failures.append(failure)
            raise
        if tool is not None:
            tool.ran(finished.calls, self.observer)
        return finished

    def _finished(self) -> AgentRun:
        try:
            kept = self.context.run_in_child_context(self._body, name=self.name, config=ChildConfig(serdes=self.serdes))
        except SerDesError as error:
            if error.data:
                raise not_kept(str(error), error.data) from error
            # a run that had finished before cannot tell what the calls behind its lost result cost
            raise ResultNotKept(str(error), unknown=int(self.live is None)) from error
        except ChildContextError as error:
            failure = rebuild(error)
            self._tell_of_replayed(failure.calls)
            raise failure from error
        finished = AgentRun.from_dict(self.name, kept)
        self._tell_of_replayed(finished.calls)
        return finished

    def _body(self, child: DurableContext) -> dict[str, Any]:
        self.live = LiveRun(
            self.name, Operations(child, self.serdes), self.options, self.observer, invocation_of(self.context),
            execution=_execution(self.context),
        )  # fmt: skip
        agent = self.build_agent()
        if not hasattr(agent, "event_loop_metrics"):
            raise UnsafeAgent(
                f"run takes one strands.Agent, got a {type(agent).__name__}; a team: give it to run_agent"
            )
        begin(agent, _pass(self.context))
        return played(self.live, agent, self.asked)

    def _tell_of_replayed(self, calls: tuple[CallRecord, ...]) -> None:
        """Tell the observer of the calls that this pass did not see because the agent had finished before."""
        seen = len(self.live.calls) if self.live is not None else 0
        for record in calls[seen:]:
            self.observer.call_returned(record)


def _pass(context: DurableContext) -> Any:
    """What is new in every pass: the SDK's state of this invocation."""
    return getattr(context, "state", context)


def _execution(context: DurableContext) -> str:
    return str(getattr(getattr(context, "execution_context", None), "durable_execution_arn", ""))


@overload
def run_agent(
    context: DurableContext, agent: Agent, prompt: Any, *, name: str, **choices: Unpack[Choices]
) -> AgentResult: ...
@overload
def run_agent(
    context: DurableContext, agent: MultiAgentBase, prompt: Any, *, name: str, **choices: Unpack[TeamChoices]
) -> MultiAgentResult: ...


def run_agent(context: DurableContext, agent: Any, prompt: Any, *, name: str, **choices: Any) -> Any:
    """Run `agent` durably and return Strands' `AgentResult`, the same on the first run and on every replay.

    The agent needs no special construction. Its conversation afterwards is what it would be without durability, also
    when the run was replayed from checkpoints, so the same agent can be run again under another name.

    Args:
        context: The durable context.
        agent: A plain `strands.Agent`; or a `Graph` or `Swarm` of them, whose own result is returned then.
        prompt: As for `agent(prompt)`.
        name: Name of the operation, unique and static in `context`.
        **choices: The keyword arguments of `run`; for a team those of `teams.run_team`.

    Raises:
        AgentFailed: A typed failure, with the usage so far.
    """
    from durable_strands.own_state import apply_all
    from durable_strands.results import agent_result, count_in
    from durable_strands.snapshot import Baseline, Change, agents_below

    # Looked up, not imported: whoever has a team has imported it, and nobody else shall wait for it.
    teams: Any = sys.modules.get("strands.multiagent.base")
    if teams is not None and isinstance(agent, teams.MultiAgentBase):
        from durable_strands.teams import run_team

        return run_team(context, agent, prompt, name=name, **choices)
    family = {"": agent, **agents_below(agent)}
    for each in family.values():
        begin(each, _pass(context))
    starts, state = {path: Baseline.of(each) for path, each in family.items()}, choices.pop("invocation_state", None)
    state = {} if state is None else state
    finished = run(context, lambda: agent, prompt, name=name, keep_messages=True, invocation_state=state, **choices)
    changes = {"": finished.change, **finished.change.get("agents", {})}
    for path, each in family.items():
        starts[path].restore(each)
        Change.from_dict(changes.get(path)).apply(each, state if each is agent else {})
        end(each)
    count_in(agent, finished)
    apply_all(agent, f"{_execution(context)}/{name}", finished.change.get("own", {}))
    return agent_result(agent, finished, choices.get("structured_output_model"))
