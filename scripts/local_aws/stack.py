"""The local stack: durable engine, Bedrock endpoint and Lambda endpoint as processes of their own, ended together."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from scripts.local_aws.bedrock.process import bedrock_endpoint
from scripts.local_aws.processes.callers_profile import session_without_profile, without_profile
from scripts.local_aws.processes.child import REPOSITORY, Child
from scripts.local_aws.processes.children import Children

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

FUNCTION_NAME = "durable-agent-pipeline"
ALIAS = "live"


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """What to run.

    folder: where logs, the SQLite store, events.jsonl and calls.jsonl go; made if missing.
    model: arguments of the Bedrock endpoint that say who answers: ("--script", "FILE"), or () for its bundled model.
        Default: no such endpoint is started.
    real_credentials: the function keeps the caller's AWS credentials, for real Bedrock. Default: it never sees them.
    function_root, handler: the function. Default: the pipeline's.
    environment: variables added to the function's environment. Default: none.
    engine: module of the durable engine. Default: the local one.
    kill_rules: see kill_rules.py. Default: none.
    timeout_seconds: per invocation. Default: 900, as deployed.
    crash_retry_seconds: pause before a crashed function is invoked again. Default: 1.
    concurrent_invocations: function processes at once, as a concurrency limit on Lambda; more wait. Default: 32.
    skip_time: durable waits and back-offs pass at once. Default: real time.
    in_memory: the engine keeps executions in memory: its store writes each one whole at every checkpoint. Default: in
        the store.
    page_handler: handler of the page on which reviews are answered, at `REVIEW_PAGE_URL`. Default: there is none.
    page_root: its folder. Default: the function's.
    """

    folder: Path
    model: Sequence[str] | None = None
    real_credentials: bool = False
    function_root: Path = REPOSITORY / "lambda_src"
    handler: str = "handler.lambda_handler"
    environment: Mapping[str, str] = field(default_factory=dict)
    engine: str = "scripts.local_aws.functions.engine"
    kill_rules: Sequence[Mapping[str, Any]] = ()
    timeout_seconds: int = 900
    crash_retry_seconds: float = 1.0
    concurrent_invocations: int = 32
    skip_time: bool = False
    in_memory: bool = False
    page_handler: str | None = None
    page_root: Path | None = None


class LocalStack:
    """Context manager: everything runs inside, nothing outside.

    with LocalStack(StackSettings(folder=folder, model=["--script", "replies.json"])) as stack:
        stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=b"{}")
    """

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self.events = settings.folder / "events.jsonl"
        self.calls = settings.folder / "calls.jsonl"
        self._children = Children(settings.folder)
        self._url: str | None = None

    def __enter__(self) -> Self:
        self.settings.folder.mkdir(parents=True, exist_ok=True)
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

    @property
    def lambda_url(self) -> str:
        """The Lambda endpoint."""
        if self._url is None:
            raise RuntimeError("the local stack is not running")
        return self._url

    def client(self) -> LambdaClient:
        """A boto3 `lambda` client on the Lambda endpoint."""
        import boto3
        from botocore.config import Config

        return boto3.Session(botocore_session=session_without_profile()).client(
            "lambda",
            endpoint_url=self.lambda_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  (nothing on loopback checks it)
            config=Config(retries={"total_max_attempts": 1}, read_timeout=3600, proxies={}),
        )

    def replace_kill_rules(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """From now on these rules and no others (see kill_rules.py)."""
        import httpx

        httpx.put(f"{self.lambda_url}/_local/kill-rules", json=list(rules), trust_env=False).raise_for_status()

    def replace_limits(self, **limits: Any) -> None:
        """From now on these (see limits.py), and `dead_letter_queue`, the URL of one; those left out stay."""
        import httpx

        httpx.put(f"{self.lambda_url}/_local/limits", json=limits, trust_env=False).raise_for_status()

    def check(self) -> None:
        """Raise ChildDied if one of the processes has ended."""
        self._children.check()

    def pids(self) -> dict[str, int]:
        """Process id of each part, by name."""
        return self._children.pids()

    def stop(self) -> None:
        """End every process; the function's end with the Lambda endpoint."""
        self._children.stop()

    def _start(self) -> None:
        engine = self._children.start("durable engine", self.settings.engine, self._engine_arguments())
        bedrock = self._bedrock()
        caller = os.environ if self.settings.real_credentials else without_profile(os.environ)
        environ = {**caller, **self.settings.environment}
        if bedrock is not None:
            environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = bedrock.url()
        arguments = self._lambda_arguments(engine.url())
        self._url = self._children.start(
            "Lambda endpoint", "scripts.local_aws.functions.endpoint", arguments, environ
        ).url()

    def _bedrock(self) -> Child | None:
        if self.settings.model is None:
            return None
        return bedrock_endpoint(self._children, self.calls, self.settings.model)

    def _engine_arguments(self) -> list[str]:
        settings = self.settings
        arguments = [] if settings.in_memory else ["--store", str(settings.folder / "executions.sqlite")]
        arguments += ["--crash-retry-seconds", str(settings.crash_retry_seconds)]
        arguments += ["--concurrent-invocations", str(settings.concurrent_invocations)]
        return arguments + (["--skip-time"] if settings.skip_time else [])

    def _lambda_arguments(self, engine_url: str) -> list[str]:
        settings = self.settings
        arguments = ["--engine-url", engine_url, "--handler", settings.handler]
        arguments += ["--function-root", str(settings.function_root), "--log-dir", str(settings.folder)]
        arguments += ["--events", str(self.events), "--timeout-seconds", str(settings.timeout_seconds)]
        if settings.kill_rules:
            rules = settings.folder / "kill-rules.json"
            rules.write_text(json.dumps(list(settings.kill_rules)), encoding="utf-8")
            arguments += ["--kill-rules", str(rules)]
        if settings.model is not None:
            arguments += ["--calls", str(self.calls)]
        if settings.page_handler is not None:
            arguments += ["--page-handler", settings.page_handler]
            arguments += ["--page-root", str(settings.page_root or settings.function_root)]
        return arguments + (["--real-credentials"] if settings.real_credentials else [])
