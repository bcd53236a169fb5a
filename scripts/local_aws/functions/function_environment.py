"""The function's environment: Lambda's own variables, loopback endpoints, none of the caller's secrets."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.local_aws.functions.names import REGION

KEPT_PREFIX = "AWS_ENDPOINT_URL"
DUMMY_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",  # not a secret: nothing on loopback checks it
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def region_of(caller: Mapping[str, str]) -> str:
    """The caller's region. Default: us-east-1."""
    return caller.get("AWS_REGION") or caller.get("AWS_DEFAULT_REGION") or REGION


def function_environment(
    caller: Mapping[str, str], *, endpoint_url: str, handler: str, root: str, real_credentials: bool
) -> dict[str, str]:
    """Environment for one function process.

    Args:
        caller: environment of the Lambda endpoint.
        endpoint_url: the Lambda endpoint; also the answer to any other AWS call, so that none leaves the machine.
        handler: "module.function".
        root: the function's folder.
        real_credentials: keep the caller's AWS_* variables, for real Bedrock. Default of the endpoint: off.
    """
    region = region_of(caller)
    if real_credentials:
        kept = dict(caller)
    else:
        kept = {name: value for name, value in caller.items() if not name.startswith("AWS_") or _is_endpoint(name)}
        kept = {"AWS_ENDPOINT_URL": endpoint_url, **kept, **DUMMY_CREDENTIALS}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept.pop("PYTHONPATH", None)
    return kept | {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL_LAMBDA": endpoint_url,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": root,
        "_HANDLER": handler,
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
    }


def _is_endpoint(name: str) -> bool:
    return name.startswith(KEPT_PREFIX) or name == "AWS_CA_BUNDLE"
