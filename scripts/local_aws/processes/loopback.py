"""Serving an ASGI application on loopback until SIGTERM, with one `ready URL` line for whoever started it."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"


def listen(port: int) -> tuple[socket.socket, str]:
    """A listening socket on 127.0.0.1 and its URL; 0 picks a free port. A taken port ends the process with status 2."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        sys.exit(port_refused(port, error))
    listener.listen(256)
    return listener, f"http://{HOST}:{listener.getsockname()[1]}"


def port_refused(port: int, error: OSError) -> int:
    """Say why the port cannot be had; returns the exit status 2."""
    print(f"port {port} on {HOST} cannot be used: {error.strerror}", file=sys.stderr)
    return 2


def serve(application: Starlette, listener: socket.socket, url: str) -> None:
    """Serve until SIGTERM or SIGINT; open connections get two seconds."""
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=3600,  # closing an idle pooled connection would race with the client's next request
    )
    asyncio.run(_AnnouncingServer(config, url).serve(sockets=[listener]))


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"ready {self._url}", flush=True)
