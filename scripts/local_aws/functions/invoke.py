"""The Lambda Invoke API: an execution for a caller, one run of the handler for the durable engine."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from scripts.local_aws.functions.crashed import CrashedInvocations
from scripts.local_aws.functions.executions import Executions
from scripts.local_aws.functions.function_runner import FunctionRunner
from scripts.local_aws.functions.limits import Limits
from scripts.local_aws.functions.names import FunctionName
from scripts.local_aws.functions.operation_paths import OperationPaths
from scripts.local_aws.functions.pauses import Pauses
from scripts.local_aws.functions.starts import Starts, function_of

FROM_ENGINE = "x-dex-handler-invoke"


@dataclass
class InvokeApi:
    """`POST /2015-03-31/functions/{name}/invocations`."""

    starts: Starts
    executions: Executions
    functions: FunctionRunner
    paths: defaultdict[str, OperationPaths]
    pauses: Pauses
    limits: Limits
    crashed: CrashedInvocations

    async def handle(self, request: Request) -> Response:
        """Answer one Invoke call."""
        body = await request.body()
        function = function_of(request)
        if request.headers.get(FROM_ENGINE):
            return await self._run_once(function, json.loads(body))
        return await self.starts.answer(request, function, body)

    async def _run_once(self, function: FunctionName, event: Any) -> Response:
        execution = event["DurableExecutionArn"]
        self.executions.watch(execution)
        await self.pauses.passed(execution)
        self.paths[execution].learn(event.get("InitialExecutionState", {}).get("Operations", []))
        async with self.limits.invocation(execution):
            began = time.time()
            with self.pauses.invocation(execution):
                answer = await self.functions.run(event, function, execution)
        self.executions.nudge(execution)
        headers = {"X-Amz-Executed-Version": function.version}
        if answer.failed:
            self.crashed.note(execution, began, time.time(), answer.payload)
            headers["X-Amz-Function-Error"] = "Unhandled"
        return Response(answer.payload, headers=headers, media_type="application/json")
