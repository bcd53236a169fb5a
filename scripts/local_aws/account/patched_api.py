"""API Gateway of the emulated account, where MiniStack's does less than AWS's: around its own functions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from scripts.local_aws.account import service_integration
from scripts.local_aws.account.durable_lambda import DurableLambda

LAMBDA_API = ":lambda:path/"
Answered = tuple[int, Mapping[str, str], bytes]
Create = Callable[[str, dict[str, Any], str], tuple[str, dict[str, Any]]]


def validating(create: Create, resources: Any) -> Create:
    """The same creation of a method, after which it has the request validator that MiniStack drops.

    Args:
        create: MiniStack's (logical id, properties, stack name) -> (physical id, attributes).
        resources: MiniStack's API id -> resource id -> record with "resourceMethods".
    """

    def create_and_keep(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        created = create(logical_id, properties, stack)
        resource = resources[properties["RestApiId"]][properties["ResourceId"]]
        method = resource["resourceMethods"][properties["HttpMethod"]]
        if "RequestValidatorId" in properties:
            method["requestValidatorId"] = properties["RequestValidatorId"]
        return created

    return create_and_keep


def checking(create: Create, validators: Any) -> Create:
    """The same creation of a request validator, after which there is one: MiniStack only makes up its id.

    Args:
        create: MiniStack's (logical id, properties, stack name) -> (physical id, attributes).
        validators: MiniStack's API id -> validator id -> record.
    """

    def create_and_check(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        validator, attributes = create(logical_id, properties, stack)
        validators.setdefault(properties["RestApiId"], {})[validator] = {
            "id": validator,
            "name": logical_id,
            "validateRequestBody": properties.get("ValidateRequestBody", False),
            "validateRequestParameters": properties.get("ValidateRequestParameters", False),
        }
        return validator, attributes

    return create_and_check


def integrating(invoke: Callable[..., Awaitable[Answered]], durable: DurableLambda) -> Callable[..., Any]:
    """The same integration, but a call of Lambda's API is mapped and made as the method's integration says.

    Args:
        invoke: MiniStack's, which knows neither mapping templates with conditions nor headers and paths of its own.
        durable: answers the call.
    """

    async def invoke_mapped(integration: Mapping[str, Any], *rest: Any, **named: Any) -> Answered:
        if LAMBDA_API not in integration.get("uri", ""):
            return await invoke(integration, *rest, **named)
        headers, body, query, path = rest[6:10]
        call = service_integration.Call(
            headers=headers,
            querystring={name: value[0] if isinstance(value, list) else value for name, value in (query or {}).items()},
            path=path or {},
            body=(body or b"").decode(),
        )
        request = service_integration.request(integration, call)
        reply = await asyncio.to_thread(durable.answer, request)
        answered = service_integration.answer(integration, reply)
        return answered.status, answered.headers, answered.body.encode()

    return invoke_mapped


def undecoded(handle: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same handling of an API's request, but by its path as sent: a REST API does not split at encoded slashes."""

    async def handle_undecoded(host: str, path: str, *rest: Any, raw_path: str | None = None, **named: Any) -> Any:
        return await handle(host, raw_path or path, *rest, raw_path=raw_path, **named)

    return handle_undecoded
