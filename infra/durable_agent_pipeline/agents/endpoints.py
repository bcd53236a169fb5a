"""Models that are not called through Bedrock, as the construct's keyword `models` takes them; docs/models.md."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, cast

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from ..choices.rules import matching
from ..research_tools.secrets import accept_secret, read_secret
from .declaration import model_rules

_WHOLE_ARN = r"arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:.+-[a-zA-Z0-9]{6}"
_ENDPOINT_NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
_STANDS_FOR = {"base_url": "https://known-at-deployment.test"}
"""What a value that only the deployment knows is taken for by the rules, where a word would not do."""


@dataclass(frozen=True, kw_only=True)
class Endpoint(ABC):
    """A model behind an endpoint. A class below says what is its own.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    def __post_init__(self) -> None:
        known = {name: _known(name, value) for name, value in self.settings().items()}
        model_rules().model_tables({}, {self.id: known}, "models")

    @property
    @abstractmethod
    def id(self) -> str:
        """The model's id, for prices, ledger and metrics."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Fields of its table, as in agents.toml, tokens allowed."""

    @abstractmethod
    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """What the function's role needs to call it, and nothing more."""

    @property
    @abstractmethod
    def services(self) -> tuple[str, ...]:
        """Services of AWS that a call needs, as VPC endpoints name them."""

    def accept(self, role: iam.IRole) -> None:
        """Acknowledge what cdk-nag finds in its statements, each with a sentence, on the role. Default: nothing."""
        del role


@dataclass(frozen=True, kw_only=True)
class OpenAiEndpoint(Endpoint):
    """A model behind an endpoint that speaks OpenAI's chat completions, such as OpenAI's, vLLM's or Ollama's."""

    model: str
    """The model's name at the endpoint."""

    base_url: str
    """Its address, https; what `/chat/completions` is put after, such as `https://models.example.com/v1`."""

    secret: secretsmanager.ISecret | None = None
    """Secret whose JSON has the endpoint's key. Default: none, the endpoint asks for no key."""

    secret_field: str = "api_key"  # noqa: S105 - a field's name
    """Field of that JSON. Default: "api_key"."""

    limit_by: str = "max_tokens"
    """What the endpoint calls the limit of a reply: "max_tokens" or "max_completion_tokens".
    Default: "max_tokens", which OpenAI's own newer models refuse."""

    name: str | None = None
    """What follows `openai/` in the model's id, to tell apart models of one name at two endpoints.
    Default: `model`."""

    @property
    def id(self) -> str:
        """What begins with openai/."""
        return f"openai/{self.name or self.model}"

    def settings(self) -> dict[str, Any]:
        """Where it is, and what opens it."""
        chosen: dict[str, Any] = {"base_url": self.base_url}
        if self.name is not None:
            chosen["model"] = self.model
        if self.secret is not None:
            chosen |= {"secret_arn": self.secret.secret_arn, "secret_field": self.secret_field}
        return {**chosen, "limit_by": self.limit_by}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Reading the one secret."""
        del stack
        return read_secret(self.secret)

    @property
    def services(self) -> tuple[str, ...]:
        """Secrets Manager, if there is a key; the endpoint itself is wherever it is."""
        return ("secretsmanager",) if self.secret is not None else ()

    def accept(self, role: iam.IRole) -> None:
        """What reading the secret needs besides."""
        accept_secret(role, self.secret)


@dataclass(frozen=True, kw_only=True)
class SageMakerEndpoint(Endpoint):
    """A model in a container that takes OpenAI's chat completions, behind an endpoint of Amazon SageMaker.

    The endpoint is one of the stack's own account and Region.
    """

    endpoint_name: str
    """Its name; of one in this app, `attr_endpoint_name`."""

    model: str | None = None
    """Name of the model that the container is asked for. Default: none is named, the container serves one."""

    inference_component: str | None = None
    """Name of the inference component that is asked. Default: none."""

    def __post_init__(self) -> None:
        matching("endpoint_name", self.endpoint_name, _ENDPOINT_NAME, "the name of a SageMaker endpoint")
        super().__post_init__()

    @property
    def id(self) -> str:
        """What begins with sagemaker/."""
        return f"sagemaker/{self.endpoint_name}"

    def settings(self) -> dict[str, Any]:
        """What is asked of it."""
        chosen = {"model": self.model, "inference_component": self.inference_component}
        return {name: value for name, value in chosen.items() if value is not None}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Invoking this endpoint, whole and streamed."""
        arn = stack.format_arn(service="sagemaker", resource="endpoint", resource_name=self.endpoint_name)
        actions = ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"]
        return [iam.PolicyStatement(actions=actions, resources=[arn])]

    @property
    def services(self) -> tuple[str, ...]:
        """SageMaker's runtime."""
        return ("sagemaker.runtime",)


def declared_endpoint(scope: Construct, model_id: str, table: Any) -> Endpoint | None:
    """The endpoint that agents.toml declares; None for a model of Bedrock.

    Args:
        scope: of the secret that the file names.
        model_id: as the file names the model.
        table: what the file says of it, read by the rule book; None if it says nothing.

    Raises:
        ValueError: the file names a secret by less than its whole ARN, or an endpoint by no name.
    """
    rules = model_rules()
    kind, name = rules.kind_of(model_id), rules.name_of(model_id)
    if kind == "sagemaker":
        return SageMakerEndpoint(endpoint_name=name, **_given(table, "model", "inference_component"))
    if kind is None or table is None:
        return None
    chosen = _given(table, "base_url", "secret_field", "limit_by")
    return OpenAiEndpoint(name=name, model=table.model or name, secret=_secret(scope, table.secret_arn), **chosen)


def _given(table: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(table, name) for name in names} if table is not None else {}


def _secret(scope: Construct, arn: str | None) -> secretsmanager.ISecret | None:
    if arn is None:
        return None
    matching("secret_arn", arn, _WHOLE_ARN, "the whole ARN of a secret")
    name = f"Key{hashlib.sha256(arn.encode()).hexdigest()[:8]}"
    known = scope.node.try_find_child(name)
    if known is not None:
        return cast(secretsmanager.ISecret, known)
    return secretsmanager.Secret.from_secret_complete_arn(scope, name, arn)


def _known(name: str, value: Any) -> Any:
    if not (isinstance(value, str) and Token.is_unresolved(value)):
        return value
    return _STANDS_FOR.get(name, "known-at-deployment")
