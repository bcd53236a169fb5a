"""Lambda's durable-execution APIs: forwarded to the engine, what it ignores or confuses put right on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scripts.local_aws.functions import names
from scripts.local_aws.functions.engine_client import Engine
from scripts.local_aws.functions.executions import Executions
from scripts.local_aws.functions.replies import Refusal, from_engine, refused

DEFAULT_PAGE = 50


@dataclass
class DurableApi:
    """Everything under `/2025-12-01/` but the function's own checkpoints."""

    engine: Engine
    executions: Executions

    async def forward(self, request: Request) -> Response:
        """Pass the call on: get, history, state, callbacks."""
        return from_engine(await self._pass_on(request, await request.body()))

    async def stop(self, request: Request) -> Response:
        """StopDurableExecution; boto3 sends the error as the whole body, the engine reads it from a field."""
        body = await request.body()
        error = json.loads(body) if body else None
        reply = await self._pass_on(request, json.dumps({"Error": error} if error else {}).encode())
        self.executions.nudge(request.path_params["execution"])
        return from_engine(reply)

    async def listing(self, request: Request) -> Response:
        """ListDurableExecutionsByFunction, with the Statuses, Qualifier and time filters that the engine ignores."""
        query = request.query_params
        try:
            function = names.parse(request.path_params["name"], query.get("Qualifier"))
        except ValueError as error:
            raise Refusal(400, "ValidationException", str(error)) from error
        found = await self.engine.executions_of(function.name, query.get("DurableExecutionName"))
        wanted = [summary for summary in found if all(keep(summary) for keep in _filters(request))]
        if query.get("ReverseOrder") == "true":
            wanted.reverse()
        start = int(query.get("Marker") or 0)
        end = start + int(query.get("MaxItems") or DEFAULT_PAGE)
        return JSONResponse(
            {"DurableExecutions": wanted[start:end]} | ({"NextMarker": str(end)} if end < len(wanted) else {})
        )

    async def unsupported(self, request: Request) -> Response:
        """Pause, resume and delete: the engine has no route for them."""
        message = f"{request.method} {request.url.path}: the local durable engine cannot do this, Lambda can"
        return refused(501, "NotImplementedException", message)

    async def _pass_on(self, request: Request, body: bytes) -> Any:
        path = request.scope["raw_path"].decode()
        return await self.engine.forward(request.method, path, request.url.query, body)


def _filters(request: Request) -> list[Callable[[dict[str, Any]], bool]]:
    query = request.query_params
    statuses = query.getlist("Statuses")
    qualifier = query.get("Qualifier")
    version = names.FunctionName("", qualifier).version
    after, before = query.get("StartedAfter"), query.get("StartedBefore")
    return [
        lambda summary: not statuses or summary["Status"] in statuses,
        lambda summary: qualifier is None or summary["FunctionArn"].endswith(f":{version}"),
        lambda summary: after is None or _moment(summary["StartTimestamp"]) >= _moment(after),
        lambda summary: before is None or _moment(summary["StartTimestamp"]) <= _moment(before),
    ]


def _moment(value: Any) -> float:
    """Epoch seconds of a timestamp on the wire: a number, or ISO 8601."""
    try:
        return float(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
