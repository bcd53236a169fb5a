"""Research in topics: side by side, each once, the ledger exact, what failed named."""

import json
import threading
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from agent_workflow.errors import InvalidRequest
from agent_workflow.flow import Each
from agent_workflow.request import parse_request
from agent_workflow.topics import read_plan, with_limits
from durable_strands.errors import ModelAccessDenied, ModelThrottled
from tests.fakes import MODEL_ID, FakeModel, Reply
from tests.workflow.flows import use_flow

TOPICS = ["Edge  hardware", "Ökonomie", "量子"]
EVENT = {"query": "edge computing", "topics": TOPICS}


class PerTopic(FakeModel):
    """Answers each topic with a text of its own; what `failing` names fails every time, `once` at its first try."""

    def __init__(self, failing: tuple[str, ...] = (), once: tuple[str, ...] = ()) -> None:
        super().__init__("x")
        self.asked: Counter[str] = Counter()
        self.failing, self.once = failing, once
        self._counting = threading.Lock()

    async def stream(self, messages: Any, *arguments: Any, **named: Any) -> Any:
        prompt = messages[-1]["content"][0]["text"]
        topic = next(topic for topic in TOPICS if f"\n{topic}\n" in prompt)
        with self._counting:
            self.asked[topic] += 1
            count = self.asked[topic]
        if topic in self.failing:
            raise ModelAccessDenied("no")
        if topic in self.once and count == 1:
            raise ModelThrottled("slow down")
        for event in Reply(f"about {topic}").events(1):
            yield event


def test_each_topic_is_a_named_branch_with_a_research_of_its_own_and_a_section_in_order(packaged):
    packaged.models["research"] = PerTopic()
    result = packaged.result(EVENT)
    sections = "## Edge hardware\n\nabout Edge  hardware\n\n## Ökonomie\n\nabout Ökonomie\n\n## 量子\n\nabout 量子"
    assert result["research"] == sections
    assert list(result) == ["status", "query", "research", "analysis", "report", "topics", "usage"]
    assert result["topics"] == [{"topic": topic, "status": "completed", "error_type": None} for topic in TOPICS]
    names = {operation.operation_id: operation.name for operation in packaged.operations}
    parents = [(operation.name, names.get(operation.parent_id)) for operation in packaged.operations]
    branches = ["1-edge-hardware", "2-konomie", "3"]
    assert {parent for name, parent in parents if name == "research-agent"} == set(branches)
    assert {parent for name, parent in parents if name in branches} == {"research-topics"}
    assert packaged.models["research"].asked == dict.fromkeys(TOPICS, 1)
    usage = result["usage"]
    assert (usage["model_calls"], usage["agents"]["research"]["model_calls"]) == (5, 3)
    assert usage["estimates"]["durable_operations"] == len(packaged.operations)
    assert json.loads(packaged.replay()["Result"]) == result


def test_topics_that_ended_in_an_earlier_pass_are_not_asked_again_and_stay_in_the_ledger(packaged):
    packaged.set_environment(RETRY_INITIAL_DELAY_SECONDS="1", MODEL_PRICES={MODEL_ID: {"input": "3", "output": "15"}})
    packaged.models["research"] = PerTopic(once=("量子",))
    result = packaged.result({**EVENT, "demo_checkpoint": True})
    assert packaged.models["research"].asked == {"Edge  hardware": 1, "Ökonomie": 1, "量子": 2}
    assert packaged.invocations > 1
    assert (result["usage"]["model_calls"], result["usage"]["attempts"]) == (5, 6)
    assert Decimal(result["usage"]["cost_usd"]) == 5 * Decimal("0.00105")
    names = [call["name"] for call in result["usage"]["agents"]["research"]["calls"]]
    assert names == ["1/model-1", "2/model-1", "3/model-1"]
    replayed = json.loads(packaged.replay()["Result"])
    assert replayed["usage"]["cost_usd"] == result["usage"]["cost_usd"]
    assert replayed["research"] == result["research"]


def test_a_failed_topic_within_the_allowance_is_named_in_result_research_and_report(packaged):
    packaged.models["research"] = PerTopic(failing=("Ökonomie",))
    packaged.models["summary"] = FakeModel("# Title\n\n## Limits of this report\n\nOld numbers.\n\n## Annex\n\nMore.")
    result = packaged.result({**EVENT, "max_failed_topics": 1})
    assert result["topics"][1] == {"topic": "Ökonomie", "status": "failed", "error_type": "ModelAccessDenied"}
    said = "Ökonomie: not researched, the run failed (ModelAccessDenied)."
    assert f"## Limits of this report\n\nOld numbers.\n\n- {said}\n\n## Annex\n\nMore." in result["report"]
    assert "## Ökonomie\n\nnot researched" in result["research"]
    assert json.loads(packaged.replay()["Result"]) == result


@pytest.mark.parametrize(("failing", "allowed"), [(("Ökonomie",), 0), (("Ökonomie", "量子"), 1), (tuple(TOPICS), 3)])
def test_more_failed_topics_than_allowed_end_the_execution_with_the_first_failure(packaged, failing, allowed: int):
    packaged.models["research"] = PerTopic(failing=failing)
    error = packaged.error({**EVENT, "max_failed_topics": allowed})
    assert error.type == "ModelAccessDenied"
    data = json.loads(error.data)
    assert data["agent"] == "research"
    assert data["usage"]["model_calls"] == len(TOPICS) - len(failing)
    assert packaged.models["analysis"].calls == 0
    assert json.loads(packaged.replay()["Error"]["ErrorData"])["usage"]["model_calls"] == len(TOPICS) - len(failing)


