"""Who may speak to the console: whoever has the token, from its own page, by its own name."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Around the application: refuses another host's name, another site's page and whoever has no token.

    The host stops a site whose name was pointed at this machine, the origin a page of another site, the token another
    program or user here. Files of the page hold no data and need none.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], token: str) -> None:
        self._app, self._hosts, self._token = app, hosts, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self._refused(scope)
        answer: ASGIApp = JSONResponse({"message": refused}, status_code=403) if refused else self._app
        await answer(scope, receive, guarded)

    def _refused(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return "the console answers to its own address only"
        if origins := headers.getlist("origin"):
            if any(origin.removeprefix("http://") not in self._hosts for origin in origins):
                return "another site's page may not call the console"
        elif headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "another site's page may not call the console"
        if scope["path"].startswith("/api/") and not self._knows(headers, scope):
            return "the token is missing or wrong: open the address that the command printed"
        return None

    def _knows(self, headers: Headers, scope: Scope) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if not given:  # an EventSource sends no header of its own
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())
