"""The durable engine's HTTP API, as far as the Lambda endpoint needs it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

API = "/2025-12-01"


def invoke_handlers_at(engine_url: str, lambda_url: str) -> None:
    """Tell the engine where the function is invoked.

    Raises:
        httpx.HTTPError, httpx.InvalidURL: no engine answers there.
    """
    reply = httpx.put(f"{engine_url}/lambda-endpoint", json={"EndpointUrl": lambda_url}, trust_env=False)
    reply.raise_for_status()


class Engine:
    """A running durable engine (`scripts.local_aws.functions.engine`)."""

    def __init__(self, url: str) -> None:
        # trust_env off: a proxy from the caller's shell must not see loopback traffic
        self._http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)

    async def start(self, **start_input: Any) -> str:
        """Start an execution; returns its ARN."""
        reply = await self._http.post("/start-durable-execution", json=start_input)
        reply.raise_for_status()
        return str(reply.json()["ExecutionArn"])

    async def get(self, execution: str) -> dict[str, Any]:
        """GetDurableExecution."""
        reply = await self.one(execution)
        reply.raise_for_status()
        return dict(reply.json())

    async def one(self, execution: str) -> httpx.Response:
        """GetDurableExecution, a refusal included."""
        return await self._http.get(f"{API}/durable-executions/{quote(execution, safe='')}")

    async def executions_of(self, function: str, name: str | None = None) -> list[dict[str, Any]]:
        """All executions of a function (optionally of one name), oldest first, every page."""
        found: list[dict[str, Any]] = []
        query = {"MaxItems": "1000"} | ({"DurableExecutionName": name} if name else {})
        while True:
            reply = await self._http.get(f"{API}/functions/{quote(function, safe='')}/durable-executions", params=query)
            reply.raise_for_status()
            page = reply.json()
            found += page.get("DurableExecutions", [])
            if not page.get("NextMarker"):
                return found
            query["Marker"] = page["NextMarker"]

    async def forward(self, method: str, path: str, query: str, body: bytes) -> httpx.Response:
        """Pass a durable API call on unchanged; `path` is percent-encoded already."""
        return await self._http.request(method, f"{path}?{query}" if query else path, content=body)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
