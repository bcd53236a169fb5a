"""A tool of the lab's own, and the lab's hands in the function's process, where no server sees a call.

The documents are read in this process, so their calls are witnessed here. The lab's web site has a public address, as
the guard of `fetch_page` wants it; only the last step, the connection, is led to loopback.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strands import tool

from research_tools.documents.index import Index

sys.path.insert(0, str(Path(__file__).parent))

from texts import SITE  # type: ignore[import-not-found]
from witness import Witness  # type: ignore[import-not-found]

PUBLIC = "93.184.216.34"
WITNESS = Witness(Path(os.environ["LAB_WITNESS"]).parent)


@tool
def count_words(text: str) -> str:
    """Count the words of a text.

    Args:
        text: The text.
    """
    WITNESS.saw(f"count_words:{text}")
    return f"{len(text.split())} words"


def _witnessed(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def called(index: Index, what: str, *more: Any) -> Any:
        WITNESS.saw(f"{name}:{what}")
        return method(index, what, *more)

    return called


def _resolved(host: Any, *more: Any, **others: Any) -> Any:
    return _resolve(PUBLIC if host == SITE else host, *more, **others)


def _connected(self: socket.socket, address: Any) -> None:
    _connect(self, ("127.0.0.1", int(os.environ["LAB_SITE_PORT"])) if address == (PUBLIC, 443) else address)


if socket.getaddrinfo.__name__ != _resolved.__name__:  # a process imports this file more than once
    _resolve, _connect = socket.getaddrinfo, socket.socket.connect
    socket.getaddrinfo = _resolved
    socket.socket.connect = _connected  # type: ignore[assignment, method-assign]
    Index.search = _witnessed("search_documents", Index.search)  # type: ignore[method-assign]
    Index.read = _witnessed("read_document", Index.read)  # type: ignore[method-assign]
