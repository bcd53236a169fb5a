"""What the choices refuse and accept; no template is made."""

from decimal import Decimal
from typing import Any

import pytest
from aws_cdk import Duration, RemovalPolicy, Size, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from infra.durable_agent_pipeline import AlarmChoice, DurableAgentPipeline, PipelineProps
from tests.infra.apps import new_stack

REFUSALS = [
    (
        {"execution_timeout": Duration.days(367)},
        "execution_timeout must be between 1 second and 366 days, got 367 days",
    ),
    ({"execution_timeout": Duration.seconds(0)}, "got 0 seconds"),
    ({"execution_timeout": Duration.millis(1500)}, "execution_timeout must be whole seconds, got 1500 milliseconds"),
    ({"retention_period": Duration.days(91)}, "retention_period must be between 1 day and 90 days, got 91 days"),
    ({"retention_period": Duration.hours(36)}, "retention_period must be whole days, got 36 hours"),
    ({"timeout": Duration.minutes(16)}, "timeout must be between 1 second and 15 minutes, got 16 minutes"),
    ({"memory_size": 64}, "memory_size must be between 128 and 10240 MiB, got 64"),
    ({"memory_size": 512.5}, "memory_size must be a whole number between 128 and 10240 MiB, got 512.5"),
    ({"memory_size": True}, "got True"),
    ({"memory_size": float("inf")}, "got inf"),
    ({"memory_size": 10**400}, "memory_size must be between 128 and 10240 MiB"),
    ({"runtime": lambda_.Runtime.PYTHON_3_12}, "runtime must be one of python3.13, python3.14, got 'python3.12'"),
    (
        {"model_read_timeout": Duration.minutes(16)},
        "model_read_timeout must be between 1 second and 15 minutes, got 16 minutes",
    ),
    ({"tokens_per_minute": {"m": 0}}, "tokens_per_minute['m'] must be between 1 and 1000000000, got 0"),
    ({"tokens_per_minute": {"m": "fast"}}, "tokens_per_minute['m'] must be a whole number"),
    (
        {"model_usual_time": Duration.minutes(16)},
        "model_usual_time must be between 1 second and 15 minutes, got 16 minutes",
    ),
    ({"reserved_concurrent_executions": 0}, "reserved_concurrent_executions must be between 1 and 100000, got 0"),
    ({"provisioned_concurrent_executions": -1}, "provisioned_concurrent_executions must be between 1"),
    ({"max_event_age": Duration.seconds(59)}, "max_event_age must be between 1 minute and 6 hours, got 59 seconds"),
    ({"retry_attempts": 3}, "retry_attempts must be between 0 and 2, got 3"),
    ({"budget_ceiling_usd": 0}, "budget_ceiling_usd must be an amount in USD above 0 and at most 1000000, got 0"),
    ({"budget_ceiling_usd": "-1"}, "got '-1'"),
    ({"budget_ceiling_usd": "NaN"}, "got 'NaN'"),
    ({"budget_ceiling_usd": "ten"}, "got 'ten'"),
    ({"spend_per_hour_usd": 0}, "spend_per_hour_usd must be an amount in USD above 0"),
    ({"prices": {"m": {"input": "1"}}}, "prices['m'] must give input and output, missing output"),
    ({"prices": {"m": {"input": "1", "output": "x"}}}, "prices['m']['output'] must be an amount in USD"),
    ({"prices": {"m": {"input": "1", "output": "2", "gold": "3"}}}, "prices['m'] must use the kinds"),
    ({"guardrail_arn": "gr-1"}, "guardrail_arn must be an ARN of a Bedrock guardrail, got 'gr-1'"),
    ({"guardrail_version": "latest"}, "guardrail_version must be DRAFT or a version number, got 'latest'"),
    ({"pipeline_name": "ümlaut"}, "pipeline_name must be 1 to 255 characters of a metric dimension, got 'ümlaut'"),
    ({"pipeline_name": ""}, "pipeline_name must be"),
    ({"log_level": "debug"}, "log_level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, got 'debug'"),
    ({"slow_execution": Duration.seconds(0)}, "slow_execution must be between 1 second and 366 days, got 0 seconds"),
    (
        {"large_results_removal_policy": RemovalPolicy.SNAPSHOT},
        "large_results_removal_policy must be DESTROY or RETAIN, got SNAPSHOT",
    ),
    (
        {"large_results": False, "large_results_removal_policy": RemovalPolicy.DESTROY},
        "large_results_removal_policy must come with large_results, got large_results=False",
    ),
    (
        {"timeout": Duration.minutes(10), "execution_timeout": Duration.minutes(5)},
        "timeout must be at most execution_timeout, 5 minutes, got 10 minutes",
    ),
    (
        {"model_read_timeout": Duration.minutes(3), "timeout": Duration.minutes(2)},
        "model_read_timeout must be at most timeout, 2 minutes, got 3 minutes",
    ),
    ({"large_results": "no"}, "large_results must be True or False, got 'no'"),
    ({"streaming": 0}, "streaming must be True or False, got 0"),
    ({"description": "x" * 257}, "description must be at most 256 characters, got 257"),
    ({"ephemeral_storage_size": Size.mebibytes(511)}, "ephemeral_storage_size must be between 512 and 10240 MiB"),
    ({"timeout": 900}, "timeout must be a Duration, such as Duration.minutes(15), got 900"),
    ({"retention_period": None}, "retention_period must be a Duration, such as Duration.minutes(15), got None"),
    ({"architecture": "arm64"}, "architecture must be an Architecture, ARM_64 or X86_64, got 'arm64'"),
    ({"runtime": "python3.13"}, "runtime must be a Runtime, such as Runtime.PYTHON_3_13, got 'python3.13'"),
    ({"models": ["x"]}, "models must be a mapping, such as a dict, got ['x']"),
    ({"models": {"research": 5}}, "models['research'] must be text or an object of"),
    ({"models": {1: "x"}}, "a name in models must be text, got 1"),
    ({"memory_size": "512"}, "memory_size must be a whole number between 128 and 10240 MiB, got '512'"),
    ({"ephemeral_storage_size": 512}, "ephemeral_storage_size must be a Size, such as Size.gibibytes(1), got 512"),
    ({"log_retention": 30}, "log_retention must be a value of RetentionDays, such as RetentionDays.ONE_DAY, got 30"),
    ({"tracing": "Active"}, "tracing must be a value of Tracing, such as Tracing.ACTIVE, got 'Active'"),
    ({"removal_policy": "retain"}, "removal_policy must be a value of RemovalPolicy, such as RemovalPolicy.DESTROY"),
    ({"encryption_key": "arn:aws:kms:..."}, "encryption_key must be an object of IKey, got 'arn:aws:kms:...'"),
    ({"layers": "arn:aws:lambda:..."}, "layers must be a list, got 'arn:aws:lambda:...'"),
    ({"layers": ["arn:x"]}, "layers[0] must be an object of ILayerVersion, got 'arn:x'"),
    ({"alarm_subscriptions": ["a@b.c"]}, "alarm_subscriptions[0] must be an object of ITopicSubscription, got 'a@b.c'"),
    ({"alarm_choices": {"Slow": 5}}, "alarm_choices['Slow'] must be an object of AlarmChoice, got 5"),
    ({"guardrail_arn": 5}, "guardrail_arn must be text, got 5"),
    ({"description": 5}, "description must be text, got 5"),
    ({"timeout": {}}, "timeout must be a Duration, such as Duration.minutes(15), got {}"),
    ({"memory_size": 10**400}, "got a number of 1329 bits"),
    ({"large_results_removal_policy": []}, "large_results_removal_policy must be a value of RemovalPolicy"),
    ({"agents": 5}, "agents must be an object of Path or text, got 5"),
    ({"profile_regions": {"us": "us-east-1"}}, "profile_regions['us'] must be a list, got 'us-east-1'"),
    ({"prices": {"m": "1"}}, "prices['m'] must be a mapping, such as a dict, got '1'"),
    ({"models": ["x" * 200]}, "... (204 characters)"),
    ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets must come with vpc, got no vpc"),
]


