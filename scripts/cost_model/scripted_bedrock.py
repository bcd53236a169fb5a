"""The scripted Bedrock endpoint as a process of its own: takes a script per run, hands back what it served."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from scripts.cost_model.witness import ENDED
from scripts.local_aws.processes.child import Child
from scripts.local_aws.processes.journal import Follower

PATIENCE_SECONDS = 10.0


class ScriptedBedrock:
    """Context manager: the endpoint runs inside, on loopback.

    `folder`: where its script, calls file and log go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls = Follower(folder / "calls.jsonl")

    def __enter__(self) -> Self:
        script = self._folder / "script.json"
        script.write_text("{}", encoding="utf-8")
        arguments = ["--script", str(script), "--calls", str(self._folder / "calls.jsonl")]
        log = self._folder / "bedrock-endpoint.log"
        self._child = Child("Bedrock endpoint", "scripts.local_aws.bedrock.endpoint", arguments, log, os.environ)
        try:
            self.url = self._child.url()
        except BaseException:
            self._child.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def answer_from(self, script: Mapping[str, Any]) -> None:
        """Answer from `script` from now on; what was served before is forgotten.

        Raises:
            OSError: the endpoint refused the script, or is gone.
        """
        body = json.dumps(script).encode()
        urllib.request.urlopen(f"{self.url}/_local/script", data=body, timeout=PATIENCE_SECONDS).close()
        self._calls.new_lines()

    def served_lines(self) -> list[dict[str, Any]]:
        """Lines of the calls file since `answer_from`, once every call that was started has ended.

        Raises:
            TimeoutError: a call is still open.
        """
        lines = self._calls.new_lines()
        deadline = time.monotonic() + PATIENCE_SECONDS
        # a client has the last byte of a reply a moment before the endpoint has written that it sent it
        while sum(line["event"] == "started" for line in lines) > sum(line["event"] in ENDED for line in lines):
            if time.monotonic() > deadline:
                raise TimeoutError("a model call has not ended")
            time.sleep(0.01)
            lines += self._calls.new_lines()
        return lines
