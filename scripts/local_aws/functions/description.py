"""What Lambda tells about the one function that is served: its configuration, its versions, its alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.local_aws.functions.names import LATEST, PUBLISHED_VERSION, FunctionName
from scripts.local_aws.functions.starts import RETENTION_DAYS, function_of

API = "/2015-03-31/functions/{name:path}"
TOLD = ("AGENT_MODELS", "MODEL_PRICES")
"""Variables that a caller is told of; the rest stay unsaid, since the caller's credentials may be among them."""


@dataclass
class DescriptionApi:
    """Every name is a function here, and every alias of it points to the published version.

    handler: "module.function".
    timeout_seconds: of an invocation.
    execution_timeout_seconds: of an execution.
    region: of the ARNs.
    variables: those of TOLD that the function has.
    """

    handler: str
    timeout_seconds: float
    execution_timeout_seconds: int
    region: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Where they answer."""
        return [
            Route(f"{API}/configuration", self.configuration, methods=["GET"]),
            Route(f"{API}/versions", self.versions, methods=["GET"]),
            Route(f"{API}/aliases/{{alias}}", self.alias, methods=["GET"]),
        ]

    async def configuration(self, request: Request) -> Response:
        """GetFunctionConfiguration."""
        return JSONResponse(self._configuration(function_of(request)))

    async def versions(self, request: Request) -> Response:
        """ListVersionsByFunction."""
        name = function_of(request).name
        listed = [FunctionName(name, qualifier) for qualifier in (LATEST, PUBLISHED_VERSION)]
        return JSONResponse({"Versions": [self._configuration(version) for version in listed]})

    async def alias(self, request: Request) -> Response:
        """GetAlias."""
        named = FunctionName(function_of(request).name, request.path_params["alias"])
        arn = named.arn(self.region)
        return JSONResponse({"AliasArn": arn, "Name": named.qualifier, "FunctionVersion": PUBLISHED_VERSION})

    def _configuration(self, function: FunctionName) -> dict[str, Any]:
        durable = {"ExecutionTimeout": self.execution_timeout_seconds, "RetentionPeriodInDays": RETENTION_DAYS}
        return {
            "FunctionName": function.name,
            "FunctionArn": function.arn(self.region),
            "Version": function.version,
            "Handler": self.handler,
            "Timeout": int(self.timeout_seconds),
            "State": "Active",
            "DurableConfig": durable,
            **({"Environment": {"Variables": dict(self.variables)}} if self.variables else {}),
        }
