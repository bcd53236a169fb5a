"""Frames and errors, read back by botocore's own decoder."""

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from scripts.local_aws.bedrock.wire import AwsError, context_overflow, event_frame, exception_frame


def _decoded(data: bytes):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [event.to_response_dict() for event in buffer]


def test_botocore_reads_back_an_event_frame():
    [event] = _decoded(event_frame("contentBlockDelta", {"delta": {"text": "naïve 🌊"}, "contentBlockIndex": 0}))
    assert event["headers"] == {
        ":event-type": "contentBlockDelta",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert event["body"] == b'{"delta": {"text": "na\\u00efve \\ud83c\\udf0a"}, "contentBlockIndex": 0}'
    assert event["status_code"] == 200


def test_frames_stand_one_after_the_other_however_the_bytes_are_cut():
    data = b"".join(event_frame("contentBlockDelta", {"contentBlockIndex": index}) for index in range(5))
    buffer, bodies = EventStreamBuffer(), []
    for start in range(0, len(data), 7):
        buffer.add_data(data[start : start + 7])
        bodies += [event.payload for event in buffer]
    assert bodies == [b'{"contentBlockIndex": %d}' % index for index in range(5)]


def test_a_flipped_bit_is_noticed_by_the_checksum():
    data = bytearray(event_frame("messageStop", {"stopReason": "end_turn"}))
    data[-6] ^= 1
    with pytest.raises(ChecksumMismatch):
        _decoded(bytes(data))


def test_an_error_within_a_stream_is_an_exception_frame():
    [event] = _decoded(exception_frame(AwsError("ThrottlingException", "Too many requests")))
    assert event["headers"][":message-type"] == "exception"
    assert event["headers"][":exception-type"] == "throttlingException"
    assert event["body"] == b'{"message": "Too many requests"}'
    assert event["status_code"] == 400


def test_an_error_that_no_stream_may_carry_becomes_the_models_stream_error():
    [event] = _decoded(exception_frame(AwsError("AccessDeniedException", "no")))
    assert event["headers"][":exception-type"] == "modelStreamErrorException"


def test_context_overflow_has_the_words_strands_looks_for():
    from strands.models.bedrock import BEDROCK_CONTEXT_WINDOW_OVERFLOW_MESSAGES

    error = context_overflow()
    assert error.status == 400
    assert any(known in error.message for known in BEDROCK_CONTEXT_WINDOW_OVERFLOW_MESSAGES)
