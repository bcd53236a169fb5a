"""The deployed API as a caller uses it: signed requests over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from scripts.local_aws.account.environment import ACCOUNT, REGION
from scripts.local_aws.account.failure import DeploymentFailed

EXECUTION_HEADER = "X-Amz-Durable-Execution-Arn"
KEY = "deployed-locally"
SECONDS = 60


@dataclass(frozen=True)
class FrontDoor:
    """One stage of one API.

    url: of the stage in the emulated account, without a slash at its end.
    """

    url: str

    @classmethod
    def of(cls, api_url: str, emulator_url: str) -> FrontDoor:
        """The stack's output ApiUrl, reached at the emulator by path: its host name is AWS's."""
        parts = urlsplit(api_url)
        api = parts.netloc.partition(".")[0]
        return cls(f"{emulator_url}/restapis/{api}{parts.path.rstrip('/')}/_user_request_")

    def start(self, key: str | None, event: Any) -> httpx.Response:
        """POST /executions."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.call("POST", "/executions", json.dumps(event), headers)

    def find(self, key: str) -> httpx.Response:
        """GET /executions?key=."""
        return self.call("GET", f"/executions?key={quote(key, safe='')}")

    def read(self, execution: str) -> httpx.Response:
        """GET /executions/{id}."""
        return self.call("GET", f"/executions/{quote(execution, safe='')}")

    def stop(self, execution: str) -> httpx.Response:
        """POST /executions/{id}/stop."""
        return self.call("POST", f"/executions/{quote(execution, safe='')}/stop", "{}")

    def call(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request, signed for execute-api with the emulated account's credentials."""
        url = f"{self.url}{path}"
        request = AWSRequest(
            method=method,
            url=url,
            data=body,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        SigV4Auth(Credentials(ACCOUNT, "local"), "execute-api", REGION).add_auth(request)
        return httpx.request(method, url, content=body, headers=dict(request.headers), timeout=SECONDS, trust_env=False)


def started(reply: httpx.Response) -> str:
    """The execution that a start was answered with.

    Raises:
        DeploymentFailed: it was not accepted.
    """
    execution = reply.headers.get(EXECUTION_HEADER)
    if reply.status_code != httpx.codes.ACCEPTED or not execution:
        raise DeploymentFailed(f"the front door did not start an execution: {reply.status_code} {reply.text}")
    return str(execution)


def visit(door: FrontDoor, event: Mapping[str, Any], execution: str) -> dict[str, Any]:
    """What a caller meets after its execution has ended; keys say what was tried."""
    again = door.start(KEY, event)
    return {
        "same_key": {"status": again.status_code, "same_execution": again.headers.get(EXECUTION_HEADER) == execution},
        "same_key_another_event": _shown(door.start(KEY, {"query": "something else"})),
        "no_key": _shown(door.start(None, event)),
        "bad_key": _shown(door.start("not a key", event)),
        "unknown_field": _shown(door.start("another-key", {**event, "color": "red"})),
        "unsigned": _shown(httpx.get(f"{door.url}/executions?key={KEY}", timeout=SECONDS, trust_env=False)),
        "found": _shown(door.find(KEY)),
        "refused_key_found": _shown(door.find("another-key")),
        "read": _shown(door.read(execution)),
        "stopped": _stopped(door, event),
        "unknown_execution": _shown(door.read("no-such/execution")),
    }


def _stopped(door: FrontDoor, event: Mapping[str, Any]) -> dict[str, Any]:
    """Start an execution that waits, stop it, read it."""
    execution = started(door.start("to-be-stopped", {**event, "demo_checkpoint": True}))
    stopped = door.stop(execution)
    return {"status": stopped.status_code, "body": door.read(execution).json()}


def _shown(reply: httpx.Response) -> dict[str, Any]:
    return {"status": reply.status_code, "body": reply.json()}
