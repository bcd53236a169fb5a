"""Runs the unmodified handler for one entry: model, engine and bucket are real HTTP, their faults included."""

from __future__ import annotations

import io
import json
import logging
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scripts.fault_catalogue import tool_faults
from scripts.fault_catalogue.bucket_endpoint import BucketServer, BucketService
from scripts.fault_catalogue.bucket_faults import BucketAct
from scripts.fault_catalogue.engine_endpoint import EngineFault, EngineServer, EngineService
from scripts.fault_catalogue.entry import Entry
from scripts.fault_catalogue.loopback import serving
from scripts.fault_catalogue.model_endpoint import ModelFault, ModelServer, ModelService, Proxy
from scripts.local_aws.certificates import certificate

AGENTS = Path(__file__).parent / "agents"
PRICE = {"input": "3", "output": "15"}
TIMES = {"once": 1, "longer than patience": 8, "for ever": math.inf}
ENGINE_READ_TIMEOUT_SECONDS = 1
PAGE_BYTES = 2_000
EXECUTION_SECONDS = 120


@dataclass(frozen=True)
class Observed:
    """What became of an execution.

    Attributes:
        status: SUCCEEDED, or the error type.
        usage: its usage document; None if it has none.
        paid: each reply that the model wrote: the call and its true usage.
        whole: the calls that were answered whole.
        invocations: how often the handler was invoked.
        message: of the error.
    """

    status: str
    usage: dict[str, Any] | None
    paid: list[tuple[tuple[str, int], dict[str, int]]] = field(default_factory=list)
    whole: list[tuple[str, int]] = field(default_factory=list)
    invocations: int = 0
    message: str = ""


class World:
    """The endpoints of this process, and the handler in front of them.

    The waits between tries are cut to nothing: of botocore (bucket, engine) and of the local engine. How long they are
    is a constant beside each client.
    """

    def __init__(self, stack: ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        (good, bundle), (bad, _) = certificate(folder, "trusted"), certificate(folder, "stranger")
        self.model, self.engine, self.bucket = ModelService(), EngineService(), BucketService()
        self._plain = f"http://{stack.enter_context(serving(ModelServer(self.model)))}"
        self._secure = f"https://{stack.enter_context(serving(ModelServer(self.model, good, bad)))}"
        self._proxies = {
            status: f"http://{stack.enter_context(serving(Proxy(self._refuses(status), status)))}"
            for status in (407, 502)
        }
        stack.enter_context(
            _environment({
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self._plain,
                "AWS_ENDPOINT_URL_LAMBDA": f"http://{stack.enter_context(serving(EngineServer(self.engine)))}",
                "AWS_ENDPOINT_URL_S3": f"http://{stack.enter_context(serving(BucketServer(self.bucket)))}",
                "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1", "AWS_CA_BUNDLE": str(bundle), "AWS_EC2_METADATA_DISABLED": "true",
                "AGENTS_FOLDER": str(AGENTS), "RETRY_INITIAL_DELAY_SECONDS": "1",
                "MODEL_PRICES": json.dumps({"catalogue.model": PRICE}), "NO_PROXY": "", "no_proxy": "",
            })
        )  # fmt: skip
        _without_waits()
        logging.disable(logging.CRITICAL)  # hundreds of failures are what is wanted here
        stack.callback(logging.disable, logging.NOTSET)

    def run(self, entry: Entry) -> Observed:
        """Run one execution that meets the entry's fault."""
        from agent_workflow import large_results, model
        from agent_workflow.deployment import deployed

        self._arm(entry)
        with _environment({**entry.environment, **self._endpoint(entry)}):
            large_results._lost_reads.clear()  # noqa: SLF001 - a new process has none
            deployed.cache_clear()
            model._model.cache_clear()  # noqa: SLF001 - a client reads its endpoint and its proxy when it is made
            with redirect_stdout(io.StringIO()):  # metrics: a line a call would drown the command
                observed = self._execute(entry)
        return replace(observed, paid=self.model.paid, whole=self.model.whole)

    def _arm(self, entry: Entry) -> None:
        times, act = TIMES[entry.lasts], entry.act
        self.model.__init__()  # type: ignore[misc]
        self.bucket.__init__()  # type: ignore[misc]
        self.engine.begin(None, 0, 0)
        tool_faults.SERVICE.fault = None
        if isinstance(act, ModelFault):
            self.model.fault, self.model.where, self.model.left = act, entry.where, times
        elif isinstance(act, EngineFault):
            self.engine.begin(act, entry.where, times)
        elif isinstance(act, BucketAct):
            self.bucket.fault, self.bucket.left, self.model.long = act.fault, times, act.long
        else:
            tool_faults.SERVICE.fault, tool_faults.SERVICE.agent = act

    def _endpoint(self, entry: Entry) -> dict[str, str]:
        at = getattr(entry.act, "at", "")
        if not isinstance(entry.act, ModelFault) or at in {"request", "accept"}:
            return {}
        proxy = {"HTTPS_PROXY": self._proxies[int(at.split()[1])]} if at.startswith("proxy") else {}
        return {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self._secure, **proxy}

    def _refuses(self, status: int) -> Any:
        at: Any = f"proxy {status}"
        return lambda: self.model.strikes(at, self.model.next_call())

    def _execute(self, entry: Entry) -> Observed:
        from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

        import handler

        invocations: list[str] = []

        def invoked(event: Any, context: Any) -> Any:
            self.engine.client = event.service_client
            invocations.append(f"invocation-{len(invocations)}")
            self.bucket.replaying = len(invocations) > 1
            # as Lambda hands it over: JSON, so that the handler asks the engine over the wire
            return handler.lambda_handler(event.to_json_dict(), replace(context, aws_request_id=invocations[-1]))

        pages = PAGE_BYTES if getattr(entry.act, "at", "") == "state" else None
        with DurableFunctionTestRunner(invoked, poll_interval=0.01, max_invocation_page_bytes=pages) as runner:
            event = {"query": "tides", **entry.event}
            outcome = runner.run(input=json.dumps(event), execution_timeout=EXECUTION_SECONDS)
        error = outcome.error
        if error is None:
            return Observed("SUCCEEDED", json.loads(outcome.result)["usage"], invocations=len(invocations))
        usage = _usage(error.data)
        return Observed(str(error.type), usage, invocations=len(invocations), message=str(error.message))


def _usage(data: str | None) -> dict[str, Any] | None:
    document = json.loads(data) if data else None
    usage = document.get("usage") if isinstance(document, Mapping) else None
    return dict(usage) if isinstance(usage, Mapping) and "cost_usd" in usage else None


def _without_waits() -> None:
    from aws_durable_execution_sdk_python_testing.executor import Executor
    from botocore.retries.standard import ExponentialBackoff

    from agent_workflow import engine_client

    ExponentialBackoff.delay_amount = lambda *_: 0  # type: ignore[method-assign]
    Executor.RETRY_BACKOFF_SECONDS = 0
    engine_client.READ_TIMEOUT_SECONDS = ENGINE_READ_TIMEOUT_SECONDS


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
