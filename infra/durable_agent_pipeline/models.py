"""What kind of thing a Bedrock model id names; the id alone decides which permissions it needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aws_cdk import Token

from .regions import DESTINATIONS, GLOBAL
from .retired import RETIRED


class ModelKind(StrEnum):
    """The kinds of resource that Bedrock's Converse accepts as a model."""

    FOUNDATION_MODEL = "foundation-model"
    GEOGRAPHIC_PROFILE = "geographic-profile"
    GLOBAL_PROFILE = "global-profile"
    APPLICATION_PROFILE = "application-profile"
    RESOURCE = "resource"
    """Provisioned throughput, an imported model, a custom model deployment: one ARN is the whole permission."""


@dataclass(frozen=True)
class Model:
    """One model, as named to Bedrock."""

    id: str
    """What the Lambda passes as modelId: an id or an ARN, maybe a token."""

    kind: ModelKind

    foundation: str | None = None
    """Id of the foundation model behind a model id or a system profile."""

    geography: str | None = None
    """Prefix of a geographic profile, a key of DESTINATIONS."""

    source: "Model | None" = None
    """What an application inference profile was created from."""


# Only to tell a mistyped geography ("uk.anthropic.claude...") from a model name with a dot in it.
_PROVIDERS = ("ai21", "amazon", "anthropic", "cohere", "deepseek", "meta", "mistral", "openai", "qwen", "writer")
_FOUNDATION = re.compile(r"[a-z0-9-]+\.[a-z0-9][a-z0-9.:-]*")
_ARN = re.compile(r"arn:[^:]+:bedrock:[^:]*:[^:]*:([a-z-]+)/(.+)")
_RESOURCES = frozenset({"provisioned-model", "imported-model", "custom-model-deployment"})
_BY_ID = frozenset({"foundation-model", "inference-profile"})


def read_model(model_id: str, application_profiles: Mapping[str, str], where: str = "models") -> Model:
    """Tell what a model id names.

    Args:
        model_id: foundation model id, inference profile id, or the ARN of any ModelKind. A token (an ARN that is only
            known at deployment) is taken as one resource.
        application_profiles: ARN of an application inference profile -> the id it was created from.
        where: how a refusal names the choice.

    Raises:
        ValueError: for an empty, malformed, unknown or retired id.
    """
    if model_id in application_profiles:
        source = read_model(application_profiles[model_id], {}, "application_profiles")
        return Model(model_id, ModelKind.APPLICATION_PROFILE, source=source)
    if Token.is_unresolved(model_id):
        return Model(model_id, ModelKind.RESOURCE)
    if match := _ARN.fullmatch(model_id):
        return _from_arn(model_id, match[1], match[2], where)
    return _from_id(model_id, where)


def _from_arn(arn: str, kind: str, name: str, where: str) -> Model:
    if kind == "application-inference-profile":
        raise ValueError(
            f"{where}: an application inference profile must be listed in application_profiles with the model id "
            f"it was created from, got {arn!r}"
        )
    if kind in _BY_ID:
        found = _from_id(name, where)
        return Model(arn, found.kind, found.foundation, found.geography)
    if kind in _RESOURCES:
        return Model(arn, ModelKind.RESOURCE)
    raise ValueError(f"{where}: must be a model, profile or deployment that Converse accepts, got {arn!r}")


def _from_id(model_id: str, where: str) -> Model:
    if not _FOUNDATION.fullmatch(model_id):
        raise ValueError(f"{where}: must be a Bedrock model id or ARN, got {model_id!r}")
    prefix, _, rest = model_id.partition(".")
    if prefix == GLOBAL or prefix in DESTINATIONS:
        kind = ModelKind.GLOBAL_PROFILE if prefix == GLOBAL else ModelKind.GEOGRAPHIC_PROFILE
        _refuse_retired(rest, f"{prefix}.", where)
        return Model(model_id, kind, rest, None if prefix == GLOBAL else prefix)
    if rest.partition(".")[0] in _PROVIDERS:
        known = ", ".join(sorted({*DESTINATIONS, GLOBAL}))
        raise ValueError(f"{where}: geography of an inference profile must be one of {known}, got {model_id!r}")
    _refuse_retired(model_id, "", where)
    return Model(model_id, ModelKind.FOUNDATION_MODEL, model_id)


def _refuse_retired(foundation: str, prefix: str, where: str) -> None:
    if foundation in RETIRED:
        ended, successor = RETIRED[foundation]
        when = f" on {ended}" if ended else ""
        raise ValueError(
            f"{where}: must not be a model retired{when}, got '{prefix}{foundation}', use '{prefix}{successor}'"
        )
