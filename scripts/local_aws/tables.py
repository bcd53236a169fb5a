"""DynamoDB on loopback, in a process of its own: moto's, made to take one request at a time.

    python -m scripts.local_aws.tables

Prints `ready URL`. DynamoDB makes each update whole or not at all; moto alone would let two threads read the same item
before either writes it. `{"code": ..., "status": ..., "times": n}` sent to `/_local/fault` fails the next n requests.
"""

from __future__ import annotations

import json
import logging
import threading
import urllib.request
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.local_aws.functions.names import REGION
from scripts.local_aws.processes.callers_profile import session_without_profile
from scripts.local_aws.processes.children import Children
from scripts.local_aws.processes.loopback import HOST

FAULTS = "/_local/fault"


class Tables:
    """Context manager: the process runs inside.

    folder: where its log goes; exists.
    url: where clients reach it, as `AWS_ENDPOINT_URL_DYNAMODB`.
    """

    def __init__(self, folder: Path) -> None:
        self._children = Children(folder)

    def __enter__(self) -> Self:
        self.url = self._children.start("DynamoDB", "scripts.local_aws.tables", []).url()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children.stop()

    @cached_property
    def client(self) -> Any:
        """A boto3 `dynamodb` client."""
        import boto3

        return boto3.Session(botocore_session=session_without_profile()).client(
            "dynamodb",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  (nothing on loopback checks it)
        )

    def create(self, name: str, partition: str, sort: str) -> None:
        """A table whose keys are two texts."""
        keys = {partition: "HASH", sort: "RANGE"}
        self.client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def fail(self, code: str, status: int = 400, times: int = 1) -> None:
        """Answer the next requests with an error."""
        body = json.dumps({"code": code, "status": status, "times": times}).encode()
        without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        without_proxy.open(f"{self.url}{FAULTS}", data=body, timeout=10).close()


class _OneAtATime:
    """A WSGI application that lets one request after the other into another one."""

    def __init__(self, inner: Callable[[Any, Any], Iterable[bytes]]) -> None:
        self._inner = inner
        self._entering = threading.Lock()
        self._fault: dict[str, Any] = {"times": 0}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self._entering:
            if environ["PATH_INFO"] == FAULTS:
                self._fault = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
                start_response("200 OK", [])
                return [b"{}"]
            if self._fault["times"] > 0:
                self._fault["times"] -= 1
                start_response(f"{self._fault['status']} Fault", [("Content-Type", "application/x-amz-json-1.0")])
                told = {"__type": f"com.amazonaws.dynamodb.v20120810#{self._fault['code']}", "message": "planted"}
                return [json.dumps(told).encode()]
            return list(self._inner(environ, start_response))


def main() -> None:
    """Serve until the process is ended."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every request
    app = _OneAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server(HOST, 0, app, threaded=True)
    print(f"ready http://{HOST}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
