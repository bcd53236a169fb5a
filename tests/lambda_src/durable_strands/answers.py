"""A model service on loopback that gives one answer to every request, byte for byte, and counts them."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripts.local_aws.bedrock.wire import event_frame, frame

STATUS_WORDS = {200: "OK", 529: "Overloaded"}


@dataclass
class Service:
    """Where it listens, and how many requests came."""

    answers: list[bytes]
    url: str = ""
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> bytes:
        with self.lock:
            self.requests += 1
            return self.answers[min(self.requests, len(self.answers)) - 1]


def answer(status: int, body: str | bytes = "", kind: str = "application/json", *, length: int | None = None) -> bytes:
    """One HTTP answer; `length` claims another size than the body has, `-1` none: it ends with the connection."""
    payload = body.encode() if isinstance(body, str) else body
    size = "" if length == -1 else f"content-length: {len(payload) if length is None else length}\r\n"
    head = (
        f"HTTP/1.1 {status} {STATUS_WORDS.get(status, 'x')}\r\ncontent-type: {kind}\r\n{size}connection: close\r\n\r\n"
    )
    return head.encode() + payload


def bedrock_stream(*frames: bytes) -> bytes:
    return answer(200, b"".join(frames), "application/vnd.amazon.eventstream")


def error_frame(code: str) -> bytes:
    """An unmodelled error inside a stream, as the protocol allows it at any moment."""
    return frame({":message-type": "error", ":error-code": code, ":error-message": "x"}, b"")


BEGUN = (
    event_frame("messageStart", {"role": "assistant"}),
    event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "half of"}}),
)


def ended(reason: str) -> tuple[bytes, ...]:
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    return (
        event_frame("contentBlockStop", {"contentBlockIndex": 0}),
        event_frame("messageStop", {"stopReason": reason}),
        event_frame("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}),
    )


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    service: Service


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        size = 0
        first = self.rfile.readline()
        if not first:
            return
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        self.rfile.read(size)
        assert isinstance(self.server, _Server)
        content = self.server.service.next()
        if not content:  # nothing at all: the connection is reset
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.write(content)


@contextmanager
def service(*answers: bytes) -> Iterator[Service]:
    """Answers the requests in turn, the last one for ever."""
    told = Service(list(answers))
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.service = told
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
