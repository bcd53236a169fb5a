"""The function's environment, from the choices."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack

from .plan import Plan
from .props import PipelineProps
from .rules import positive_usd

NAMESPACE = "DurableAgentPipeline"
SERVICE = "durable-agent-pipeline"
AGENTS_FOLDER = "agents"


def variables(stack: Stack, props: PipelineProps, plan: Plan) -> dict[str, str]:
    """Every variable that the choices decide; what is left out keeps the Lambda's own default."""
    chosen: dict[str, str | None] = {
        "PIPELINE_NAME": plan.pipeline_name,
        "AGENT_MODELS": _json(stack, props.models),
        "MODEL_PRICES": _json(stack, plan.prices),
        "BUDGET_CEILING_USD": _budget(props),
        "AGENTS_FOLDER": AGENTS_FOLDER if props.agents else None,
        "POWERTOOLS_SERVICE_NAME": SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": props.log_level,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _json(stack: Stack, value: Mapping[str, Any]) -> str | None:
    if not value:
        return None
    # sorted and compact: the variable is part of the version's hash, and 4 KB is the limit of all of them together
    plain = json.loads(json.dumps(dict(value), sort_keys=True, default=dict))
    return stack.to_json_string(plain)


def _budget(props: PipelineProps) -> str | None:
    if props.budget_ceiling_usd is None:
        return None
    return format(positive_usd("budget_ceiling_usd", props.budget_ceiling_usd), "f")
