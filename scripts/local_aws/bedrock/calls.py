"""Records what happened to each model call, for people and tests: events, counts and outcomes, never text."""

import json
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, TextIO

from scripts.local_aws.bedrock.converse import ConverseRequest

_TOKEN_EVENTS_PER_SECOND = 10
_CHOICES = {"serviceTier": "service_tier", "additionalModelRequestFields": "additional_fields"}
_REMEMBERED_CALLS = 10_000


class CallsLog:
    """Appends one JSON line per event to a file and keeps the latest calls in memory.

    `path`: the file, appended to. Default: events are only kept in memory, for `stats`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None
        self._calls: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_CALLS)
        self._attempts: Counter[tuple[str, int]] = Counter()

    def started(self, request: ConverseRequest, reply: str | None = None) -> "Call":
        """A request arrived, which `reply` of a script answers; the returned call records what becomes of it."""
        key = (request.agent, request.turn)
        self._attempts[key] += 1
        stat = {"agent": request.agent, "turn": request.turn, "attempt": self._attempts[key], "outcome": "running"}
        self._calls.append(stat)
        return Call(self, self._attempts.total(), request, stat, reply)

    def stats(self) -> dict[str, Any]:
        """`{"calls": [{agent, turn, attempt, outcome}, ...]}`; outcome is running, finished, failed or disconnected."""
        return {"calls": list(self._calls)}

    def write(self, event: dict[str, Any]) -> None:
        """Append `event` so that it survives whatever happens to this process next."""
        if self._file is not None:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()


class Call:
    """One request's way through the log."""

    def __init__(
        self, log: CallsLog, number: int, request: ConverseRequest, stat: dict[str, Any], reply: str | None
    ) -> None:
        self._log = log
        self._stat = stat
        self._named = {"call": number, "agent": request.agent, "turn": request.turn, "model_id": request.model_id}
        # choices, never texts
        self._named |= {name: request.body[key] for key, name in _CHOICES.items() if key in request.body}
        if reply is not None:
            self._named["reply"] = reply
        self._began = self._told = time.monotonic()
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached: dict[str, int] = {}
        self.prefix: str | None = None
        self._write("started")

    @property
    def latency_ms(self) -> int:
        """Milliseconds since the request arrived."""
        return round((time.monotonic() - self._began) * 1000)

    def token(self, output_tokens: int) -> None:
        """The reply has grown to `output_tokens`; written at most ten times a second, the first one always."""
        first, self.output_tokens = self.output_tokens == 0, output_tokens
        now = time.monotonic()
        if first or now - self._told >= 1 / _TOKEN_EVENTS_PER_SECOND:
            self._told = now
            self._write("token")

    def finished(self) -> None:
        """The last byte was handed to the client's socket."""
        self._ended("finished")

    def failed(self, error: str) -> None:
        """The client was given an error, named by its code."""
        self._ended("failed", error)

    def disconnected(self) -> None:
        """The client left before the reply was whole."""
        self._ended("disconnected")

    def _ended(self, outcome: str, error: str | None = None) -> None:
        self._stat["outcome"] = outcome
        self._write(outcome, error)

    def _write(self, event: str, error: str | None = None) -> None:
        counts = {"output_tokens": self.output_tokens, "input_tokens": self.input_tokens}
        cached = self.cached | ({"prefix": self.prefix} if self.prefix else {})
        self._log.write({"at": time.time(), "event": event, **self._named, **counts, **cached, "error": error})
