"""Times as they stand on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment(value: Any) -> float:
    """Epoch seconds of a timestamp on the wire: a number, or ISO 8601."""
    try:
        return float(value)
    except ValueError:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