@pytest.mark.parametrize(
    ("choices", "message"), REFUSALS, ids=lambda value: "-".join(value) if isinstance(value, dict) else ""
)
def test_fails_when_a_choice_breaks_its_rule(choices, message):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is asserted whole below
        PipelineProps(**choices)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "choices",
    [
        {"execution_timeout": Duration.days(366), "retention_period": Duration.days(90)},
        {"execution_timeout": Duration.seconds(1), "retention_period": Duration.days(1)},
        {"memory_size": 128, "timeout": Duration.seconds(1)},
        {"memory_size": 10240, "timeout": Duration.minutes(15)},
        {"runtime": lambda_.Runtime.PYTHON_3_14},
        {"budget_ceiling_usd": Decimal("0.000001")},
    ],
)
def test_the_ends_of_every_range_are_allowed(choices):
    props = PipelineProps(**choices)
    assert all(getattr(props, name) == value for name, value in choices.items())


def test_a_default_gives_way_to_a_shorter_choice():
    props = PipelineProps(execution_timeout=Duration.seconds(90))
    assert (props.timeout.to_seconds(), props.model_read_timeout.to_seconds()) == (90, 90)
    assert PipelineProps().timeout.to_minutes() == 15
    assert PipelineProps().model_read_timeout.to_minutes() == 2


