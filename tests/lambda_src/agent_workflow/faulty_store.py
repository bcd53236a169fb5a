"""A loopback S3 that breaks as told: one entry of `faults` per request, then it works."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

CODES = {503: "SlowDown", 403: "AccessDenied"}


class FaultyStore:
    """Keeps objects by path; `faults` holds a status, or `cut`, which breaks a body off, or `reset`."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.faults: dict[str, list[int | str]] = {"GET": [], "PUT": []}
        self.asked: list[str] = []


def _handler(store: FaultyStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not self._broken(b""):
                store.objects[self.path] = body
                self._send(200, b"")

        def do_GET(self) -> None:
            body = store.objects.get(self.path, b"")
            if not self._broken(body):
                self._send(200, body)

        def _broken(self, body: bytes) -> bool:
            store.asked.append(self.command)
            left = store.faults[self.command]
            fault = left.pop(0) if left else None
            if isinstance(fault, int):
                self._send(fault, f"<Error><Code>{CODES[fault]}</Code><Message>no</Message></Error>".encode())
            elif fault == "cut":
                self._send(200, body[: len(body) // 2], len(body))
            self.close_connection = isinstance(fault, str)
            return fault is not None

        def _send(self, status: int, body: bytes, length: int | None = None) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def faulty_store() -> Iterator[tuple[FaultyStore, str]]:
    """The store and its URL."""
    store = FaultyStore()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield store, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
