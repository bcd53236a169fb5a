"""The durable API on loopback: AWS's local engine behind real HTTP, with one fault in front of it."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass
from typing import Any, Literal

from aws_durable_execution_sdk_python.lambda_service import OperationUpdate
from aws_durable_execution_sdk_python_testing.exceptions import AwsApiException

from scripts.fault_catalogue.loopback import Answer, Handler, Quiet

At = Literal["start", "succeed", "state", "stored"]
JSON = (("content-type", "application/json"),)


@dataclass(frozen=True)
class EngineFault:
    """A fault of the durable API.

    Attributes:
        answer: what stands in the place of the engine's answer.
        at: the checkpoint that begins a model call, the one that holds its reply, the same but stored before the
            answer is lost, or the read of an execution's state.
    """

    answer: Answer
    at: At


@dataclass
class EngineService:
    """What the API does now.

    Attributes:
        client: the engine of the running execution.
        fault: the fault, if any.
        where: the model call at which it strikes, by its place in CALLS.
        left: how often it still strikes.
        struck: how often it did.
    """

    client: Any = None
    fault: EngineFault | None = None
    where: int = 0
    left: float = 0
    struck: int = 0
    _kept: int = 0
    _begun: bool = False

    def begin(self, fault: EngineFault | None, where: int, left: float) -> None:
        """Be ready for the next execution."""
        self.fault, self.where, self.left = fault, where, left
        self.struck = self._kept = 0
        self._begun = False

    def checkpoint(self, arn: str, body: dict[str, Any]) -> Answer:
        """CheckpointDurableExecution."""
        updates = body.get("Updates") or []
        succeed = _is_of_model(updates, "SUCCEED")
        at: At = "succeed" if succeed else "start"
        if (succeed or _is_of_model(updates, "START") or self._begun) and (struck := self._strike(at)):
            return struck
        told = [OperationUpdate.from_dict(update) for update in updates]
        try:
            output = self.client.checkpoint(arn, body["CheckpointToken"], told, body.get("ClientToken"))
        except AwsApiException as refused:
            return _refused(refused)
        stored = self._strike("stored") if succeed else None
        self._kept += succeed
        state = output.new_execution_state
        document = {"Operations": [_on_the_wire(each) for each in state.operations], "NextMarker": state.next_marker}
        answer = {"CheckpointToken": output.checkpoint_token, "NewExecutionState": document}
        return stored or Answer(body=json.dumps(answer).encode(), headers=JSON)

    def state(self, arn: str, query: dict[str, str]) -> Answer:
        """GetDurableExecutionState."""
        if struck := self._strike("state"):
            return struck
        try:
            most = int(query.get("MaxItems") or 1000)
            output = self.client.get_execution_state(arn, query["CheckpointToken"], query.get("Marker", ""), most)
        except AwsApiException as refused:
            return _refused(refused)
        document = {"Operations": [_on_the_wire(each) for each in output.operations], "NextMarker": output.next_marker}
        return Answer(body=json.dumps(document).encode(), headers=JSON)

    def _strike(self, at: At) -> Answer | None:
        fault = self.fault
        if fault is None or self.left < 1:
            return None
        # once it struck, every request of the kind is met until it has passed
        meets = self._begun or (fault.at == at and (at == "state" or self._kept == self.where))
        if not meets or (fault.at == "state") != (at == "state"):
            return None
        self._begun = fault.at != "stored"
        self.left -= 1
        self.struck += 1
        return fault.answer


def _is_of_model(updates: list[dict[str, Any]], action: str) -> bool:
    return any(
        update["Type"] == "STEP" and update["Action"] == action and update.get("Name", "").startswith("model-")
        for update in updates
    )


def _on_the_wire(operation: Any) -> dict[str, Any]:
    document: dict[str, Any] = operation.to_dict()
    for holder, key in (
        (document, "StartTimestamp"), (document, "EndTimestamp"),
        (document.get("StepDetails"), "NextAttemptTimestamp"), (document.get("WaitDetails"), "ScheduledEndTimestamp"),
    ):  # fmt: skip
        if holder and holder.get(key) is not None:
            holder[key] = holder[key].timestamp()
    return document


def _refused(refused: AwsApiException) -> Answer:
    code = type(refused).__name__
    body = json.dumps({"Type": "User", "Message": str(refused), "message": str(refused)}).encode()
    status = int(getattr(refused, "http_status_code", 400))
    return Answer(status, body, (*JSON, ("x-amzn-errortype", code)))


class EngineServer(Quiet):
    """The durable API of the execution that `service` holds."""

    def __init__(self, service: EngineService) -> None:
        class Durable(Handler):
            def asked(self) -> None:
                if self.command == "POST":
                    self.put(service.checkpoint(_arn(self.path), json.loads(self.body())))
                    return
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                self.put(service.state(_arn(self.path), query))

        super().__init__(("127.0.0.1", 0), Durable)


def _arn(path: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(path).path.split("/")[3])
