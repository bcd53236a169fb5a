"""The lab's local stack: engine, scripted model and Lambda endpoint, started once and used for many points."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import boto3
import httpx
from botocore.config import Config

from scripts.lab import scenario
from scripts.local.child import REPOSITORY, Child

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

FUNCTION_NAME = "crash-lab"
ALIAS = "live"
CRASH_RETRY_SECONDS = 0.2
"""Pause of the engine before it invokes a crashed function again; 5 by itself."""


class LabStack:
    """Context manager: three processes run inside, none outside. One execution at a time.

    events, calls: what the Lambda endpoint and the Bedrock endpoint write down.
    witness, outbox: what the tools write down.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.events, self.calls = folder / "events.jsonl", folder / "calls.jsonl"
        self.witness, self.outbox = folder / "witness.jsonl", folder / "outbox.jsonl"
        self._hold = folder / "hold"
        self._folder = folder
        self._environment = environment
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(self) -> LambdaClient:
        """A boto3 `lambda` client on the Lambda endpoint."""
        return boto3.client(
            "lambda",
            endpoint_url=self._lambda_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  (nothing on loopback checks it)
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60, proxies={}),
        )

    def prepare(self, *, script: dict[str, Any], kill_rules: list[dict[str, Any]], hold: str | None) -> None:
        """Set the stage for the next execution.

        Args:
            script: what the model says; its faults are unused again.
            kill_rules: when the Lambda endpoint kills.
            hold: witness of the tool call that must not finish until `let_go`; None holds none.
        """
        self._http.post(f"{self._bedrock_url}/_local/script", json=script).raise_for_status()
        self._http.put(f"{self._lambda_url}/_local/kill-rules", json=kill_rules).raise_for_status()
        self.let_go()
        if hold is not None:
            self._hold.write_text(hold, encoding="utf-8")

    def let_go(self) -> None:
        """No tool call is held any longer."""
        self._hold.unlink(missing_ok=True)

    def check(self) -> None:
        """Raise ChildDied if one of the processes has ended."""
        for child in self._children:
            child.check()

    def stop(self) -> None:
        """End the three processes; function processes end with the Lambda endpoint."""
        for child in self._children:
            child.ask_to_stop()
        while self._children:
            self._children.pop().stop()

    def _start(self) -> None:
        script = self._folder / "script.json"
        script.write_text(json.dumps(scenario.script()), encoding="utf-8")
        engine = self._child(
            "scripts.local.engine",
            ("--store", self._folder / "executions.sqlite", "--crash-retry-seconds", CRASH_RETRY_SECONDS),
        )
        bedrock = self._child("scripts.local.bedrock_endpoint", ("--calls", self.calls, "--script", script))
        self._bedrock_url = bedrock.url()
        self._lambda_url = self._child("scripts.lab.lambda_endpoint", self._lambda_options(engine.url())).url()
        self._http = httpx.Client(trust_env=False, timeout=10)

    def _lambda_options(self, engine_url: str) -> tuple[object, ...]:
        function = ("--function-root", REPOSITORY / "lambda_src", "--handler", "handler.lambda_handler")
        files = ("--log-dir", self._folder, "--events", self.events, "--calls", self.calls)
        return ("--engine-url", engine_url, *function, *files, "--timeout-seconds", 60)

    def _child(self, module: str, options: tuple[object, ...]) -> Child:
        environ = {**os.environ, **self._environment, **self._files()}
        if module.endswith("lambda_endpoint"):
            environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = self._bedrock_url
        name = module.rpartition(".")[2].replace("_", " ")
        child = Child(name, module, [str(option) for option in options], self._folder / f"{name}.log", environ)
        self._children.append(child)
        return child

    def _files(self) -> dict[str, str]:
        return {"LAB_WITNESS": str(self.witness), "LAB_OUTBOX": str(self.outbox), "LAB_HOLD": str(self._hold)}
