"""What the Lambda service refuses in a checkpoint and the local engine lets pass. Pure: updates in, refusal out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

STEP_OUTPUT_BYTES = 262_144
NAME = re.compile(r"[\x20-\x7E]{1,256}")


def refusal(updates: Iterable[Mapping[str, Any]]) -> str | None:
    """The message of the InvalidParameterValueException that Lambda would answer, or None."""
    for update in updates:
        name = update.get("Name")
        if name is not None and not NAME.fullmatch(name):
            return "operation name must be 1 to 256 printable ASCII characters."
        if update.get("Type") == "STEP" and len((update.get("Payload") or "").encode()) > STEP_OUTPUT_BYTES:
            return f"STEP output payload size must be less than or equal to {STEP_OUTPUT_BYTES} bytes."
    return None
