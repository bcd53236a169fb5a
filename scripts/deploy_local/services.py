"""What a local deployment needs running: the durable engine, the Bedrock endpoint, the emulated account."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.local_aws.account.environment import emulator_environment
from scripts.local_aws.bedrock.process import bedrock_endpoint
from scripts.local_aws.functions.engine_client import invoke_handlers_at
from scripts.local_aws.processes.children import Children


class Services:
    """Runs from start() until stop() or the end of the block that it is used in.

    Args:
        folder: where logs, the SQLite store and calls.jsonl go; exists. `temporary` in it goes with the processes.
        model: arguments of the Bedrock endpoint.
        emulator_python: the interpreter of MiniStack's venv.
    """

    def __init__(self, folder: Path, model: Sequence[str], emulator_python: Path) -> None:
        self.calls = folder / "calls.jsonl"
        self.url = ""
        self.engine_url = ""
        self.emulator_url = ""
        self.temporary = folder / "tmp"
        self._folder = folder
        self._model = model
        self._python = emulator_python
        self._types = folder / "resource-types.json"
        self._children = Children(folder)

    def start(self) -> Self:
        """Start every process and wait until all serve; none is left when one fails.

        Raises:
            ChildDied: one ended instead.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def resource_types(self) -> frozenset[str]:
        """The CloudFormation types that the emulator can create."""
        return frozenset(json.loads(self._types.read_text(encoding="utf-8")))

    def check(self) -> None:
        """Raise ChildDied if one of the processes has ended."""
        self._children.check()

    def stop(self) -> None:
        """End every process, the functions' with the emulator, and remove what they unpacked."""
        self._children.stop()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def _start(self) -> None:
        self.temporary.mkdir()
        store = str(self._folder / "executions.sqlite")
        engine = self._children.start("durable engine", "scripts.local_aws.functions.engine", ["--store", store])
        bedrock = bedrock_endpoint(self._children, self.calls, self._model)
        environment = emulator_environment(
            os.environ, folder=self.temporary, engine_url=engine.url(), bedrock_url=bedrock.url()
        )
        arguments = ["--python", str(self._python), "--types", str(self._types)]
        emulator = self._children.start("emulator", "scripts.local_aws.account.emulator", arguments, environment)
        self.engine_url, self.emulator_url = engine.url(), emulator.url()
        arguments = ["--engine-url", self.engine_url, "--emulator-url", self.emulator_url]
        arguments += ["--events", str(self._folder / "events.jsonl")]
        self.url = self._children.start("account endpoint", "scripts.local_aws.account.front", arguments).url()
        invoke_handlers_at(self.engine_url, self.url)
