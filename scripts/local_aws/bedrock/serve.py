"""Runs the endpoint on a loopback port: as a process until a signal, or in a thread for a test."""

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

from scripts.local_aws.bedrock.app import build_app
from scripts.local_aws.bedrock.calls import CallsLog
from scripts.local_aws.bedrock.pieces import Backend

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


def serve_until_signal(app: Starlette, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then return at once, open calls cut off."""
    _quiet_cut_off_replies()
    server = _Server(app)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, server.stop)
    server.run(sockets=[listener])


@contextmanager
def serving(backend: Backend, calls: CallsLog | None = None) -> Iterator[str]:
    """Serve `backend` from a thread of this process and yield the URL; stops when the block ends."""
    with serving_app(build_app(backend, calls or CallsLog())) as url:
        yield url


@contextmanager
def serving_app(app: Starlette) -> Iterator[str]:
    """The same for any app."""
    _quiet_cut_off_replies()
    listener = listen(0)
    server = _Server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield url_of(listener)  # the socket already listens: a request sent now waits for the thread to come up
    finally:
        server.stop()
        thread.join(_STOP_SECONDS)
        listener.close()


def _quiet_cut_off_replies() -> None:
    """Replies left unfinished on purpose, by a script or by a signal, are no errors to tell about."""
    logging.getLogger("uvicorn.error").addFilter(_not_cut_off)


def _not_cut_off(record: logging.LogRecord) -> bool:
    cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and "without completing response" not in record.getMessage()
