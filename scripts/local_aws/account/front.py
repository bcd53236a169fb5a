"""One endpoint for the emulated account: Lambda's durable executions by the engine, everything else by MiniStack.

    python -m scripts.local_aws.account.front --engine-url URL --emulator-url URL --events FILE

The engine invokes the function through this endpoint, so that a paused execution is not invoked; an invocation that is
in progress at the pause goes on to its end.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts.local_aws.account.environment import ACCOUNT
from scripts.local_aws.functions.durable import DurableApi
from scripts.local_aws.functions.engine_client import Engine
from scripts.local_aws.functions.executions import Executions
from scripts.local_aws.functions.invoke import FROM_ENGINE
from scripts.local_aws.functions.names import LATEST, FunctionName
from scripts.local_aws.functions.pauses import Pauses
from scripts.local_aws.functions.replies import REFUSALS
from scripts.local_aws.functions.starts import Starts, function_of
from scripts.local_aws.processes.journal import Journal
from scripts.local_aws.processes.loopback import listen, serve_until_signal

HOP_BY_HOP = frozenset({"connection", "content-length", "content-encoding", "transfer-encoding", "host"})


class Emulator:
    """MiniStack behind this endpoint."""

    def __init__(self, url: str) -> None:
        # trust_env off: a proxy from the caller's shell must not see loopback traffic
        self._http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=900)

    async def forward(self, request: Request) -> Response:
        """Pass the call on as it came."""
        path = request.scope["raw_path"].decode()
        reply = await self._http.request(
            request.method,
            f"{path}?{request.url.query}" if request.url.query else path,
            content=await request.body(),
            headers={name: value for name, value in request.headers.items() if name not in HOP_BY_HOP},
        )
        kept = {name: value for name, value in reply.headers.items() if name not in HOP_BY_HOP}
        return Response(reply.content, reply.status_code, kept)

    async def durable_timeout(self, function: str) -> int | None:
        """The execution timeout of a durable function in seconds; None for any other."""
        reply = await self._http.get(f"/2015-03-31/functions/{quote(function, safe='')}/configuration")
        config = reply.json().get("DurableConfig") if reply.is_success else None
        return int(config["ExecutionTimeout"]) if config else None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def application(options: argparse.Namespace) -> Starlette:
    """The endpoint as an ASGI application."""
    engine, emulator = Engine(options.engine_url), Emulator(options.emulator_url)
    journal = Journal(options.events)
    executions = Executions(engine, journal)

    async def timeout_seconds(function: FunctionName) -> int:
        return await emulator.durable_timeout(function.name) or 0

    pauses = Pauses()
    starts = Starts(engine, executions, journal, timeout_seconds, lambda named: named.qualifier or LATEST, ACCOUNT)

    async def run_once(request: Request) -> Response:
        execution = json.loads(await request.body())["DurableExecutionArn"]
        await pauses.passed(execution)
        with pauses.invocation(execution):
            return await emulator.forward(request)

    async def invoke(request: Request) -> Response:
        function = function_of(request)
        if request.headers.get(FROM_ENGINE):
            return await run_once(request)
        if await emulator.durable_timeout(function.name) is None:
            return await emulator.forward(request)
        return await starts.answer(request, function, await request.body())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await executions.close()
        await engine.close()
        await emulator.close()

    routes = [
        Route("/2015-03-31/functions/{name:path}/invocations", invoke, methods=["POST"]),
        *DurableApi(engine, executions, pauses).routes(),
        Route("/{rest:path}", emulator.forward, methods=["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=REFUSALS)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="front", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    parser.add_argument("--engine-url", required=True)
    parser.add_argument("--emulator-url", required=True)
    parser.add_argument("--events", type=Path, required=True, help="JSON lines are appended to this file")
    options = parser.parse_args()
    try:
        listener = listen(options.port)
    except ValueError as refused:
        print(f"account endpoint: {refused}", file=sys.stderr)
        sys.exit(2)
    serve_until_signal(application(options), listener, grace_seconds=2)


if __name__ == "__main__":
    main()
