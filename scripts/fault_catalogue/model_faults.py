"""Faults of the model's endpoint, a row each, with what becomes of an execution that meets them once or for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from scripts.fault_catalogue.entry import MOMENTS, End, Entry, Lasts, total_paid
from scripts.fault_catalogue.loopback import Answer
from scripts.fault_catalogue.model_endpoint import EVENT_STREAM, JSON, At, ModelFault, Reply
from scripts.local_aws.bedrock.wire import event_frame, frame

Row = tuple[str, ModelFault, End, End]
HTML = b"<html><body>not what you asked for</body></html>"
ATTEMPTS = 3
FINE = End()
SHORT_READ = {"MODEL_READ_TIMEOUT_SECONDS": "1.5"}


def stream(change: Callable[[list[tuple[str, dict[str, Any]]]], bytes], *, whole: bool = True, **more: Any) -> Any:
    """An answer made of the good reply's events."""
    return lambda reply: Answer(body=change(reply.events()), headers=EVENT_STREAM, whole=whole, **more)


def frames(events: list[tuple[str, dict[str, Any]]]) -> bytes:
    """The events on the wire."""
    return b"".join(event_frame(*event) for event in events)


def until(name: str) -> Callable[[list[tuple[str, dict[str, Any]]]], bytes]:
    """The events up to and with `name`."""

    def change(events: list[tuple[str, dict[str, Any]]]) -> bytes:
        return frames(events[: [kind for kind, _ in events].index(name) + 1])

    return change


def with_event(name: str, payload: dict[str, Any]) -> Callable[[list[tuple[str, dict[str, Any]]]], bytes]:
    """The events, `name` with another payload."""
    return lambda events: frames([(kind, payload if kind == name else old) for kind, old in events])


def with_text(text: str) -> Callable[[list[tuple[str, dict[str, Any]]]], bytes]:
    """A reply of that text, in the place of a text or a tool use."""

    def change(events: list[tuple[str, dict[str, Any]]]) -> bytes:
        delta = {"contentBlockIndex": 0, "delta": {"text": text}}
        swapped = [(kind, delta if kind == "contentBlockDelta" else old) for kind, old in events]
        ended = [(kind, {"stopReason": "end_turn"} if kind == "messageStop" else old) for kind, old in swapped]
        return frames([event for event in ended if event[0] != "contentBlockStart"])

    return change


def error_frame(code: str) -> Callable[[list[tuple[str, dict[str, Any]]]], bytes]:
    """Half a reply, then an exception of the service."""
    headers = {":exception-type": code, ":content-type": "application/json", ":message-type": "exception"}
    return lambda events: until("contentBlockDelta")(events) + frame(headers, b'{"message": "no"}')


def first_error_frame(code: str) -> Callable[[list[tuple[str, dict[str, Any]]]], bytes]:
    """An exception of the service in the place of the reply."""
    headers = {":exception-type": code, ":content-type": "application/json", ":message-type": "exception"}
    return lambda _events: frame(headers, b'{"message": "no"}')


def damaged(events: list[tuple[str, dict[str, Any]]]) -> bytes:
    """A frame whose checksum is wrong."""
    bytes_ = frames(events)
    return bytes_[:-1] + bytes([bytes_[-1] ^ 1])


def status(code: int, error: str | None = None, body: bytes = b'{"message": "no"}', kind: Any = JSON) -> ModelFault:
    """An HTTP error in the place of a reply."""
    headers = (*kind, *((("x-amzn-errortype", error),) if error else ()))
    return ModelFault(lambda _: Answer(code, body, headers))


def page(code: int) -> ModelFault:
    """An HTML page of something between, such as a proxy."""
    return status(code, body=HTML, kind=(("content-type", "text/html"),))


def converse(body: Callable[[Reply], bytes], **more: Any) -> ModelFault:
    """A 200 of Converse with another body."""
    return ModelFault(lambda reply: Answer(body=body(reply), headers=JSON, **more), billed=True)


def document(**change: Any) -> ModelFault:
    """A 200 of Converse with another field."""
    return converse(lambda reply: json.dumps({**reply.document(), **change}).encode())


def written(change: Any, **more: Any) -> ModelFault:
    """A stream that the model wrote, so that it is billed."""
    return ModelFault(stream(change, **more), billed=True)


def passing(kind: str) -> tuple[End, End]:
    """Refused before the model wrote: nothing is paid, tried three times."""
    return FINE, End(kind, 0, "exact")


def maybe(kind: str) -> tuple[End, End]:
    """Not answered, and nobody can tell whether the model wrote: the ledger does not say that it cost nothing."""
    return End(ledger="lower bound"), End(kind, 0, "unknown")