def test_what_is_only_known_at_deployment_passes():
    days = Duration.days(Token.as_number({"Ref": "Days"}))
    assert PipelineProps(retention_period=days).retention_period is days


@pytest.mark.parametrize("value", [b"secret", 12345678, ["secret"]])
def test_a_refused_variable_of_the_environment_is_not_shown(value):
    with pytest.raises(ValueError, match=r"environment\['TOKEN'\] must be text, got a value of") as refused:
        PipelineProps(environment={"TOKEN": value})
    assert "secret" not in str(refused.value)
    assert "12345678" not in str(refused.value)


def test_amounts_are_read_once_and_exactly():
    price = {"input": "1_000", "output": " 3.00 "}
    props = PipelineProps(budget_ceiling_usd=0.1, spend_per_hour_usd="1e2", prices={"m": price})
    assert (props.budget_ceiling_usd, props.spend_per_hour_usd) == (Decimal("0.1"), Decimal(100))
    assert props.prices == {"m": {"input": "1000", "output": "3.00"}}
    assert PipelineProps().spend_per_hour_usd == Decimal(25)


def test_props_cannot_change_afterwards():
    with pytest.raises(AttributeError):
        PipelineProps().memory_size = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [("memroy_size", ", did you mean memory_size?"), ("xyzzy", ""), ("model", ", did you mean models?")],
)
def test_a_keyword_that_is_no_choice_is_refused_with_the_one_that_was_meant(keyword, hint):
    choices: dict[str, Any] = {keyword: 1}
    with pytest.raises(TypeError) as refused:
        DurableAgentPipeline(new_stack(), "Pipeline", **choices)
    assert str(refused.value) == f"every keyword must be one of docs/construct.md, got {keyword!r}{hint}"


def test_an_alarm_that_is_half_enabled_is_refused():
    with pytest.raises(ValueError, match="enabled of an alarm must be True or False, got 'no'"):
        AlarmChoice(enabled="no")  # type: ignore[arg-type]


ODD: tuple[Any, ...] = (
    5,
    "x",
    "",
    None,
    [],
    {},
    object(),
    True,
    float("nan"),
    b"x",
    {"a": None},
    {1: 2},
    [None],
    10**400,
    Duration.days(1),
)


def refusal(choices: dict[str, Any]) -> str:
    """What is said of choices; nothing where they are taken. Any other error is let through."""
    try:
        PipelineProps(**choices)
    except ValueError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("name", PipelineProps.__dataclass_fields__)
def test_whatever_is_given_is_taken_or_refused_in_one_short_line(name):
    said = [refusal({name: odd}) for odd in ODD]
    assert any(said)
    assert not [line for line in said if len(line) > 300 or "\n" in line]
