"""Permissions as policy statements; defines no resources."""

from collections.abc import Iterable, Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from ..agents.models import Model, ModelKind

_INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

CHECKPOINT = ("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState")
START = ("lambda:InvokeFunction",)
REVIEW = (
    "lambda:SendDurableExecutionCallbackSuccess",
    "lambda:SendDurableExecutionCallbackFailure",
    "lambda:SendDurableExecutionCallbackHeartbeat",
)
ANSWER = ("lambda:SendDurableExecutionCallbackSuccess",)
HISTORY = ("lambda:GetDurableExecutionHistory",)
OPERATE = ("lambda:StopDurableExecution", "lambda:PauseDurableExecution", "lambda:ResumeDurableExecution")
FIND = ("lambda:ListDurableExecutionsByFunction", "lambda:ListVersionsByFunction")
LOOK = ("lambda:GetDurableExecution", *HISTORY)
STACK = ("cloudformation:DescribeStacks",)
FUNCTION = ("lambda:GetAlias", "lambda:GetFunctionConfiguration")
ACCOUNT = (
    "bedrock:GetFoundationModel",
    "bedrock:GetFoundationModelAvailability",
    "bedrock:GetUseCaseForModelAccess",
    "cloudwatch:GetMetricData",
    "lambda:GetAccountSettings",
)
SPENT = ("dynamodb:Query",)
LIST = ("lambda:ListDurableExecutionsByFunction",)
READ = ("lambda:GetDurableExecution",)
REDRIVE = (*READ, *HISTORY)
STOP = ("lambda:StopDurableExecution",)


def model_statements(stack: Stack, models: Iterable[Model]) -> list[iam.PolicyStatement]:
    """What invoking these models needs, and nothing more.

    Args:
        stack: whose Region is the source of every request.
        models: repeated models count once.
    """
    distinct = {model.id: model for model in models}
    by_source: dict[str, list[Model]] = {}
    for model in distinct.values():
        by_source.setdefault(model.source.id if model.source else model.id, []).append(model)
    groups = [_alike(group) for group in by_source.values()]
    return [statement for group in groups for alike in group for statement in _of_models(stack, alike)]


def guardrail_statement(guardrail_arn: str) -> iam.PolicyStatement:
    """What calling a model through a guardrail needs besides the model."""
    return iam.PolicyStatement(actions=["bedrock:ApplyGuardrail"], resources=[guardrail_arn])


def _alike(group: list[Model]) -> list[list[Model]]:
    """Application profiles of one source together, so that 32 of them stay within the 10,240 characters of a role."""
    made = [model for model in group if model.source]
    return [*([made] if made else []), *([model] for model in group if not model.source)]


def _of_models(stack: Stack, models: list[Model]) -> list[iam.PolicyStatement]:
    model = models[0]
    if model.kind is ModelKind.APPLICATION_PROFILE and model.source:
        profiles = [alike.id for alike in models]
        return [_invoke(profiles), *_behind(stack, model.source, profiles)]
    if model.endpoint is not None:
        return model.endpoint.statements(stack)
    if model.kind is ModelKind.RESOURCE:
        return [_invoke([model.id])]
    if model.kind is ModelKind.FOUNDATION_MODEL:
        return [_invoke([foundation_arn(stack, stack.region, model.foundation)])]
    profile = profile_arn(stack, model)
    return [_invoke([profile]), *_behind(stack, model, [profile])]


def _behind(stack: Stack, model: Model, profiles: list[str]) -> list[iam.PolicyStatement]:
    """The foundation models that profiles may route to, usable through those profiles only."""
    through: dict[str, str | list[str]] = {
        "bedrock:InferenceProfileArn": profiles[0] if len(profiles) == 1 else profiles
    }
    if model.kind is ModelKind.GLOBAL_PROFILE:
        anywhere = {"aws:RequestedRegion": "unspecified", **through}
        return [
            _invoke([foundation_arn(stack, stack.region, model.foundation)], through),
            _invoke([foundation_arn(stack, "", model.foundation)], anywhere),
        ]
    regions = destination_regions(stack.region, model)
    return [_invoke([foundation_arn(stack, region, model.foundation) for region in regions], through)]


def destination_regions(own: str, model: Model) -> Sequence[str]:
    """The Regions of a geography and the stack's own, which a profile may always serve in.

    An environment-agnostic stack does not know its Region: its token is listed beside the table, at worst twice the
    same ARN after deployment, never one too many.
    """
    listed = model.destinations
    return listed if own in listed else (*listed, own)


def foundation_arn(stack: Stack, region: str, foundation: str | None) -> str:
    """ARN of a foundation model; the global profile's third statement wants it without a Region."""
    return f"arn:{stack.partition}:bedrock:{region}::foundation-model/{foundation}"


def profile_arn(stack: Stack, model: Model) -> str:
    """ARN of a system inference profile in the stack's own Region and account."""
    if model.id.startswith("arn:"):
        return model.id
    return stack.format_arn(service="bedrock", resource="inference-profile", resource_name=model.id)


def _invoke(resources: Sequence[str], equals: Mapping[str, str | list[str]] | None = None) -> iam.PolicyStatement:
    conditions = {"StringEquals": equals} if equals else None
    return iam.PolicyStatement(actions=list(_INVOKE), resources=list(resources), conditions=conditions)
