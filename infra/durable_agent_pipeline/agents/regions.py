"""Where Bedrock's cross-Region inference profiles are called from, where they may send a request, which one is home."""

from collections.abc import Mapping, Sequence

# Destination Regions per geography, collected 2026-11-22 and -24. us: sample policy of the Bedrock user guide, page
# "Geographic cross-Region inference". The others: what GetInferenceProfile answers for Claude and Nova profiles, as
# published by users of "Supported Regions and models for inference profiles", and the members of
# CrossRegionInferenceProfileRegion in aws-bedrock-alpha (eu-west-2, eu-central-2, ap-southeast-3, -5, -7, ap-east-2,
# me-central-1, ca.). Check with `aws bedrock get-inference-profile`; not verified on AWS.
#
# A profile called from outside its list (us. from us-west-1 or ca-central-1) also serves there, so policies add the
# stack's own Region. Lists differ by model; every statement made from them is conditioned on the one profile, so a
# Region too many grants nothing, while a Region too few would be an AccessDenied. `profile_regions` adds what is not
# listed yet.
DESTINATIONS: dict[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "ca": ("ca-central-1", "ca-west-1"),
    "eu": (
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
    ),
    "apac": (
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-7",
        "me-central-1",
    ),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "in": ("ap-south-1", "ap-south-2"),
}

GLOBAL = "global"

# From which Regions a geography's profiles can be called at all: whole areas by how their Regions begin, so that one
# too many is let through rather than one refused that works. Source Regions of the same pages: us. also from Canada,
# eu. also from il-central-1, apac. also from me-central-1; the small geographies from their own Regions only.
_CALLED_FROM: dict[str, tuple[str, ...]] = {
    "us": ("us-east-", "us-west-", "ca-"),
    "us-gov": ("us-gov-",),
    "ca": ("ca-",),
    "eu": ("eu-", "il-"),
    "apac": ("ap-", "me-"),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4", "ap-southeast-6"),
    "in": ("ap-south-",),
    GLOBAL: ("us-east-", "us-west-", "ca-", "eu-", "il-", "ap-", "me-", "af-", "sa-", "mx-"),
}
_ISOLATED = "-iso"  # us-iso-east-1, us-isob-east-1, eu-isoe-west-1: partitions of their own

# Of the Regions that can call a geography, those that it is the right default for. Where profiles of the packaged
# agents' model (Claude Sonnet 4.6) exist, by the pages above: us, eu, jp, au, global; there is no apac. one. GovCloud
# has no Sonnet 4.6: 4.5 is the newest Sonnet that users of GovCloud report there.
_HOME: dict[str, tuple[str, ...]] = {
    "us": ("us-east-", "us-west-", "ca-"),
    "us-gov": ("us-gov-",),
    "eu": ("eu-",),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    GLOBAL: _CALLED_FROM[GLOBAL],
}
_DEFAULT = "anthropic.claude-sonnet-4-6"
_DEFAULT_IN = {"us-gov": "anthropic.claude-sonnet-4-5-20250929-v1:0"}

# Bedrock has no endpoint here (AWS General Reference, "Amazon Bedrock endpoints and quotas").
_WITHOUT_BEDROCK = ("cn-",)


def can_be_called_from(geography: str, region: str, more: Mapping[str, Sequence[str]] | None = None) -> bool:
    """Whether a profile of the geography may exist in the Region; False means that it certainly does not.

    Args:
        geography: prefix of a profile: a key of DESTINATIONS, "global", or a key of `more`.
        region: a Region's code.
        more: the caller's own table, geography -> Regions. Default: none.
    """
    if region in (more or {}).get(geography, ()):
        return True
    return _ISOLATED not in region and region.startswith(_CALLED_FROM.get(geography, ()))


def default_model(region: str | None) -> str:
    """The model of the packaged agents in a Region: the narrowest geography that has it, else the global profile.

    Args:
        region: None where the Region is known only at deployment: the global profile works in every commercial one.

    Raises:
        ValueError: for a Region in which no profile of the model is known.
    """
    if region is None:
        return f"{GLOBAL}.{_DEFAULT}"
    for geography, areas in _HOME.items():
        if _ISOLATED not in region and region.startswith(areas):
            return f"{geography}.{_DEFAULT_IN.get(geography, _DEFAULT)}"
    raise ValueError(f"models must name a model for every agent in {region}, because no default is known there")


def refuse_without_bedrock(region: str) -> None:
    """Refuse a Region in which no model can be called.

    Raises:
        ValueError: naming the Region.
    """
    if region.startswith(_WITHOUT_BEDROCK):
        raise ValueError(f"the stack's Region must offer Amazon Bedrock, got {region}")
