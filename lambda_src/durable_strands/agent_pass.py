"""One pass of one agent, between its child context and Strands: from the question to what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import DurableExecutionsError

from durable_strands.bridge import Bridge
from durable_strands.live import LiveRun, Place, place
from durable_strands.raised import typed

if TYPE_CHECKING:
    from strands import Agent


@dataclass
class Asked:
    """What an agent is asked, for which structured output, with which invocation state."""

    prompt: Any
    structured: Any
    state: dict[str, Any]


def played(live: LiveRun, agent: Agent, asked: Asked) -> dict[str, Any]:
    """Run `agent` through its loop, calls of earlier passes read back; what is kept of the run, as JSON.

    Raises:
        AgentFailed: A typed failure, with everything that was spent.
    """
    from durable_strands.outcome import answer
    from durable_strands.session import session
    from durable_strands.snapshot import Snapshot, agents_below

    before, bridge = Snapshot.of(agent, asked.state), Bridge(live.patience)
    below = {path: (each, Snapshot.of(each, {})) for path, each in agents_below(agent).items()}
    live.desk = bridge.desk
    with session(agent, live) as own, live.spending():
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
        except DurableExecutionsError:
            raise
        except Exception as error:
            raise typed(error) from error


async def _answered(live: LiveRun, agent: Agent, asked: Asked) -> Any:
    from durable_strands.interrupts import responses

    place.set(Place(live, agent))
    limits = live.options.strands_limits()
    prompt = asked.prompt
    while True:
        # Strands counts turns anew when it goes on after an interrupt.
        made = sum(
            call.kind == "model" and call.name.startswith("model-") and call.agent == live.name for call in live.calls
        )
        result = await agent.invoke_async(
            prompt,
            invocation_state=asked.state,
            limits={**limits, "turns": max(1, live.options.limits.turns - made)},  # type: ignore[arg-type]
            structured_output_model=asked.structured,
        )
        if result.stop_reason != "interrupt" or live.options.interrupts is None:
            return result
        prompt = await responses(live, list(result.interrupts or ()))
