"""CheckpointDurableExecution on its way to the engine: recorded, held to the service's limits, the place to kill."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from scripts.local_aws.functions.engine_client import Engine
from scripts.local_aws.functions.function_runner import FunctionRunner
from scripts.local_aws.functions.kill_rules import KillRule, KillRules, Moment
from scripts.local_aws.functions.operation_paths import OperationPaths, SeenUpdate, agent_and_turn
from scripts.local_aws.functions.pauses import Pauses
from scripts.local_aws.functions.replies import from_engine, refused
from scripts.local_aws.functions.service_limits import refusal
from scripts.local_aws.processes.journal import Follower, Journal

LOOK_SECONDS = 0.02
TOOL_SECONDS = 0.05  # into a tool's work, when the rule does not say


@dataclass
class CheckpointApi:
    """`POST /2025-12-01/durable-executions/{execution}/checkpoint`.

    calls: the Bedrock endpoint's calls file, for kills during a model call. Default: such a kill needs `delay_seconds`.
    """

    engine: Engine
    functions: FunctionRunner
    journal: Journal
    rules: KillRules
    paths: defaultdict[str, OperationPaths]
    pauses: Pauses
    calls: Path | None = None
    _pending: set[asyncio.Task[None]] = field(default_factory=set)

    async def handle(self, request: Request) -> Response:
        """Forward one checkpoint call unless a rule kills the function first."""
        execution = request.path_params["execution"]
        body = await request.body()
        updates: list[dict[str, Any]] = json.loads(body).get("Updates") or []
        seen = self.paths[execution].see(updates)
        if message := refusal(updates):
            return refused(400, "InvalidParameterValueException", message)
        if self._kill(execution, seen, "before"):
            return _nobody_listens()
        self._arm_kill_during(execution, seen)
        reply = from_engine(await self.engine.forward("POST", request.scope["raw_path"].decode(), "", body))
        if reply.status_code == 200:  # noqa: PLR2004
            self._record(execution, seen)
            if self._kill(execution, seen, "after"):
                return _nobody_listens()
            await self.pauses.passed(execution)
        return reply

    async def replace_rules(self, request: Request) -> Response:
        """`PUT /_local/kill-rules`: from now on these rules, so that one stack serves many drills."""
        try:
            self.rules = KillRules.parse(json.loads(await request.body()))
        except ValueError as error:
            return refused(400, "ValidationException", str(error))
        return Response(status_code=204)

    def _record(self, execution: str, seen: list[SeenUpdate]) -> None:
        for update in seen:
            self.journal.write(
                "operation",
                pid=self.functions.pid_of(execution),
                execution=execution,
                operation=update.path,
                index=update.index,
                type=update.type,
                sub_type=update.sub_type,
                action=update.action,
                status=update.status,
                bytes=update.payload_bytes,
            )

    def _kill(self, execution: str, seen: list[SeenUpdate], moment: Moment) -> bool:
        taken = self.rules.take(seen, moment)
        if taken is None:
            return False
        self._kill_now(execution, taken[1], moment)
        return True

    def _kill_now(self, execution: str, update: SeenUpdate, moment: Moment) -> None:
        pid = self.functions.kill(execution)
        if pid is not None:
            self.journal.write(
                "killed",
                pid=pid,
                execution=execution,
                operation=update.path,
                index=update.index,
                action=update.action,
                moment=moment,
            )

    def _arm_kill_during(self, execution: str, seen: list[SeenUpdate]) -> None:
        taken = self.rules.take(seen, "during")
        if taken is not None:
            task = asyncio.create_task(self._kill_during(execution, *taken))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def _kill_during(self, execution: str, rule: KillRule, update: SeenUpdate) -> None:
        pid = self.functions.pid_of(execution)
        agent, turn = agent_and_turn(update.path)
        if rule.delay_seconds is None and self.calls is not None and agent is not None:
            await self._call_of(self.calls, agent, turn, execution, pid)
        else:
            await asyncio.sleep(TOOL_SECONDS if rule.delay_seconds is None else rule.delay_seconds)
        if self.functions.pid_of(execution) == pid:
            self._kill_now(execution, update, "during")

    async def _call_of(self, calls: Path, agent: str, turn: int | None, execution: str, pid: int | None) -> None:
        """Return when the model call of that step has started, or its process has ended."""
        follower = Follower(calls)
        follower.new_lines()  # what was before this step
        while self.functions.pid_of(execution) == pid:
            for call in follower.new_lines():
                if call["event"] == "started" and call["agent"] == agent and turn in (None, call["turn"]):
                    return
            await asyncio.sleep(LOOK_SECONDS)


def _nobody_listens() -> Response:
    return Response(status_code=503)  # the process that asked is dead
