"""The example apps' agents on the durable runner: scripted models, their own prompts, tools and manager."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
from moto import mock_aws

from infra.durable_agent_pipeline.testing import check_flow
from tests.fakes import FakeModel, Reply

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
COMPLAINT = "My expresso maschine died after 26 months."
FIVE = ("facts", "terms", "decision", "letter", "review")
QUESTION = "26 months old, warranty over; half the price as a gesture?"
LOOK_UP = Reply("", tool_uses=(("look_up_terms", {"product": "expresso maschine"}),))
ASK = Reply("", tool_uses=(("ask_manager", {"question": QUESTION, "amount_eur": 194.5}),))
Answer = Callable[[DurableFunctionTestRunner, str], None]


def use(pipeline, folder: Path, **models: FakeModel) -> None:
    pipeline.set_environment(AGENTS_FOLDER=str(folder))
    pipeline.models = models


def five(pipeline) -> None:
    models = {name: FakeModel(f"the {name}") for name in FIVE}
    models["terms"] = FakeModel(LOOK_UP, "the terms")
    models["decision"] = FakeModel(ASK, "the decision")
    use(pipeline, EXAMPLES / "five_agents" / "agents", **models)


def result_with(pipeline, answer: Answer, event: dict[str, Any] | None = None) -> dict[str, Any]:
    """The result of an execution whose manager is asked once, and answers."""
    with DurableFunctionTestRunner(pipeline._counted, poll_interval=0.05) as runner:
        pipeline.arn = runner.run_async(input=json.dumps(event or {"query": COMPLAINT}), execution_timeout=60)
        answer(runner, runner.wait_for_callback(pipeline.arn, name="manager", timeout=30))
        outcome = runner.wait_for_result(pipeline.arn, timeout=60)
        pipeline.operations = list(runner._store.load(pipeline.arn).operations)
    assert outcome.error is None, outcome.error
    assert outcome.result is not None
    return dict(json.loads(outcome.result))


def yes(runner: DurableFunctionTestRunner, callback_id: str) -> None:
    runner.send_callback_success(callback_id, b"Yes, half of it.")


def no_answer(runner: DurableFunctionTestRunner, callback_id: str) -> None:
    runner.send_callback_failure(callback_id, ErrorObject("the manager is away", "Away", None, None))


def test_the_two_agents_give_each_text_under_its_name_and_the_last_as_report(pipeline):
    use(pipeline, EXAMPLES / "two_agents" / "agents", translation=FakeModel("Bonjour"), review=FakeModel("Bonjour !"))
    result = pipeline.result({"query": "Hello"})
    usage = result.pop("usage")
    assert result == {"status": "completed", "query": "Hello", "translation": "Bonjour", "report": "Bonjour !"}
    assert pipeline.calls == {"translation": 1, "review": 1}
    assert {name: agent["model_id"] for name, agent in usage["agents"].items()} == {
        "translation": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "review": "us.anthropic.claude-sonnet-4-6",
    }


def test_the_review_reads_the_text_and_its_translation_under_its_own_prompt(pipeline):
    review = FakeModel("Bonjour !")
    use(pipeline, EXAMPLES / "two_agents" / "agents", translation=FakeModel("Bonjour"), review=review)
    pipeline.result({"query": "Hello"})
    assert "\nHello\n" in review.prompts[0]
    assert "\nBonjour\n" in review.prompts[0]
    assert (review.system_prompts[0] or "").startswith("You are the reviser")


def test_the_flow_of_its_own_branches_loops_and_is_reviewed(pipeline):
    revised = {"decision": "revise", "comments": "Shorter."}
    answers = {"review-1": revised, "review-2": {"decision": "approve", "reviewer": "ann"}}
    writer = FakeModel("first", "second", "third")
    use(pipeline, EXAMPLES / "own_flow" / "agents", editor=FakeModel("LARGE"), writer=writer,
        critic=FakeModel("Since when?", "PRINT"))  # fmt: skip
    with DurableFunctionTestRunner(pipeline._counted, poll_interval=0.05) as runner:
        arn = runner.run_async(input=json.dumps({"query": "A train.", "review": True}), execution_timeout=60)
        for name, answer in answers.items():
            callback = runner.wait_for_callback(arn, name=name, timeout=30)
            runner.send_callback_success(callback, json.dumps(answer).encode())
        outcome = runner.wait_for_result(arn, timeout=60)
        names = [operation.name for operation in runner._store.load(arn).operations[1:]]
    assert outcome.error is None, outcome.error
    result = json.loads(outcome.result or "")
    asked = [name for name in names if name and not name.startswith("model-") and not name.endswith("-answered")]
    played = check_flow(
        EXAMPLES / "own_flow" / "agents",
        {"query": "A train.", "review": True},
        answers={"editor": "LARGE", "writer": ["first", "second", "third"], "critic": ["Since when?", "PRINT"]},
        reviews=list(answers.values()),
    )
    assert asked == played.operations
    assert result["report"] == played.result["report"] == "third"
    assert [round_["decision"] for round_ in result["review"]] == ["revise", "approve"]


def test_the_five_agents_give_each_text_under_its_name_once_the_manager_has_answered(pipeline):
    five(pipeline)
    result = result_with(pipeline, yes)
    usage = result.pop("usage")
    assert result == {
        "status": "completed",
        "query": COMPLAINT,
        "facts": "the facts",
        "terms": "the terms",
        "decision": "the decision",
        "letter": "the letter",
        "report": "the review",
    }
    assert pipeline.calls == {"facts": 1, "terms": 2, "decision": 2, "letter": 1, "review": 1}
    assert (usage["model_calls"], usage["tool_calls"]) == (7, 2)
    assert len({agent["model_id"] for agent in usage["agents"].values()}) == len(FIVE)


def test_the_lambda_ends_while_the_manager_thinks_and_goes_on_in_the_middle_of_the_agent(pipeline):
    five(pipeline)
    result_with(pipeline, yes)
    assert pipeline.invocations > 1
    start = pipeline.names.index("decision-agent")
    assert pipeline.names[start : start + 6] == [
        "decision-agent", "model-1", "tool-1-ask_manager", "manager", "question", "model-2",
    ]  # fmt: skip


def test_the_model_reads_what_the_tools_found_and_what_the_manager_said(pipeline):
    five(pipeline)
    conversations = {name: Conversation(pipeline.models[name]) for name in ("terms", "decision")}
    result_with(pipeline, yes)
    (terms,) = conversations["terms"].tool_results
    assert json.loads(terms["content"][0]["text"])["product"] == "espresso machine"
    (answer,) = conversations["decision"].tool_results
    assert (answer["status"], answer["content"]) == ("success", [{"text": "Yes, half of it."}])


def test_a_manager_who_cannot_answer_is_an_error_that_the_model_reads_and_works_with(pipeline):
    five(pipeline)
    conversation = Conversation(pipeline.models["decision"])
    assert result_with(pipeline, no_answer)["decision"] == "the decision"
    (answer,) = conversation.tool_results
    assert answer["status"] == "error"
    assert "the manager is away" in answer["content"][0]["text"]


def test_each_agent_reads_the_earlier_agents_it_declares_and_no_others(pipeline):
    five(pipeline)
    result_with(pipeline, yes)
    read = {
        name: [text for text in (COMPLAINT, *(f"the {agent}" for agent in FIVE)) if f"\n{text}\n" in model.prompts[0]]
        for name, model in pipeline.models.items()
    }
    assert read == {
        "facts": [COMPLAINT],
        "terms": ["the facts"],
        "decision": [COMPLAINT, "the facts", "the terms"],
        "letter": [COMPLAINT, "the decision"],
        "review": [COMPLAINT, "the terms", "the decision", "the letter"],
    }


def test_a_replay_of_the_finished_execution_asks_neither_model_nor_manager(pipeline):
    five(pipeline)
    result = result_with(pipeline, yes)
    calls = pipeline.calls
    assert json.loads(pipeline.replay()["Result"]) == result
    assert pipeline.calls == calls


@mock_aws
def test_where_there_is_a_topic_the_question_goes_to_it_once_with_the_callbacks_id(
    pipeline, monkeypatch: pytest.MonkeyPatch
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    queue = boto3.resource("sqs").create_queue(QueueName="mail")
    topic = boto3.resource("sns").create_topic(Name="questions")
    topic.subscribe(Protocol="sqs", Endpoint=queue.attributes["QueueArn"], Attributes={"RawMessageDelivery": "true"})
    five(pipeline)
    pipeline.set_environment(QUESTIONS_TOPIC_ARN=topic.arn)
    asked = []

    def answer(runner: DurableFunctionTestRunner, callback_id: str) -> None:
        asked.append(callback_id)
        yes(runner, callback_id)

    result_with(pipeline, answer)
    (message,) = queue.receive_messages(MaxNumberOfMessages=10)
    assert json.loads(message.body) == {"question": f"{QUESTION} (194.50 EUR)", "callback_id": asked[0]}


class Conversation:
    """Keeps what a scripted model was last shown."""

    def __init__(self, model: FakeModel) -> None:
        self._messages: list[dict[str, Any]] = []
        stream = model.stream

        def seeing(messages: Any, *arguments: Any, **more: Any) -> Any:
            self._messages = list(messages)
            return stream(messages, *arguments, **more)

        model.stream = seeing  # type: ignore[method-assign]

    @property
    def tool_results(self) -> list[dict[str, Any]]:
        blocks = [block for message in self._messages for block in message["content"]]
        return [block["toolResult"] for block in blocks if "toolResult" in block]


# The tool by itself


@pytest.fixture
def look_up_terms() -> Any:
    from agent_workflow.tools import load_tools

    return load_tools(EXAMPLES / "five_agents" / "agents", ("look_up_terms",))[0]


@pytest.mark.parametrize(
    ("called", "product"),
    [
        ("espresso machine", "espresso machine"),
        ("expresso maschine", "espresso machine"),
        ("the grinder for coffee", "coffee grinder"),
        ("Milk Frother 3000", "milk frother"),
        ("kettle", "travel kettle"),
    ],
)
def test_a_product_is_found_by_what_the_customer_calls_it(look_up_terms: Any, called: str, product: str):
    assert json.loads(look_up_terms(product=called))["product"] == product


@pytest.mark.parametrize("called", ["bicycle", "toaster", "", "?"])
def test_fails_when_no_product_is_called_anything_like_it(look_up_terms: Any, called: str):
    with pytest.raises(ValueError, match=r"product must be one of espresso machine, .*, got"):
        look_up_terms(product=called)


# A folder that breaks a rule, in the function


BROKEN = {
    "a cycle": ('inputs = ["facts"]', 'inputs = ["review"]', "must name what comes before it (query, facts)"),
    "a name twice": ('name = "letter"', 'name = "facts"', "name must be none of"),
    "no prompt": ('name = "review"', 'name = "note"', "must have a prompt in prompts/note.md"),
    "an unknown field": ("temperature", "temprature", "agent 'facts' must have only the fields"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_ends_the_execution_typed_before_any_model_is_called(pipeline, tmp_path: Path, case: str):
    five(pipeline)
    old, new, said = BROKEN[case]
    folder = tmp_path / "agents"
    shutil.copytree(EXAMPLES / "five_agents" / "agents", folder)
    declaration = (folder / "agents.toml").read_text()
    assert old in declaration
    (folder / "agents.toml").write_text(declaration.replace(old, new, 1))
    pipeline.set_environment(AGENTS_FOLDER=str(folder))
    error = pipeline.error({"query": COMPLAINT})
    assert error.type == "InvalidConfiguration"
    assert said in error.message
    assert set(pipeline.calls.values()) == {0}
