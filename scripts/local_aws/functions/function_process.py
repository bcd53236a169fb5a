"""One invocation of a Lambda handler in a fresh process, as Lambda's own runtime client would run it.

Standard input is a socket to the Lambda endpoint. It brings one JSON line
`{"handler": "module.function", "event": ..., "context": {...}}` and takes one JSON document back,
`{"result": ...}` or `{"error": {"errorMessage", "errorType", "stackTrace"}}`. It is the leash too: when the endpoint
dies, this process dies. Standard library only: nothing may be imported that the function did not import itself.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import socket
import sys
import threading
import time
import traceback
from typing import Any


class LambdaContext:
    """What Lambda hands to the handler: identity of the invocation, and the time it has left."""

    identity = None
    client_context = None
    tenant_id = None

    def __init__(self, values: dict[str, Any]) -> None:
        self.aws_request_id: str = values["aws_request_id"]
        self.function_name: str = values["function_name"]
        self.function_version: str = values["function_version"]
        self.invoked_function_arn: str = values["invoked_function_arn"]
        self.memory_limit_in_mb: str = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name: str = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name: str = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline: float = values["deadline_epoch_seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this process is killed; never negative."""
        return max(0, int((self._deadline - time.time()) * 1000))


def main() -> None:
    """Answer the one invocation on standard input and leave without waiting for stray threads."""
    channel = _take_channel()
    request = json.loads(_read_line(channel))
    threading.Thread(target=_die_with_endpoint, args=(channel,), daemon=True).start()
    logging.basicConfig(stream=sys.stdout, format="[%(levelname)s]\t%(asctime)s\t%(name)s\t%(message)s")
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    answer = json.dumps(_reported(request)).encode()
    sys.stdout.flush()
    sys.stderr.flush()
    channel.sendall(answer)
    os._exit(0)


def _take_channel() -> socket.socket:
    channel = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel


def _read_line(channel: socket.socket) -> bytes:
    chunks: list[bytes] = []
    while not chunks or not chunks[-1].endswith(b"\n"):
        chunk = channel.recv(1 << 20)
        if not chunk:
            os._exit(1)
        chunks.append(chunk)
    return b"".join(chunks)


def _die_with_endpoint(channel: socket.socket) -> None:
    while channel.recv(64):
        pass
    os._exit(1)


def _reported(request: dict[str, Any]) -> dict[str, Any]:
    """Invoke between the START and REPORT lines that Lambda writes to the log group."""
    request_id, began = request["context"]["aws_request_id"], time.perf_counter()
    print(f"START RequestId: {request_id} Process: {os.getpid()}")
    answer = _invoke(request)
    milliseconds = (time.perf_counter() - began) * 1000
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"REPORT RequestId: {request_id} Duration: {milliseconds:.2f} ms Max Memory Used: {largest >> 20} MB")
    return answer


def _invoke(request: dict[str, Any]) -> dict[str, Any]:
    try:
        handler = _load(request["handler"])
        result = handler(request["event"], LambdaContext(request["context"]))
    except BaseException as error:  # noqa: BLE001  (sys.exit in a handler is a failed invocation too)
        traceback.print_exc()
        return {"error": _describe(error)}
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        return {"error": {"errorMessage": f"Unable to marshal response: {error}", "errorType": "Runtime.MarshalError"}}
    return {"result": result}


def _load(name: str) -> Any:
    module, _, function = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module.replace("/", ".")), function)
    except ImportError as error:
        raise _InitError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except AttributeError as error:
        raise _InitError("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'") from error


class _InitError(Exception):
    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def _describe(error: BaseException) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": error.error_type if isinstance(error, _InitError) else type(error).__name__,
        "stackTrace": traceback.format_exception(error),
    }


if __name__ == "__main__":
    main()
