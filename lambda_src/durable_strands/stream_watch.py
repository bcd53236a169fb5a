"""Whether a model's stream came to its end; seen from its events, the same for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from durable_strands.classify import classify
from durable_strands.errors import ModelFailed, ModelStreamBroken


class StreamWatch:
    """Sees the events of one model call; a context manager around the reading.

    Raises:
        ModelStreamBroken: A provider stumbled over a half-written reply, after the reply had begun.
    """

    def __init__(self) -> None:
        self._begun = self._stopped = self._content = self._open = self._measured = False

    def see(self, event: Mapping[str, Any]) -> None:
        """Take note of one event of Strands' stream, in Converse's shape.

        Args:
            event: `{"contentBlockDelta": ...}` and the like; anything else is ignored.
        """
        self._begun = self._begun or bool(event)
        self._stopped = self._stopped or "messageStop" in event
        self._measured = self._measured or "metadata" in event
        if "contentBlockStart" in event or "contentBlockDelta" in event:
            self._content = self._open = True
        elif "contentBlockStop" in event:
            self._open = False

    def refuse_incomplete(self, reason: str) -> None:
        """Fail over a reply that is only the first part of one.

        OpenAI's client ends quietly when the connection does, and Strands then adds a messageStop of its own: what
        gives it away is a content block without its stop, or a reply without content and without usage.

        Args:
            reason: The stop reason that Strands made of the stream; a cancelled one needs no end.

        Raises:
            ModelStreamBroken: The reply has no end.
        """
        if reason == "cancelled":
            return
        if not self._stopped:
            raise ModelStreamBroken("the stream ended before the model's messageStop")
        if self._open or not (self._content or self._measured):
            raise ModelStreamBroken("the stream ended in the middle of the reply")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or not self._begun:
            return
        error.reply_begun = True  # type: ignore[attr-defined] # so it may be billed, whatever ended it
        if type(classify(error)) is ModelFailed:
            raise ModelStreamBroken(f"the reply could not be read to its end: {type(error).__name__}") from error
