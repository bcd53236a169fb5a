"""The lab's local stack: started once; each execution has its own replies and its own place where the process dies."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from scripts.crash_lab.scenario import Scenario
from scripts.local_aws.bedrock.process import ScriptedBedrock
from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.stack import LocalStack, StackSettings
from scripts.local_aws.topic import Topic

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

INVOCATION_SECONDS = 60
PACKAGED_FLOW = REPOSITORY / "lambda_src" / "agents" / "flow.py"
CRASH_RETRY_SECONDS = 0.2
"""Pause of the engine before it invokes a crashed function again; 5 by itself."""


class LabStack:
    """Context manager: everything runs inside, nothing outside. One execution of one scenario at a time.

    events, calls: what the Lambda endpoint and the Bedrock endpoint write down.
    witness, outbox: what the tools write down: their acts, and the callbacks that they wait for.
    topic: where people are told of reviews.
    """

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self.scenario = scenario
        self.calls = folder / "calls.jsonl"
        self.witness, self.outbox = folder / "witness.jsonl", folder / "outbox.jsonl"
        self.events = folder / "events.jsonl"
        self._hold = folder / "hold"
        self._folder = folder
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as running:
            agents = self._agents()
            world = self.scenario.world
            leading = running.enter_context(world(self._folder)) if world else {}
            self._bedrock = running.enter_context(ScriptedBedrock(self._folder))
            self.topic = running.enter_context(Topic())
            self._stack = running.enter_context(LocalStack(self._settings(agents, leading)))
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def client(self) -> LambdaClient:
        """A boto3 `lambda` client on the Lambda endpoint."""
        return self._stack.client()

    def prepare(self, *, script: Any, kill_rules: Sequence[Mapping[str, Any]], hold: str | None) -> None:
        """Set the stage for the next execution.

        Args:
            script: what the model says; its faults are unused again.
            kill_rules: when the Lambda endpoint kills.
            hold: witness of the tool call that must not finish until `let_go`; None holds none.
        """
        self._bedrock.answer_from(script)
        self._stack.replace_kill_rules(kill_rules)
        self.let_go()
        if hold is not None:
            self._hold.write_text(hold, encoding="utf-8")

    def let_go(self) -> None:
        """No tool call is held any longer."""
        self._hold.unlink(missing_ok=True)

    def check(self) -> None:
        """Raise ChildDied if one of the processes has ended."""
        self._bedrock.check()
        self._stack.check()

    def _agents(self) -> Path:
        folder = self._folder / "agents"
        shutil.copytree(self.scenario.agents_folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
        if self.scenario.packaged_flow:
            shutil.copy(PACKAGED_FLOW, folder)
        return folder

    def _settings(self, agents: Path, leading: Mapping[str, str]) -> StackSettings:
        files = {"LAB_WITNESS": self.witness, "LAB_OUTBOX": self.outbox, "LAB_HOLD": self._hold}
        return StackSettings(
            folder=self._folder,
            environment={
                **self.scenario.variables(),
                **self.topic.environment,
                **leading,
                "AGENTS_FOLDER": str(agents),
                **{name: str(file) for name, file in files.items()},
                "MODEL_USUAL_SECONDS": "1",  # a call that is put off is an operation more, and no two sweeps were alike
                # an endpoint of the lab's own: its script is replaced for every execution
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self._bedrock.url,
            },
            timeout_seconds=INVOCATION_SECONDS,
            crash_retry_seconds=CRASH_RETRY_SECONDS,
        )
