"""One process of the local stack: started under the leash, its output in a log file, its end noticed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
READY = "ready "
LAST_LINES = 12


class ChildDied(RuntimeError):
    """A process of the stack ended by itself; the message names its log file and quotes its last lines."""


class Child:
    """A running module of ours; it ends with us, even when we are killed."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], log: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self._log = log
        self._url: str | None = None
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scripts.local_aws.processes.leash", module, *arguments],
                stdin=subprocess.PIPE,  # the leash: closes when we end
                stdout=output,
                stderr=output,
                cwd=REPOSITORY,
                env={**environ, **_no_proxy_on_loopback(environ)},
                start_new_session=True,  # Ctrl-C is ours to handle; it must not reach them first
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def url(self, patience_seconds: float = 120) -> str:
        """Wait for the line `ready URL`; returns the URL.

        Raises:
            ChildDied: it ended first, or stayed silent for longer than the patience.
        """
        deadline = time.monotonic() + patience_seconds
        while (url := self._url or self._announced()) is None:
            self.check()
            if time.monotonic() > deadline:
                raise ChildDied(self._story(f"was not ready after {patience_seconds:g} seconds"))
            time.sleep(0.02)
        self._url = url
        return url

    def check(self) -> None:
        """Raise ChildDied if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise ChildDied(self._story(f"ended with signal {-code}" if code < 0 else f"ended with status {code}"))

    def ask_to_stop(self) -> None:
        """SIGTERM; does not wait."""
        if self._process.poll() is None:
            self._process.terminate()

    def stop(self, patience_seconds: float = 5) -> None:
        """SIGTERM, then SIGKILL when the patience is over; returns when it has ended."""
        self.ask_to_stop()
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _announced(self) -> str | None:
        for line in self._lines():
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
        return None

    def _story(self, what: str) -> str:
        quoted = "".join(f"\n    {line}" for line in self._lines()[-LAST_LINES:])
        return f"the {self.name} {what}; its log is {self._log}{' and ends with:' if quoted else ''}{quoted}"

    def _lines(self) -> list[str]:
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()


def _no_proxy_on_loopback(environ: Mapping[str, str]) -> dict[str, str]:
    """A proxy set in the caller's shell must not see the stack's own traffic."""
    kept = environ.get("no_proxy") or environ.get("NO_PROXY")
    value = ",".join(filter(None, [kept, "127.0.0.1,localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}
