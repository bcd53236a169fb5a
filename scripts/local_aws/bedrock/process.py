"""The Bedrock endpoint as a process of its own."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from scripts.local_aws.processes.child import Child
from scripts.local_aws.processes.children import Children
from scripts.local_aws.processes.journal import Follower

ENDED = frozenset({"finished", "failed", "disconnected"})
PATIENCE_SECONDS = 10.0


def bedrock_endpoint(children: Children, calls: Path, model: Sequence[str]) -> Child:
    """Start it as one of `children`.

    Args:
        children: it ends with them.
        calls: the file that it appends an event line a call to.
        model: arguments that say who answers: ("--script", "FILE"), or () for its bundled model.
    """
    return children.start("Bedrock endpoint", "scripts.local_aws.bedrock.endpoint", ["--calls", str(calls), *model])


class ScriptedBedrock:
    """Context manager: an endpoint runs inside that takes a script at a time and hands back what it served.

    `folder`: where its script, calls file and log go; exists.
    """

    def __init__(self, folder: Path) -> None:
        self.calls = folder / "calls.jsonl"
        self._folder = folder
        self._lines = Follower(self.calls)
        self._children = Children(folder)

    def __enter__(self) -> Self:
        script = self._folder / "script.json"
        script.write_text("{}", encoding="utf-8")
        with ExitStack() as starting:
            starting.enter_context(self._children)
            self.url = bedrock_endpoint(self._children, self.calls, ("--script", str(script))).url()
            starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._children.stop()

    def check(self) -> None:
        """Raise ChildDied if it has ended."""
        self._children.check()

    def answer_from(self, script: Mapping[str, Any]) -> None:
        """Answer from `script` from now on, its faults unused; what was served before is forgotten.

        Raises:
            OSError: the endpoint refused the script, or is gone.
        """
        without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        body = json.dumps(script).encode()
        without_proxy.open(f"{self.url}/_local/script", data=body, timeout=PATIENCE_SECONDS).close()
        self._lines.new_lines()

    def served_lines(self) -> list[dict[str, Any]]:
        """Lines of the calls file since `answer_from`, once every call that was started has ended.

        Raises:
            TimeoutError: a call is still open.
        """
        lines = self._lines.new_lines()
        deadline = time.monotonic() + PATIENCE_SECONDS
        # a client has the last byte of a reply a moment before the endpoint has written that it sent it
        while sum(line["event"] == "started" for line in lines) > sum(line["event"] in ENDED for line in lines):
            if time.monotonic() > deadline:
                raise TimeoutError("a model call has not ended")
            time.sleep(0.01)
            lines += self._lines.new_lines()
        return lines
