"""Models that their id alone does not describe: what their tables in agents.toml may hold, where their code is.

Part of the rule book: it needs nothing but Python and rules.py, because synth loads it too. A new kind is a folder of
`model_kinds` and a row here; docs/models.md has each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from .rules import Rule, is_table, made, ruled, shown, text

_WORD = text(r"\S{1,2048}", "a word")
PROFILE = ":application-inference-profile/"
"""Part of the ARN of every application inference profile."""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_base_url(value: Any) -> bool:
    """Whether nobody on the way reads the prompts and the key; an address with credentials in it would be logged."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        port_is_known = parts.port is None or parts.port > 0
    except (ValueError, TypeError, AttributeError):
        return False
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    return bool(host) and port_is_known and bare and safe


_BASE_URL = Rule(
    "an https address without credentials and query, such as https://models.example.com/v1 (http on loopback only)",
    _is_base_url,
)


@dataclass(frozen=True, kw_only=True)
class OpenAiTable:
    """`[models."openai/NAME"]`: a model behind an endpoint that speaks OpenAI's chat completions.

    Attributes:
        base_url: its address, https; what the path `/chat/completions` is put after.
        model: its name at the endpoint. Default: NAME.
        secret_arn: secret of Secrets Manager with its key. Default: none, it asks for no key.
        secret_field: field of the secret's JSON that holds the key. Default: api_key.
        limit_by: what the endpoint calls the limit of a reply, `max_tokens` or `max_completion_tokens`.
            Default: max_tokens, which OpenAI's own newer models refuse.
    """

    base_url: str = ruled(_BASE_URL)
    model: str | None = ruled(_WORD, default=None)
    secret_arn: str | None = ruled(_WORD, default=None)
    secret_field: str = ruled(_WORD, default="api_key")
    limit_by: str = ruled(
        text("max_tokens|max_completion_tokens", "max_tokens or max_completion_tokens"), default="max_tokens"
    )


@dataclass(frozen=True, kw_only=True)
class SageMakerTable:
    """`[models."sagemaker/ENDPOINT"]`: an endpoint whose container takes OpenAI's chat completions; may be left out.

    Attributes:
        model: name of the model that the container is asked for. Default: none, it serves one.
        inference_component: name of the inference component that is asked. Default: none.
    """

    model: str | None = ruled(_WORD, default=None)
    inference_component: str | None = ruled(_WORD, default=None)


@dataclass(frozen=True, kw_only=True)
class ProfileTable:
    """`[models."ARN"]`: an application inference profile, whose ARN does not say what it was created from.

    Attributes:
        source: id of the model or profile that it was created from, which decides permissions and price.
    """

    source: str = ruled(_WORD)


@dataclass(frozen=True, kw_only=True)
class EndpointKind:
    """Models that are not called through Bedrock.

    Attributes:
        settings: the class of their tables.
        module: has `build(agent, settings)`; imported only when a model of this kind is really called.
        folders: of `model_kinds`, with code or pins that ship only for models of this kind.
        keeps: packages and botocore service models that the Lambda package must not leave out for them.
    """

    settings: type
    module: str
    folders: tuple[str, ...]
    keeps: tuple[str, ...]


_HTTP = ("anyio", "h11", "httpcore2", "httpx2", "truststore")
KINDS: Mapping[str, EndpointKind] = {
    "openai": EndpointKind(
        settings=OpenAiTable, module="model_kinds.openai.endpoint", folders=("openai",), keeps=_HTTP
    ),
    "sagemaker": EndpointKind(
        settings=SageMakerTable,
        module="model_kinds.sagemaker.container",
        folders=("openai", "sagemaker"),  # Strands' model of one is derived from that of the other
        keeps=(*_HTTP, "sagemaker-runtime"),
    ),
}
"""Beginning of a model id, before "/" -> what is behind it. Every other id is Bedrock's."""


def kind_of(model_id: str) -> str | None:
    """The key of KINDS that a model id begins with; None for an id or an ARN of Bedrock."""
    prefix, slash, name = model_id.partition("/")
    return prefix if prefix in KINDS and slash and name else None


def name_of(model_id: str) -> str:
    """What follows the kind."""
    return model_id.partition("/")[2]


def model_tables(tables: Any, more: Mapping[str, Mapping[str, Any]], file: str) -> dict[str, Any]:
    """The tables of models, read.

    Args:
        tables: `[models]` of agents.toml.
        more: what the deployment chose besides, which stands above it.
        file: named in a refusal.

    Raises:
        ValueError: a table is of no such model, or a field breaks its rule.
    """
    if not is_table(tables):
        raise ValueError(f'{file}: models must be tables such as [models."openai/NAME"], got {shown(tables)}')
    read = {}
    for model_id in dict.fromkeys((*tables, *more)):
        given, kind = tables.get(model_id, {}), kind_of(model_id)
        if kind is None and PROFILE not in model_id:
            raise ValueError(
                f"{file}: [models.ID] must be of {' or '.join(f'{one}/NAME' for one in KINDS)}, or the ARN of an "
                f"application inference profile, got {shown(model_id)}"
            )
        if not is_table(given):
            raise ValueError(f"{file}: [models.{model_id!r}] must be a table, got {shown(given)}")
        settings = KINDS[kind].settings if kind else ProfileTable
        read[model_id] = made(settings, {**given, **more.get(model_id, {})}, f"{file}: [models.{model_id!r}]")
    return read


def table_of(model_id: str, tables: Mapping[str, Any], where: str) -> Any:
    """The table of a model that is not called through Bedrock; None for one that is.

    Raises:
        ValueError: it has none, and needs one.
    """
    kind = kind_of(model_id)
    if kind is None or model_id in tables:
        return tables[model_id] if kind else None
    return made(KINDS[kind].settings, {}, f"{where}: [models.{model_id!r}]")
