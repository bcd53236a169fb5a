"""What a run has come to: the state of each agent and the story so far, read from the endpoints' event files. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

AGENT = re.compile(r"(.+)-agent(-[0-9]+)?")
WAITS = {"WAIT": "waits for a timer", "CALLBACK": "waits for an answer from outside"}
STARTS = {**WAITS, "CHAINED_INVOKE": "an execution of its own begins"}
RATE_TOKENS = 2  # tokens needed before a rate means anything


@dataclass
class AgentProgress:
    """One agent so far. Times are epoch seconds; token counts are of the current or last model call."""

    name: str
    state: str = "waiting"  # waiting, running, done, failed
    replayed: bool = False
    calls: int = 0
    call: str | None = None
    tokens: int = 0
    total_tokens: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    first_token_at: float | None = None
    last_token_at: float | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """Of the current or last model call, from its first token on; None while there is nothing to divide."""
        if self.first_token_at is None or self.last_token_at is None or self.tokens < RATE_TOKENS:
            return None
        seconds = self.last_token_at - self.first_token_at
        return self.tokens / seconds if seconds > 0 else None

    def seconds(self, now: float) -> float | None:
        """From its first operation to its last, or to now."""
        return None if self.started_at is None else (self.ended_at or now) - self.started_at


@dataclass
class Progress:
    """The whole run. `note` is called with (epoch seconds, sentence) for everything worth a line.

    `execution` is the one whose end is the end of the run; others are those that it starts. Default: there is one only.
    """

    agents: dict[str, AgentProgress]
    note: Callable[[float, str], None]
    processes: list[int] = field(default_factory=list)
    running_pid: int | None = None
    _killed: int | None = None
    finished: bool = False
    execution: str | None = None

    @classmethod
    def of(cls, names: Iterable[str], note: Callable[[float, str], None]) -> Progress:
        """A run of these agents that has not begun."""
        return cls({name: AgentProgress(name) for name in names}, note)

    def see(self, line: Mapping[str, Any]) -> None:
        """Take in a line of either file."""
        if "call" in line:
            self.see_call(line)
        else:
            self.see_event(line)

    def see_event(self, event: Mapping[str, Any]) -> None:
        """Take in one line of the Lambda endpoint's events file."""
        seers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "invocation_started": self._started,
            "invocation_ended": self._ended,
            "killed": self._was_killed,
            "operation": self._operation,
        }
        if event["event"] == "execution_finished":
            self._finished(event)
        elif event["event"] in seers:
            seers[event["event"]](event)

    def see_call(self, call: Mapping[str, Any]) -> None:
        """Take in one line of the Bedrock endpoint's calls file."""
        agent = self.agents.get(call["agent"])
        if agent is None:
            return
        if call["event"] == "started":
            agent.tokens, agent.first_token_at, agent.last_token_at = 0, None, None
        elif call["event"] in ("token", "finished"):
            agent.tokens, agent.last_token_at = call["output_tokens"], call["at"]
            agent.first_token_at = agent.first_token_at or call["at"]
            agent.total_tokens += call["output_tokens"] if call["event"] == "finished" else 0
        elif call["event"] == "failed":
            self.note(call["at"], f"{agent.name}: the model's service answered {call['error']}")

    def _finished(self, event: Mapping[str, Any]) -> None:
        if self.execution in (None, event.get("execution")):
            self.finished = True
        else:
            error = f" with {event['error_type']}" if event["error_type"] else ""
            self.note(event["at"], f"one of the batch has ended: {event['status'].lower()}{error}")

    def _started(self, event: Mapping[str, Any]) -> None:
        self.running_pid = event["pid"]
        self.processes.append(event["pid"])
        if len(self.processes) == 1:
            self.note(event["at"], f"process {event['pid']} runs the function")
            return
        done = [agent.name for agent in self.agents.values() if agent.state == "done"]
        for name in done:
            self.agents[name].replayed = True
        replayed = f"; {', '.join(done)}: replayed from checkpoints" if done else ""
        self.note(event["at"], f"process {event['pid']} (new) resumes the execution{replayed}")

    def _ended(self, event: Mapping[str, Any]) -> None:
        self.running_pid = None
        meaning = {
            "PENDING": "suspended: nothing runs and nothing is billed until the durable engine resumes it",
            "died": "died; the durable engine invokes the function again",
            "timed_out": "was killed at its timeout; the durable engine invokes the function again",
            "error": "ended with an error; the durable engine invokes the function again",
        }.get(event["status"])
        if meaning and event["pid"] != self._killed:
            self.note(event["at"], f"process {event['pid']} {meaning}")

    def _was_killed(self, event: Mapping[str, Any]) -> None:
        self._killed = event["pid"]
        where = {"before": "right before", "during": "during", "after": "right after"}[event["moment"]]
        self.note(
            event["at"], f"process {event['pid']} killed (SIGKILL) {where} the checkpoint of {event['operation']}"
        )

    def _operation(self, event: Mapping[str, Any]) -> None:
        head, _, call = event["operation"].partition("/")
        run = AGENT.fullmatch(head)
        agent = self.agents.get(run[1]) if run else None
        if agent is None:
            self._own_operation(event)
        elif call:
            self._call(agent, call, event)
        else:
            self._agent(agent, event)

    def _own_operation(self, event: Mapping[str, Any]) -> None:
        if event["action"] == "START" and event["type"] in STARTS:
            self.note(event["at"], f"{event['operation']}: {STARTS[event['type']]}")

    def _agent(self, agent: AgentProgress, event: Mapping[str, Any]) -> None:
        if event["action"] == "START":
            agent.state, agent.started_at = "running", agent.started_at or event["at"]
        elif event["action"] == "SUCCEED":
            agent.state, agent.ended_at, agent.call = "done", event["at"], None
            self.note(event["at"], f"{agent.name}: done, checkpointed{_amount(agent)}")
        elif event["action"] == "FAIL":
            agent.state, agent.ended_at = "failed", event["at"]
            self.note(event["at"], f"{agent.name}: failed")
        elif event["action"] == "RETRY":
            self.note(event["at"], f"{agent.name}: failed, another try follows")

    def _call(self, agent: AgentProgress, call: str, event: Mapping[str, Any]) -> None:
        words = _in_words(call)
        if event["action"] == "START":
            doing = f"{words} {WAITS[event['type']]}" if event["type"] in WAITS else words
            if "/" in call and (agent.call or "").startswith(doing):
                return  # another step of a durable tool that was named already
            agent.call = doing
            self.note(event["at"], f"{agent.name}: {doing}")
        elif event["action"] == "SUCCEED" and call.startswith("model-"):
            agent.calls += 1
        elif event["action"] == "RETRY":
            self.note(event["at"], f"{agent.name}: {words} failed, another try follows")
        elif event["action"] == "FAIL":
            self.note(event["at"], f"{agent.name}: {words} failed")


def _in_words(call: str) -> str:
    """`model-2` is model call 2, `tool-2-search` the tool search; anything else is named as it is."""
    kind, _, rest = call.partition("/")[0].partition("-")
    if kind == "model":
        return f"model call {rest}"
    return f"tool {rest.partition('-')[2]}" if kind == "tool" else call


def _amount(agent: AgentProgress) -> str:
    seconds = agent.seconds(0)
    took = "" if seconds is None else f" after {seconds:.1f} s"
    return f"{took}, {agent.total_tokens} tokens" if agent.total_tokens else took
