"""The function's environment, read once into one frozen value."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, StringConstraints, ValidationError

from agent_workflow.budget_windows import Budgets
from agent_workflow.deployment_file import with_deployment_file
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.prices import ModelPrice
from agent_workflow.refusals import refusal
from agent_workflow.review_choice import ReviewField

TASK_ROOT = Path(__file__).resolve().parents[1]
# What Bedrock's requestMetadata and a CloudWatch dimension both accept.
PipelineName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9 :_@$#=/+,.-]{1,255}$")]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
Word = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Settings(BaseModel):
    """What a deployment chose; every field has a default.

    Attributes:
        pipeline: value of the metric dimension `Pipeline`. Default: the function's name, else DurableAgentPipeline.
        agent_models: agent name -> model id that replaces the declared one. Default: the declared models.
        agent_tools: agent name -> packaged tools it has besides those it declares. Default: none.
        model_settings: id of a model that is not Bedrock's -> fields of its table, above agents.toml. Default: none.
        agent_calls: agent name -> fields `service_tier` and `reasoning` that stand above those declared. Default: none.
        tool_settings: name of a table `[tools.NAME]` -> fields that stand above those of agents.toml. Default: none.
        agents_folder: folder of agents.toml and prompts/, from the task root or absolute. Default: the packaged one.
        streaming: ConverseStream (true) or Converse (false). Default: true.
        connect_timeout_seconds: bound of connecting to Bedrock. Default: 5.
        read_timeout_seconds: longest silence of Bedrock: between two chunks when streaming, else the whole reply.
            Default: 120.
        usual_seconds: what a model call is taken to need before the first one has told. Default: 60.
        tokens_per_minute: model id -> tokens that an execution may take of it in a minute, or "learn". Default: any.
        budget_ceiling_usd: most USD that any execution may cost. Default: no ceiling.
        budgets: what may be spent in a day and a month, and the table that counts it. Default: no such limits.
        prompt_cache: how long Bedrock keeps the prompts of agents that cache them, 5m, 1h or off. Default: 5m.
        prices: model id -> price. Default: none, so every cost is null.
        retry_initial_delay_seconds: ceiling of the first back-off. Default: 2.
        max_parallel_branches: most branches of a flow, such as topics, at the same time. Default: 5.
        review: review of executions whose event says nothing of it. Default: none.
        review_topic_arn: SNS topic that gets the notice of a review. Default: none.
        review_escalation_topic_arn: topic that gets one when nobody answered in time. Default: the same one.
        review_event_bus: EventBridge bus that gets it too, a name or ARN. Default: none.
        review_page_url: address of the page on which reviews are answered. Default: there is no page.
        review_link_key_arn: KMS key that signs the links to it. Default: none, then there is no page either.
        guardrail_id: Bedrock guardrail that every model call goes through. Default: none.
        guardrail_version: its version. Default: DRAFT.
        large_results_bucket: bucket of results too large for a checkpoint. Default: none, such a result is refused.
        large_results_kms_key_arn: key that encrypts them. Default: the bucket's own encryption.
        hand_over_operations: durable operations after which an execution goes on in a new one. Default: 2,400, which is
            80 % of what Lambda allows.
        hand_over_bytes: the same of the bytes that they write. Default: 80,000,000.
        max_hand_overs: most new executions that one goes on in, so that a loop without end has one. Default: 20.
        service: Powertools service name. Default: durable-agent-pipeline.
        metrics_namespace: CloudWatch namespace. Default: DurableAgentPipeline.
        log_level: Default: INFO.
        memory_mb: memory of the function, for the compute estimate. Default: 512.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=False)

    pipeline: PipelineName = Field(default="DurableAgentPipeline", alias="PIPELINE_NAME")
    agent_models: Json[dict[str, Word]] = Field(default={}, alias="AGENT_MODELS")
    agent_tools: Json[dict[str, list[Word]]] = Field(default={}, alias="AGENT_TOOLS")
    model_settings: Json[dict[str, dict[str, Any]]] = Field(default={}, alias="MODEL_SETTINGS")
    agent_calls: Json[dict[str, dict[str, Any]]] = Field(default={}, alias="AGENT_CALLS")
    tool_settings: Json[dict[str, dict[str, Any]]] = Field(default={}, alias="TOOL_SETTINGS")
    agents_folder: Path = Field(default=TASK_ROOT / "agents", alias="AGENTS_FOLDER")
    streaming: bool = Field(default=True, alias="MODEL_STREAMING")
    connect_timeout_seconds: float = Field(default=5, alias="MODEL_CONNECT_TIMEOUT_SECONDS", gt=0, le=60)
    read_timeout_seconds: float = Field(default=120, alias="MODEL_READ_TIMEOUT_SECONDS", gt=0, le=900)
    usual_seconds: float = Field(default=60, alias="MODEL_USUAL_SECONDS", gt=0, le=900)
    tokens_per_minute: Json[dict[str, Annotated[int, Field(ge=1)] | Literal["learn"]]] = Field(
        default={}, alias="TOKENS_PER_MINUTE"
    )
    budget_ceiling_usd: Decimal | None = Field(default=None, alias="BUDGET_CEILING_USD", gt=0, allow_inf_nan=False)
    budgets: Json[Budgets] | None = Field(default=None, alias="BUDGETS")
    prompt_cache: Literal["5m", "1h", "off"] = Field(default="5m", alias="PROMPT_CACHE")
    prices: Json[dict[str, ModelPrice]] = Field(default={}, alias="MODEL_PRICES")
    retry_initial_delay_seconds: int = Field(default=2, alias="RETRY_INITIAL_DELAY_SECONDS", ge=1, le=300)
    large_results_bucket: Word | None = Field(default=None, alias="LARGE_RESULTS_BUCKET")
    large_results_kms_key_arn: Word | None = Field(default=None, alias="LARGE_RESULTS_KMS_KEY_ARN")
    max_parallel_branches: int = Field(default=5, alias="MAX_PARALLEL_BRANCHES", ge=1, le=50)
    review: Json[ReviewField] | None = Field(default=None, alias="REVIEW")
    review_topic_arn: Word | None = Field(default=None, alias="REVIEW_TOPIC_ARN")
    review_escalation_topic_arn: Word | None = Field(default=None, alias="REVIEW_ESCALATION_TOPIC_ARN")
    review_event_bus: Word | None = Field(default=None, alias="REVIEW_EVENT_BUS")
    review_page_url: Word | None = Field(default=None, alias="REVIEW_PAGE_URL")
    review_link_key_arn: Word | None = Field(default=None, alias="REVIEW_LINK_KEY_ARN")
    guardrail_id: Word | None = Field(default=None, alias="GUARDRAIL_ID")
    guardrail_version: Word = Field(default="DRAFT", alias="GUARDRAIL_VERSION")
    hand_over_operations: int = Field(default=2_400, alias="HAND_OVER_OPERATIONS", ge=20, le=2_900)
    hand_over_bytes: int = Field(default=80_000_000, alias="HAND_OVER_BYTES", ge=10_000, le=95_000_000)
    max_hand_overs: int = Field(default=20, alias="MAX_HAND_OVERS", ge=0)
    service: Word = Field(default="durable-agent-pipeline", alias="POWERTOOLS_SERVICE_NAME")
    metrics_namespace: Word = Field(default="DurableAgentPipeline", alias="POWERTOOLS_METRICS_NAMESPACE")
    log_level: Annotated[LogLevel, BeforeValidator(str.upper)] = Field(default="INFO", alias="POWERTOOLS_LOG_LEVEL")
    memory_mb: int = Field(default=512, alias="AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ge=128)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The environment as Settings; an empty variable counts as left out.

    Raises:
        InvalidConfiguration: a variable breaks its rule, or DEPLOYMENT_FILE is not the file that the construct writes.
    """
    given: dict[str, Any] = {name: value for name, value in environment.items() if value.strip()}
    if function_name := given.get("AWS_LAMBDA_FUNCTION_NAME"):
        given.setdefault("PIPELINE_NAME", function_name)
    if file := given.get("DEPLOYMENT_FILE"):
        given.update(with_deployment_file(given, TASK_ROOT / file))
    if folder := given.get("AGENTS_FOLDER"):
        given["AGENTS_FOLDER"] = TASK_ROOT / folder
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise InvalidConfiguration(refusal(error)) from None
