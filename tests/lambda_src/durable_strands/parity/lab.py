"""What a program is given: the same four verbs with plain Strands as with `run_agent`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration
from strands import Agent
from strands.agent import AgentResult

from durable_strands import run_agent
from tests.lambda_src.durable_strands.engine import Watcher
from tests.lambda_src.durable_strands.parity.world import PaidModel, World, plain

Program = Callable[["Lab"], Any]

# Strands writes these into the caller's invocation state for its own use, live objects most of them.
_STRANDS_OWN = {
    "agent", "model", "messages", "system_prompt", "tool_config", "event_loop_cycle_id", "event_loop_cycle_trace",
    "event_loop_cycle_span", "event_loop_parent_cycle_id",
}  # fmt: skip


class Lab:
    """Plain Strands. A program builds its agents here at every pass, as a fresh process does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.agents: list[Agent] = []
        self.states: list[dict[str, Any]] = []
        self.results: list[Any] = []

    def model(self, name: str, script: list[Any]) -> PaidModel:
        """A model that answers from `script` and is paid by the call."""
        return PaidModel(self.world, name, script)

    def agent(self, script: list[Any] | Any, tools: Any = (), *, name: str = "clerk", **choices: Any) -> Agent:
        """An agent as a user builds it; its conversation and state are compared at the end."""
        model = self.model(name, script) if isinstance(script, list) else script
        agent = Agent(model=model, tools=list(tools), name=name, callback_handler=None, **choices)
        self.agents.append(agent)
        return agent

    def kept(self, build: Callable[[], Agent]) -> Agent:
        """A module-level agent: built once a process, so a warm process finds it as the last invocation left it."""
        if "agent" not in self.world.warm:
            self.world.warm["agent"] = build()
        agent: Agent = self.world.warm["agent"]
        if agent not in self.agents:
            self.agents.append(agent)
        return agent

    def kept_team(self, build: Callable[[], Any]) -> Any:
        """A module-level team, as `kept`; its nodes' agents are compared at the end."""
        if "agent" not in self.world.warm:
            self.world.warm["agent"] = build()
        team = self.world.warm["agent"]
        self.agents.extend(node.executor for node in team.nodes.values() if node.executor not in self.agents)
        return team

    def effect(self, what: Any) -> None:
        """Something done to the world; must happen once."""
        self.world.effects.append(what)

    def ask(
        self, agent: Agent, prompt: Any, *, answers: Mapping[str, Any] | None = None, **choices: Any
    ) -> AgentResult:
        """Run the agent; people answer its interrupts from `answers`, by the interrupt's name."""
        if "invocation_state" in choices:
            self.states.append(choices["invocation_state"])
        result = self.call(agent, prompt, answers, choices)
        kept = result.structured_output
        shown = None if kept is None else {"type": type(kept).__name__, "value": repr(kept)}
        self.results.append(plain([result.stop_reason, result.message, str(result).strip(), shown]))
        return result

    def ask_team(self, team: Any, prompt: Any, *, answers: Mapping[str, Any] | None = None, **choices: Any) -> Any:
        """Run a graph or swarm in the same way; its result is told node by node."""
        if "invocation_state" in choices:
            self.states.append(choices["invocation_state"])
        result = self.call(team, prompt, answers, choices)
        nodes = {name: _told(node) for name, node in sorted(result.results.items())}
        ran = getattr(result, "execution_order", None) or getattr(result, "node_history", [])
        usage = dict(result.accumulated_usage)
        self.results.append(plain([result.status.value, nodes, sorted(node.node_id for node in ran), usage]))
        return result

    def call(self, agent: Any, prompt: Any, answers: Mapping[str, Any] | None, choices: dict[str, Any]) -> Any:
        """How an agent, or a team of agents, is run here."""
        result = agent(prompt, **choices)
        while answers and "interrupt" in (getattr(result, "stop_reason", ""), _status(result)):
            self.world.asked.extend(("", each.name) for each in result.interrupts or ())
            replies: Any = [
                {"interruptResponse": {"interruptId": each.id, "response": answers[each.name]}}
                for each in result.interrupts or ()
            ]
            result = agent(replies, **choices)
        return result

    def evidence(self, failure: Exception | None) -> dict[str, Any]:
        """Everything that is compared, of a pass that came to its end."""
        world = self.world
        return {
            "failure": type(failure).__name__ if failure else None,
            "results": self.results,
            "conversations": [plain(agent.messages) for agent in self.agents],
            "states": [plain(agent.state.get()) for agent in self.agents],
            "invocation states": [
                plain({key: value for key, value in state.items() if key not in _STRANDS_OWN}) for state in self.states
            ],
            "effects": _sorted(world.effects),
            "paid calls": _sorted(world.paid),
            "questions": sorted(name for _, name in world.asked),
        }


def _status(result: Any) -> str:
    status = getattr(result, "status", None)
    return "interrupt" if status is not None and status.value == "interrupted" else ""


def _told(node: Any) -> Any:
    """What a node of a team left: its status, and its text or what it raised."""
    result = node.result
    if isinstance(result, Exception):
        return [node.status.value, type(result).__name__, str(result)]
    structured = getattr(result, "structured_output", None)
    return [
        node.status.value,
        getattr(result, "stop_reason", None),
        str(result).strip(),
        structured and repr(structured),
    ]


class DurableLab(Lab):
    """The same with `run_agent`, and a wait behind each run, so that every finished run is replayed too."""

    def __init__(self, world: World, context: DurableContext, watcher: Watcher, *, waits: bool) -> None:
        super().__init__(world)
        self._context, self._watcher, self._waits, self._runs = context, watcher, waits, 0

    def call(self, agent: Any, prompt: Any, answers: Mapping[str, Any] | None, choices: dict[str, Any]) -> Any:
        self._runs += 1
        if answers:
            choices = {**choices, "interrupts": self._notify}
            self.world.warm["answers"] = dict(answers)
        result = run_agent(self._context, agent, prompt, name=f"run-{self._runs}", observer=self._watcher, **choices)
        if self._waits:
            self._context.wait(Duration.from_seconds(1), name=f"pause-{self._runs}")
        return result

    def _notify(self, callback_id: str, interrupt: Any) -> None:
        self.world.asked.append((callback_id, interrupt.name))


def _sorted(things: list[Any]) -> list[str]:
    """Tools of one turn run side by side, in either world; so the order tells nothing."""
    return sorted(json.dumps(plain(thing), sort_keys=True) for thing in things)


def answer_people(world: World) -> Callable[[Any, str], None]:
    """Answers every callback of an execution until it has ended, for `on_engine`."""
    import time

    def drive(runner: Any, arn: str) -> None:
        answered, until = 0, time.monotonic() + 20
        while time.monotonic() < until:
            for callback_id, name in world.asked[answered:]:
                runner.send_callback_success(callback_id, json.dumps(world.warm["answers"][name]).encode())
                answered += 1
            if world.warm.get("ended"):
                return
            time.sleep(0.02)

    return drive
