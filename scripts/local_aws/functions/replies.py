"""Answers in the shape that boto3 expects of the Lambda service."""

from __future__ import annotations

import json
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def refused(status: int, error_type: str, message: str) -> Response:
    """A service error: boto3 raises it as `client.exceptions.<error_type>`."""
    return JSONResponse(
        {"Type": "User" if status < 500 else "Service", "Message": message, "message": message},  # noqa: PLR2004
        status_code=status,
        headers={"x-amzn-ErrorType": error_type},
    )


class Refusal(Exception):
    """A request that Lambda would refuse; carries the answer."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.response = refused(status, error_type, message)

    @classmethod
    def of(cls, response: Response) -> Refusal:
        """One that another service already worded."""
        refusal = cls(response.status_code, "", "")
        refusal.response = response
        return refusal


async def _refusal(_: Request, refusal: Refusal) -> Response:
    return refusal.response


async def _engine_gone(_: Request, error: httpx.HTTPError) -> Response:
    return refused(503, "ServiceException", f"the durable engine does not answer: {error}")


REFUSALS: dict[Any, Any] = {Refusal: _refusal, httpx.HTTPError: _engine_gone}
"""Exception -> its answer, for an application."""


def from_engine(reply: httpx.Response) -> Response:
    """The engine's answer, its errors named where boto3 looks for the name (the engine only writes a body field)."""
    if reply.status_code >= httpx.codes.BAD_REQUEST:
        body = _object(reply)
        message = str(body.get("Message") or body.get("message") or reply.text)
        return refused(reply.status_code, str(body.get("Type") or "ServiceException"), message)
    return Response(reply.content, status_code=reply.status_code, media_type="application/json")


def _object(reply: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(reply.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
