"""An execution without room goes on in a new one: one result, one ledger, nothing done or paid twice."""

import json
import random
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
from aws_durable_execution_sdk_python_testing.invoker import DEFAULT_TEST_FUNCTION_NAME as FUNCTION_NAME
from strands.types.exceptions import ModelThrottledException

from agent_workflow.handed_event import begun
from agent_workflow.settings import read_settings
from durable_strands.carried import to_text
from durable_strands.errors import ModelAccessDenied
from tests.fakes import MODEL_ID, FakeModel, Reply
from tests.workflow.flows import use_flow

EVENT = {"query": "edge computing"}
PRICES = {"a.model": {"input": "3", "output": "15"}, MODEL_ID: {"input": "3", "output": "15"}}
ROOM = 20

ROUNDS = """
    import seen

    def run(flow, request):
        draft = ""
        for number in range(12):
            draft = flow.ask("writer", draft=draft)
            flow.step(f"note-{number}", lambda: seen.acts.append(draft) or len(seen.acts))
        return draft
"""
SIDE_BY_SIDE = """
    def run(flow, request):
        found = flow.ask_each("writer", [f"part {number}" for number in range(14)], name="parts", item="part")
        return flow.ask("editor", found=[each.text for each in found])
"""
REVIEWED = """
    def run(flow, request):
        for _ in range(7):
            flow.ask("writer")
        text = flow.review(flow.ask("writer"))
        for _ in range(7):
            flow.ask("writer", text=text)
        return text
"""
MIXED = """
    def run(flow, request):
        found = flow.ask("clerk")
        flow.wait("a-minute", 60)
        each = flow.ask_each("clerk", ["north", "south", "east"], name="parts", item="part", max_failed=1)
        at = flow.step("count", lambda: len(each))
        return flow.ask("clerk", found=found, each=[one.text for one in each]) + str(at)
"""
WITH_TOOLS = """
    def run(flow, request):
        return flow.ask("clerk") + flow.ask("clerk")
"""
TOOLS = """
from strands import tool
import seen

@tool
def look_up(key: str) -> str:
    '''Look up a key.'''
    seen.acts.append(key)
    return f"{key} is {len(seen.acts)}"
"""


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Any:
    notes = SimpleNamespace(acts=[])
    monkeypatch.setitem(sys.modules, "seen", notes)
    return notes


class Chain:
    """Runs an event to its end and keeps every execution of its chain, in order."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.executions: list[list[Any]] = []

    def run(self, event: Any, **answers: Any) -> Any:
        """The end of an execution, whose callbacks are answered by name."""
        with DurableFunctionTestRunner(self.pipeline._counted, poll_interval=0.02) as runner:
            runner.register_durable_function(FUNCTION_NAME, self.pipeline._counted)
            arn = runner.run_async(input=json.dumps(event), execution_timeout=60)
            for name, answer in answers.items():
                callback = runner.wait_for_callback(arn, name=name.replace("_", "-"), timeout=30)
                runner.send_callback_success(callback, json.dumps(answer).encode())
            outcome = runner.wait_for_result(arn, timeout=60)
            self.executions = []
            while arn:
                execution = runner._store.load(arn)
                self.executions.append(execution.operations)
                arn = next(iter(execution.chained_invoke_children.values()), None)
        return outcome

    @property
    def sizes(self) -> list[int]:
        """Operations of each execution, itself left out."""
        return [len(operations) - 1 for operations in self.executions]

    def made(self, name: str) -> int:
        """How many operations of that name were made in all of them."""
        return sum(each.name == name for operations in self.executions for each in operations)


@pytest.fixture
def chain(pipeline: Any) -> Chain:
    pipeline.set_environment(MODEL_PRICES=PRICES, HAND_OVER_OPERATIONS=str(ROOM))
    return Chain(pipeline)


def give_tool(folder: Any) -> None:
    """Give every agent of the folder the tool that notes its calls."""
    declared = (folder / "agents.toml").read_text().replace("max_tokens = 10", 'max_tokens = 10\ntools = ["look_up"]')
    (folder / "agents.toml").write_text(declared)
    (folder / "tools.py").write_text(TOOLS)


def exact(result: dict[str, Any]) -> dict[str, Any]:
    """A result, and of its usage what is exact whatever was measured."""
    names = ("model_calls", "attempts", "input_tokens", "output_tokens", "cost_usd")
    return {**result, "usage": {name: result["usage"][name] for name in names}}


def both(chain: Chain, event: Any = EVENT) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of a chain, and of one execution that has room for everything."""
    outcome = chain.run(event)
    assert outcome.error is None, outcome.error
    sizes = chain.sizes
    chain.pipeline.set_environment(HAND_OVER_OPERATIONS="2900")
    alone = chain.run(event)
    assert alone.error is None, alone.error
    assert len(chain.sizes) == 1 < len(sizes)
    return json.loads(outcome.result), json.loads(alone.result)


