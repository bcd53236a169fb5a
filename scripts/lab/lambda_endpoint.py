"""The local Lambda endpoint whose kill rules can be changed while it runs, so that one stack serves a whole sweep.

    python -m scripts.lab.lambda_endpoint ... (the options of scripts.local.lambda_endpoint)

`PUT /_local/kill-rules` takes a list of rules (scripts/local/lambda_service/kill_rules.py); it replaces the last one.
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scripts.local import lambda_endpoint
from scripts.local.lambda_service.kill_rules import KillRules
from scripts.local.loopback import listen, serve


class ChangeableRules(KillRules):
    """Kill rules of the point that is being tried."""

    def replace(self, document: Any) -> None:
        """Forget every rule and take up those of the document.

        Raises:
            ValueError: as KillRules.parse.
        """
        self._rules = list(KillRules.parse(document)._rules)  # noqa: SLF001  (a parsed list offers nothing else)


def application(options: Any, url: str) -> Starlette:
    """The local Lambda endpoint with one more route."""
    rules = ChangeableRules()
    options.kill_rules = rules
    app = lambda_endpoint.application(options, url)

    async def change(request: Request) -> Response:
        rules.replace(await request.json())
        return Response(status_code=204)

    app.router.routes.insert(0, Route("/_local/kill-rules", change, methods=["PUT"]))
    return app


def main() -> None:
    """Serve until SIGTERM."""
    options = lambda_endpoint._options()  # noqa: SLF001  (the very same command line)
    listener, url = listen(options.port)
    serve(application(options, url), listener, url)


if __name__ == "__main__":
    main()
