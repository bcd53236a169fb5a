"""The worst case that synth finds is what the durable engine really counts, where a flow has only one way."""

import inspect
import json
import re
from dataclasses import fields
from typing import Any

import pytest

from agent_workflow import flow
from agent_workflow.request import Request
from agent_workflow.topic_limits import MAX_TOPICS
from durable_strands import Limits
from durable_strands.sizes import LIMIT_BYTES
from flow_recording import reckoning
from flow_recording import verbs as recording_verbs
from flow_recording.choices import Choices
from infra.durable_agent_pipeline.agents.flow_bounds import MOST_BYTES, bounds
from infra.durable_agent_pipeline.choices.review import MOST_ROUNDS
from infra.durable_agent_pipeline.package.lambda_source import lambda_source
from tests.fakes import FakeModel
from tests.workflow.flows import use_flow

ONE_WAY = {
    "asks, a wait and a step": """
        flow.wait("a-night", 3600)
        flow.step("look", lambda: "noon")
        flow.ask("writer", found=flow.step("look", lambda: "one"))
        flow.ask("critic")
        return flow.ask("writer")
    """,
    "one for each of many": """
        found = flow.ask_each("critic", [f"part {n}" for n in range(12)], name="parts", item="part")
        return flow.ask("writer", found=[each.text for each in found])
    """,
}


@pytest.mark.parametrize("case", ONE_WAY)
def test_the_bound_of_one_way_is_what_the_engine_counts(pipeline, tmp_path, case: str):
    text = f"    def run(flow, request):\n{ONE_WAY[case].replace('        ', '            ')}"
    use_flow(pipeline, tmp_path / "agents", text, writer=FakeModel(*["long"] * 3), critic=FakeModel(*["fine"] * 12))
    pipeline.result({"query": "edge computing"})
    found = bounds(tmp_path / "agents")
    assert (found.ways, found.operations) == (1, len(pipeline.operations))
    assert pipeline.bytes_written < found.bytes < MOST_BYTES


def test_no_run_of_the_packaged_flow_takes_more_than_its_bound(packaged):
    topics = [f"topic {number}" for number in range(20)]
    packaged.models["research"] = FakeModel(json.dumps(topics), *["found" * 1000] * 20)
    packaged.result({"query": "edge computing", "topics": "auto", "demo_checkpoint": True})
    found = bounds(lambda_source() / "agents")
    by_name = {row["operation"]: row["operations"] for row in found.rows}
    assert by_name["research-topics"] == 61
    # one plan of the two that may be asked for, no review
    assert len(packaged.operations) == found.operations - 2 - by_name["review"] - 10 * 2
    assert packaged.bytes_written < found.bytes


def verbs_of(kind: type) -> dict[str, list[Any]]:
    """Each verb's parameters: name, kind and default."""
    return {
        name: [(one.name, one.kind, one.default) for one in inspect.signature(verb).parameters.values()]
        for name, verb in vars(kind).items()
        if inspect.isfunction(verb) and not name.startswith("_") and name in VERBS
    }


VERBS = set(vars(flow.Flow)) - {"operations", "rounds", "answers_so_far", "finished", "refuse_to_go_on", "agent_of"}


def test_the_recording_has_every_verb_every_field_and_every_limit():
    assert verbs_of(recording_verbs.RecordingFlow) == verbs_of(flow.Flow)
    assert {"ask", "ask_each", "wait", "step", "review"} <= verbs_of(flow.Flow).keys()
    assert [one.name for one in fields(recording_verbs.Each)] == [one.name for one in fields(flow.Each)]
    said = re.findall(r"^        ([a-z]+): ", flow.Flow.__doc__ or "", re.MULTILINE)
    known = recording_verbs.RecordingFlow({}, Choices(), 1)
    assert [name for name in said if not hasattr(known, name)] == ["reviewed"]  # which no author needs
    request = recording_verbs.RecordedRequest(Choices(), set(), [])
    assert [name for name in Request.model_fields if not hasattr(request, name)] == []
    assert recording_verbs.MAX_BRANCHES == flow.MAX_BRANCHES
    assert recording_verbs.MAX_WAIT_SECONDS == flow.MAX_WAIT_SECONDS
    assert recording_verbs.MAX_TOPICS == MAX_TOPICS
    assert recording_verbs.MOST_ROUNDS == MOST_ROUNDS
    assert reckoning.STEP_BYTES == LIMIT_BYTES
    assert Limits().turns == reckoning.DEFAULT_TURNS
