"""Redrives in one process: what an earlier execution paid is taken, the rest is paid, what does not fit is refused."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
from botocore.exceptions import ClientError

from agent_workflow import earlier_history
from durable_strands.errors import ModelAccessDenied, ModelThrottled
from tests.fakes import MODEL_ID, FakeModel, Reply, declare_agents
from tests.workflow.flows import use_flow, with_packaged_flow

EVENT = {"query": "edge computing"}
PRICE = {MODEL_ID: {"input": "3", "output": "15"}}
APPROVE = json.dumps({"decision": "approve", "reviewer": "Ada"})


class Histories:
    """Lambda's API, as far as a redrive reads it, over the histories of earlier runs; two events a page."""

    def __init__(self) -> None:
        self.executions: dict[str, tuple[str, list[dict[str, Any]]]] = {}
        self.function = "test-function"
        self.fault = ""
        self.reads = 0

    def keep(self, pipeline: Any, status: str = "FAILED") -> str:
        arn = f"{pipeline.arn}-{len(self.executions)}"
        self.executions[arn] = (status, pipeline.events)
        return arn

    def get_durable_execution(self, DurableExecutionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.fault or DurableExecutionArn not in self.executions:
            code, self.fault = self.fault or "ResourceNotFoundException", ""
            raise ClientError({"Error": {"Code": code, "Message": "a text"}}, "GetDurableExecution")
        function = f"arn:aws:lambda:us-west-2:123456789012:function:{self.function}:1"
        return {"Status": self.executions[DurableExecutionArn][0], "FunctionArn": function}

    def get_paginator(self, name: str) -> "Histories":
        assert name == "get_durable_execution_history"
        return self

    def paginate(self, *, DurableExecutionArn: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        self.reads += 1
        events = self.executions[DurableExecutionArn][1]
        return [{"Events": events[at : at + 2]} for at in range(0, len(events), 2)]


@pytest.fixture
def histories(monkeypatch: pytest.MonkeyPatch) -> Histories:
    kept = Histories()
    monkeypatch.setattr(earlier_history, "_client", lambda: kept)
    earlier_history._read.cache_clear()
    return kept


def redrive(arn: str, before: str | None = None, **event: Any) -> dict[str, Any]:
    return {**EVENT, **event, "redrive": {"execution_arn": arn, **({"before": before} if before else {})}}


def made(pipeline: Any) -> dict[str, int]:
    """Calls since the last look."""
    calls = {name: model.calls for name, model in pipeline.models.items() if model.calls}
    for model in pipeline.models.values():
        model.calls = 0
    return calls


def test_a_failed_run_goes_on_where_it_failed_and_pays_nothing_twice(packaged, histories):
    packaged.set_environment(MODEL_PRICES=PRICE)
    packaged.models["analysis"] = FakeModel(ModelAccessDenied("no"), "the analysis")
    assert packaged.error(EVENT).type == "ModelAccessDenied"
    arn = histories.keep(packaged)
    result = packaged.result(redrive(arn))
    assert packaged.calls == {"research": 1, "analysis": 2, "summary": 1}
    assert result["report"].startswith("the summary")
    usage = result["usage"]
    assert (usage["model_calls"], usage["taken_calls"]) == (3, 1)
    research = usage["agents"]["research"]
    assert (research["cost_usd"], research["saved_usd"], research["input_tokens"]) == ("0", "0.00105", 100)
    assert research["calls"][0]["taken"] is True
    assert usage["cost_usd"] == "0.0021"
    assert packaged.names[0] == "redrive"
    assert usage["estimates"]["durable_operations"] == len(packaged.operations)
    assert json.loads(packaged.replay()["Result"]) == result


def test_before_every_operation_of_a_run_its_prefix_is_taken_and_the_report_is_that_of_the_run(packaged, histories):
    event: dict[str, Any] = {"topics": ["hardware", "economics"], "demo_checkpoint": True}
    whole = packaged.result({**EVENT, **event})
    arn = histories.keep(packaged, "SUCCEEDED")
    paths = [path for path, _ in earlier_history.earlier_execution(arn).history.walk()]
    made(packaged)
    rest = {"analysis": 1, "summary": 1}
    expected = {"research-topics": {"research": 2, **rest}}
    for branch in ("research-topics/1-hardware", "research-topics/2-economics"):
        agent = f"{branch}/research-agent"
        expected |= {path: {"research": 1, **rest} for path in (branch, agent, f"{agent}/model-1")}
    expected |= dict.fromkeys(("analysis-agent", "analysis-agent/model-1"), rest)
    expected |= {path: {"summary": 1} for path in ("demo-checkpoint", "summary-agent", "summary-agent/model-1")}
    assert set(paths) == set(expected)
    for path, calls in expected.items():
        result = packaged.result(redrive(arn, path, **event))
        assert made(packaged) == calls, path
        assert {**result, "usage": None} == {**whole, "usage": None}
        assert result["usage"].get("taken_calls", 0) == 4 - sum(calls.values())
    kinds = {operation.name: operation.operation_type.name for operation in packaged.operations}
    assert kinds["demo-checkpoint"] == "STEP"  # it takes no time
    again = histories.keep(packaged, "SUCCEEDED")
    packaged.result(redrive(again, **event))
    assert made(packaged) == {}


def test_a_budget_that_is_larger_now_goes_on_after_the_call_that_spent_the_first(packaged, histories):
    packaged.set_environment(MODEL_PRICES=PRICE)
    assert packaged.error({**EVENT, "budget_usd": "0.001"}).type == "BudgetExceeded"
    arn = histories.keep(packaged)
    assert made(packaged) == {"research": 1}
    assert packaged.result(redrive(arn, budget_usd="0.0022"))["usage"]["cost_usd"] == "0.0021"
    assert made(packaged) == {"analysis": 1, "summary": 1}


def test_a_branch_that_failed_is_tried_again_and_those_beside_it_are_taken(packaged, histories):
    topics: dict[str, Any] = {"topics": ["hardware", "economics", "law"]}
    packaged.models["research"] = FakeModel("one", ModelAccessDenied("no"), "three", "again")
    packaged.set_environment(MAX_PARALLEL_BRANCHES="1")
    assert packaged.error({**EVENT, **topics}).type == "ModelAccessDenied"
    arn = histories.keep(packaged)
    made(packaged)
    packaged.models["research"] = FakeModel("again")
    assert (
        packaged.result(redrive(arn, **topics))["research"]
        == "## hardware\n\none\n\n## economics\n\nagain\n\n## law\n\nthree"
    )
    assert made(packaged) == {"research": 1, "analysis": 1, "summary": 1}


def test_a_failure_that_the_flow_went_on_after_is_taken_with_its_name_and_costs_nothing(pipeline, histories, tmp_path):
    flow = """
        def run(flow, request):
            try:
                text = flow.ask("first")
            except Exception as error:
                text = error.error_type
            return flow.ask("second", found=text)
        """
    use_flow(pipeline, tmp_path / "own", flow, first=FakeModel(ModelAccessDenied("no")), second=FakeModel("the report"))
    pipeline.result(EVENT)
    arn = histories.keep(pipeline, "SUCCEEDED")
    assert made(pipeline) == {"first": 1, "second": 1}
    assert pipeline.result(redrive(arn, "second-agent"))["report"] == "the report"
    assert made(pipeline) == {"second": 1}


def test_another_prompt_or_model_is_tried_from_its_call_on_and_refused_before_it(packaged, histories, tmp_path):
    packaged.result(EVENT)
    arn = histories.keep(packaged, "SUCCEEDED")
    made(packaged)
    folder = with_packaged_flow(declare_agents(tmp_path / "new"))
    (folder / "prompts" / "analysis.md").write_text("You are brief.")
    (folder / "agents.toml").write_text((folder / "agents.toml").read_text().replace(MODEL_ID, "another.model"))
    packaged.set_environment(AGENTS_FOLDER=str(folder))
    agents = packaged.result(redrive(arn, "analysis-agent/model-1"))["usage"]["agents"]
    assert made(packaged) == {"analysis": 1, "summary": 1}
    assert packaged.models["analysis"].system_prompts[-1] == "You are brief."
    assert [call["taken"] for call in agents["research"]["calls"]] == [True]
    error = packaged.error(redrive(arn, "summary-agent"))
    assert (error.type, made(packaged)) == ("RedriveRefused", {})
    assert "analysis-agent/model-1 is asked something else now" in error.message


def test_a_throttled_call_of_the_earlier_run_is_one_attempt_of_none_here(packaged, histories):
    packaged.models["research"] = FakeModel(ModelThrottled("slow"), "the research")
    packaged.result(EVENT)
    arn = histories.keep(packaged, "SUCCEEDED")
    made(packaged)
    agents = packaged.result(redrive(arn, "analysis-agent"))["usage"]["agents"]
    assert (agents["research"]["attempts"], agents["research"]["latency_ms"]) == (1, 0)


def reviewed(packaged: Any, event: Any, answers: Sequence[str]) -> dict[str, Any]:
    with DurableFunctionTestRunner(packaged._counted, poll_interval=0.05) as runner:
        packaged.arn = runner.run_async(input=json.dumps(event), execution_timeout=60)
        for number, answer in enumerate(answers, 1):
            runner.send_callback_success(
                runner.wait_for_callback(packaged.arn, name=f"review-{number}", timeout=30), answer.encode()
            )
        ended = runner.wait_for_result(packaged.arn, timeout=60)
        history = runner.get_execution_history(packaged.arn, include_execution_data=True)
        packaged.events = [event.to_dict() for event in history.events]
    assert ended.error is None, ended.error
    result: dict[str, Any] = json.loads(ended.result)
    return result


def test_an_answer_of_a_person_is_taken_and_a_review_that_is_not_is_asked_for_again(packaged, histories):
    event = {"review": {"after": "analysis"}}
    whole = reviewed(packaged, {**EVENT, **event}, [APPROVE])
    arn = histories.keep(packaged, "SUCCEEDED")
    made(packaged)
    result = reviewed(packaged, redrive(arn, "summary-agent", **event), [])
    assert (result["review"], made(packaged)) == (whole["review"], {"summary": 1})
    other = json.dumps({"decision": "approve", "reviewer": "Bob"})
    result = reviewed(packaged, redrive(arn, "review-1", **event), [other])
    assert (result["review"][0]["reviewer"], made(packaged)) == ("Bob", {"summary": 1})


TOOL_FLOW = 'def run(flow, request):\n    return flow.ask("clerk")\n'


def test_tools_side_by_side_are_taken_with_what_they_returned(pipeline, histories, tmp_path):
    asks = Reply(tool_uses=[("look_up", {"key": "a"}), ("look_up", {"key": "b"})])
    use_flow(pipeline, tmp_path / "own", TOOL_FLOW, clerk=FakeModel(asks, "the report"))
    folder = tmp_path / "own"
    toml = (folder / "agents.toml").read_text().replace("max_tokens = 10", 'max_tokens = 10\ntools = ["look_up"]')
    (folder / "agents.toml").write_text(toml)
    (folder / "tools.py").write_text(
        "from strands import tool\nlooked = []\n\n\n@tool\ndef look_up(key: str) -> str:\n"
        "    '''Look up a key.'''\n    looked.append(key)\n    return f'{key} of {len(looked)}'\n"
    )
    pipeline.set_environment(AGENTS_FOLDER=str(folder))
    whole = pipeline.result(EVENT)
    arn = histories.keep(pipeline, "SUCCEEDED")
    pipeline.models["clerk"] = FakeModel("the report")
    result = pipeline.result(redrive(arn, "clerk-agent/model-2"))
    assert result["report"] == whole["report"]
    told = json.dumps(pipeline.models["clerk"].requests[0])
    assert "a of" in told
    assert "b of" in told
    assert (pipeline.models["clerk"].calls, result["usage"]["tool_calls"], result["usage"]["taken_calls"]) == (1, 2, 3)


FLOW = """
    def run(flow, request):
        a = flow.ask("first")
        b = flow.ask("second", found=a)
        return flow.ask("third", found=b)
    """
FIRST, SECOND = 'a = flow.ask("first")', 'b = flow.ask("second", found=a)'
ELSE = "is asked something else now"
CHANGES = {
    "another agent first": (FIRST, f'flow.ask("third"); {FIRST}', "comes to third-agent/model-1 before"),
    "an agent left out": (SECOND, "b = a", "comes to third-agent/model-1 before second-agent"),
    "the order": (SECOND, f'flow.ask("third"); {SECOND}', "before second-agent"),
    "another question": (FIRST, 'a = flow.ask("first", instruction="Be brief.")', f"first-agent/model-1 {ELSE}"),
    "another input": ("found=a)", "found=a + '!')", f"second-agent/model-1 {ELSE}"),
    "the end": ('return flow.ask("third", found=b)', "return b", None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_fails_when_the_earlier_calls_are_not_those_of_the_flow_before_anything_is_paid(
    pipeline, histories, tmp_path, change
):
    models = {name: FakeModel(f"the {name}") for name in ("first", "second", "third")}
    use_flow(pipeline, tmp_path / "own", FLOW, **models)
    pipeline.result(EVENT)
    arn = histories.keep(pipeline, "SUCCEEDED")
    made(pipeline)
    old, new, words = CHANGES[change]
    use_flow(pipeline, tmp_path / "new", FLOW.replace(old, new), **models)
    before = None if words is None else "third-agent"
    error = pipeline.error(redrive(arn, before))
    assert (error.type, made(pipeline)) == ("RedriveRefused", {})
    assert (words or "the flow no longer comes to third-agent/model-1") in error.message
    assert "\n" not in error.message
    assert json.loads(error.data)["usage"]["cost_usd"] in ("0", None)


def test_fails_in_the_whole_run_when_a_flow_catches_the_refusal_in_a_branch(pipeline, histories, tmp_path):
    flow = """
        def run(flow, request):
            each = flow.ask_each("first", ["a", "b"], name="parts", item="part", max_failed=1)
            return flow.ask("second", found=[one.text for one in each])
        """
    models = {name: FakeModel(f"the {name}") for name in ("first", "second")}
    use_flow(pipeline, tmp_path / "own", flow, **models)
    pipeline.result(EVENT)
    arn = histories.keep(pipeline, "SUCCEEDED")
    made(pipeline)
    use_flow(pipeline, tmp_path / "new", flow.replace('item="part"', 'item="part", instruction="Briefly."'), **models)
    assert pipeline.error(redrive(arn, "second-agent")).type == "RedriveRefused"
    assert made(pipeline) == {}


@pytest.mark.parametrize(
    ("asked", "history", "words"),
    [
        ({"arn": "f00/ba5"}, {}, "never there, or its history is no longer kept"),
        ({"before": "analysis-agent/model-9"}, {}, "has no operation of the name that `before` gives"),
        ({}, {"function": "other"}, "another function's"),
        ({}, {"status": "RUNNING"}, "got RUNNING"),
        ({}, {"fault": "AccessDeniedException"}, "may read its own"),
    ],
    ids=["gone", "unknown operation", "another function", "running", "not allowed"],
)
def test_fails_when_the_earlier_execution_cannot_be_taken_from(packaged, histories, asked, history, words):
    packaged.result(EVENT)
    arn = histories.keep(packaged, history.pop("status", "SUCCEEDED"))
    vars(histories).update(history)
    made(packaged)
    error = packaged.error(redrive(**{"arn": arn, **asked}))
    assert (error.type, made(packaged)) == ("RedriveRefused", {})
    assert words in error.message
    assert "a text" not in error.message


def test_a_throttled_history_is_read_again(packaged, histories):
    packaged.result(EVENT)
    arn = histories.keep(packaged, "SUCCEEDED")
    histories.fault = "TooManyRequestsException"
    packaged.result(redrive(arn, "summary-agent"))
    assert packaged.calls == {"research": 1, "analysis": 1, "summary": 2}
    assert histories.reads == 1


def test_fails_when_the_history_does_not_tell_all_of_a_result(packaged, histories):
    packaged.result(EVENT)
    for event in packaged.events:
        if event["EventType"] == "StepSucceeded":
            event["StepSucceededDetails"]["Result"]["Truncated"] = True
    error = packaged.error(redrive(histories.keep(packaged, "SUCCEEDED")))
    assert error.type == "RedriveRefused"
    assert "research-agent/model-1" in error.message


def test_the_large_results_of_the_earlier_run_are_kept_again_below_the_new_one(packaged, histories, monkeypatch):
    moto = pytest.importorskip("moto")
    import boto3

    with moto.mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="kept")
        packaged.set_environment(LARGE_RESULTS_BUCKET="kept")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        packaged.models["research"] = FakeModel("r" * 300_000)
        whole = packaged.result(EVENT)
        arn = histories.keep(packaged, "SUCCEEDED")
        made(packaged)
        assert packaged.result(redrive(arn, "analysis-agent"))["research"] == whole["research"]
        assert made(packaged) == {"analysis": 1, "summary": 1}
        keys = [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="kept")["Contents"]]
        assert len({key.split("/")[1] for key in keys}) == 2
        for key in keys:
            boto3.client("s3").delete_object(Bucket="kept", Key=key)
        assert packaged.error(redrive(arn, "analysis-agent")).type == "RedriveRefused"
