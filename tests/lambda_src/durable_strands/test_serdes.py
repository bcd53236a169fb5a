"""How values are written: readable, in as few bytes as their letters take, and read back as they were."""

from __future__ import annotations

import json

import pytest

from durable_strands.serdes import LIMIT_BYTES, PlainJson

VALUES = [
    {"text": "é 🌊"}, {"$bytes": "abc"}, {"a": [b"\x00\xff", {"$json": {}}]}, {"half": "\ud83d"}, {"quote": '"\\\n'},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=str)
@pytest.mark.parametrize("write", [PlainJson().serialize, PlainJson().readable])
def test_what_is_written_comes_back_and_has_a_utf_8(value, write):
    assert PlainJson().deserialize(write(value).encode().decode()) == value


def test_accented_text_takes_its_own_bytes_at_any_length():
    short, long = "é" * 1_000, "é" * LIMIT_BYTES
    assert len(PlainJson().serialize(short).encode()) == 2_002
    assert len(PlainJson().readable(long).encode()) == 2 * LIMIT_BYTES + 2


def test_above_the_limit_the_sdk_counts_what_the_service_counts():
    written = PlainJson().serialize({"text": "é🌊" * LIMIT_BYTES, "more": "\t"})
    assert written.isascii()
    assert json.loads(written) == {"text": "é🌊" * LIMIT_BYTES, "more": "\t"}
