"""The services and the web site that the readers reach over HTTP; each call is seen here, and held if it is to die."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from scripts.crash_lab.agents.sources.texts import PAGE, PAGE_TITLE, PASSAGE, PASSAGE_URL, SEARCH_URL, SEARCHED
from scripts.crash_lab.agents.sources.witness import Witness
from scripts.crash_lab.world.database import PASSWORD, USER
from scripts.local_aws.certificates import HOST

HTML = f"<html><head><title>{PAGE_TITLE}</title></head><body><nav>home</nav><p>{PAGE}</p></body></html>"


class Endpoint(ThreadingHTTPServer):
    """One server; its clients die in the middle of a call, which is nothing to talk about."""

    daemon_threads = True

    def __init__(self, witness: Witness, tls: ssl.SSLContext | None = None) -> None:
        self.witness = witness
        super().__init__((HOST, 0), Answers)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, *_: Any) -> None:
        """Nothing."""


class Answers(BaseHTTPRequestHandler):
    """AgentCore's web search, Bedrock's Retrieve and Secrets Manager by POST, the site by GET."""

    server: Endpoint

    def do_POST(self) -> None:
        """Answer a service's call."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.startswith("/web-search/"):
            self.server.witness.saw(f"search_web:{asked['searchQuery']}")
            self._put(json.dumps({"results": [{"title": "Mills", "url": SEARCH_URL, "text": SEARCHED}]}))
        elif self.path.endswith("/retrieve"):
            self.server.witness.saw(f"search_knowledge_base:{asked['retrievalQuery']['text']}")
            found = {"content": {"text": PASSAGE}, "location": {"type": "S3", "s3Location": {"uri": PASSAGE_URL}}}
            self._put(json.dumps({"retrievalResults": [found]}))
        else:  # the database's secret, which is part of its call
            self._put(json.dumps({"SecretString": json.dumps({"username": USER, "password": PASSWORD})}))

    def do_GET(self) -> None:
        """Answer a reader of the site, which has no robots.txt."""
        if self.path == "/robots.txt":
            self._put("", status=404)
            return
        self.server.witness.saw(f"fetch_page:{self.path}")
        self._put(HTML, kind="text/html; charset=utf-8")

    def _put(self, text: str, *, status: int = 200, kind: str = "application/json") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: a line a request would drown the command."""


@contextmanager
def answering(endpoint: Endpoint) -> Iterator[int]:
    """Serve until the block ends; yields the port."""
    thread = Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield endpoint.server_address[1]
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join(5)
