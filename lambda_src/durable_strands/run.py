"""Runs a Strands agent so that no finished model or tool call is ever made, or paid for, twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack, overload

from aws_durable_execution_sdk_python import (
    ChildContextError,
    DurableContext,
    DurableExecutionsError,
    SerDesError,
)
from aws_durable_execution_sdk_python.config import ChildConfig
from aws_durable_execution_sdk_python.serdes import SerDes

from durable_strands.bridge import Bridge
from durable_strands.errors import AgentFailed, ResultNotKept, not_kept, rebuild
from durable_strands.live import LiveRun, Place, place
from durable_strands.observer import Observer
from durable_strands.operations import Operations
from durable_strands.options import Limits, ToolOptions, chosen
from durable_strands.passes import begin, end
from durable_strands.raised import typed
from durable_strands.records import AgentRun
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
        keep_messages: Checkpoint what the run left in the agent with the result. Default: False, only the final message
            is kept.
        invocation_state: As in Strands: seen by tools and hooks. What they change in it is kept as far as it is JSON.
        interrupts: `notify(callback_id, interrupt)`, called once for each Strands interrupt, in a step; the run then
            waits for the callback, whose result is the JSON of the response. Default: interrupts are refused.

    Raises:
        AgentFailed: A typed failure, with the usage so far; see `durable_strands.errors`.
    """
    observer = observer or Observer()
    options = chosen(
        retry=retry,
        tools=tools,
        limits=limits,
        max_parallel_tools=max_parallel_tools,
        deadline_margin_seconds=deadline_margin_seconds,
        keep_messages=keep_messages,
        interrupts=interrupts,
        own_serdes=serdes is not None,
    )
    serdes = serdes or PlainJson()
    passes: list[LiveRun] = []

    def body(child: DurableContext) -> dict[str, Any]:
        operations = Operations(child, serdes)
        live = LiveRun(name, operations, options, observer, context.lambda_context, execution=_execution(context))
        passes[:] = [live]
        agent = build_agent()
        begin(agent, _pass(context))
        state = {} if invocation_state is None else invocation_state
        return _loop(live, agent, _Asked(prompt, structured_output_model, state))

    try:
        kept = context.run_in_child_context(body, name=name, config=ChildConfig(serdes=serdes))
    except SerDesError as error:
        if error.data:
            raise not_kept(str(error), error.data) from error
        # without a pass of its own this pass cannot tell what the calls behind the lost result cost
        raise ResultNotKept(str(error), unknown=int(not passes)) from error
    except ChildContextError as error:
        failure = rebuild(error)
        _tell_of_replayed(observer, failure.calls, passes)
        raise failure from error
    finished = AgentRun.from_dict(name, kept)
    _tell_of_replayed(observer, finished.calls, passes)
    return finished


@dataclass
class _Asked:
    """What the agent is asked."""

    prompt: Any
    structured: Any
    state: dict[str, Any]


def _loop(live: LiveRun, agent: Agent, asked: _Asked) -> dict[str, Any]:
    from durable_strands.outcome import answer
    from durable_strands.session import session
    from durable_strands.snapshot import Snapshot, agents_below

    before, bridge = Snapshot.of(agent, asked.state), Bridge(live.patience)
    below = {path: (each, Snapshot.of(each, {})) for path, each in agents_below(agent).items()}
    live.desk = bridge.desk
    with session(agent, live) as own:
        try:
            result = bridge.run(lambda: _answered(live, agent, asked))
            live.enter_failed()
            change = before.until(agent, asked.state).to_dict() if live.options.keep_messages else {}
            if change:
                change["agents"] = {path: start.until(each, {}).to_dict() for path, (each, start) in below.items()}
                change["own"] = live.own
            return answer(
                live.name, result, tuple(live.calls), change,
                messages=agent.messages, ended_by_hook=own.ended_by_hook,
            ).to_dict()  # fmt: skip
        except AgentFailed as failure:
            live.enter_failed(but=failure)
            raise failure.after(tuple(live.calls)) from failure.__cause__
        except DurableExecutionsError:
            raise
        except Exception as error:
            failed = typed(error)
            live.enter_failed(but=failed)
            raise failed.after(tuple(live.calls)) from error


async def _answered(live: LiveRun, agent: Agent, asked: _Asked) -> Any:
    from durable_strands.interrupts import responses

    place.set(Place(live, agent))
    limits = live.options.strands_limits()
    prompt = asked.prompt
    while True:
        # Strands counts turns anew when it goes on after an interrupt.
        made = sum(call.kind == "model" and call.name.startswith("model-") for call in live.calls)
        result = await agent.invoke_async(
            prompt,
            invocation_state=asked.state,
            limits={**limits, "turns": max(1, live.options.limits.turns - made)},  # type: ignore[arg-type]
            structured_output_model=asked.structured,
        )
        if result.stop_reason != "interrupt" or live.options.interrupts is None:
            return result
        prompt = await responses(live, list(result.interrupts or ()))


def _pass(context: DurableContext) -> Any:
    """What is new in every pass: the SDK's state of this invocation."""
    return getattr(context, "state", context)


def _execution(context: DurableContext) -> str:
    return str(getattr(getattr(context, "execution_context", None), "durable_execution_arn", ""))


def _tell_of_replayed(observer: Observer, calls: tuple[Any, ...], passes: list[LiveRun]) -> None:
    """Tell the observer of the calls that this pass did not see because the agent had finished before."""
    seen = len(passes[0].calls) if passes else 0
    for record in calls[seen:]:
        observer.call_returned(record)


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
    from strands.multiagent.base import MultiAgentBase

    from durable_strands.own_state import apply_all
    from durable_strands.results import agent_result, count_in
    from durable_strands.snapshot import Baseline, Change, agents_below

    if isinstance(agent, MultiAgentBase):
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
