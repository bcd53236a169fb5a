"""Gives a history back to today's handler as the engine's state: it must come to the same end and begin nothing new."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from aws_durable_execution_sdk_python.execution import DurableExecutionInvocationInputWithClient, InitialExecutionState
from aws_durable_execution_sdk_python.lambda_service import (
    CheckpointOutput,
    CheckpointUpdatedExecutionState,
    Operation,
    OperationUpdate,
)
from aws_durable_execution_sdk_python.state import ExecutionState

from durable_strands.history import unmarked
from scripts.record_history.golden import Golden

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:Recorded:1/durable-execution/recorded/0001"
NOWHERE = "http://127.0.0.1:9"
IGNORED = re.compile(r".+_usd|prices_as_of|estimates|tracking_id|invocation|ended_at|asked")
"""Fields that two replays by the same code do not have alike: of a deployment (prices, memory), of one pass (its ids,
its clock), and a digest of what the history does not hold."""
MINUTES_15 = 900_000
_PASSING = re.compile(r".+-deferred-[0-9]+")
"""Waits that put a call off for want of time; a replay that finds the call finished does not look for them."""
_BEHIND = {"SUCCEED": "SUCCEEDED", "FAIL": "FAILED"}


@dataclass
class Replayed:
    """How a replay ended.

    status: of the invocation: SUCCEEDED, FAILED or PENDING.
    result: what it returned, as JSON.
    error_type: how it failed.
    wrong: what is not as it was recorded, each a line; empty for a replay that holds.
    contexts: id of a child context -> its value today.
    """

    status: str
    result: Any
    error_type: str | None
    wrong: list[str]
    contexts: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The handler began what the history does not have."""


class RecordedEngine:
    """The durable engine of a replay: it takes the end of recorded child contexts, and nothing else."""

    def __init__(self, operations: list[dict[str, Any]], *, learn: bool) -> None:
        self._known = {each["Id"]: each for each in operations}
        self._learn = learn
        self._lock = threading.Lock()
        self.wrong: list[str] = []
        self.values: dict[str, str] = {}

    def checkpoint(
        self,
        durable_execution_arn: str,  # noqa: ARG002 - the SDK's name
        checkpoint_token: str,
        updates: list[OperationUpdate],
        client_token: str | None = None,  # noqa: ARG002 - the SDK's name
    ) -> CheckpointOutput:
        """As the service's."""
        with self._lock:
            changed = [self._ended(update) for update in updates]
        return CheckpointOutput(checkpoint_token, CheckpointUpdatedExecutionState(changed))

    def get_execution_state(self, *_arguments: Any, **_named: Any) -> Any:
        """Never needed: all of the state is given at once."""
        raise Refused("the handler asked for more state")

    def _ended(self, update: OperationUpdate) -> Operation:
        known = self._known.get(update.operation_id)
        status = _BEHIND.get(update.action.value)
        if known is None or known["Type"] != "CONTEXT" or status is None:
            self.wrong.append(f"new operation: {update.action.value} of {update.operation_type.value} {update.name}")
            raise Refused(self.wrong[-1])
        details = known["ContextDetails"]
        if status != known["Status"]:
            self.wrong.append(f"{update.name}: ends as {status}, was {known['Status']}")
        if update.payload is not None:
            self.values[update.operation_id] = value = unmarked(update.payload)
            if not self._learn and details.get("Result"):
                before, now = json.loads(details["Result"]), json.loads(value)
                self.wrong += [f"{update.name}: another value at {place}" for place in differing(before, now)]
        error = (update.error.type if update.error else None) or ""
        if details.get("Error", {}).get("ErrorType", "") != error:
            self.wrong.append(f"{update.name}: fails with {error or 'nothing'}")
        told = {
            **({"Result": update.payload} if update.payload is not None else {}),
            **({"Error": update.error.to_dict()} if update.error else {}),
        }
        replays = bool(update.context_options and update.context_options.replay_children)
        return Operation.from_dict({**known, "Status": status, "ContextDetails": {**told, "ReplayChildren": replays}})


