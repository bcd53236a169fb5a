"""`review`: who is told, what the function may publish to, and what its Lambda makes of the variables."""

import json
from typing import Any

import pytest
from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template

from agent_workflow.settings import read_settings
from infra.durable_agent_pipeline import DurableAgentPipeline, Review
from tests.infra.apps import new_stack


def made(stack: Any, **choices: Any) -> tuple[DurableAgentPipeline, dict[str, Any], str]:
    pipeline = DurableAgentPipeline(stack, "Pipeline", **choices)
    template = Template.from_stack(stack)
    function = next(iter(template.find_resources("AWS::Lambda::Function").values()))
    policies = json.dumps(template.find_resources("AWS::IAM::Policy"))
    return pipeline, function["Properties"]["Environment"]["Variables"], policies


def test_without_it_nobody_is_told_and_nothing_may_be_published():
    pipeline, variables, policies = made(new_stack())
    assert pipeline.review_topic is None
    assert not [name for name in variables if name.startswith("REVIEW")]
    assert "sns:Publish" not in policies


def test_a_bare_review_brings_a_topic_of_its_own_and_every_execution_has_one():
    stack = new_stack()
    pipeline, variables, policies = made(stack, review=Review(), execution_timeout=Duration.days(7))
    assert pipeline.review_topic is not None
    assert variables["REVIEW_TOPIC_ARN"] == stack.resolve(pipeline.review_topic.topic_arn)
    assert "sns:Publish" in policies
    assert "events:PutEvents" not in policies
    read = read_settings({"REVIEW": variables["REVIEW"]}).review
    assert read
    assert (read.after, read.timeout_seconds, read.on_timeout, read.max_rounds) == ("report", 86_400, "reject", 3)


def test_own_topics_and_bus_are_told_and_events_decide_which_executions_are_reviewed():
    stack = new_stack()
    first, second = sns.Topic(stack, "First"), sns.Topic(stack, "Second")
    bus = events.EventBus(stack, "Bus")
    review = Review(topic=first, escalation_topic=second, event_bus=bus, by_default=False)
    pipeline, variables, policies = made(stack, review=review)
    assert pipeline.review_topic is first
    assert "REVIEW" not in variables
    assert variables["REVIEW_ESCALATION_TOPIC_ARN"] == stack.resolve(second.topic_arn)
    assert variables["REVIEW_EVENT_BUS"] == stack.resolve(bus.event_bus_arn)
    assert "events:PutEvents" in policies
    assert "agent pipeline reviews" not in json.dumps(Template.from_stack(stack).find_resources("AWS::SNS::Topic"))


def test_the_own_topic_is_encrypted_with_the_callers_key():
    stack = new_stack()
    key = kms.Key(stack, "Key")
    pipeline, _, _ = made(stack, review=Review(by_default=False), encryption_key=key)
    topic = pipeline.review_topic
    assert isinstance(topic, sns.Topic)
    assert topic.master_key is key


def test_a_review_that_outlives_its_execution_is_warned_of():
    stack = new_stack()
    made(stack, review=Review())
    found = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("execution_timeout must be longer")
    )
    assert len(found) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"after": "research"}, {"on_timeout": "ignore"}, {"max_rounds": 0}, {"max_rounds": 11}, {"by_default": "no"},
        {"timeout": Duration.seconds(59)}, {"timeout": Duration.days(367)},
    ],
)  # fmt: skip
def test_a_review_that_breaks_a_rule_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="of a review must"):
        Review(**wrong)


def test_branches_side_by_side_are_a_choice():
    assert "MAX_PARALLEL_BRANCHES" not in made(new_stack())[1]
    assert made(new_stack(), max_parallel_branches=9)[1]["MAX_PARALLEL_BRANCHES"] == "9"
    with pytest.raises(ValueError, match="max_parallel_branches must be"):
        made(new_stack(), max_parallel_branches=51)