def broken(kind: str = "ModelStreamBroken") -> tuple[End, End]:
    """Written and lost on the way: paid at each try."""
    return End(paid=1, ledger="lower bound"), End(kind, ATTEMPTS, "unknown")


def stays(kind: str) -> tuple[End, End]:
    """Refused, and would be refused again: asked once."""
    return End(kind, 0, "exact"), End(kind, 0, "exact")


def paid(kind: str) -> tuple[End, End]:
    """A whole reply that is no answer: paid once, known, not asked again."""
    return End(kind, 1, "exact"), End(kind, 1, "exact")


UNKNOWN_COST = (End(ledger="unknown"), End(ledger="unknown"))
"""A whole reply that does not say what it cost: kept, and the cost is null."""

STREAMS: tuple[Row, ...] = (
    ("stream cut before the first frame", ModelFault(stream(lambda _: b"", whole=False)), *maybe("ModelStreamBroken")),
    ("stream cut after messageStart", written(until("messageStart"), whole=False), *broken()),
    ("stream cut in the middle of the text", written(until("contentBlockDelta"), whole=False), *broken()),
    ("stream cut in the middle of a frame", written(lambda e: frames(e)[:150], whole=False), *broken()),
    ("stream cut before messageStop", written(until("contentBlockStop"), whole=False), *broken()),
    ("stream cut after messageStop", written(until("messageStop"), whole=False), *broken()),
    ("stream ends in the middle, cleanly", written(until("contentBlockDelta")), *broken()),
    ("silence before the first frame", ModelFault(stream(lambda _: b"", stalls=True)), *maybe("ModelTimedOut")),
    ("silence in the middle of the text", written(until("contentBlockDelta"), stalls=True), *broken("ModelTimedOut")),
    ("a frame with a damaged checksum", written(damaged), *broken()),
    ("bytes that are no frames", written(lambda _: b"not frames at all" * 9), *broken()),
    ("ended after messageStop, cleanly", written(until("messageStop")), *UNKNOWN_COST),
    ("metadata without usage", written(with_event("metadata", {"metrics": {"latencyMs": 1}})), *UNKNOWN_COST),
    ("usage null", written(with_event("metadata", {"usage": None})), *UNKNOWN_COST),
    ("usage {}", written(with_event("metadata", {"usage": {}})), *UNKNOWN_COST),
    (
        "usage negative",
        written(with_event("metadata", {"usage": {"inputTokens": -9, "outputTokens": 3}})),
        *UNKNOWN_COST,
    ),
    ("usage zero", written(with_event("metadata", {"usage": {"inputTokens": 0, "outputTokens": 0}})), *UNKNOWN_COST),
    *(
        (f"{code} in a frame, at once", ModelFault(stream(first_error_frame(code))), *ends)
        for code, ends in (
            ("throttlingException", passing("ModelThrottled")),
            ("serviceUnavailableException", passing("ModelUnavailable")),
            ("internalServerException", passing("ModelUnavailable")),
            ("validationException", stays("ModelRequestInvalid")),
            ("modelStreamErrorException", maybe("ModelStreamBroken")),
        )
    ),
    *(
        (f"{code} in a frame, in mid-reply", written(error_frame(code)), *ends)
        for code, ends in (
            ("throttlingException", broken("ModelThrottled")),
            ("serviceUnavailableException", broken("ModelUnavailable")),
            ("internalServerException", broken("ModelUnavailable")),
            ("validationException", (End("ModelRequestInvalid", 1, "unknown"),) * 2),
            ("modelStreamErrorException", broken()),
            ("novelException", broken()),
        )
    ),
    *(
        (f"stop reason {reason}", written(with_event("messageStop", {"stopReason": reason})), *ends)
        for reason, ends in (
            ("max_tokens", paid("ModelLimitReached")),
            ("guardrail_intervened", paid("GuardrailIntervened")),
            ("content_filtered", paid("ContentFiltered")),
            ("refusal", paid("ContentFiltered")),
            ("malformed_model_output", paid("MalformedModelReply")),
            ("malformed_tool_use", paid("MalformedModelReply")),
            ("model_context_window_exceeded", paid("ContextWindowExceeded")),
            ("odd", paid("ModelFailed")),
        )
    ),
    ("empty text", written(with_text("")), *paid("EmptyModelReply")),
    ("invisible text", written(with_text("\u200b\u2060 \ufeff")), *paid("EmptyModelReply")),
)
"""Faults of ConverseStream's frames: what, how, and the end when it lasts once and for ever."""

