"""A Lambda service on loopback: any boto3 `lambda` client pointed at it invokes and operates the durable function.

    python -m scripts.local_aws.functions.endpoint --port 0 --engine-url URL --function-root lambda_src \
        --handler handler.lambda_handler --log-dir DIR --events FILE.jsonl

Prints `ready http://127.0.0.1:PORT` when serving.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts.local_aws.functions.checkpoints import CheckpointApi
from scripts.local_aws.functions.crashed import CrashedInvocations
from scripts.local_aws.functions.dead_letters import DeadLetters
from scripts.local_aws.functions.description import TOLD, DescriptionApi
from scripts.local_aws.functions.durable import ONE, DurableApi
from scripts.local_aws.functions.engine_client import Engine, invoke_handlers_at
from scripts.local_aws.functions.executions import Executions
from scripts.local_aws.functions.function_environment import function_environment, region_of
from scripts.local_aws.functions.function_runner import FunctionRunner, FunctionSettings
from scripts.local_aws.functions.function_url import PREFIX, FunctionUrl
from scripts.local_aws.functions.invoke import InvokeApi
from scripts.local_aws.functions.kill_rules import KillRules
from scripts.local_aws.functions.limits import Limits
from scripts.local_aws.functions.names import FunctionName
from scripts.local_aws.functions.operation_paths import OperationPaths
from scripts.local_aws.functions.pauses import Pauses
from scripts.local_aws.functions.replies import REFUSALS, refused
from scripts.local_aws.functions.starts import Starts
from scripts.local_aws.processes.journal import Journal
from scripts.local_aws.processes.loopback import listen, serve_until_signal, url_of


def application(options: argparse.Namespace, url: str) -> Starlette:
    """The endpoint as an ASGI application that believes to be reachable at `url`."""
    journal = Journal(options.events)
    engine = Engine(options.engine_url)
    executions = Executions(engine, journal)
    functions = FunctionRunner(_settings(options, url), journal)
    paths: defaultdict[str, OperationPaths] = defaultdict(OperationPaths)
    pauses, crashed = Pauses(), CrashedInvocations()
    limits, dead_letters = Limits(journal, options.execution_timeout_seconds), DeadLetters(journal)

    async def timeout_seconds(_: FunctionName) -> int:
        return limits.execution_timeout_seconds

    starts = Starts(engine, executions, journal, timeout_seconds, limits=limits, dead_letters=dead_letters)
    invoke = InvokeApi(starts, executions, functions, paths, pauses, limits, crashed)
    durable = DurableApi(engine, executions, pauses, crashed)
    description = DescriptionApi(
        options.handler, options.timeout_seconds, options.execution_timeout_seconds, region_of(os.environ),
        {name: value for name in TOLD if (value := os.environ.get(name))},
    )  # fmt: skip
    checkpoints = CheckpointApi(engine, functions, journal, options.kill_rules, paths, pauses, options.calls)

    async def replace_limits(request: Request) -> Response:
        """`PUT /_local/limits`: those named, and the queue of dead letters, from now on."""
        given = await request.json()
        try:
            dead_letters.queue_url = given.pop("dead_letter_queue", dead_letters.queue_url)
            limits.replace(given)
        except ValueError as error:
            return refused(400, "ValidationException", str(error))
        return Response(status_code=204)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        functions.kill_all()
        await executions.close()
        await engine.close()

    routes = [
        Route("/2015-03-31/functions/{name:path}/invocations", invoke.handle, methods=["POST"]),
        Route(f"{ONE}/checkpoint", checkpoints.handle, methods=["POST"]),
        *durable.routes(),
        *description.routes(),
        Route("/_local/kill-rules", checkpoints.replace_rules, methods=["PUT"]),
        Route("/_local/limits", replace_limits, methods=["PUT"]),
        *_page_routes(options, url),
        Route("/{rest:path}", _unknown, methods=["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=REFUSALS)


def _page_routes(options: argparse.Namespace, url: str) -> list[Route]:
    """The function URL of the review page, if there is one, with a journal and a log of its own."""
    if options.page_handler is None:
        return []
    settings = _settings(options, url)
    environment = {**settings.environment, "_HANDLER": options.page_handler}
    root = (options.page_root or options.function_root).resolve()
    page = replace(
        settings,
        root=root,
        handler=options.page_handler,
        environment={**environment, "LAMBDA_TASK_ROOT": str(root)},
        log=settings.log.with_name("page.log"),
    )
    front = FunctionUrl(FunctionRunner(page, Journal(options.log_dir / "page-events.jsonl")))
    return [Route(f"{PREFIX}{{path:path}}", front.handle, methods=["GET", "HEAD", "POST", "PUT", "DELETE"])]


async def _unknown(request: Request) -> Response:
    message = f"no local service answers {request.method} {request.url.path}"
    return refused(404, "UnknownOperationException", message)


def _settings(options: argparse.Namespace, url: str) -> FunctionSettings:
    options.log_dir.mkdir(parents=True, exist_ok=True)
    root = options.function_root.resolve()
    environment = function_environment(
        os.environ,
        endpoint_url=url,
        handler=options.handler,
        root=str(root),
        real_credentials=options.real_credentials,
    )
    if options.page_handler is not None:
        environment["REVIEW_PAGE_URL"] = f"{url}{PREFIX}/"
    log = options.log_dir.resolve() / "function.log"
    return FunctionSettings(root, options.handler, environment, region_of(os.environ), log, options.timeout_seconds)


def _rules(text: str) -> KillRules:
    try:
        return KillRules.parse(json.loads(Path(text).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lambda_endpoint", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    parser.add_argument("--engine-url", required=True)
    parser.add_argument("--function-root", type=Path, required=True)
    parser.add_argument("--handler", required=True, help="module.function")
    parser.add_argument("--log-dir", type=Path, required=True)
    parser.add_argument("--events", type=Path, required=True, help="JSON lines are appended to this file")
    parser.add_argument("--timeout-seconds", type=float, default=900, help="per invocation (default 900)")
    parser.add_argument("--execution-timeout-seconds", type=int, default=86_400, help="per execution (default a day)")
    parser.add_argument("--kill-rules", type=_rules, default=KillRules(), metavar="FILE.json")
    parser.add_argument("--page-handler", help="module.function behind a function URL, told to the function")
    parser.add_argument("--page-root", type=Path, help="its folder (default: the function's)")
    parser.add_argument("--calls", type=Path, help="the Bedrock endpoint's calls file, for kills during a model call")
    parser.add_argument(
        "--real-credentials", action="store_true", help="the function keeps the caller's AWS credentials"
    )
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM."""
    options = _options()
    try:
        listener = listen(options.port)
    except ValueError as refused:
        print(f"Lambda endpoint: {refused}", file=sys.stderr)
        sys.exit(2)
    url = url_of(listener)
    try:
        invoke_handlers_at(options.engine_url, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        print(f"the durable engine at {options.engine_url} does not answer: {error}", file=sys.stderr)
        sys.exit(2)
    serve_until_signal(application(options, url), listener, grace_seconds=2)


if __name__ == "__main__":
    main()
