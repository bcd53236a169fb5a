"""Where Bedrock's cross-Region inference profiles may send a request."""

# Destination Regions per geography, collected 2026-11-22. us: sample policy of the Bedrock user guide, page "Geographic
# cross-Region inference". The others: what GetInferenceProfile answers for Claude profiles, as published by users of
# "Supported Regions and models for inference profiles" (eu: Sonnet 4.6, 6 Regions; jp, au: Sonnet 4.6; apac: Sonnet 4;
# in, us-gov: the Regions that AWS names for the geography). Check with `aws bedrock get-inference-profile`.
#
# A profile called from outside its list (us. from ca-central-1, eu. from eu-west-2) also serves there, so policies add
# the stack's own Region. Lists differ by model; every statement made from them is conditioned on the one profile, so
# a Region too many grants nothing, while a Region too few would be an AccessDenied.
DESTINATIONS: dict[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
    "apac": (
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-4",
    ),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "in": ("ap-south-1", "ap-south-2"),
}

GLOBAL = "global"

# First words of the Regions from which a geography's profiles can be called at all: a us. profile from Canada, never
# from Europe. Same page as above.
_CALLED_FROM = {"us": ("us", "ca"), "us-gov": ("us",), "eu": ("eu",)}


def can_be_called_from(geography: str, region: str) -> bool:
    """Whether a profile of the geography may exist in the Region; a rough word, for a warning only."""
    return region.partition("-")[0] in _CALLED_FROM.get(geography, ("ap",))