STATUSES: tuple[Row, ...] = (
    ("429 ThrottlingException", status(429, "ThrottlingException"), *passing("ModelThrottled")),
    ("429 without a code", status(429), *passing("ModelThrottled")),
    ("429 as HTML", page(429), *passing("ModelThrottled")),
    ("408 ModelTimeoutException", status(408, "ModelTimeoutException"), *maybe("ModelTimedOut")),
    ("408 as HTML", page(408), *maybe("ModelTimedOut")),
    ("400 ValidationException", status(400, "ValidationException"), *stays("ModelRequestInvalid")),
    ("400 without a code", status(400), *stays("ModelRequestInvalid")),
    ("401 without a code", status(401), *stays("ModelAccessDenied")),
    ("403 AccessDeniedException", status(403, "AccessDeniedException"), *stays("ModelAccessDenied")),
    ("403 as HTML", page(403), *stays("ModelAccessDenied")),
    ("404 ResourceNotFoundException", status(404, "ResourceNotFoundException"), *stays("ModelNotFound")),
    ("404 as HTML", page(404), *stays("ModelNotFound")),
    ("413 without a code", status(413), *stays("ModelRequestInvalid")),
    ("400 ServiceQuotaExceededException", status(400, "ServiceQuotaExceededException"), *stays("ModelQuotaExceeded")),
    ("424 ModelErrorException", status(424, "ModelErrorException"), *passing("ModelUnavailable")),
    ("500 InternalServerException", status(500, "InternalServerException"), *passing("ModelUnavailable")),
    ("500 with an empty body", status(500, body=b""), *passing("ModelUnavailable")),
    ("502 as HTML", page(502), *passing("ModelUnavailable")),
    ("503 with cut JSON", status(503, body=b'{"mess'), *passing("ModelUnavailable")),
    ("504 as HTML", page(504), *passing("ModelUnavailable")),
    ("529 without a code", status(529), *passing("ModelUnavailable")),
)
"""Faults that both of Bedrock's operations show alike."""

DOCUMENTS: tuple[Row, ...] = (
    ("Converse: empty body", converse(lambda _: b""), *broken()),
    ("Converse: HTML with 200", converse(lambda _: HTML), *broken()),
    ("Converse: cut JSON", converse(lambda reply: json.dumps(reply.document()).encode()[:60]), *broken()),
    ("Converse: body cut on the wire", converse(lambda _: b'{"output"', whole=False), *broken()),
    ("Converse: silence", converse(lambda _: b"", stalls=True), *broken("ModelTimedOut")),
    ("Converse: no output", document(output=None), *broken()),
    ("Converse: usage null", document(usage=None), *UNKNOWN_COST),
    ("Converse: usage {}", document(usage={}), *UNKNOWN_COST),
    ("Converse: stop reason max_tokens", document(stopReason="max_tokens"), *paid("ModelLimitReached")),
)
"""Faults of Converse's one document."""


def _at(place: At) -> ModelFault:
    return ModelFault(at=place)


CONNECTIONS: tuple[Row, ...] = (
    ("reset while the request is sent", _at("accept"), *maybe("ModelStreamBroken")),
    ("reset instead of an answer", ModelFault(lambda _: Answer(None)), *maybe("ModelStreamBroken")),
    ("reset in the TLS handshake", _at("handshake"), *maybe("ModelStreamBroken")),
    ("certificate of an unknown authority", _at("certificate"), *stays("ModelUnreachable")),
    ("proxy answers CONNECT with 502", _at("proxy 502"), *passing("ModelUnavailable")),
    ("proxy answers CONNECT with 407", _at("proxy 407"), *stays("ModelUnreachable")),
)
"""Faults before a request arrives."""


def entries() -> Iterator[Entry]:
    """Every row at every moment, once and for ever."""
    converse_only = {"MODEL_STREAMING": "false"}
    for family, rows, environment in (
        ("ConverseStream", STREAMS, {}),
        ("ConverseStream", STATUSES, {}),
        ("Converse", DOCUMENTS, converse_only),
        ("Converse", STATUSES, converse_only),
        ("connection", CONNECTIONS, {}),
    ):
        for fault, act, once, for_ever in rows:
            slow = SHORT_READ if "silence" in fault else {}
            for moment, where in MOMENTS.items():
                ends: tuple[tuple[Lasts, End], ...] = (("once", once), ("for ever", for_ever))
                for lasts, end in ends:
                    paid_for, chosen = total_paid(end, where), {**environment, **slow}
                    yield Entry(family, fault, moment, lasts, end, paid_for, where, act, chosen)
