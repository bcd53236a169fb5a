"""The run in the browser: the operator's console over the local stack, open as long as somebody looks."""

from __future__ import annotations

import signal
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.console.display import PlainDisplay
from scripts.console.ending import catch_stops
from scripts.operate.console_page.command import address_of, serving_console
from scripts.operate.place import Place


class Page:
    """The console of one run."""

    def __init__(self, address: str, display: PlainDisplay) -> None:
        self._address, self._display = address, display

    def open(self, execution: str) -> None:
        """Show an execution to whoever sits there; its address is said to everybody."""
        address = address_of(self._address, execution)
        self._display.note(time.time(), f"watch it: {address}")
        if sys.stderr.isatty():
            webbrowser.open(address)

    def stay(self) -> None:
        """Until Ctrl-C, where somebody is there to press it: a pipe must end with the run."""
        if not sys.stderr.isatty():
            return
        self._display.note(time.time(), "it has ended; the page stays until Ctrl-C, then the report is printed here")
        try:
            signal.pause()
        except KeyboardInterrupt:
            catch_stops()


@contextmanager
def watched(lambda_url: str, display: PlainDisplay) -> Iterator[Page]:
    """Serve the console over a local stack."""
    with serving_console(Place(endpoint_url=lambda_url)) as address:
        yield Page(address, display)
