"""What kind of thing a model id names; of a model of Bedrock, the id alone decides which permissions it needs."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from aws_cdk import Reference, Token, Tokenization
from aws_cdk import aws_bedrock as bedrock

from .declaration import model_rules
from .endpoints import Endpoint
from .regions import DESTINATIONS, GLOBAL
from .retired import RETIRED

ModelChoice = str | bedrock.CfnApplicationInferenceProfile | bedrock.IModel | Endpoint
"""How a caller names a model: an id, an ARN, the resource itself, or an endpoint that is not Bedrock's."""


class ModelKind(StrEnum):
    """The kinds of resource that Bedrock's Converse accepts as a model, and what is called without Bedrock."""

    FOUNDATION_MODEL = "foundation-model"
    GEOGRAPHIC_PROFILE = "geographic-profile"
    GLOBAL_PROFILE = "global-profile"
    APPLICATION_PROFILE = "application-profile"
    RESOURCE = "resource"
    """Provisioned throughput, an imported model, a custom model deployment: one ARN is the whole permission."""

    ENDPOINT = "endpoint"
    """One of SageMaker, or one that speaks OpenAI's chat completions."""


@dataclass(frozen=True)
class Model:
    """One model, as the Lambda names it."""

    id: str
    """What the Lambda passes as modelId: an id or an ARN, maybe a token."""

    kind: ModelKind

    foundation: str | None = None
    """Id of the foundation model behind a model id or a system profile."""

    geography: str | None = None
    """Prefix of a geographic profile, a key of DESTINATIONS or of the caller's `profile_regions`."""

    destinations: tuple[str, ...] = ()
    """Regions that a geographic profile may send a request to."""

    source: "Model | None" = None
    """What an application inference profile was created from."""

    resource: bedrock.CfnApplicationInferenceProfile | None = None
    """That profile, where it is a resource of this app."""

    endpoint: Endpoint | None = None
    """What is called in Bedrock's place."""


# Only to tell a mistyped geography ("uk.anthropic.claude...") from a model name with a dot in it.
_PROVIDERS = ("ai21", "amazon", "anthropic", "cohere", "deepseek", "meta", "mistral", "openai", "qwen", "writer")
_FOUNDATION = re.compile(r"[a-z0-9-]+\.[a-z0-9][a-z0-9.:-]*")
_ARN = re.compile(r"arn:[^:]+:bedrock:[^:]*:[^:]*:([a-z-]+)/(.+)")
_RESOURCES = frozenset({"provisioned-model", "imported-model", "custom-model-deployment"})
_BY_ID = frozenset({"foundation-model", "inference-profile"})


