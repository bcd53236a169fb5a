"""Checkpoints that Lambda refuses and the local engine would accept."""

import pytest

from scripts.local_aws.functions.service_limits import refusal


def test_a_step_result_of_exactly_the_limit_passes():
    assert refusal([{"Type": "STEP", "Name": "model-1", "Payload": "x" * 262_144}]) is None


def test_fails_when_a_step_result_is_one_byte_too_long_in_utf_8():
    message = refusal([{"Type": "STEP", "Name": "model-1", "Payload": "x" * 262_143 + "ä"}])
    assert message == "STEP output payload size must be less than or equal to 262144 bytes."


@pytest.mark.parametrize("name", ["", "Zürich", "x" * 257, "two\nlines"])
def test_fails_when_a_name_is_not_printable_ascii_of_1_to_256(name):
    assert "operation name" in (refusal([{"Type": "STEP", "Name": name}]) or "")
