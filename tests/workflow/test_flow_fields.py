"""Topics and reviews that a flow.py does nothing with are refused before a token is spent, and only these."""

import json

import pytest

from tests.fakes import FakeModel
from tests.workflow.flows import use_flow

EVENT = {"query": "edge computing"}
ASKS = "    def run(flow, request):\n        return flow.ask('writer')\n"


@pytest.mark.parametrize(
    ("event", "flow", "said"),
    [
        ({"topics": ["a", "b"]}, ASKS, "topics must be left out"),
        ({"topics": "auto"}, ASKS, "topics must be left out"),
        ({"review": True}, ASKS, "review must be left out or come after another text"),
        (
            {"review": True},
            ASKS.replace("flow.ask('writer')", "flow.ask('writer') if request.review else ''"),
            "review",
        ),
        (
            {"review": {"after": "analysis"}},
            ASKS.replace("flow.ask('writer')", "flow.review(flow.ask('writer'))"),
            "holds no review after the analysis",
        ),
        (
            {"review": True},
            ASKS.replace("flow.ask('writer')", "flow.review(flow.ask('writer'), of='analysis')"),
            "holds no review after the report",
        ),
    ],
)
def test_fails_when_a_flow_does_nothing_with_what_is_asked_for(pipeline, tmp_path, event, flow: str, said: str):
    use_flow(pipeline, tmp_path, flow, writer=FakeModel("x"))
    error = pipeline.error({**EVENT, **event})
    assert error.type == "InvalidRequest"
    assert said in error.message
    assert pipeline.models["writer"].calls == 0
    assert pipeline.names == []


def test_fails_when_the_deployment_wants_a_review_that_the_flow_does_not_hold(pipeline, tmp_path):
    use_flow(pipeline, tmp_path, ASKS, writer=FakeModel("x"))
    pipeline.set_environment(REVIEW={"after": "report"})
    assert pipeline.error(EVENT).type == "InvalidRequest"
    assert pipeline.models["writer"].calls == 0
    assert pipeline.result({**EVENT, "review": False})["report"] == "x"


@pytest.mark.parametrize(
    "flow",
    [
        "    def run(flow, request):\n        return flow.ask('writer', parts=list(request.topics))\n",
        "    def run(flow, request):\n        return flow.ask('writer', parts=getattr(request, 'topics'))\n",
        "    def run(flow, request):\n        return flow.ask('writer', parts=request.model_dump()['topics'])\n",
        "    import seen_elsewhere\n    def run(flow, request):\n        return flow.ask('writer')\n",
    ],
)
def test_a_flow_that_looks_at_topics_or_may_is_not_refused(pipeline, tmp_path, monkeypatch, flow: str):
    monkeypatch.setitem(__import__("sys").modules, "seen_elsewhere", json)
    use_flow(pipeline, tmp_path, flow, writer=FakeModel("x"))
    assert pipeline.result({**EVENT, "topics": ["a", "b"]})["report"] == "x"