def test_agents_and_steps_one_after_the_other_are_each_done_once(chain, tmp_path, seen):
    use_flow(chain.pipeline, tmp_path, ROUNDS, writer=FakeModel(*[f"draft {n}" for n in range(12)]))
    outcome = chain.run(EVENT)
    assert outcome.error is None, outcome.error
    result = json.loads(outcome.result)
    assert (result["status"], result["report"]) == ("completed", "draft 11")
    assert chain.pipeline.models["writer"].calls == 12
    assert seen.acts == [f"draft {n}" for n in range(12)]
    assert result["usage"]["model_calls"] == 12
    assert result["usage"]["cost_usd"] == "0.0126"
    # 36 operations of the flow; each execution but the last ends with the invoke of the next
    assert len(chain.sizes) == 2
    assert all(size <= ROOM + 1 for size in chain.sizes)
    assert [each[-1].name for each in chain.executions[:-1]] == ["continue-1"]
    assert [chain.made(f"note-{n}") for n in range(12)] == [1] * 12


def test_an_agent_is_left_between_its_turns_and_goes_on_in_its_conversation(chain, tmp_path, seen):
    turns: list[Any] = [Reply(tool_uses=(("look_up", {"key": f"key {n}"}),)) for n in range(19)]
    use_flow(chain.pipeline, tmp_path, WITH_TOOLS, clerk=FakeModel(*turns, "done", *turns, "done too"))
    give_tool(tmp_path)
    chained = chain.run(EVENT)
    assert chained.error is None, chained.error
    result = json.loads(chained.result)
    assert result["report"] == "donedone too"
    assert seen.acts == [f"key {n}" for n in range(19)] * 2
    assert chain.pipeline.models["clerk"].calls == 40
    requests = chain.pipeline.models["clerk"].requests
    assert [len(request) for request in requests] == [1 + 2 * turn for turn in range(20)] * 2
    assert (result["usage"]["model_calls"], len(chain.sizes)) == (40, 5)
    assert max(chain.sizes) <= ROOM + 1


def test_branches_that_have_ended_are_carried_and_the_others_go_on(chain, tmp_path):
    use_flow(chain.pipeline, tmp_path, SIDE_BY_SIDE, writer=FakeModel("found"), editor=FakeModel("edited"))
    chained, alone = both(chain)
    assert exact(chained) == exact(alone)
    assert (chained["report"], chained["usage"]["model_calls"]) == ("edited", 15)
    assert chain.pipeline.models["writer"].calls == 2 * 14


@pytest.mark.parametrize("throttled", [4, 5, 6])
def test_a_call_that_is_tried_again_is_waited_for_before_the_hand_over(chain, tmp_path, throttled: int):
    script: list[Any] = ["found"] * 14
    script.insert(throttled, ModelThrottledException("slow down"))
    use_flow(chain.pipeline, tmp_path, SIDE_BY_SIDE, writer=FakeModel(*script), editor=FakeModel("edited"))
    outcome = chain.run(EVENT)
    assert outcome.error is None, outcome.error
    usage = json.loads(outcome.result)["usage"]
    assert (usage["model_calls"], usage["attempts"], chain.pipeline.models["writer"].calls) == (15, 16, 15)
    assert len(chain.sizes) > 1


