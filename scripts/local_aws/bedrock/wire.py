"""The bytes Bedrock Runtime puts on the wire: event-stream frames and error replies.

`smithy-aws-event-stream` would do the frames, but needs Python 3.12; this project promises 3.11.
"""

import json
import struct
import uuid
import zlib
from typing import Any

EVENT_STREAM_TYPE = "application/vnd.amazon.eventstream"

STATUS_OF_ERROR = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}

ERRORS_OF_A_STREAM = {
    "InternalServerException",
    "ModelStreamErrorException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "ValidationException",
}
"""The errors ConverseStream may still send after its 200; every other one becomes ModelStreamErrorException."""

_STRING_HEADER = 7


class AwsError(Exception):
    """A refusal as AWS words it; `code` is one of STATUS_OF_ERROR, `message` goes to the client as it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = STATUS_OF_ERROR[code]


def context_overflow() -> AwsError:
    """Bedrock's refusal of a prompt that does not fit the model's context; Strands knows it by its text."""
    return AwsError("ValidationException", "Input is too long for requested model.")


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One `application/vnd.amazon.eventstream` message: lengths, their CRC, headers, payload, CRC of it all."""
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    checked = prelude + struct.pack("!I", zlib.crc32(prelude)) + encoded + payload
    return checked + struct.pack("!I", zlib.crc32(checked))


def event_frame(event_type: str, payload: dict[str, Any]) -> bytes:
    """A frame carrying one ConverseStream event, such as `contentBlockDelta`."""
    headers = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload).encode())


def exception_frame(error: AwsError) -> bytes:
    """The frame that ends a stream already begun with an error."""
    code = error.code if error.code in ERRORS_OF_A_STREAM else "ModelStreamErrorException"
    headers = {
        ":exception-type": code[0].lower() + code[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(headers, error_body(error))


def error_body(error: AwsError) -> bytes:
    """The JSON document of an error, the same before and within a stream."""
    return json.dumps({"message": error.message}).encode()


def reply_headers(content_type: str) -> dict[str, str]:
    """Headers every reply carries; boto3 shows the request id in ResponseMetadata."""
    return {"content-type": content_type, "x-amzn-requestid": str(uuid.uuid4())}


def _header(name: str, value: str) -> bytes:
    raw_name, raw_value = name.encode(), value.encode()
    return struct.pack("!B", len(raw_name)) + raw_name + struct.pack("!BH", _STRING_HEADER, len(raw_value)) + raw_value
