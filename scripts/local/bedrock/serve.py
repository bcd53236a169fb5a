"""Runs the endpoint on a loopback port: as a process until a signal, or in a thread for a test."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from scripts.local.bedrock.app import build_app
from scripts.local.bedrock.calls import CallsLog
from scripts.local.bedrock.pieces import Backend

HOST = "127.0.0.1"
_START_SECONDS = 10
_PARENT_CHECK_SECONDS = 1


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 picks a free one.

    Raises:
        ValueError: The port is taken, not allowed or no port number.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError) as refused:
        listener.close()
        raise ValueError(f"cannot listen on {HOST} port {port}: {getattr(refused, 'strerror', refused)}") from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Where clients reach the socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which ends the process by the signal instead of with exit code 0."""

    def __init__(self, app: Starlette) -> None:
        # a pooled boto3 connection must not be closed under the client's next request: an hour of keep-alive
        silent = uvicorn.Config(
            app,
            lifespan="off",
            timeout_keep_alive=3600,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        super().__init__(silent)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self, *_: Any) -> None:
        self.should_exit = self.force_exit = True


def serve_until_signal(app: Starlette, listener: socket.socket, *, with_parent: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then return at once, open calls cut off.

    `with_parent`: also stop when the process that started this one is gone. Default: keep serving.
    """
    _quiet_dropped_connections()
    server = _Server(app)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, server.stop)
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(server, os.getppid()), daemon=True).start()
    server.run(sockets=[listener])


@contextmanager
def serving(backend: Backend, calls: CallsLog | None = None) -> Iterator[str]:
    """Serve `backend` from a thread of this process and yield the URL; stops when the block ends."""
    _quiet_dropped_connections()
    listener = listen(0)
    server = _Server(build_app(backend, calls or CallsLog()))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield url_of(listener)  # the socket already listens: a request sent now waits for the thread to come up
    finally:
        server.stop()
        thread.join(_START_SECONDS)
        listener.close()


def _stop_with_parent(server: _Server, parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    server.stop()


def _quiet_dropped_connections() -> None:
    """A scripted disconnect is a reply left unfinished on purpose; uvicorn's complaint about it says nothing."""
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: "without completing response" not in record.getMessage(),
    )