def test_a_failure_after_the_hand_over_is_the_first_ones_with_the_usage_of_all(chain, tmp_path, seen):
    script: list[Any] = [*[f"draft {n}" for n in range(11)], ModelAccessDenied("no")]
    use_flow(chain.pipeline, tmp_path, ROUNDS, writer=FakeModel(*script))
    error = chain.run(EVENT).error
    assert error.type == "ModelAccessDenied"
    data = json.loads(error.data)
    assert (data["agent"], data["usage"]["model_calls"], data["usage"]["cost_usd"]) == ("writer", 11, "0.01155")


def test_a_budget_counts_what_was_spent_before_the_hand_over(chain, tmp_path, seen):
    use_flow(chain.pipeline, tmp_path, ROUNDS, writer=FakeModel("draft"))
    error = chain.run({**EVENT, "budget_usd": "0.0105"}).error
    assert error.type == "BudgetExceeded"
    assert chain.pipeline.models["writer"].calls == 10
    assert json.loads(error.data)["usage"]["cost_usd"] == "0.0105"


def test_a_loop_without_end_ends_typed_with_what_it_cost(chain, tmp_path):
    chain.pipeline.set_environment(MAX_HAND_OVERS="2")
    endless = 'def run(flow, request):\n    while True:\n        flow.ask("writer")'
    use_flow(chain.pipeline, tmp_path, endless, writer=FakeModel("again"))
    error = chain.run(EVENT).error
    assert error.type == "ExecutionTooLong"
    assert "must end within 2 hand-overs, got 20 operations" in error.message
    assert json.loads(error.data)["usage"]["model_calls"] == chain.pipeline.models["writer"].calls
    assert len(chain.sizes) == 3


def test_bytes_end_an_execution_too(chain, tmp_path):
    chain.pipeline.set_environment(HAND_OVER_OPERATIONS="2900", HAND_OVER_BYTES="20000")
    flow = 'def run(flow, request):\n    return "".join(flow.ask("writer")[:1] for _ in range(7))'
    use_flow(chain.pipeline, tmp_path, flow, writer=FakeModel("w" * 4_000))
    outcome = chain.run(EVENT)
    assert json.loads(outcome.result)["report"] == "wwwwwww"
    assert (len(chain.sizes), chain.pipeline.models["writer"].calls) == (3, 7)


def test_a_result_above_what_a_chained_invoke_takes_comes_through_folded(chain, tmp_path, seen, monkeypatch):
    monkeypatch.setattr("agent_workflow.hand_over.CHAINED_LIMIT_BYTES", 2_000)
    use_flow(chain.pipeline, tmp_path, ROUNDS, writer=FakeModel("word " * 1_000))
    result = json.loads(chain.run(EVENT).result)
    assert result["report"] == ("word " * 1_000).strip()
    (invoke,) = [each for each in chain.executions[0] if each.name == "continue-1"]
    assert len(invoke.chained_invoke_details.result) < 2_000


def test_a_result_that_no_chained_invoke_takes_needs_the_bucket(chain, tmp_path, seen, monkeypatch):
    monkeypatch.setattr("agent_workflow.hand_over.CHAINED_LIMIT_BYTES", 200)
    use_flow(chain.pipeline, tmp_path, ROUNDS, writer=FakeModel("word " * 1_000))
    error = chain.run(EVENT).error
    assert (error.type, json.loads(error.data)["usage"]["model_calls"]) == ("ResultTooLarge", 12)


def test_what_does_not_fit_is_refused_without_a_bucket(chain, tmp_path, monkeypatch):
    monkeypatch.setattr("agent_workflow.hand_over.LIMIT_BYTES", 600)
    use_flow(chain.pipeline, tmp_path, SIDE_BY_SIDE, writer=FakeModel("found"), editor=FakeModel("edited"))
    error = chain.run(EVENT).error
    assert error.type == "ResultTooLarge"
    assert "without large_results a hand-over must take at most 600 bytes" in error.message
    assert json.loads(error.data)["usage"]["model_calls"] == chain.pipeline.models["writer"].calls


