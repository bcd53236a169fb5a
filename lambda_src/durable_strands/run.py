"""Runs a Strands agent so that no finished model or tool call is ever made, or paid for, twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from aws_durable_execution_sdk_python import (
    ChildContextError,
    DurableContext,
    DurableExecutionsError,
    SerDesError,
    StepContext,
    StepError,
)
from aws_durable_execution_sdk_python.config import ChildConfig, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.serdes import SerDes

from durable_strands.classify import classify
from durable_strands.errors import AgentFailed, ResultNotKept, rebuild
from durable_strands.live import LiveRun
from durable_strands.observer import Observer
from durable_strands.operations import DurableOperations, InlineOperations
from durable_strands.options import Limits, RunOptions, ToolOptions
from durable_strands.records import AgentRun
from durable_strands.retries import RetryStrategy, retry_transient
from durable_strands.serdes import PlainJson
from durable_strands.sizes import LIMIT_BYTES, refuse_oversize

if TYPE_CHECKING:
    from pydantic import BaseModel
    from strands import Agent
    from strands.agent import AgentResult

Durability = Literal["call", "agent"]


def run(
    context: DurableContext,
    build_agent: Callable[[], Agent],
    prompt: Any,
    *,
    name: str,
    durability: Durability = "call",
    retry: RetryStrategy | None = None,
    tools: Mapping[str, ToolOptions] | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    serdes: SerDes[Any] | None = None,
    structured_output_model: type[BaseModel] | None = None,
    max_parallel_tools: int = 8,
    deadline_margin_seconds: float = 10,
    keep_messages: bool = False,
) -> AgentRun:
    """Run an agent under `context` and return what it left behind.

    Args:
        context: The handler's durable context, or that of a child context or map branch.
        build_agent: Builds the `strands.Agent`. Called only if the agent really has to run: a replay of a finished
            agent neither calls it nor imports Strands.
        prompt: What `strands.Agent` takes: text, content blocks or messages. Must be the same on every replay.
        name: Name of the operation, unique and static in `context`.
        durability: `call`: every model and tool call is a step of a child context `name`. `agent`: the whole agent is
            one step `name`, and a retry repeats all its calls. Default: `call`.
        retry: Strategy of model calls (of the whole agent with `agent`). Default: `retry_transient()`.
        tools: Options by tool name. Default: every tool call is a step; see `ToolOptions`.
        limits: Caps of the run. Default: 25 turns.
        observer: Looks on; see `Observer`. Default: nobody does.
        serdes: How results are written, for example to a bucket. Default: plain JSON, with a clean refusal above
            255 KB.
        structured_output_model: As in Strands. Default: the agent's own, if any.
        max_parallel_tools: Tool calls of one turn that run at the same time. Default: 8.
        deadline_margin_seconds: Time kept before the Lambda timeout to write a checkpoint. Default: 10 seconds.
        keep_messages: Checkpoint the conversation with the result. Default: False, only the final message is kept.

    Raises:
        AgentFailed: A typed failure, with the usage so far; see `durable_strands.errors`.
        ValueError: `durability` is neither `call` nor `agent`.
    """
    if durability not in ("call", "agent"):
        raise ValueError(f"durability must be 'call' or 'agent', got {durability!r}")
    observer = observer or Observer()
    options = RunOptions(
        retry=retry or retry_transient(),
        tools=tools or {},
        limits=limits or Limits(),
        max_parallel_tools=max_parallel_tools,
        deadline_margin_seconds=deadline_margin_seconds,
        keep_messages=keep_messages,
        # With a serdes of the caller's the size is the caller's business.
        max_result_bytes=LIMIT_BYTES if serdes is None else 2**40,
    )
    serdes = serdes or PlainJson()
    passes: list[LiveRun] = []

    def one_pass(operations: Any) -> dict[str, Any]:
        live = LiveRun(name, operations, options, observer, context.lambda_context)
        passes[:] = [live]
        return _loop(live, build_agent, prompt, structured_output_model)

    def body(child: DurableContext) -> dict[str, Any]:
        return one_pass(DurableOperations(child, serdes))

    def attempt(step: StepContext) -> dict[str, Any]:
        kept = one_pass(InlineOperations(step))
        finished = AgentRun.from_dict(name, kept)
        refuse_oversize(kept, options.max_result_bytes, finished.usage, finished.unknown_calls)
        return kept

    try:
        if durability == "call":
            kept = context.run_in_child_context(body, name=name, config=ChildConfig(serdes=serdes))
        else:
            config = StepConfig(options.retry, StepSemantics.AT_MOST_ONCE_PER_RETRY, serdes)
            kept = context.step(attempt, name=name, config=config)
    except SerDesError as error:
        # without a pass of its own this pass cannot tell what the calls behind the lost result cost
        raise ResultNotKept(str(error), unknown=int(not passes)) from error
    except (ChildContextError, StepError) as error:
        failure = rebuild(error)
        _tell_of_replayed(observer, failure.calls, passes)
        raise failure from error
    finished = AgentRun.from_dict(name, kept)
    _tell_of_replayed(observer, finished.calls, passes)
    return finished


def _loop(live: LiveRun, build_agent: Callable[[], Agent], prompt: Any, structured: Any) -> dict[str, Any]:
    from durable_strands.outcome import answer
    from durable_strands.session import session

    agent = build_agent()
    before = len(agent.messages)
    limits = {key: value for key, value in vars(live.options.limits).items() if value is not None}
    with session(agent, live):
        try:
            result = live.bridge.run(
                lambda: agent.invoke_async(prompt, limits=limits, structured_output_model=structured)  # type: ignore[arg-type]
            )
        except AgentFailed as failure:
            raise failure.after(tuple(live.calls)) from failure.__cause__
        except DurableExecutionsError:
            raise
        except Exception as error:
            raise classify(error).after(tuple(live.calls)) from error
    added = tuple(dict(message) for message in agent.messages[before:]) if live.options.keep_messages else ()
    return answer(live.name, result, tuple(live.calls), added).to_dict()


def _tell_of_replayed(observer: Observer, calls: tuple[Any, ...], passes: list[LiveRun]) -> None:
    """Tell the observer of the calls that this pass did not see because the agent had finished before."""
    seen = len(passes[0].calls) if passes else 0
    for record in calls[seen:]:
        observer.call_returned(record)


def run_agent(context: DurableContext, agent: Agent, prompt: Any, *, name: str, **choices: Any) -> AgentResult:
    """Run `agent` durably and return Strands' `AgentResult`, the same on the first run and on every replay.

    The agent needs no special construction. Its conversation afterwards is what it would be without durability, also
    when the run was replayed from checkpoints, so the same agent can be run again under another name.

    Args:
        context: The durable context.
        agent: A plain `strands.Agent`.
        prompt: As for `agent(prompt)`.
        name: Name of the operation, unique and static in `context`.
        **choices: The keyword arguments of `run`.

    Raises:
        AgentFailed: A typed failure, with the usage so far.
    """
    from durable_strands.results import agent_result

    before = list(agent.messages)
    finished = run(context, lambda: agent, prompt, name=name, keep_messages=True, **choices)
    agent.messages[:] = [*before, *finished.messages]  # type: ignore[list-item]
    return agent_result(agent, finished, choices.get("structured_output_model"))
