"""The function's environment, from the choices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack, Token
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from ..agents.call_choices import chosen_fields
from ..agents.plan import Plan
from ..choices.props import PipelineProps
from ..names import AGENTS_FOLDER, DEPLOYMENT_FILE, FILE_NAME, NAMESPACE, PROFILES_PREFIX, SERVICE, SHORT
from .budget_table import budget_variables
from .endpoint_use import endpoint_settings
from .reading import agent_tools, tool_settings
from .review_page import ReviewPage
from .reviews import review_variables

LIMIT_BYTES = 4096
"""What Lambda allows for all variables together."""

_TOKEN_BYTES = 120
"""At most the length of an ARN, of a bucket's or of a key's name."""

_BRANCHES = 5
"""Branches side by side that the Lambda allows by itself."""

_USUAL_SECONDS = 60
"""What the Lambda takes a model call to need by itself."""
_PROMPT_CACHE = "5m"
"""How long the Lambda has prompts cached by itself."""

_PROFILE_ID_BYTES = 12
"""Length of an application inference profile's id as AWS shows it; its API promises only at most 64."""

_PSEUDO_BYTES = 14
"""At most the length of a partition, a Region or an account."""


@dataclass(frozen=True)
class Environment:
    """What the choices become for the function."""

    variables: dict[str, str]

    file: str | None = None
    """Text of DEPLOYMENT_FILE in the package: what did not fit into the variables. None when all fits."""


def environment(
    stack: Stack,
    props: PipelineProps,
    plan: Plan,
    bucket: s3.IBucket | None,
    *,
    topic: sns.ITopic | None = None,
    page: ReviewPage | None = None,
    table: dynamodb.ITable | None = None,
) -> Environment:
    """Every variable that the choices decide; what is left out keeps the Lambda's own default.

    The models and their prices are where an operator sees them, in the variables, as long as these stay within
    Lambda's 4 KB; else they go into a file of the package, all but what only the deployment knows.

    Raises:
        ValueError: when `environment` names a variable that the construct sets, or is too large itself.
    """
    chosen = {**_agents(stack, props, plan), **_calls(props), **_watch(props), **_storage(props, bucket)}
    chosen |= {**review_variables(props, topic, page), **budget_variables(props, table)}
    for name in props.environment:
        if name in chosen or name in (DEPLOYMENT_FILE, PROFILES_PREFIX):
            raise ValueError(f"environment must not name a variable that the construct sets, got {name!r}")
    whole = _given({**chosen, **props.environment})
    if size(stack, whole) <= LIMIT_BYTES:
        return Environment(whole)
    moved = _given({**chosen, **_only_at_deployment(stack, plan), **props.environment})
    if (got := size(stack, moved)) > LIMIT_BYTES:
        raise ValueError(f"environment must fit into the {LIMIT_BYTES} bytes that Lambda allows, got about {got}")
    return Environment(moved, _file(plan))


def size(stack: Stack, variables: Mapping[str, str]) -> int:
    """Bytes of names and values; a token counts as what it may become at most."""
    return sum(len(name.encode()) + _length(stack.resolve(value)) for name, value in variables.items())


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict) and "Fn::Join" in value:
        return sum(_length(part) for part in value["Fn::Join"][1])
    if isinstance(value, dict) and "InferenceProfileId" in value.get("Fn::GetAtt", ()):
        return _PROFILE_ID_BYTES
    return _PSEUDO_BYTES if isinstance(value, dict) and str(value.get("Ref")).startswith("AWS::") else _TOKEN_BYTES


def _given(chosen: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value is not None}


def _only_at_deployment(stack: Stack, plan: Plan) -> dict[str, str | None]:
    """The models that are tokens; those of profiles of this stack by their short ids behind one common prefix."""
    tokens = {name: plan.models[name] for name, model_id in plan.replaced.items() if Token.is_unresolved(model_id)}
    own = {name for name, model in tokens.items() if model.resource and Stack.of(model.resource) is stack}
    words = {
        name: f"{SHORT}{model.resource.attr_inference_profile_id}" if name in own and model.resource else model.id
        for name, model in tokens.items()
    }
    prefix = stack.format_arn(service="bedrock", resource="application-inference-profile", resource_name="")
    return {
        "AGENT_MODELS": _json(stack, words),
        "MODEL_PRICES": None,
        DEPLOYMENT_FILE: FILE_NAME,
        PROFILES_PREFIX: prefix if own else None,
    }


def _file(plan: Plan) -> str:
    known = {name: model_id for name, model_id in plan.replaced.items() if not Token.is_unresolved(model_id)}
    prices = {model_id: price for model_id, price in plan.prices.items() if not Token.is_unresolved(model_id)}
    by_agent = {
        name: plan.prices[model.id]
        for name, model in plan.models.items()
        if model.id in plan.prices and Token.is_unresolved(model.id)
    }
    document = {"AGENT_MODELS": known, "MODEL_PRICES": prices, "AGENT_PRICES": by_agent}
    return json.dumps(document, sort_keys=True, indent=1) + "\n"


def _agents(stack: Stack, props: PipelineProps, plan: Plan) -> dict[str, str | None]:
    ceiling = props.budget_ceiling_usd
    return {
        "PIPELINE_NAME": plan.pipeline_name,
        "AGENTS_FOLDER": AGENTS_FOLDER if props.agents else None,
        "AGENT_MODELS": _json(stack, plan.replaced),
        "AGENT_TOOLS": _json(stack, agent_tools(stack, props)),
        "AGENT_CALLS": _json(stack, chosen_fields(props)),
        "TOOL_SETTINGS": _json(stack, tool_settings(stack, props)),
        "MODEL_PRICES": _json(stack, plan.prices),
        "MODEL_SETTINGS": _json(stack, endpoint_settings(props)),
        "PROMPT_CACHE": props.prompt_cache if props.prompt_cache != _PROMPT_CACHE else None,
        "TOKENS_PER_MINUTE": _json(stack, props.tokens_per_minute),
        "MAX_PARALLEL_BRANCHES": str(props.max_parallel_branches) if props.max_parallel_branches != _BRANCHES else None,
        "BUDGET_CEILING_USD": None if ceiling is None else format(ceiling, "f"),
    }


def _calls(props: PipelineProps) -> dict[str, str | None]:
    guarded, usual = props.guardrail_arn is not None, props.model_usual_time.to_seconds()
    return {
        "MODEL_STREAMING": str(props.streaming).lower(),
        "MODEL_READ_TIMEOUT_SECONDS": str(props.model_read_timeout.to_seconds()),
        "MODEL_USUAL_SECONDS": None if usual == _USUAL_SECONDS else str(usual),
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
