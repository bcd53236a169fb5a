"""Structured output through a checkpoint: what the model gave is kept, and validated again into an equal object."""

from __future__ import annotations

from typing import Any

from durable_strands.errors import ResultNotKept


def structured_form(value: Any, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of an `AgentRun` from which `value` is built again.

    Raises:
        ResultNotKept: Nothing that can be kept gives an equal object.
    """
    kind = type(value)
    for given in (*_given(kind.__name__, messages), value.model_dump(mode="json", by_alias=True)):
        try:
            if rebuild(kind, given) == value:
                return {"structured_output": value.model_dump(mode="json"), "structured_input": given}
        except ValueError:
            continue
    raise ResultNotKept(f"structured output {kind.__name__} cannot be built again from what the model gave")


def rebuild(kind: Any, given: Any) -> Any:
    """The object that `given` stands for."""
    return kind.model_validate_json(given) if isinstance(given, str) else kind(**given)


def _given(name: str, messages: list[dict[str, Any]]) -> list[Any]:
    blocks = [block for message in reversed(messages) for block in message["content"]]
    uses = [block["toolUse"]["input"] for block in blocks if block.get("toolUse", {}).get("name") == name]
    return [*uses, *(block["text"] for block in blocks if "text" in block)]
