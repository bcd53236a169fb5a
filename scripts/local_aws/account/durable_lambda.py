"""Lambda's own API for durable executions in the emulated account: the durable engine, plus names that are unique."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from scripts.local_aws.account.service_integration import Reply, ServiceRequest

EXECUTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
INVOKE = re.compile(r"/2015-03-31/functions/(?P<alias>[^/]+)/invocations")
MAX_EVENT_BYTES = 1024 * 1024
SECONDS = 30


class DurableLambda:
    """Answers what API Gateway asks Lambda.

    Args:
        engine_url: the durable engine's.
        durable_config: function name -> its DurableConfig as deployed, None for a function that is not there.
    """

    def __init__(self, engine_url: str, durable_config: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._engine = engine_url
        self._durable_config = durable_config
        self._starting = threading.Lock()  # a name is looked up and taken in one go

    def answer(self, request: ServiceRequest) -> Reply:
        """Start an execution, or pass a call about one on to the engine."""
        invoked = INVOKE.fullmatch(request.path)
        if invoked is None:
            return self._ask(request.method, request.path, request.querystring, request.body)
        if request.headers.get("X-Amz-Invocation-Type") != "Event":
            return _refused(400, "a synchronous call is refused: execution_timeout may be over 15 minutes")
        name = request.headers.get("X-Amz-Durable-Execution-Name", "")
        if not EXECUTION_NAME.fullmatch(name):
            return _refused(400, "DurableExecutionName must be 1 to 64 letters, digits, - or _")
        if len(request.body.encode()) > MAX_EVENT_BYTES:
            return _refused(413, "the payload is larger than 1 MB")
        account, function, alias = _parts(unquote(invoked["alias"]))
        with self._starting:
            return self._start(account, function, alias, name, request.body)

    def _start(self, account: str, function: str, alias: str, name: str, event: str) -> Reply:
        config = self._durable_config(function)
        if config is None:
            return _refused(404, "no such function")
        listing = f"/2025-12-01/functions/{quote(function, safe='')}/durable-executions"
        listed = self._ask("GET", listing, {"DurableExecutionName": name}, "")
        for summary in json.loads(listed.body).get("DurableExecutions", []):
            return self._existing(summary["DurableExecutionArn"], event)
        start = {
            "AccountId": account,
            "FunctionName": function,
            "FunctionQualifier": alias,
            "ExecutionName": name,
            "ExecutionTimeoutSeconds": int(config["ExecutionTimeout"]),
            "ExecutionRetentionPeriodDays": int(config["RetentionPeriodInDays"]),
            "Input": event,
        }
        started = self._ask("POST", "/start-durable-execution", {}, json.dumps(start))
        return _accepted(json.loads(started.body)["ExecutionArn"]) if started.status < 300 else started  # noqa: PLR2004

    def _existing(self, execution: str, event: str) -> Reply:
        found = self._ask("GET", f"/2025-12-01/durable-executions/{quote(execution, safe='')}", {}, "")
        if json.loads(json.loads(found.body).get("InputPayload") or "{}") != json.loads(event):
            return _refused(409, "DurableExecutionAlreadyStartedException")
        return _accepted(execution)

    def _ask(self, method: str, path: str, querystring: Mapping[str, str], body: str) -> Reply:
        query = f"?{urlencode(querystring)}" if querystring else ""
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(
            f"{self._engine}{path}{query}", data=body.encode() or None, headers=headers, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=SECONDS) as reply:
                return Reply(reply.status, dict(reply.headers), reply.read().decode())
        except urllib.error.HTTPError as error:
            return Reply(error.code, dict(error.headers), error.read().decode())
        except OSError as error:
            return _refused(503, f"the durable engine does not answer: {error}")


def _parts(alias_arn: str) -> tuple[str, str, str]:
    """Account, function and alias of an alias' ARN."""
    fields = alias_arn.split(":")
    return fields[4], fields[6], fields[7]


def _accepted(execution: str) -> Reply:
    return Reply(202, {"X-Amz-Durable-Execution-Arn": execution}, "")


def _refused(status: int, message: str) -> Reply:
    return Reply(status, {}, json.dumps({"message": message}))
