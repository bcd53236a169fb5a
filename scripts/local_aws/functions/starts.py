"""Starts durable executions for the callers of Lambda's Invoke."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from scripts.local_aws.functions import names
from scripts.local_aws.functions.dead_letters import DeadLetters
from scripts.local_aws.functions.engine_client import Engine
from scripts.local_aws.functions.executions import Executions
from scripts.local_aws.functions.limits import FIRST_PAUSE, Limits
from scripts.local_aws.functions.names import ACCOUNT, FunctionName
from scripts.local_aws.functions.replies import Refusal
from scripts.local_aws.processes.journal import Journal

MAX_BYTES = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
EXECUTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
RETENTION_DAYS = 14


def pinned(function: FunctionName) -> str:
    """Lambda pins an execution to the version behind the alias."""
    return function.version


@dataclass
class Starts:
    """What happens to an Invoke of a durable function.

    Attributes:
        engine: starts the executions.
        executions: watches them.
        journal: where a start is written.
        timeout_seconds: the execution timeout of a function.
        qualifier: by which qualifier the engine invokes it. Default: the version.
        account: whose function it is.
        limits: what may start, and how long an event is kept. Default: everything.
        dead_letters: where events go that came to nothing. Default: nowhere.
    """

    engine: Engine
    executions: Executions
    journal: Journal
    timeout_seconds: Callable[[FunctionName], Awaitable[int]]
    qualifier: Callable[[FunctionName], str] = pinned
    account: str = ACCOUNT
    limits: Limits | None = None
    dead_letters: DeadLetters | None = None
    _later: set[asyncio.Task[None]] = field(default_factory=set)
    _starting: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def answer(self, request: Request, function: FunctionName, body: bytes) -> Response:
        """Start an execution as the caller asked; wait for its end if it did."""
        event = _event(body)
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return Response(status_code=204)
        if function.qualifier is None:
            message = "You cannot invoke a durable function using an unqualified ARN."
            raise Refusal(400, "InvalidParameterValueException", message)
        if len(body) > MAX_BYTES.get(kind, 0):
            raise _too_large(kind, len(body))
        name = request.headers.get("x-amz-durable-execution-name")
        if kind == "Event" and self.limits and self.limits.closed:
            self._afterwards(self._start_when_open(self.limits, function, name, event))
            return Response(status_code=202)
        execution = await self._start(function, name, event)
        headers = {"X-Amz-Durable-Execution-Arn": execution, "X-Amz-Executed-Version": function.version}
        if kind == "Event":
            if self.dead_letters:
                self._afterwards(self._bury(self.dead_letters, execution, event))
            return Response(status_code=202, headers=headers)
        return _outcome(await self.executions.end_of(execution), headers)

    def _afterwards(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _start_when_open(self, limits: Limits, function: FunctionName, name: str | None, event: Any) -> None:
        """Try again and again, as Lambda's queue of events does, until the event is too old."""
        given_up, pause = time.monotonic() + limits.max_event_age_seconds, FIRST_PAUSE
        while limits.closed:
            if time.monotonic() >= given_up:
                if self.dead_letters:
                    await self.dead_letters.send(json.dumps(event), code="429", message="Rate Exceeded.")
                return
            pause = await limits.refused(pause)
        await self._start(function, name, event)

    async def _bury(self, dead_letters: DeadLetters, execution: str, event: Any) -> None:
        """What Lambda does with the event of an execution that came to a bad end."""
        details = await self.executions.end_of(execution)
        if details["Status"] != "SUCCEEDED":
            error = (details.get("Error") or {}).get("ErrorMessage") or details["Status"]
            await dead_letters.send(json.dumps(event), code="200", message=error, execution=execution)

    async def _start(self, function: FunctionName, name: str | None, event: Any) -> str:
        if name is None:
            return await self._start_new(function, None, event)
        if not EXECUTION_NAME.fullmatch(name):
            message = f"DurableExecutionName must be 1 to 64 letters, digits, - or _, got {name!r}"
            raise Refusal(400, "InvalidParameterValueException", message)
        async with self._starting[f"{function.name}/{name}"]:
            return await self._existing(function, name, event) or await self._start_new(function, name, event)

    async def _existing(self, function: FunctionName, name: str, event: Any) -> str | None:
        """The execution of that name, for the same payload; the engine itself would start a second one."""
        for summary in await self.engine.executions_of(function.name, name):
            execution = str(summary["DurableExecutionArn"])
            if json.loads((await self.engine.get(execution)).get("InputPayload") or "{}") != event:
                message = f"A durable execution named {name} already exists with a different payload."
                raise Refusal(409, "DurableExecutionAlreadyStartedException", message)
            return execution
        return None

    async def _start_new(self, function: FunctionName, name: str | None, event: Any) -> str:
        execution = await self.engine.start(
            AccountId=self.account,
            FunctionName=function.name,
            FunctionQualifier=self.qualifier(function),
            ExecutionName=name or names.new_execution_name(),
            ExecutionTimeoutSeconds=await self.timeout_seconds(function),
            ExecutionRetentionPeriodDays=RETENTION_DAYS,
            Input=json.dumps(event),
        )
        self.journal.write("execution_started", execution=execution)
        self.executions.watch(execution)
        return execution


def function_of(request: Request) -> FunctionName:
    """The function that an Invoke request names."""
    try:
        return names.parse(request.path_params["name"], request.query_params.get("Qualifier"))
    except ValueError as error:
        raise Refusal(400, "ValidationException", str(error)) from error


def _event(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refusal(
            400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error


def _too_large(kind: str, size: int) -> Refusal:
    if kind not in MAX_BYTES:
        message = f"InvocationType must be RequestResponse, Event or DryRun, got {kind!r}"
        return Refusal(400, "InvalidParameterValueException", message)
    message = f"{size} byte payload is too large for the {kind} invocation type (limit {MAX_BYTES[kind]} bytes)"
    return Refusal(413, "RequestTooLargeException", message)


def _outcome(details: dict[str, Any], headers: dict[str, str]) -> Response:
    if details["Status"] == "SUCCEEDED":
        return Response(details.get("Result") or "null", headers=headers, media_type="application/json")
    error = details.get("Error") or {}
    payload = {"errorType": error.get("ErrorType"), "errorMessage": error.get("ErrorMessage")}
    if error.get("ErrorData"):
        payload["errorData"] = error["ErrorData"]
    headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(json.dumps(payload), headers=headers, media_type="application/json")
