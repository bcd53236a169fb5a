"""Every asynchronous message arrives: alarms, rules, schedules, dead letters, subscriptions."""

from typing import Any

import pytest
from aws_cdk import Duration, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from tests.infra.apps import ACCOUNT, new_app, new_stack
from tests.infra.delivery import edges, undelivered

_SENDERS = (
    *("PipelineBadEndings", "PipelineTriggersDaily", "PipelineTriggersAsked", "PipelineFunction", "PipelineAlarmTopic"),
    *("PipelineSucceeded", "ApiErrors"),
)


def no_key(_: Stack) -> kms.IKey | None:
    return None


def own_key(stack: Stack) -> kms.IKey:
    return kms.Key(stack, "Key", enable_key_rotation=True)


def alias(stack: Stack) -> kms.IKey:
    return kms.Alias(stack, "Alias", alias_name="alias/ours", target_key=own_key(stack))


def imported_alias(stack: Stack) -> kms.IKey:
    return kms.Alias.from_alias_attributes(
        stack, "Alias", alias_name="alias/ours", alias_target_key=kms.Key(stack, "Key")
    )


@pytest.fixture(scope="module", params=[no_key, own_key, alias, imported_alias], ids=lambda key: key.__name__)
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    stack = new_stack()
    inbox = sqs.Queue(stack, "Inbox", encryption=sqs.QueueEncryption.KMS, enforce_ssl=True)
    pipeline = DurableAgentPipeline(
        stack,
        "Pipeline",
        encryption_key=request.param(stack),
        alarm_subscriptions=[subscriptions.SqsSubscription(inbox)],
    )
    pipeline.start_on_schedule(
        "Daily", schedule=scheduler.ScheduleExpression.rate(Duration.days(1)), event={"query": "news"}
    )
    pipeline.start_on_event("Asked", event_pattern=events.EventPattern(source=["desk"]))
    pipeline.add_api()
    done = sqs.Queue(stack, "Done", enforce_ssl=True)
    pipeline.on_success("Succeeded", target=targets.SqsQueue(done))
    return dict(Template.from_stack(stack).to_json())


def test_every_message_arrives(template: dict[str, Any]):
    assert undelivered(template) == []


def test_every_kind_of_edge_was_followed(template: dict[str, Any]):
    followed = edges(template)
    alarms = [name for name, found in template["Resources"].items() if found["Type"] == "AWS::CloudWatch::Alarm"]
    assert {f"{name} ->" for name in alarms} <= {edge.rpartition(" ")[0] for edge in followed}
    senders = " ".join(edge.partition(" -> ")[0] for edge in followed)
    for sender in _SENDERS:
        assert sender in senders


def _without(template: dict[str, Any], service: str) -> dict[str, Any]:
    """The template without any statement that names the service."""
    found = Template.from_json(template).to_json()
    for resource in found["Resources"].values():
        for document in ("PolicyDocument", "KeyPolicy"):
            statements = resource.get("Properties", {}).get(document, {}).get("Statement")
            if statements:
                resource["Properties"][document]["Statement"] = [s for s in statements if service not in str(s)]
    return dict(found)


@pytest.mark.parametrize(
    ("service", "lost"),
    [
        ("cloudwatch.amazonaws.com", "the topic's policy refuses cloudwatch.amazonaws.com"),
        ("events.amazonaws.com", "the topic's policy refuses events.amazonaws.com"),
        ("sns.amazonaws.com", "the queue's policy refuses sns.amazonaws.com"),
        ("sqs:SendMessage", "the role may not send to the queue"),
    ],
)
def test_a_message_that_no_policy_allows_is_found_to_be_lost(template: dict[str, Any], service: str, lost: str):
    assert any(edge.endswith(lost) for edge in undelivered(_without(template, service)))


def test_alarms_of_another_account_are_refused(template: dict[str, Any]):
    topics = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::SNS::TopicPolicy"]
    (statement,) = [s for p in topics for s in p["PolicyDocument"]["Statement"] if "cloudwatch" in str(s["Principal"])]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_fails_when_an_alias_does_not_say_its_key():
    stack = new_stack()
    key = kms.Alias.from_alias_name(stack, "Alias", "alias/theirs")
    with pytest.raises(ValueError, match="an alias in an IAM statement allows nothing, got the alias 'alias/theirs'"):
        DurableAgentPipeline(stack, "Pipeline", encryption_key=key)


def test_a_key_of_another_account_names_the_role_and_the_pipelines_account():
    app = new_app()
    theirs = Stack(app, "Keys", env=Environment(account="222222222222", region="us-east-1"))
    ours = Stack(app, "Stack", env=Environment(account=ACCOUNT, region="us-east-1"))
    pipeline = DurableAgentPipeline(ours, "Pipeline", encryption_key=kms.Key(theirs, "Key"))
    policy = str(Template.from_stack(theirs).find_resources("AWS::KMS::Key"))
    role = Template.from_stack(ours).find_resources("AWS::IAM::Role", {"Properties": {"RoleName": Match.any_value()}})
    (name,) = (found["Properties"]["RoleName"] for found in role.values())
    assert f"arn:aws:iam::{ACCOUNT}:role/{name}" in policy
    assert f"'aws:SourceAccount': '{ACCOUNT}'" in policy
    assert "'aws:SourceAccount': '222222222222'" not in policy
    assert pipeline.dead_letter_queue.encryption_master_key is not None
