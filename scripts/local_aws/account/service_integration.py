"""API Gateway's service integration as AWS documents it: what goes to the service, what goes back. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import airspeed  # type: ignore[import-untyped]

JSON = "application/json"
REQUEST = "integration.request."
HEADER = "integration.response.header."


@dataclass(frozen=True)
class Call:
    """A caller's request, as the method has received it."""

    headers: Mapping[str, str] = field(default_factory=dict)
    querystring: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def parameter(self, source: str) -> str | None:
        """What "method.request.header.X" or "'fixed'" stands for; None when the caller did not send it."""
        if source.startswith("'"):
            return source.strip("'")
        place, _, name = source.removeprefix("method.request.").partition(".")
        if place == "header":
            return _insensitive(self.headers, name)
        return (self.path if place == "path" else self.querystring).get(name)


@dataclass(frozen=True)
class ServiceRequest:
    """What the service is asked; the path is percent-encoded."""

    method: str
    path: str
    querystring: Mapping[str, str]
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    headers: Mapping[str, str]
    body: str


def request(integration: Mapping[str, Any], call: Call) -> ServiceRequest:
    """Map the parameters, render the template, apply its overrides, fill the path."""
    mapped: dict[str, dict[str, str]] = {"path": {}, "querystring": {}, "header": {}}
    for destination, source in (integration.get("requestParameters") or {}).items():
        place, _, name = destination.removeprefix(REQUEST).partition(".")
        value = call.parameter(source)
        if value is not None:
            mapped[place][name] = value
    overrides: dict[str, dict[str, str]] = {"path": {}, "querystring": {}, "header": {}}
    template = (integration.get("requestTemplates") or {}).get(JSON, "")
    body = _render(template, _Input(call.body, call), {"requestOverride": overrides})
    for place, values in overrides.items():
        mapped[place].update(values)
    path = "/" + integration["uri"].split(":", 5)[5].removeprefix("path/")
    for name, value in mapped["path"].items():
        path = path.replace("{" + name + "}", value)
    verb = integration.get("httpMethod") or integration.get("integrationHttpMethod")
    return ServiceRequest(str(verb), path, mapped["querystring"], mapped["header"], body)


def answer(integration: Mapping[str, Any], reply: Reply) -> Reply:
    """Choose the integration response by the service's status code, map its headers, render its body."""
    chosen = _chosen(list((integration.get("integrationResponses") or {}).values()), reply.status)
    if chosen is None:
        return Reply(500, {"Content-Type": JSON}, '{"message": "Internal server error"}')
    headers = {"Content-Type": JSON}
    for destination, source in (chosen.get("responseParameters") or {}).items():
        value = _insensitive(reply.headers, source.removeprefix(HEADER))
        if value is not None:
            headers[destination.removeprefix("method.response.header.")] = value
    template = (chosen.get("responseTemplates") or {}).get(JSON, "")
    return Reply(int(chosen["statusCode"]), headers, _render(template, _Input(reply.body, Call()), {}))


def _chosen(responses: list[Mapping[str, Any]], status: int) -> Mapping[str, Any] | None:
    matching = [one for one in responses if re.fullmatch(one.get("selectionPattern") or "(?!)", str(status))]
    default = [one for one in responses if not one.get("selectionPattern")]
    return next(iter(matching + default), None)


def _render(template: str, given: _Input, context: Mapping[str, Any]) -> str:
    return str(airspeed.Template(template).merge({"input": given, "util": _Util(), "context": context}))


def _insensitive(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


class _Input:
    """The templates' $input."""

    def __init__(self, body: str, call: Call) -> None:
        self.body = body
        self._call = call

    def params(self, name: str) -> str:
        """A parameter of the request: of its path, its query, its headers, in this order."""
        found = self._call.path.get(name, self._call.querystring.get(name))
        return found if found is not None else _insensitive(self._call.headers, name) or ""

    def path(self, expression: str) -> Any:
        """What a JSONPath of names finds; None for nothing."""
        found = json.loads(self.body or "{}")
        for name in expression.removeprefix("$").strip(".").split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def json(self, expression: str) -> str:
        """The same as JSON; API Gateway writes an empty text for nothing."""
        found = self.path(expression)
        return json.dumps("" if found is None else found)


class _Util:
    """The templates' $util, under the names that they use."""

    urlEncode = staticmethod(lambda text: quote(text, safe=""))  # noqa: N815
    urlDecode = staticmethod(unquote)  # noqa: N815
