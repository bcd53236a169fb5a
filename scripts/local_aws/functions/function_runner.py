"""Runs the handler once per invocation, each in a fresh process; kills it at its timeout or on order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.local_aws.functions.names import FunctionName
from scripts.local_aws.processes.journal import Journal

WORKER = Path(__file__).parent / "function_process.py"
MAX_ANSWER_BYTES = 6 * 1024 * 1024


@dataclass(frozen=True)
class FunctionSettings:
    """One function: its folder, handler, environment, log file, and seconds until it is killed."""

    root: Path
    handler: str
    environment: Mapping[str, str]
    region: str
    log: Path
    timeout_seconds: float


@dataclass(frozen=True)
class Answer:
    """What an invocation gave back: the handler's value as JSON, or Lambda's error document."""

    payload: bytes
    failed: bool


@dataclass
class FunctionRunner:
    """Starts function processes; knows the one that runs for each execution."""

    settings: FunctionSettings
    journal: Journal
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def run(self, event: Any, function: FunctionName, execution: str) -> Answer:
        """Invoke the handler once and wait for its answer, its death or its timeout."""
        request_id = str(uuid.uuid4())
        here, there = socket.socketpair()
        try:
            process = await self._start(there, function)
        finally:
            there.close()
        self._running[execution] = process
        self.journal.write("invocation_started", pid=process.pid, execution=execution)
        answer, status = _died(request_id), "died"
        try:
            request = self._request(event, function, request_id)
            async with asyncio.timeout(self.settings.timeout_seconds):
                answer, status = _read(await _converse(here, request), request_id)
        except TimeoutError:
            answer, status = _timed_out(request_id, self.settings.timeout_seconds), "timed_out"
        finally:
            self._running.pop(execution, None)
            _kill(process)
            await process.wait()
            self.journal.write("invocation_ended", pid=process.pid, execution=execution, status=status)
        return answer

    def kill(self, execution: str) -> int | None:
        """SIGKILL the execution's process and whatever it started; returns its pid, None when none runs."""
        process = self._running.get(execution)
        if process is None:
            return None
        _kill(process)
        return process.pid

    def pid_of(self, execution: str) -> int | None:
        """The pid of the execution's process, None when none runs."""
        process = self._running.get(execution)
        return process.pid if process else None

    def kill_all(self) -> None:
        """SIGKILL every function process."""
        for process in self._running.values():
            _kill(process)

    async def _start(self, channel: socket.socket, function: FunctionName) -> asyncio.subprocess.Process:
        with self.settings.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # only the function's folder is importable, not this one
                str(WORKER),
                stdin=channel.fileno(),
                stdout=log,
                stderr=log,
                cwd=self.settings.root,
                env={
                    **self.settings.environment,
                    "AWS_LAMBDA_FUNCTION_NAME": function.name,
                    "AWS_LAMBDA_FUNCTION_VERSION": function.version,
                    "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
                    "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[{function.version}]{uuid.uuid4().hex}",
                },
                start_new_session=True,  # a group of its own, so that a kill ends the processes of tools too
            )

    def _request(self, event: Any, function: FunctionName, request_id: str) -> bytes:
        context = {
            "aws_request_id": request_id,
            "function_name": function.name,
            "function_version": function.version,
            "invoked_function_arn": function.arn(self.settings.region),
            "deadline_epoch_seconds": time.time() + self.settings.timeout_seconds,
        }
        return json.dumps({"handler": self.settings.handler, "event": event, "context": context}).encode() + b"\n"


async def _converse(channel: socket.socket, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(sock=channel)
    try:
        with contextlib.suppress(ConnectionError):  # it died before it read: no answer, like any other death
            writer.write(request)
            await writer.drain()
            return await reader.read(-1)
        return b""
    finally:
        writer.close()


def _read(answer: bytes, request_id: str) -> tuple[Answer, str]:
    try:
        document = json.loads(answer)
    except ValueError:
        return _died(request_id), "died"
    if "error" in document:
        return Answer(json.dumps(document["error"]).encode(), failed=True), "error"
    payload = json.dumps(document["result"]).encode()
    if len(payload) > MAX_ANSWER_BYTES:
        message = f"Response payload size ({len(payload)} bytes) exceeded maximum allowed payload size (6291556 bytes)."
        return _error("Function.ResponseSizeTooLarge", message), "error"
    result = document["result"]
    return Answer(payload, failed=False), str(result.get("Status")) if isinstance(result, dict) else "returned"


def _died(request_id: str) -> Answer:
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: signal: killed")


def _timed_out(request_id: str, seconds: float) -> Answer:
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")


def _error(error_type: str, message: str) -> Answer:
    return Answer(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), failed=True)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
