"""What the choices refuse and accept; no template is made."""

import ast
import inspect
from decimal import Decimal
from itertools import pairwise

import pytest
from aws_cdk import Duration, RemovalPolicy, Size, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from infra.durable_agent_pipeline import PipelineKeywords, PipelineProps

REFUSALS = [
    ({"execution_timeout": Duration.days(367)}, "execution_timeout must be whole seconds between 1 and 31622400"),
    ({"execution_timeout": Duration.seconds(0)}, "got 0 seconds"),
    ({"execution_timeout": Duration.millis(1500)}, "got 1.5 seconds"),
    ({"retention_period": Duration.days(91)}, "retention_period must be whole days between 1 and 90, got 91 days"),
    ({"retention_period": Duration.hours(36)}, "got 1.5 days"),
    ({"timeout": Duration.minutes(16)}, "timeout must be whole seconds between 1 and 900, got 960 seconds"),
    ({"memory_size": 64}, "memory_size must be between 128 and 10240 MiB, got 64"),
    ({"memory_size": 512.5}, "memory_size must be a whole number between 128 and 10240 MiB, got 512.5"),
    ({"memory_size": True}, "got True"),
    ({"memory_size": float("inf")}, "got inf"),
    ({"memory_size": 10**400}, "memory_size must be between 128 and 10240 MiB"),
    ({"runtime": lambda_.Runtime.PYTHON_3_12}, "runtime must be one of python3.13, python3.14, got 'python3.12'"),
    ({"model_read_timeout": Duration.minutes(16)}, "model_read_timeout must be whole seconds between 1 and 900"),
    ({"reserved_concurrent_executions": 0}, "reserved_concurrent_executions must be between 1 and 100000, got 0"),
    ({"provisioned_concurrent_executions": -1}, "provisioned_concurrent_executions must be between 1"),
    ({"max_event_age": Duration.seconds(59)}, "max_event_age must be whole seconds between 60 and 21600"),
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
    ({"slow_execution": Duration.seconds(0)}, "slow_execution must be whole seconds"),
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
        "timeout must be at most execution_timeout, 300 seconds, got 600 seconds",
    ),
    (
        {"model_read_timeout": Duration.minutes(3), "timeout": Duration.minutes(2)},
        "model_read_timeout must be at most timeout, 120 seconds, got 180 seconds",
    ),
    ({"large_results": "no"}, "large_results must be True or False, got 'no'"),
    ({"streaming": 0}, "streaming must be True or False, got 0"),
    ({"description": "x" * 257}, "description must be at most 256 characters, got 257"),
    ({"ephemeral_storage_size": Size.mebibytes(511)}, "ephemeral_storage_size must be between 512 and 10240 MiB"),
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


def test_every_choice_is_a_typed_keyword_and_the_other_way_round():
    assert set(PipelineKeywords.__annotations__) == set(PipelineProps.__dataclass_fields__)


def test_every_choice_documents_its_default():
    for base in PipelineProps.__bases__:
        body = ast.parse(inspect.getsource(base)).body[0].body  # type: ignore[attr-defined]
        for field, doc in pairwise(body):
            if isinstance(field, ast.AnnAssign):
                text = doc.value.value if isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant) else ""
                assert "Default: " in str(text), ast.unparse(field)
                assert "Default: None" not in str(text), ast.unparse(field)


def test_props_cannot_change_afterwards():
    with pytest.raises(AttributeError):
        PipelineProps().memory_size = 1  # type: ignore[misc]
