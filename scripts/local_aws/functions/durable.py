"""Lambda's durable-execution APIs: forwarded to the engine, what it ignores or confuses put right on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.local_aws.functions import names
from scripts.local_aws.functions.crashed import CrashedInvocations
from scripts.local_aws.functions.engine_client import API, Engine
from scripts.local_aws.functions.executions import ENDED, Executions
from scripts.local_aws.functions.moments import moment
from scripts.local_aws.functions.pauses import Pauses
from scripts.local_aws.functions.replies import Refusal, from_engine

DEFAULT_PAGE = 50
_CLOSED = "is not in STARTED state"
"""What the engine says of a callback that takes no answer any more; Lambda has a type for it."""
ONE = f"{API}/durable-executions/{{execution:path}}"


@dataclass
class DurableApi:
    """Everything under `/2025-12-01/` but the function's own checkpoints."""

    engine: Engine
    executions: Executions
    pauses: Pauses
    crashed: CrashedInvocations = field(default_factory=CrashedInvocations)

    def routes(self) -> list[Route]:
        """Where they answer."""
        return [
            Route(f"{API}/functions/{{name:path}}/durable-executions", self.listing, methods=["GET"]),
            Route(f"{ONE}/stop", self.stop, methods=["POST"]),
            Route(f"{ONE}/pause", self.pause, methods=["POST"]),
            Route(f"{ONE}/resume", self.resume, methods=["POST"]),
            Route(f"{ONE}/history", self.history, methods=["GET"]),
            Route(f"{ONE}/state", self.forward, methods=["GET"]),
            Route(ONE, self.get, methods=["GET"]),
            Route(ONE, self.delete, methods=["DELETE"]),
            Route(f"{API}/{{rest:path}}", self.forward, methods=["GET", "POST"]),
        ]

    async def get(self, request: Request) -> Response:
        """GetDurableExecution."""
        details = await self._details(request)
        return JSONResponse(details)

    async def pause(self, request: Request) -> Response:
        """PauseDurableExecution."""
        details = await self._details(request)
        if details["Status"] != "RUNNING":
            raise _conflict(f"only a running execution can be paused, got status {details['Status']}")
        self.pauses.pause(details["DurableExecutionArn"])
        return JSONResponse({}, status_code=202)

    async def resume(self, request: Request) -> Response:
        """ResumeDurableExecution."""
        details = await self._details(request)
        if not self.pauses.resume(details["DurableExecutionArn"]):
            raise _conflict(f"only a paused execution can be resumed, got status {details['Status']}")
        return JSONResponse({}, status_code=202)

    async def delete(self, request: Request) -> Response:
        """DeleteDurableExecution: callers see it no more; the engine's store keeps it."""
        details = await self._details(request)
        if details["Status"] not in ENDED:
            raise _conflict(f"only an ended execution can be deleted, got status {details['Status']}")
        self.pauses.delete(details["DurableExecutionArn"])
        return JSONResponse({"DeletionRequestTimestamp": time.time()}, status_code=202)

    async def history(self, request: Request) -> Response:
        """GetDurableExecutionHistory, with the invocations that crashed."""
        execution = request.path_params["execution"]
        if not self.crashed.has(execution):
            return await self.forward(request)
        events: list[dict[str, Any]] = []
        query = {"IncludeExecutionData": request.query_params.get("IncludeExecutionData", "false"), "MaxItems": "1000"}
        while True:
            path = request.scope["raw_path"].decode()
            reply = await self.engine.forward("GET", path, urlencode(query), b"")
            if not reply.is_success:
                return from_engine(reply)
            events += reply.json()["Events"]
            if not (marker := reply.json().get("NextMarker")):
                return JSONResponse(self.crashed.page(execution, events, request.query_params))
            query["Marker"] = marker

    async def forward(self, request: Request) -> Response:
        """Pass the call on: history, state, callbacks."""
        reply = await self._pass_on(request, await request.body())
        if not reply.is_success and _CLOSED in reply.text:
            message = "The callback has been answered already, or its time is over."
            raise Refusal(400, "CallbackTimeoutException", message)
        return from_engine(reply)

    async def stop(self, request: Request) -> Response:
        """StopDurableExecution; boto3 sends the error as the whole body, the engine reads it from a field."""
        body = await request.body()
        error = json.loads(body) if body else None
        reply = await self._pass_on(request, json.dumps({"Error": error} if error else {}).encode())
        execution = request.path_params["execution"]
        self.pauses.resume(execution)  # what waits at its gate must see the end
        self.executions.nudge(execution)
        return from_engine(reply)

    async def listing(self, request: Request) -> Response:
        """ListDurableExecutionsByFunction, with the Statuses, Qualifier and time filters that the engine ignores."""
        query = request.query_params
        try:
            function = names.parse(request.path_params["name"], query.get("Qualifier"))
        except ValueError as error:
            raise Refusal(400, "ValidationException", str(error)) from error
        found = await self.engine.executions_of(function.name, query.get("DurableExecutionName"))
        seen = [summary for each in found if (summary := self.pauses.seen(each)) is not None]
        wanted = [summary for summary in seen if all(keep(summary) for keep in _filters(request))]
        if query.get("ReverseOrder") == "true":
            wanted.reverse()
        start = int(query.get("Marker") or 0)
        end = start + int(query.get("MaxItems") or DEFAULT_PAGE)
        return JSONResponse(
            {"DurableExecutions": wanted[start:end]} | ({"NextMarker": str(end)} if end < len(wanted) else {})
        )

    async def _details(self, request: Request) -> dict[str, Any]:
        execution = request.path_params["execution"]
        reply = await self.engine.one(execution)
        details = self.pauses.seen(reply.json()) if reply.is_success else None
        if details is None and reply.is_success:
            raise Refusal(404, "ResourceNotFoundException", f"there is no execution {execution}")
        if details is None:
            raise Refusal.of(from_engine(reply))
        return details

    async def _pass_on(self, request: Request, body: bytes) -> Any:
        path = request.scope["raw_path"].decode()
        return await self.engine.forward(request.method, path, request.url.query, body)


def _conflict(message: str) -> Refusal:
    return Refusal(409, "ResourceConflictException", message)


def _filters(request: Request) -> list[Callable[[dict[str, Any]], bool]]:
    query = request.query_params
    statuses = query.getlist("Statuses")
    qualifier = query.get("Qualifier")
    version = names.FunctionName("", qualifier).version
    after, before = query.get("StartedAfter"), query.get("StartedBefore")
    return [
        lambda summary: not statuses or summary["Status"] in statuses,
        lambda summary: qualifier is None or summary["FunctionArn"].endswith(f":{version}"),
        lambda summary: after is None or moment(summary["StartTimestamp"]) >= moment(after),
        lambda summary: before is None or moment(summary["StartTimestamp"]) <= moment(before),
    ]
