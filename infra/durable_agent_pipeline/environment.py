"""The function's environment, from the choices."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_s3 as s3

from .plan import Plan
from .props import PipelineProps
from .rules import positive_usd
from .source import AGENTS_FOLDER

NAMESPACE = "DurableAgentPipeline"
SERVICE = "durable-agent-pipeline"


def variables(stack: Stack, props: PipelineProps, plan: Plan, bucket: s3.IBucket | None) -> dict[str, str]:
    """Every variable that the choices decide; what is left out keeps the Lambda's own default.

    Raises:
        ValueError: when `environment` names a variable that the construct sets.
    """
    chosen = {**_agents(stack, props, plan), **_calls(props), **_watch(props), **_storage(props, bucket)}
    for name in props.environment:
        if name in chosen:
            raise ValueError(f"environment must not name a variable that the construct sets, got {name!r}")
    given = {name: value for name, value in chosen.items() if value is not None}
    return {**given, **props.environment}


def _agents(stack: Stack, props: PipelineProps, plan: Plan) -> dict[str, str | None]:
    ceiling = props.budget_ceiling_usd
    return {
        "PIPELINE_NAME": plan.pipeline_name,
        "AGENTS_FOLDER": AGENTS_FOLDER if props.agents else None,
        "AGENT_MODELS": _json(stack, props.models),
        "MODEL_PRICES": _json(stack, plan.prices),
        "BUDGET_CEILING_USD": None if ceiling is None else format(positive_usd("budget_ceiling_usd", ceiling), "f"),
    }


def _calls(props: PipelineProps) -> dict[str, str | None]:
    guarded = props.guardrail_arn is not None
    return {
        "DURABILITY": props.durability,
        "MODEL_STREAMING": str(props.streaming).lower(),
        "MODEL_READ_TIMEOUT_SECONDS": str(props.model_read_timeout.to_seconds()),
        "GUARDRAIL_ID": props.guardrail_arn,
        "GUARDRAIL_VERSION": props.guardrail_version if guarded else None,
    }


def _watch(props: PipelineProps) -> dict[str, str | None]:
    return {
        "POWERTOOLS_SERVICE_NAME": SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": props.log_level,
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument" if props.opentelemetry_layer else None,
    }


def _storage(props: PipelineProps, bucket: s3.IBucket | None) -> dict[str, str | None]:
    return {
        "LARGE_RESULTS_BUCKET": bucket.bucket_name if bucket else None,
        "LARGE_RESULTS_KMS_KEY_ARN": props.encryption_key.key_arn if bucket and props.encryption_key else None,
    }


def _json(stack: Stack, value: Mapping[str, Any]) -> str | None:
    """Sorted and compact: the text is part of the version's hash, and all variables share 4 KB."""
    return stack.to_json_string(_plain(value)) if value else None


def _plain(value: Any) -> Any:
    return {key: _plain(value[key]) for key in sorted(value)} if isinstance(value, Mapping) else value