def replay(golden: Golden, *, opened: bool, learn: bool = False) -> Replayed:
    """Run today's handler over a recorded history.

    Args:
        golden: the history.
        opened: whether its child contexts have not ended yet, so that their bodies run again over the calls inside
            them. Default of a replay after the end: closed, nothing may be checkpointed at all.
        learn: whether values of child contexts are taken instead of compared.
    """
    operations = copy.deepcopy(golden.operations)
    if opened:
        for each in operations:
            if each["Type"] == "CONTEXT":
                each["Status"] = "STARTED"
    engine = RecordedEngine(golden.operations if opened else [], learn=learn)
    started = {
        "Id": ARN.rpartition("/")[2], "Type": "EXECUTION", "Status": "STARTED", "Name": "recorded",
        "ExecutionDetails": {"InputPayload": json.dumps(golden.event)},
    }  # fmt: skip
    state = InitialExecutionState([Operation.from_dict(each) for each in (started, *operations)], "")
    with _deployed(golden), _looking() as seen:
        import handler

        given = DurableExecutionInvocationInputWithClient(
            durable_execution_arn=ARN, checkpoint_token="recorded", initial_execution_state=state,  # noqa: S106
            service_client=engine,
        )  # fmt: skip
        try:
            output: Mapping[str, Any] = handler.lambda_handler(given, _lambda_context())
        except BaseException as error:  # noqa: BLE001 - whatever today's code raises is what is wrong with it
            output = {"Status": "FAILED", "Error": {"ErrorType": type(error).__name__}}
    result = json.loads(output["Result"]) if output.get("Result") else None
    failure = output.get("Error") or {}
    ends = list(_another_end(golden, result, failure))
    wrong = [*engine.wrong, *ends, *_missed(operations, seen, opened=opened)]
    return Replayed(
        str(output.get("Status")), result, failure.get("ErrorType"), list(dict.fromkeys(wrong)), engine.values
    )


def differing(recorded: Any, now: Any, place: str = "") -> Iterator[str]:
    """Places where today's value is not the recorded one; fields that are new today are no difference."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name, value in recorded.items():
            inner = f"{place}.{name}".lstrip(".")
            if IGNORED.fullmatch(name):
                continue
            if name in now:
                yield from differing(value, now[name], inner)
            else:
                yield inner
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, pair in enumerate(zip(recorded, now, strict=True)):
            yield from differing(*pair, f"{place}[{index}]")
    elif recorded != now or type(recorded) is not type(now):
        yield place or "the whole"


def _missed(operations: list[dict[str, Any]], seen: set[str], *, opened: bool) -> Iterator[str]:
    """Operations that the handler did not come to; closed, it comes to the outermost only."""
    for each in operations:
        if (
            each["Id"] not in seen
            and (opened or "ParentId" not in each)
            and not _PASSING.fullmatch(each.get("Name", ""))
        ):
            yield f"the flow does not come to {each.get('Name')}"


def _another_end(golden: Golden, result: Any, error: Mapping[str, Any]) -> Iterator[str]:
    error_type = error.get("ErrorType")
    if error_type != golden.error_type:
        why = f" ({error['ErrorMessage']})" if error.get("ErrorMessage") else ""
        yield f"it ends with {error_type or 'a result'}{why}, ended with {golden.error_type or 'a result'}"
    elif golden.error_type is None:
        yield from (f"another result at {place}" for place in differing(golden.result, result))


@contextmanager
def _looking() -> Iterator[set[str]]:
    """The ids of the operations whose results are asked for meanwhile."""
    seen: set[str] = set()
    look = ExecutionState.get_checkpoint_result

    def looked(state: ExecutionState, checkpoint_id: str, *, claim_end_hook: bool = True) -> Any:
        if claim_end_hook:  # else the SDK only peeks at what comes next
            seen.add(checkpoint_id)
        return look(state, checkpoint_id, claim_end_hook=claim_end_hook)

    with patch.object(ExecutionState, "get_checkpoint_result", looked):
        yield seen


@contextmanager
def _deployed(golden: Golden) -> Iterator[None]:
    """The function's environment, with no way out of this process."""
    from agent_workflow import agents as packaged
    from agent_workflow.deployment import deployed

    source = Path(packaged.__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        agents = Path(folder) / "agents"
        shutil.copytree(
            ROOT / golden.agents if golden.agents else source / "agents", agents,
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
        if golden.packaged_flow:
            shutil.copy(source / "agents" / "flow.py", agents)
        environment = {
            **golden.environment, "AGENTS_FOLDER": str(agents), "AWS_ENDPOINT_URL": NOWHERE, "AWS_MAX_ATTEMPTS": "1",
            "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip
        with patch.dict(os.environ, environment):
            deployed.cache_clear()
            try:
                yield
            finally:
                deployed.cache_clear()


def _lambda_context() -> Any:
    return SimpleNamespace(
        aws_request_id="recorded",
        function_name="Recorded",
        function_version="1",
        invoked_function_arn=ARN.partition("/")[0],
        memory_limit_in_mb="512",
        log_group_name="recorded",
        log_stream_name="recorded",
        tenant_id=None,
        get_remaining_time_in_millis=lambda: MINUTES_15,
    )