def test_what_does_not_fit_lies_in_the_bucket(chain, tmp_path, bucket, seen):
    chain.pipeline.set_environment(LARGE_RESULTS_BUCKET="large")
    noise = random.Random(1)
    drafts = [noise.randbytes(30_000).hex() for _ in range(12)]
    use_flow(chain.pipeline, tmp_path, ROUNDS, writer=FakeModel(*drafts))
    outcome = chain.run(EVENT)
    assert outcome.error is None, outcome.error
    assert json.loads(outcome.result)["report"] == drafts[-1]
    (stored,) = bucket.list_objects_v2(Bucket="large")["Contents"]
    assert stored["Size"] > 261_120
    event = json.loads(chain.executions[1][0].execution_details.input_payload)
    assert event["$stored"]["key"] == stored["Key"]
    bucket.delete_object(Bucket="large", Key=stored["Key"])
    lost = chain.pipeline.error(event)
    assert (lost.type, "is lost" in lost.message) == ("ResultNotKept", True)


def test_the_answer_of_a_person_is_carried(chain, tmp_path):
    use_flow(chain.pipeline, tmp_path, REVIEWED, writer=FakeModel("draft"))
    outcome = chain.run({**EVENT, "review": True}, review_1={"decision": "edit", "text": "mine"})
    result = json.loads(outcome.result)
    assert result["report"] == "mine"
    assert result["review"] == [{"round": 1, "decision": "edit", "reviewer": None}]
    assert (chain.made("review-1"), chain.pipeline.models["writer"].calls, len(chain.sizes)) == (1, 15, 2)


@pytest.mark.parametrize("room", [20, 21, 23])
def test_wherever_it_is_handed_over_the_result_and_the_ledger_are_the_same(chain, tmp_path, seen, room: int):
    turns: list[Any] = [Reply(tool_uses=(("look_up", {"key": "a"}), ("look_up", {"key": "b"}))), "found"]
    use_flow(chain.pipeline, tmp_path, MIXED, clerk=FakeModel(*turns * 10))
    give_tool(tmp_path)
    chain.pipeline.set_environment(HAND_OVER_OPERATIONS=str(room), MAX_PARALLEL_BRANCHES="1")
    chained, alone = both(chain)
    assert exact(chained) == exact(alone)
    assert (chained["report"], chain.pipeline.models["clerk"].calls, len(seen.acts)) == ("found3", 2 * 10, 2 * 10)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"number": 1, "event": EVENT, "carried": ""}, "number"),
        ({"number": 2, "event": EVENT}, "carried"),
        ({"number": 2, "event": EVENT, "carried": "", "more": 1}, "more"),
        ({"number": 2, "event": EVENT, "carried": "no operations"}, "must be what an execution that hands over wrote"),
        ({"number": 2, "event": {"continued": {}}, "carried": to_text([])}, "query is required"),
    ],
)
def test_an_event_that_no_hand_over_wrote_is_refused(chain, given: Any, said: str):
    error = chain.run({"continued": given}).error
    assert (error.type, said in error.message) == ("InvalidRequest", True), error


def test_an_event_in_another_bucket_is_refused(pipeline):
    stored = {"bucket": "others", "key": "k", "sha256": "0", "size_bytes": 1}
    error = pipeline.error({"$stored": stored})
    assert (error.type, "must lie in this deployment's" in error.message) == ("InvalidRequest", True)


def test_a_message_of_a_queue_hands_nothing_over(pipeline):
    handed = {"continued": {"number": 2, "event": EVENT, "carried": to_text([])}}
    error = pipeline.error({"Records": [{"body": json.dumps(handed)}]})
    assert error.type == "InvalidRequest"
    assert pipeline.result(handed)["status"] == "completed"


def test_an_event_of_a_caller_is_that_of_the_first():
    assert begun(EVENT, read_settings({})) == begun({"Records": [{"body": json.dumps(EVENT)}]}, read_settings({}))