def test_a_failed_topics_paid_reply_is_in_the_ledger_on_every_pass(packaged):
    packaged.models["research"] = FakeModel(Reply("half", stop_reason="max_tokens"))
    first = json.loads(packaged.error(EVENT).data)["usage"]
    again = json.loads(packaged.replay()["Error"]["ErrorData"])["usage"]
    assert (first["input_tokens"], again["input_tokens"]) == (300, 300)


def test_auto_lets_the_research_agent_name_the_topics_and_ask_itself(packaged):
    packaged.models["research"] = FakeModel('Here: ["one", "two", "one "]', "first", "second")
    result = packaged.result({"query": "edge computing", "topics": "auto"})
    assert [topic["topic"] for topic in result["topics"]] == ["one", "two"]
    assert packaged.names[:3] == ["research-agent", "model-1", "research-topics"]
    assert result["usage"]["estimates"]["durable_operations"] == len(packaged.operations)
    assert packaged.models["research"].calls == 3


def test_auto_asks_twice_for_a_plan_and_then_fails_typed_with_what_it_cost(packaged):
    packaged.models["research"] = FakeModel("I would rather not.")
    error = packaged.error({"query": "edge computing", "topics": "auto"})
    assert error.type == "TopicsNotPlanned"
    assert json.loads(error.data)["usage"]["model_calls"] == 2


@pytest.mark.parametrize(
    ("answer", "topics"),
    [
        ('["a", "b"]', ("a", "b")),
        ('```json\n["a", " b ", "a", 3, "", "' + "c" * 201 + '"]\n```', ("a", "b")),
        ("1. alpha\n2) beta\n* gamma", ("alpha", "beta", "gamma")),
        (json.dumps([str(n) for n in range(30)]), tuple(str(n) for n in range(20))),
        ("[" * 5_000, ()),
        ("none", ()),
    ],
)
def test_a_plan_is_read_from_json_or_a_list_and_keeps_the_rules(answer: str, topics: tuple[str, ...]):
    assert read_plan(answer) == topics


def test_limits_are_added_to_a_report_without_the_section_and_a_whole_report_stays_as_it_is():
    failed = [Each("a\n## b", None, "ModelTimedOut")]
    added = with_limits("# R", failed)
    assert added == "# R\n\n## Limits of this report\n\n- a ## b: not researched, the run failed (ModelTimedOut).\n"
    assert with_limits("# R", [Each("a", "text")]) == "# R"


WRONG_ARITY = """
    def run(flow, request):
        flow.ask_each("writer", ["a", "b"], name="each", item="part", given={1})
"""


def test_a_branch_that_cannot_be_asked_is_no_empty_list_of_a_success(packaged, tmp_path):
    use_flow(packaged, tmp_path, WRONG_ARITY, writer=FakeModel("x"))
    assert packaged.error({"query": "q"}).type == "FlowFailed"


def test_no_more_branches_run_at_once_than_the_deployment_allows(packaged, tmp_path):
    running, most = [], []

    class Counting(FakeModel):
        async def stream(self, *arguments: Any, **named: Any) -> Any:
            running.append(1)
            most.append(len(running))
            async for event in super().stream(*arguments, **named):
                yield event
            running.pop()

    flow = """
    def run(flow, request):
        items = [str(n) for n in range(9)]
        return " ".join(each.text for each in flow.ask_each("writer", items, name="each", item="part"))
    """
    use_flow(packaged, tmp_path, flow, writer=Counting("x"))
    packaged.set_environment(MAX_PARALLEL_BRANCHES="2")
    assert packaged.result({"query": "q"})["report"] == " ".join(["x"] * 9)
    assert max(most) <= 2


REFUSED = {
    "x": 'a list of 2 to 20 topics, or "auto"',
    "": 'a list of 2 to 20 topics, or "auto"',
    None: 'a list of 2 to 20 topics, or "auto", got null',
    7: "got 7",
    ("a",): 'a list of 2 to 20 topics, or "auto", got a list of 1 values',
    tuple("abcdefghijklmnopqrstu"): 'a list of 2 to 20 topics, or "auto", got a list of 21 values',
    ("a", " a "): "different topics after trimming",
    ("a", " "): "at least 1 character",
    ("a", "b" * 201): "at most 200 characters",
    ("a", 2): "valid string",
    ("a", "\u200b"): "can be seen",
}


@pytest.mark.parametrize("topics", REFUSED)
def test_topics_that_break_a_rule_are_refused_before_any_call(packaged, topics: Any):
    error = packaged.error({"query": "q", "topics": list(topics) if isinstance(topics, tuple) else topics})
    assert error.type == "InvalidRequest"
    assert REFUSED[topics] in error.message
    assert packaged.calls == {"research": 0, "analysis": 0, "summary": 0}


@pytest.mark.parametrize("allowed", [-1, 21, True, 1.5, "1", None])
def test_an_allowance_is_a_whole_number_between_0_and_20(allowed: Any):
    with pytest.raises(InvalidRequest, match="max_failed_topics"):
        parse_request({"query": "q", "topics": ["a", "b"], "max_failed_topics": allowed})


def test_topics_for_agents_without_a_flow_are_refused_before_any_call(packaged, tmp_path):
    use_flow(packaged, tmp_path, "", writer=FakeModel("x"))
    error = packaged.error(EVENT)
    assert (error.type, packaged.models["writer"].calls) == ("InvalidRequest", 0)
    assert "no flow.py" in error.message
