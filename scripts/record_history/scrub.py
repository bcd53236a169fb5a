"""Takes the texts out of a history and leaves its shape: each text becomes its digest and its length."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from typing import Any

from agent_workflow.operation_names import branch_name
from scripts.record_history.golden import Golden

KEPT = frozenset({
    "role", "stop_reason", "stopReason", "agent", "name", "kind", "model_id", "invocation", "status", "type",
    "toolUseId", "decision", "after", "on_timeout", "error_type", "ErrorType", "t", "class", "module", "prices_as_of",
    "Id", "Type", "Status", "SubType", "ParentId", "Name", "CallbackId", "key", "bucket",
})  # fmt: skip
"""Keys whose texts are words of the code, ids or names, and decide how a flow goes on."""
WORDS = frozenset({
    "SUCCEEDED", "FAILED", "STARTED", "ALL_COMPLETED", "MIN_SUCCESSFUL_REACHED", "FAILURE_TOLERANCE_EXCEEDED",
    "COMPLETED", "auto", "",
})  # fmt: skip
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_BRANCH = re.compile(r"(query-)?([0-9]+)(-.+)?")
_DIGITS = 12


class Scrubber:
    """Gives a text the same stand-in wherever it stands in one history; the key of the digests is thrown away."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._texts: set[str] = set()

    def golden(self, golden: Golden) -> Golden:
        """The history without texts."""
        event = self.value(golden.event)
        operations = [self._operation(each) for each in golden.operations]
        result = self.value(golden.result)
        for operation in operations:
            if "Name" in operation:
                operation["Name"] = self._branch(operation["Name"])
        return Golden(
            event, operations, self._renamed(result), golden.error_type, golden.agents, golden.packaged_flow,
            golden.environment,
        )  # fmt: skip

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value without texts; JSON inside a text is looked into."""
        if isinstance(value, dict):
            return {name: self.value(each, name) for name, each in value.items() if name != "asked"}
        if isinstance(value, list):
            return [self.value(each, key) for each in value]
        return value if key in KEPT or not isinstance(value, str) else self._text(value)

    def _operation(self, operation: dict[str, Any]) -> dict[str, Any]:
        return {name: self.value(each) if name.endswith("Details") else each for name, each in operation.items()}

    def _text(self, text: str) -> str:
        if text in WORDS or _NUMBER.fullmatch(text):
            return text
        try:
            inside = json.loads(text)
        except ValueError:
            self._texts.add(text)
            return self._stand_in(text)
        return json.dumps(self._text(inside) if isinstance(inside, str) else self.value(inside))

    def _stand_in(self, text: str) -> str:
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:_DIGITS]
        return f"text-{digest}-{len(text)}"

    def _branch(self, name: str) -> str:
        """The name of a branch holds words of its topic: those of the stand-in take their place."""
        found = _BRANCH.fullmatch(name)
        if found is None or found[3] is None:
            return name
        kind, number = found[1] or "", int(found[2])
        text = next((text for text in self._texts if branch_name(number, text, kind) == name), None)
        return name if text is None else branch_name(number, self._stand_in(text), kind)

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: self._branch(self._named(each))
                if name == "operation" and isinstance(each, str)
                else self._renamed(each)
                for name, each in value.items()
            }
        return [self._renamed(each) for each in value] if isinstance(value, list) else value

    def _named(self, stand_in: str) -> str:
        return next((text for text in self._texts if self._stand_in(text) == stand_in), stand_in)
