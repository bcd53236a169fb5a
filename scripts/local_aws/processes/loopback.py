"""Serves an ASGI application on a loopback port: as a process until a signal, or in a thread for a test."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"
_STOP_SECONDS = 10


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 picks a free one.

    Raises:
        ValueError: The port is taken, not allowed or no port number.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(256)
    except (OSError, OverflowError) as refused:
        listener.close()
        raise port_refused(port, refused) from None
    return listener


def port_refused(port: int, refused: Exception) -> ValueError:
    """Why the port cannot be had."""
    return ValueError(f"cannot listen on {HOST} port {port}: {getattr(refused, 'strerror', refused)}")


def url_of(listener: socket.socket) -> str:
    """Where clients reach the socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def serve_until_signal(
    app: Starlette, listener: socket.socket, *, grace_seconds: int = 0, announced: bool = True
) -> None:
    """Say `ready URL`, serve until SIGTERM or SIGINT, then return.

    Args:
        app: its lifespan is run if there is a grace.
        listener: from `listen`.
        grace_seconds: what open calls get before they are cut off. Default: none, they are cut off at once.
        announced: whether it says so. Default: it does.
    """
    server = _Server(app, announced=announced, grace_seconds=grace_seconds)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, server.stop)
    server.run(sockets=[listener])


@contextmanager
def serving_app(app: Starlette, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve from a thread of this process and yield the URL; stops when the block ends.

    Args:
        app: the application.
        listener: from `listen`. Default: on a free port.
    """
    listener = listener or listen(0)
    server = _Server(app, announced=False, grace_seconds=0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield url_of(listener)  # the socket already listens: a request sent now waits for the thread to come up
    finally:
        server.stop()
        thread.join(_STOP_SECONDS)
        listener.close()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process by the signal instead of with exit code 0."""

    def __init__(self, app: Starlette, *, announced: bool, grace_seconds: int) -> None:
        # a pooled boto3 connection must not be closed under the client's next request: an hour of keep-alive
        silent = uvicorn.Config(
            app,
            lifespan="auto" if grace_seconds else "off",
            timeout_graceful_shutdown=grace_seconds or None,
            timeout_keep_alive=3600,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        super().__init__(silent)
        self._announced = announced
        self._at_once = not grace_seconds
        # replies left unfinished on purpose, by a script or by a signal, are no errors to report
        logging.getLogger("uvicorn.error").addFilter(_not_cut_off)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._announced and sockets:
            print(f"ready {url_of(sockets[0])}", flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self, *_: Any) -> None:
        self.should_exit = True
        self.force_exit = self._at_once


def _not_cut_off(record: logging.LogRecord) -> bool:
    cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and "without completing response" not in record.getMessage()
