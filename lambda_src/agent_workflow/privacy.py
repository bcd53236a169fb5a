"""Keeps texts (prompts, replies, tool inputs, service messages, credentials) out of log lines and spans, at any level.

Libraries log what they handle: botocore at DEBUG whole requests with their signatures, Strands a tool's broken input,
the durable SDK the service's messages. Whatever a logger that is not ours writes is reduced, when its record is made,
to words that stand in the library's own source, the place and the type of the error. So no handler, of AWS's runtime
client or of an OpenTelemetry layer, ever gets more.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"
REDACTED = "gen_ai_unredacted_attributes="
"""What has Strands leave texts out of a span's attributes."""
CAPPED = (
    *("asyncio", "aws_durable_execution_sdk_python", "boto3", "botocore", "httpcore", "httpcore2", "httpx", "httpx2"),
    *("mcp", "openai", "opentelemetry", "pydantic", "s3transfer", "strands", "urllib3"),
)
"""Libraries that write at least a WARNING or nothing, whatever the stage's level: below it are only their traces."""

_IDENTIFIER = re.compile(r"[A-Za-z_][\w.:-]{0,127}")
_plain_record = logging.Logger.makeRecord
_ours: set[str] = set()
_authors: set[Path] = set()


def keep_texts_private() -> None:
    """Reduce what libraries log and print. To be called when the handler is imported: the SDK logs before it runs."""
    logging.Logger.makeRecord = _make_record  # type: ignore[method-assign]
    for name in CAPPED:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
    root = logging.getLogger()
    # AWS's runtime client sets it to the function's level; 0 would mean everything as well
    root.setLevel(max(root.level, logging.INFO))
    threading.excepthook = _thread_ended
    sys.unraisablehook = _unraisable


def trust_logger(name: str) -> None:
    """Leave the lines of this logger as they are: it is ours, and names things without quoting them."""
    _ours.add(name)


def trust_author(folder: Path) -> None:
    """Leave the lines that the tools of an agents folder log as they are: their author chose them."""
    folder = folder.resolve()
    # a folder with our own packages in it would be every library
    if not Path(__file__).resolve().is_relative_to(folder):
        _authors.add(folder)


def keep_texts_out_of_spans() -> None:
    """Have spans carry types and counts, no texts, unless the deployment decided otherwise.

    Call it before Strands is imported, whose tracer reads the variable when it is made, and again afterwards: a span's
    status and its exceptions quote messages, which only the OpenTelemetry SDK, if it is there, can be kept from.
    """
    os.environ.setdefault(OPT_IN, REDACTED)
    module: Any = sys.modules.get("opentelemetry.sdk.trace")
    if module is not None and os.environ[OPT_IN] == REDACTED:
        module.Span.set_status = _without_description(module.Span.set_status)
        module.Span.record_exception = _record_type


def _make_record(  # noqa: PLR0917 - logging's own signature
    self: logging.Logger, name: str, level: int, fn: str, lno: int, msg: object, args: Any, exc_info: Any,
    func: str | None = None, extra: Mapping[str, object] | None = None, sinfo: str | None = None,
) -> logging.LogRecord:  # fmt: skip
    if name in _ours or any(Path(fn).is_relative_to(folder) for folder in _authors):
        return _plain_record(self, name, level, fn, lno, msg, args, exc_info, func, extra, sinfo)
    place = f"{Path(fn).name}:{lno}"
    words = [f"library=<{name.partition('.')[0]}>", f"place=<{place}>", *_error_words(exc_info, extra)]
    said = msg if isinstance(msg, str) and _is_literal(msg, fn, lno) else "a message that may quote a text is left out"
    return _plain_record(self, name, level, fn, lno, f"{', '.join(words)} | {said}", (), None, func)


def _error_words(exc_info: Any, extra: Mapping[str, object] | None) -> Iterator[str]:
    error = exc_info[1] if isinstance(exc_info, tuple) else None
    if error is not None:
        yield f"error=<{type_of(error)}>"
    answer = (extra or {}).get("Error")
    code = answer.get("Code") if isinstance(answer, Mapping) else None
    if isinstance(code, str) and _IDENTIFIER.fullmatch(code):
        yield f"code=<{code}>"


def type_of(error: BaseException) -> str:
    """The type of an error; of one read back from a checkpoint, the type that was written there."""
    written = getattr(error, "error_type", None)
    return written if isinstance(written, str) and _IDENTIFIER.fullmatch(written) else type(error).__name__


def _is_literal(message: str, file: str, line: int) -> bool:
    """Whether the message stands in the source of the function that logs it, and so was not made of a value."""
    frame = sys._getframe(1)  # noqa: SLF001 - what logging itself uses to find the place
    while frame is not None and (frame.f_code.co_filename, frame.f_lineno) != (file, line):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and message in _constants(frame.f_code)


def _constants(code: CodeType) -> tuple[Any, ...]:
    return tuple(constant for constant in code.co_consts if isinstance(constant, str))


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_type is not SystemExit:
        _print_types("a thread ended with an error", ended.exc_type, ended.exc_traceback)


def _unraisable(unraisable: Any) -> None:
    _print_types("an error could not be raised", unraisable.exc_type, unraisable.exc_traceback)


def _print_types(what: str, kind: type[BaseException], trace: Any) -> None:
    place = next((f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-1:]), "")
    sys.stderr.write(f"error=<{kind.__name__}>, place=<{place}> | {what}\n")


def _without_description(set_status: Any) -> Any:
    if getattr(set_status, "keeps_texts_private", False):
        return set_status

    def bare(self: Any, status: Any, _description: str | None = None) -> None:
        set_status(self, getattr(status, "status_code", status))

    bare.keeps_texts_private = True  # type: ignore[attr-defined]
    return bare


def _record_type(self: Any, exception: BaseException, *_: Any, **__: Any) -> None:
    self.add_event("exception", {"exception.type": type_of(exception)})
