"""A Lambda function URL on loopback: an HTTP request becomes the event of payload format 2.0, its answer a response."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from scripts.local_aws.functions.function_runner import FunctionRunner
from scripts.local_aws.functions.names import FunctionName

PREFIX = "/_local/url"
_TEXT = ("text/", "application/json", "application/xml", "application/javascript")


@dataclass
class FunctionUrl:
    """Everything under PREFIX, which stands for the host name that a function URL has on AWS.

    Attributes:
        functions: runs the handler, one fresh process a request.
        function: its name.
    """

    functions: FunctionRunner
    function: FunctionName = field(default_factory=lambda: FunctionName("review-page", None))

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        answer = await self.functions.run(event_of(request, await request.body()), self.function, str(uuid.uuid4()))
        if answer.failed:
            return PlainTextResponse("Internal Server Error", status_code=502)
        return _response(json.loads(answer.payload))


def event_of(request: Request, body: bytes) -> dict[str, Any]:
    """The event as Lambda's documentation has it; a body that is no text goes as base64."""
    path = request.scope["raw_path"].decode().removeprefix(PREFIX) or "/"
    kind = request.headers.get("content-type", "")
    as_text = kind.startswith(_TEXT)
    now = time.time()
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.url.query,
        "headers": dict(request.headers),
        **({"queryStringParameters": _joined(request)} if request.url.query else {}),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": request.url.hostname,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        **({"body": body.decode() if as_text else base64.b64encode(body).decode()} if body else {}),
        "isBase64Encoded": bool(body) and not as_text,
    }


def _joined(request: Request) -> dict[str, str]:
    query = request.query_params
    return {name: ",".join(query.getlist(name)) for name in query}


def _response(answer: Any) -> Response:
    """Lambda takes a document with a status, or any JSON as the body of a 200."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(json.dumps(answer), media_type="application/json")
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Response(content, status_code=answer["statusCode"], headers=answer.get("headers") or {})
