"""What starts executions: the alias, never the function."""

from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from tests.infra.apps import new_stack, properties

DAILY = scheduler.ScheduleExpression.rate(Duration.days(1))


def pipeline(**choices: Any) -> tuple[Stack, DurableAgentPipeline, Any]:
    stack = new_stack()
    made = DurableAgentPipeline(stack, "Pipeline", **choices)
    return stack, made, stack.resolve(made.alias.function_arn)


def test_a_schedule_starts_the_alias_with_its_event():
    stack, made, alias = pipeline()
    made.start_on_schedule("Daily", schedule=DAILY, event={"query": "news"})
    target = properties(Template.from_stack(stack), "AWS::Scheduler::Schedule")["Target"]
    assert (target["Arn"], target["Input"]) == (alias, '{"query":"news"}')
    assert "DeadLetterConfig" in target


@pytest.mark.parametrize("event", [{}, {"query": " "}, {"query": "x" * 2001}, {"query": 3}])
def test_fails_when_a_schedules_event_would_be_refused_every_time(event):
    _, made, _ = pipeline()
    with pytest.raises(ValueError, match="event must have a query of 1 to 2000 characters, got"):
        made.start_on_schedule("Daily", schedule=DAILY, event=event)


def test_an_events_detail_starts_the_alias():
    stack, made, alias = pipeline()
    made.start_on_event("Asked", event_pattern=events.EventPattern(source=["desk"]))
    rules = Template.from_stack(stack).find_resources(
        "AWS::Events::Rule", {"Properties": {"EventPattern": {"source": ["desk"]}}}
    )
    (rule,) = rules.values()
    (target,) = rule["Properties"]["Targets"]
    assert (target["Arn"], target["InputPath"]) == (alias, "$.detail")
    assert "DeadLetterConfig" in target


def test_a_queue_starts_the_alias_one_message_at_a_time():
    stack, made, alias = pipeline(execution_timeout=Duration.minutes(15))
    made.start_on_queue(sqs.Queue(stack, "Questions", visibility_timeout=Duration.minutes(15)), max_concurrency=5)
    mapping = properties(Template.from_stack(stack), "AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionName"]["Fn::Join"][1][-1] == ":live"
    assert str(alias) in str(mapping["FunctionName"])
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (1, {"MaximumConcurrency": 5})


def test_fails_when_an_execution_may_outlive_a_queues_invocation():
    stack, made, _ = pipeline()
    with pytest.raises(
        ValueError, match=r"execution_timeout must be at most 15 minutes to start from a queue.*got 86400"
    ):
        made.start_on_queue(sqs.Queue(stack, "Questions"))


def test_nothing_that_triggers_names_the_unqualified_function():
    stack, made, _ = pipeline(execution_timeout=Duration.minutes(10))
    made.start_on_schedule("Daily", schedule=DAILY, event={"query": "news"})
    made.start_on_event("Asked", event_pattern=events.EventPattern(source=["desk"]))
    made.start_on_queue(sqs.Queue(stack, "Questions", visibility_timeout=Duration.minutes(15)))
    template = Template.from_stack(stack)
    function = str(stack.resolve(made.function.function_arn))
    triggers = (
        "AWS::Scheduler::Schedule",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::Events::Rule",
    )
    for kind in triggers:
        for resource in template.find_resources(kind).values():
            parts = dict(resource["Properties"])
            parts.pop("EventPattern", None)  # the rule for bad endings matches the function's versions
            assert function not in str(parts), kind
