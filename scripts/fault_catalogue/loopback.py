"""HTTP servers on loopback that can break a connection in every way a network does."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SILENCE_SECONDS = 20
"""Longest that a stalled answer holds its connection; every client here gives up long before."""


@dataclass(frozen=True)
class Answer:
    """What is put on the wire for one request.

    Attributes:
        status: HTTP status; None: the connection is reset without an answer.
        body: the bytes.
        headers: beside length and connection.
        whole: whether the body comes to the end that its headers announce.
        stalls: whether the rest is silence instead of an end.
    """

    status: int | None = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    whole: bool = True
    stalls: bool = False


class Quiet(ThreadingHTTPServer):
    """A server whose clients may vanish without a line about it."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Nothing: connections break here on purpose."""


class Handler(BaseHTTPRequestHandler):
    """One request per connection, so that a fault of a connection is a fault of one request."""

    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """What the client sent."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def do_POST(self) -> None:
        """Whatever the method: `asked` knows which."""
        self.asked()

    do_GET = do_PUT = do_CONNECT = do_POST  # noqa: N815 - the names that http.server looks for

    def asked(self) -> None:
        """Answer one request."""
        raise NotImplementedError

    def put(self, answer: Answer) -> None:
        """Send the answer as far as it goes."""
        self.close_connection = True
        if answer.status is None:
            reset(self.connection)
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        # chunked: a cut is then seen as one, as with Bedrock, S3 and Lambda
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        if answer.body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(answer.body), answer.body))
        if answer.stalls:
            self.connection.settimeout(SILENCE_SECONDS)
            with suppress(OSError):
                self.connection.recv(1)  # returns when the client has given up
        elif answer.whole:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Nothing: a line a request would drown the command."""


def reset(connection: socket.socket) -> None:
    """End a connection by RST, as a crashed peer or a firewall does."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """Serve until the block ends; yields host and port."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
