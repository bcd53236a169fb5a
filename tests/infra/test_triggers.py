"""What starts executions: the alias, never the function."""

from typing import Any

import pytest
from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match, Template

from agent_workflow.batch_request import parse_event
from agent_workflow.errors import InvalidRequest
from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.event_rules import check_event
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


BUDGETS: tuple[Any, ...] = (
    *(1, 0.5, "0.5", "10000", 10000, 10000.01, 0, -1, "1e3", "-1", " 1", "", True, None, [], "1_000"),
    *(float("nan"), float("inf"), 1e-400, 10**400, "0", "9" * 10),
)
# Every rule of the Lambda's request parser, and values on both sides of each; the parser itself is asked below.
EVENTS: list[Any] = [
    *(
        {"query": query}
        for query in ("news", " x ", "", " ", "\u3000", "x" * 2000, "x" * 2001, f" {'x' * 2000} ", 3, None)
    ),
    {},
    {"topic": "news"},
    {"query": "news", "budget": 1},
    *({"query": query} for query in ("\x1c", "\u200b", "\u3164", "\u0301", "e\u0301")),
    *({"query": "news", "demo_checkpoint": flag} for flag in (True, False, "yes", 1, None)),
    *({"query": "news", "budget_usd": budget} for budget in BUDGETS),
    *(
        {"query": "news", "tenant": tenant}
        for tenant in ("a", "Z" * 64, "a.b_c-1", "", "a" * 65, "a b", "a\n", 7, None)
    ),
    ["news"],
    "news",
    *(
        {"queries": queries}
        for queries in ([], [{"query": "a"}], [{"query": "a"}] * 2, [{"query": "a"}] * 51, "ab", None)
    ),
    {"queries": [{"query": "a"}, {"query": ""}]},
    {"queries": [{"query": "a"}, "b"]},
    {"queries": [{"query": "a"}, {"queries": [{"query": "a"}] * 2}]},
    *({"queries": [{"query": "a"}, {"query": "b"}], **more} for more in ({"review": True}, {"query": "c"}, {"x": 1})),
    *({"queries": [{"query": "a"}, {"query": "b", "budget_usd": 1}], "budget_usd": b} for b in (2, 1, 0.5, None, "x")),
    *({"queries": [{"query": "a", "budget_usd": 1}] * 2, "budget_usd": b} for b in (2, 1.9, "2")),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: repr(event)[:40])
def test_an_event_is_refused_at_synth_exactly_when_the_lambda_would_refuse_it(event):
    assert refuses(check_event, ValueError, event) == refuses(parse_event, InvalidRequest, event)


def refuses(check: Any, error: type[Exception], event: Any) -> bool:
    try:
        check(event)
    except error:
        return True
    return False


def test_events_on_both_sides_are_tried():
    refused = [refuses(check_event, ValueError, event) for event in EVENTS]
    assert refused.count(True) > 15
    assert refused.count(False) > 8


def test_what_only_the_deployment_knows_passes():
    check_event({"query": Token.as_string({"Ref": "Query"}), "budget_usd": Token.as_number({"Ref": "Budget"})})


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"query": "\u200b"}, "event must have a query with a character that can be seen, got 1 that cannot"),
        ({}, "event must have a query of 1 to 2000 characters, got None"),
        (
            {"query": "x" * 2001},
            "event must have a query of 1 to 2000 characters, got 2001 characters",
        ),
        (
            {"query": "news", "budget": 1},
            "event must have only the fields query, ",
        ),
        ({"query": "news", "budget_usd": -1}, "event's budget_usd must be a number, or a string of one, over 0"),
    ],
)
def test_fails_when_a_schedules_event_would_be_refused_every_time(event, message):
    _, made, _ = pipeline()
    with pytest.raises(ValueError, match=r".") as refused:
        made.start_on_schedule("Daily", schedule=DAILY, event=event)
    assert str(refused.value).startswith(message)


def test_fails_when_a_fixed_input_of_a_rule_would_be_refused_every_time():
    _, made, _ = pipeline()
    given = events.RuleTargetInput.from_object({"topic": "news"})
    with pytest.raises(ValueError, match="event must have only the fields"):
        made.start_on_event("Asked", event_pattern=events.EventPattern(source=["desk"]), event=given)


def test_an_input_made_of_the_events_fields_is_not_judged():
    stack, made, _ = pipeline()
    given = events.RuleTargetInput.from_object({"query": events.EventField.from_path("$.detail.question")})
    made.start_on_event("Asked", event_pattern=events.EventPattern(source=["desk"]), event=given)
    assert "InputTransformer" in str(Template.from_stack(stack).find_resources("AWS::Events::Rule"))


@pytest.mark.parametrize("trigger_id", ["Function", "Role", "Live", "Alarms", "Triggers", "Checkpoints"])
def test_no_id_of_a_trigger_is_taken_by_the_construct(trigger_id):
    stack, made, _ = pipeline()
    made.start_on_schedule(trigger_id, schedule=DAILY, event={"query": "news"})
    made.start_on_event(f"{trigger_id}Role", event_pattern=events.EventPattern(source=["desk"]))
    Template.from_stack(stack).resource_count_is("AWS::Scheduler::Schedule", 1)


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
        ValueError, match=r"execution_timeout must be at most 15 minutes to start from a queue.*got 24 hours"
    ):
        made.start_on_queue(sqs.Queue(stack, "Questions"))


@pytest.mark.parametrize(
    ("visibility", "execution", "got"),
    [(None, 10, "600 seconds, got 30"), (Duration.minutes(5), 10, "600 seconds, got 300 seconds")],
)
def test_fails_when_a_queue_hides_a_message_for_less_than_its_execution(visibility, execution, got):
    stack, made, _ = pipeline(execution_timeout=Duration.minutes(execution), timeout=Duration.minutes(5))
    queue = sqs.Queue(stack, "Questions", visibility_timeout=visibility)
    with pytest.raises(ValueError, match=f"visibility_timeout of the queue must be at least timeout .* {got}"):
        made.start_on_queue(queue)


def warned(stack: Stack) -> list[str]:
    return [str(w.entry.data) for w in Annotations.from_stack(stack).find_warning("*", Match.any_value())]


def test_a_queue_without_a_dead_letter_queue_is_warned_about_once():
    stack, made, _ = pipeline(execution_timeout=Duration.minutes(10))
    made.start_on_queue(sqs.Queue(stack, "Questions", visibility_timeout=Duration.minutes(10)))
    (warning,) = warned(stack)
    assert "starts another paid execution" in warning


def test_a_queue_with_one_is_not():
    stack, made, _ = pipeline(execution_timeout=Duration.minutes(10))
    failed = sqs.DeadLetterQueue(queue=sqs.Queue(stack, "Failed"), max_receive_count=2)
    queue = sqs.Queue(stack, "Questions", visibility_timeout=Duration.minutes(10), dead_letter_queue=failed)
    made.start_on_queue(queue)
    assert warned(stack) == []


def test_a_queue_of_another_app_is_its_owners_business():
    stack, made, _ = pipeline(execution_timeout=Duration.minutes(10))
    made.start_on_queue(sqs.Queue.from_queue_arn(stack, "Theirs", "arn:aws:sqs:us-east-1:111111111111:theirs"))
    assert warned(stack) == []


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