@dataclass(frozen=True, kw_only=True)
class ModelReader:
    """Finds out what kind of model a choice names."""

    application_profiles: Mapping[str, str]
    """ARN of an application inference profile -> the id it was created from."""

    profile_regions: Mapping[str, Sequence[str]]
    """Geography -> destination Regions besides those of DESTINATIONS; a new key is a new geography."""

    declared: Callable[[str], Endpoint | None] = lambda _: None
    """Model id -> the endpoint that agents.toml declares for it."""

    def read(self, choice: ModelChoice, where: str) -> Model:
        """The model.

        Args:
            choice: foundation model id, inference profile id, the ARN of any ModelKind, the resource itself, an
                endpoint, or the id of one that agents.toml declares. An ARN may hold tokens, as long as it says which
                kind of resource it names.
            where: how a refusal names the choice.

        Raises:
            ValueError: for an empty, malformed, unknown or retired id, or a token that hides what it names.
        """
        endpoint = self._endpoint(choice, where)
        if endpoint is not None:
            return Model(endpoint.id, ModelKind.ENDPOINT, endpoint=endpoint)
        if isinstance(choice, bedrock.CfnApplicationInferenceProfile):
            return self._of_resource(choice, where)
        model_id = choice if isinstance(choice, str) else cast(bedrock.IModel, choice).model_arn
        if model_id in self.application_profiles:
            source = self._plain(self.application_profiles[model_id], "application_profiles")
            return Model(model_id, ModelKind.APPLICATION_PROFILE, source=source)
        if (resource := _behind_token(model_id)) is not None:
            return self._of_resource(resource, where)
        return self._plain(model_id, where)

    def _endpoint(self, choice: ModelChoice, where: str) -> Endpoint | None:
        if isinstance(choice, Endpoint):
            return choice
        if not isinstance(choice, str) or model_rules().kind_of(choice) is None:
            return None
        declared = self.declared(choice)
        if declared is None:
            raise ValueError(
                f"{where}: a model of another kind must have a table [models.ID] in agents.toml, or be given as an "
                f"OpenAiEndpoint, got {choice!r} without"
            )
        return declared

    def _of_resource(self, profile: bedrock.CfnApplicationInferenceProfile, where: str) -> Model:
        source = getattr(profile.model_source, "copy_from", None)
        if not isinstance(source, str):
            raise ValueError(  # noqa: TRY004 - a choice that breaks a rule, like the others
                f"{where}: an application inference profile must say what it copies from, got {source!r}"
            )
        arn = profile.attr_inference_profile_arn
        return Model(
            arn,
            ModelKind.APPLICATION_PROFILE,
            source=self._plain(source, f"{where}, copied from"),
            resource=profile,
        )

    def _plain(self, model_id: str, where: str) -> Model:
        if match := _ARN.fullmatch(model_id):
            return self._from_arn(model_id, match[1], match[2], where)
        return self._from_id(model_id, where)

    def _from_arn(self, arn: str, kind: str, name: str, where: str) -> Model:
        if kind == "application-inference-profile":
            raise ValueError(
                f"{where}: an application inference profile must be listed in application_profiles with the model id "
                f"it was created from, or say so as source in [models.ARN] of agents.toml, got {_shown(arn)}"
            )
        if kind in _BY_ID:
            return replace(self._from_id(name, where), id=arn)
        if kind in _RESOURCES:
            return Model(arn, ModelKind.RESOURCE)
        raise ValueError(f"{where}: must be a model, profile or deployment that Converse accepts, got {_shown(arn)}")

    def _from_id(self, model_id: str, where: str) -> Model:
        if Token.is_unresolved(model_id):
            raise ValueError(
                f"{where}: a model known only at deployment must be an ARN that shows its kind, or be listed in "
                "application_profiles with the model id it was created from, got a token"
            )
        if not _FOUNDATION.fullmatch(model_id):
            raise ValueError(f"{where}: must be a Bedrock model id or ARN, got {model_id!r}")
        prefix, _, rest = model_id.partition(".")
        if prefix == GLOBAL:
            _refuse_retired(rest, f"{prefix}.", where)
            return Model(model_id, ModelKind.GLOBAL_PROFILE, rest)
        if prefix in DESTINATIONS or prefix in self.profile_regions:
            _refuse_retired(rest, f"{prefix}.", where)
            regions = (*DESTINATIONS.get(prefix, ()), *self.profile_regions.get(prefix, ()))
            return Model(
                model_id, ModelKind.GEOGRAPHIC_PROFILE, rest, prefix, destinations=tuple(dict.fromkeys(regions))
            )
        if rest.partition(".")[0] in _PROVIDERS:
            known = ", ".join(sorted({*DESTINATIONS, *self.profile_regions, GLOBAL}))
            raise ValueError(f"{where}: geography of an inference profile must be one of {known}, got {model_id!r}")
        _refuse_retired(model_id, "", where)
        return Model(model_id, ModelKind.FOUNDATION_MODEL, model_id)


def read_model(
    choice: ModelChoice,
    application_profiles: Mapping[str, str],
    where: str = "models",
    profile_regions: Mapping[str, Sequence[str]] | None = None,
) -> Model:
    """What a model id names; see ModelReader.read."""
    reader = ModelReader(application_profiles=application_profiles, profile_regions=profile_regions or {})
    return reader.read(choice, where)


def _behind_token(model_id: str) -> bedrock.CfnApplicationInferenceProfile | None:
    """The profile of this app that a token stands for; None for any other token and for plain text."""
    fragments = Tokenization.reverse_string(model_id)
    first = fragments.first_token if fragments.length == 1 else None
    target = first.target if isinstance(first, Reference) else None
    return target if isinstance(target, bedrock.CfnApplicationInferenceProfile) else None


def _shown(arn: str) -> str:
    return "an ARN known only at deployment" if Token.is_unresolved(arn) else repr(arn)


def _refuse_retired(foundation: str, prefix: str, where: str) -> None:
    if foundation in RETIRED:
        ended, successor = RETIRED[foundation]
        when = f" on {ended}" if ended else ""
        raise ValueError(
            f"{where}: must not be a model retired{when}, got '{prefix}{foundation}', use '{prefix}{successor}'"
        )
